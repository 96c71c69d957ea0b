"""The command behind tools/plug: see there."""
import argparse
import collections
import contextlib
import datetime
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import plug_broken as broken
import plug_calls as calls
import plug_disks as disks
import plug_power as power
from plug_scenes import SCENES

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARTS = ("power", "syscalls", "instructions")
SCENE_NAMES = list(dict.fromkeys(scene.name for scene in SCENES + calls.SCENES))


def say(text=""):
    print(text, flush=True)


GRAVE = ("wrong", "hangs", "crashes", "other")


def grave(violation):
    """Which of these a violation is, by the name that its judge gave it. Who ends by a signal has an exit of -N there, or, traced, of 128 + N."""
    if violation == "wrong bytes":
        return "wrong"
    return "hangs" if violation == "hang" else "crashes" if re.search(r"exit (-|1(?!30|43)\d\d)", violation) else "other"


def add(cells):
    """Of all of them together."""
    return [sum(column) for column in zip([0, 0], *cells)]


class Table:
    """What was tried, and what was wrong, by part, kind and scene."""

    def __init__(self):
        self.cells = {}  # (part, kind, scene) -> [states, states with a violation]
        self.violations = {}  # (part, violation) -> [how often, cells, words of the first]
        self.skipped = {}  # reason -> what was not tried for it
        self.distinct = 0  # states on disk that kills at instructions left
        self.seconds = {}  # by part
        self.worst = collections.Counter()  # (part, the gravest violation of a state) -> states

    def count(self, part, kind, scene, found, where):
        cell = self.cells.setdefault((part, kind, scene), [0, 0])
        cell[0] += 1
        cell[1] += bool(found)
        if found:
            self.worst[part, min((grave(violation) for violation, _ in found), key=GRAVE.index)] += 1
        for violation, words in found:
            entry = self.violations.setdefault((part, violation), [0, {}, f"{kind}, {scene}, {where}: {words}"])
            entry[0] += 1
            entry[1][f"{kind} {scene}"] = None

    def skip(self, what, reason):
        self.skipped.setdefault(str(reason), []).append(what)

    def print(self):
        for part in PARTS:
            rows = [key for key in self.cells if key[0] == part]
            if rows:
                self.print_part(part, rows)
        for (part, violation), (times, cells, words) in self.violations.items():
            say(f"\nVIOLATION in {part}, {times} times: {violation}\n  first: {words}\n  in: {', '.join(cells)}")
        for reason, what in self.skipped.items():
            say(f"\nnot tried: {', '.join(what)}: {reason}")

    def print_part(self, part, rows):
        down, across = (1, 2) if part == "power" else (2, 1)  # the longer one down
        lines, columns = (list(dict.fromkeys(key[i] for key in rows)) for i in (down, across))
        say(f"\n| {part} | " + " | ".join(columns) + " | all |\n| --- |" + " --- |" * (len(columns) + 1))
        cells = {(key[down], key[across]): self.cells[key] for key in rows}
        for line in [*lines, None]:
            row = [add(cell for (at, of), cell in cells.items() if line in (at, None) and column in (of, None)) for column in [*columns, None]]
            say(f"| {line or 'all'} | " + " | ".join(f"{n}" + (f", **{bad} wrong**" if bad else "") if n else "-" for n, bad in row) + " |")

    def line(self, part, seed, seconds):
        """As tools/evidence reads it. A state with several violations counts as the gravest."""
        kinds = {kind for of, kind, _ in self.cells if of == part}

        def of(kind):
            return add(cell for key, cell in self.cells.items() if key[:2] == (part, kind))[0]
        tried = {"power": f"states={self.totals(part)[0]} file-systems={len(kinds)}",
                 "syscalls": f"errors={of('errors')} kills={of('kills')}",
                 "instructions": f"kills={self.totals(part)[0]} distinct-states={self.distinct}"}[part]
        wrong = " ".join(f"{word}={self.worst[part, word]}" for word in GRAVE)
        return f"totals {part}: {tried} {wrong} seed={seed} seconds={seconds:.0f}"

    def totals(self, part):
        return add(cell for key, cell in self.cells.items() if key[0] == part)


class Tools:
    """The programs, the choice of what is run, and a scratch disk in memory that goes away with this process."""

    def __init__(self, arguments, scratch):
        self.segdl, self.disk, self.trace = arguments.segdl, arguments.disk, arguments.trace
        self.origin = os.path.join(scratch, "origin")
        with open(self.origin, "w", encoding="utf-8") as script:  # a server that stays behind would keep the mounts
            script.write(f'#!/bin/sh\nexec setpriv --pdeathsig KILL {shlex.quote(arguments.origin)} "$@"\n')
        os.chmod(self.origin, 0o700)
        self.seed, self.scratch = arguments.seed, scratch
        self.states = None if arguments.whole else arguments.states
        self.points = None if arguments.whole else arguments.points
        self.notes = collections.Counter()  # what the states of power cuts were good for
        self.sample = arguments.samples * (20 if arguments.whole else 1)


