"""Kills and errors at system calls of the command, and kills at its instructions, for tools/plug.

plug_trace counts the calls on files over all threads and harms the command at one of them. What is left is looked at, and the same command runs again
without harm. All on ext4 in memory, also as it would be on poorer file systems: without files that have no name yet and without flags of rename
("plain", like NFS), without links ("linkless", like vfat), and without any of it ("bare").
"""
import os
import random
import shutil

import plug_disks as disks
from plug_scenes import DOCUMENTED, KiB, MiB, Judge, Scene, claims_in, contents, digest, run, servers_of, why

POOR = {
    "": (),
    "-plain": ("--no-tmpfile", "--no-rename-flags"),
    "-linkless": ("--no-tmpfile", "--no-links"),
    "-bare": ("--no-tmpfile", "--no-rename-flags", "--no-links"),
}
SCENES = [
    Scene("small", size=40 * KiB, arguments=(), connections=1),
    Scene("large-1", size=1 * MiB, arguments=("-x", "1"), connections=1),
    Scene("large-8", size=3 * MiB, arguments=("-x", "8"), connections=8),
    Scene("resume", size=2 * MiB, before="interrupted"),
    Scene("changed", size=2 * MiB, before="older"),
    Scene("overwrite", size=1 * MiB, before="present", arguments=("-x", "2", "--overwrite"), connections=2),
    Scene("stream", size=1 * MiB, before="interrupted", arguments=(), server=("--no-ranges",), connections=1),
]
EIO, EINTR, ENOMEM, EACCES, ENOSPC, ENOLCK, EPERM = 5, 4, 12, 13, 28, 37, 1
ERRORS = {
    "openat": (EIO, EINTR, ENOMEM, EACCES, ENOSPC), "newfstatat": (EIO, EINTR, ENOMEM, EACCES), "fstat": (EIO, EINTR),
    "fstatfs": (EIO, EINTR), "fallocate": (EIO, EINTR, ENOSPC), "ftruncate": (EIO, EINTR), "pwrite64": (EIO, EINTR, ENOSPC),
    "pread64": (EIO, EINTR), "fdatasync": (EIO, EINTR, ENOSPC), "fsync": (EIO, EINTR, ENOSPC), "msync": (EIO, EINTR, ENOMEM),
    "mmap": (ENOMEM, EINTR), "renameat2": (EIO, EINTR, ENOSPC, EACCES), "linkat": (EIO, EINTR, ENOSPC, EACCES),
    "unlinkat": (EIO, EINTR, EACCES), "fchmod": (EIO, EINTR, EPERM), "fcntl": (EINTR, ENOLCK), "utimensat": (EIO, EINTR),
    "close": (EIO, EINTR), "write": (EIO, EINTR, ENOSPC),
}
WORDS = {EIO: "EIO", EINTR: "EINTR", ENOMEM: "ENOMEM", EACCES: "EACCES", ENOSPC: "ENOSPC", ENOLCK: "ENOLCK", EPERM: "EPERM"}


class Stage:
    """A directory in which a scene begins again and again, on one kind of file system."""

    def __init__(self, tools, scene, poor, servers, where):
        self.tools, self.scene, self.servers = tools, scene, servers
        self.poor = list(POOR[poor])
        self.home, self.report = os.path.join(where, "d"), os.path.join(tools.scratch, "report")
        servers.start()
        self.expected = servers.expected()
        self.command = servers.command(tools.segdl, os.path.join(tools.scratch, "list"))
        self.harmed = []  # the report of the last run that was harmed
        self.half = None  # the write at which what is to be there before is interrupted
        self.older = scene.before == "older"
        self.calls = self.count()

    def wrapped(self, *harm):
        return [self.tools.trace, self.report, *self.poor, *harm, "--", *self.command]

    def reported(self):
        with open(self.report, encoding="ascii") as report:
            return report.read().split("\n")

    def set(self):
        """The scene as it is before the command begins."""
        shutil.rmtree(self.home, ignore_errors=True)
        os.mkdir(self.home)
        if self.scene.before == "present":
            with open(os.path.join(self.home, "f"), "wb") as file:
                file.write(b"an older file" * 5000)
        if self.scene.before in ("interrupted", "older"):
            if self.older:
                self.servers.start(2)
            if self.half is None:
                run(self.wrapped(), self.home)
                self.half = self.reported().count("pwrite64") // 2
                shutil.rmtree(self.home)
                os.mkdir(self.home)
            run(self.wrapped("--kill", f"pwrite64.{self.half}"), self.home)
            if self.older:
                self.servers.start()
        return Judge(self.scene, self.expected, contents(self.home), self.command, self.servers, self.tools.segdl)

    def count(self):
        """The names of its calls when nothing is harmed."""
        self.set()
        code, out, err = run(self.wrapped(), self.home)
        if code != 0:
            raise disks.Unable(f"it ends with {code} unharmed: {why(out, err)}")
        return [line for line in self.reported() if line in ERRORS]

    def fate(self, harm):
        """One run that is harmed: what is wrong with it, before anything is run again, and a judge."""
        judge = self.set()
        code, out, err = run(self.wrapped(*harm), self.home)
        self.harmed = self.reported()
        return judge, code, out, err

    def rerun(self, judge, claims):
        yield from judge.after_rerun(self.home, claims, [self.tools.trace, self.report, *self.poor, "--"] if self.poor else ())