def parse(argv):
    parser = argparse.ArgumentParser(prog="tools/plug", description="Power cuts on real file systems, kills and errors at system calls, kills at instructions.")
    for program in ("segdl", "origin", "disk", "trace"):
        parser.add_argument(f"--{program}", required=True, type=os.path.abspath, help=argparse.SUPPRESS)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--sample", action="store_true", help="some of all, in about ten minutes (default)")
    how.add_argument("--whole", action="store_true", help="every cut, every call, every error; some hours")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be given again")
    parser.add_argument("--fs", help="kinds of file systems, with commas: " + ",".join(kind.name for kind in disks.KINDS))
    parser.add_argument("--scene", help="scenes, with commas: " + ",".join(SCENE_NAMES))
    parser.add_argument("--states", type=int, default=16, help="cuts of each scene on each file system (%(default)s)")
    parser.add_argument("--points", type=int, default=32, help="calls of each scene that are harmed (%(default)s)")
    parser.add_argument("--samples", type=int, default=32, help="kills at instructions in each scene (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="of all that is chosen (random)")
    parser.add_argument("--broken", action="store_true", help="break rules in a scratch copy one after the other, and require violations")
    arguments = parser.parse_args(argv)
    arguments.seed = random.randrange(1 << 30) if arguments.seed is None else arguments.seed
    arguments.only = arguments.only or list(PARTS)
    arguments.kinds = choose(parser, disks.KINDS, arguments.fs)
    arguments.scenes = arguments.scene.split(",") if arguments.scene else []
    unknown = set(arguments.scenes) - set(SCENE_NAMES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are: {', '.join(SCENE_NAMES)}")
    return arguments


def choose(parser, known, wanted):
    if not wanted:
        return known
    names = wanted.split(",")
    unknown = set(names) - {one.name for one in known}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are: {', '.join(one.name for one in known)}")
    return [one for one in known if one.name in names]


@contextlib.contextmanager
def scratch_disk():
    """In memory, seen by this process and its children alone."""
    directory = tempfile.mkdtemp(prefix="segdl-plug-")
    try:
        disks.mount("tmpfs", directory, "tmpfs", "size=1900m,mode=0700")
        try:
            yield directory
        finally:
            disks.unmount(directory)
    finally:
        os.rmdir(directory)


def run_power(tools, arguments, table):
    say("recorder: " + disks.self_test(tools.disk, tools.scratch))
    with open("/proc/filesystems", encoding="ascii") as known:
        here = known.read().split()
    for name in [name for name in disks.NOT_HERE if name not in here]:
        table.skip(name, "the kernel has none")
    for kind in arguments.kinds:
        missing = kind.missing()
        if missing:
            table.skip(kind.name, missing)
            continue
        for scene in [scene for scene in SCENES if not arguments.scenes or scene.name in arguments.scenes]:
            power.run_cell(tools, kind, scene, table)
        tried, wrong = add(cell for key, cell in table.cells.items() if key[:2] == ("power", kind.name))
        say(f"power: {kind.name}: {tried} tried, {wrong} wrong")
    say("power: of these " + ", ".join(f"{number} {what}" for what, number in tools.notes.items()))


def run_parts(tools, arguments, table):
    for part in arguments.only:
        begun = time.monotonic()
        try:
            if part == "power":
                run_power(tools, arguments, table)
            else:
                calls.run_part(tools, part, arguments.scenes, table)
        except disks.Unable as unable:
            table.skip(part, unable)
        tried, wrong = table.totals(part)
        states = f", {table.distinct} distinct states" if part == "instructions" else ""
        table.seconds[part] = time.monotonic() - begun
        say(f"{part}: {tried} tried{states}, {wrong} wrong, {table.seconds[part]:.0f} s")


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no commit"


def main(argv):
    arguments = parse(argv)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    try:
        disks.enter_own_mounts()
    except disks.Unable as unable:
        say(f"plug: skipped: {unable}")
        return 0
    table = Table()
    begun = time.monotonic()
    with scratch_disk() as scratch:
        tools = Tools(arguments, scratch)
        if arguments.broken:
            return broken.run(tools, ROOT, Table, say)
        say(f"tools/plug {' '.join(sys.argv[1:])}")
        try:
            run_parts(tools, arguments, table)
        finally:  # interrupted, too
            report(table, arguments.seed, begun)
    return 1 if any(table.totals(part)[1] for part in PARTS) else 0


def report(table, seed, begun):
    table.print()
    tried, wrong = add(table.totals(part) for part in PARTS)
    say(f"\n{datetime.date.today()}, {commit()}, seed {seed}, {time.monotonic() - begun:.0f} s: {tried} tried, {wrong} wrong")
    for part, seconds in table.seconds.items():  # those that came to their end
        if table.totals(part)[0]:
            say(table.line(part, seed, seconds))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("\ninterrupted")
        sys.exit(130)
    except disks.Unable as unable:
        sys.exit(f"plug: {unable}")