def judge_error(stage, name, error, harm):
    """An error is answered by a documented exit code and a message, or did not matter."""
    judge, code, out, err = stage.fate(harm)
    yield from judge.as_found(stage.home)
    if code is None:
        yield "hang", "it does not end"
    elif code != 0 and (code not in DOCUMENTED or error == EINTR):
        yield f"exit {code} for {WORDS[error]}", why(out, err)
    elif code != 0 and not why(out, err) and name != "write":
        yield "no message", f"exit {code} without a word"
    elif code == 0 and contents(stage.home).get("f") != judge.expected["f"]:
        yield "wrong bytes", "exit 0 without the file"
    yield from stage.rerun(judge, ())


def judge_kill(stage, harm):
    """After a kill every claim holds."""
    judge, _, _, _ = stage.fate(harm)
    yield from judge.as_found(stage.home)
    yield from stage.rerun(judge, claims_in(stage.tools.segdl, stage.home))


def choose_points(stage, count, chance):
    """(which call, its name, error or None for a kill). Of each name about as many: there are many writes and few renames."""
    by_name, seen = {}, {}
    for name in stage.calls:
        seen[name] = seen.get(name, 0) + 1
        for error in (None, *ERRORS[name]):
            by_name.setdefault((name, error is None), []).append((f"{name}.{seen[name]}", name, error))
    if count is None:
        return [point for points in by_name.values() for point in points]
    for points in by_name.values():
        chance.shuffle(points)
    groups, chosen = list(by_name.values()), []
    while len(chosen) < count and any(groups):
        chance.shuffle(groups)
        chosen += [points.pop() for points in groups if points][:count - len(chosen)]
    return chosen


def run_calls(stage, label, table, chance):
    for call, name, error in choose_points(stage, stage.tools.points, chance):
        if error is None:
            found = list(judge_kill(stage, ("--kill", call)))
        else:
            how = chance.choice(("--fail", "--fail-on")) if error != EINTR else "--fail"
            found = list(judge_error(stage, name, error, (how, f"{call}:{error}")))
        if f"harmed {name}" in stage.harmed:  # how many calls there are is not the same each time
            table.count("syscalls", "errors" if error else "kills", label, found, f"{call}, {WORDS[error] if error else 'killed'}")


def run_instructions(stage, label, table, chance):
    """Only a state that was not there before goes through recovery."""
    seen = set()
    for _ in range(stage.tools.sample):
        number = chance.randint(1, len(stage.calls))
        steps = int(10 ** chance.uniform(0, 4.3))
        judge, _, _, _ = stage.fate(("--step", f"{number}:{steps}"))
        state = digest(repr(sorted(contents(stage.home).items())).encode())
        found = list(judge.as_found(stage.home))
        if state not in seen:
            seen.add(state)
            found += stage.rerun(judge, claims_in(stage.tools.segdl, stage.home))
        table.count("instructions", "kills", label, found, f"{steps} instructions after call {number}")
    table.distinct += len(seen)


def run_part(tools, part, wanted, table):
    kind = disks.KINDS[0]
    image = os.path.join(tools.scratch, "calls")
    kind.format(image)
    with disks.mounted(kind, image, tools.scratch) as where:
        for scene, poor in [(scene, poor) for scene in SCENES if not wanted or scene.name in wanted for poor in POOR]:
            with servers_of(tools.origin, scene, tools.scratch) as servers:
                try:
                    stage = Stage(tools, scene, poor, servers, where)
                except disks.Unable as unable:
                    table.skip(f"{part} {scene.name}{poor}", unable)
                    continue
                chance = random.Random(f"{tools.seed} {part} {scene.name}{poor}")
                (run_calls if part == "syscalls" else run_instructions)(stage, scene.name + poor, table, chance)
    os.unlink(image)
