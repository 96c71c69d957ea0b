"""Power cuts on real file systems, for tools/plug.

A download runs on a disk that remembers every write and every flush (plug_disk). The power can go between any two of them. What is then on the disk: all
that was written before the last flush, and of what was written after it anything: all, nothing, any of the blocks, or of their sectors. Such a disk is
put together, mounted by its file system, which does its own recovery, and looked at; then the same command runs again.
"""
import contextlib
import json
import os
import random
import shutil
import subprocess
import threading
import time

import plug_disks as disks
from plug_disks import BLOCK, LIBC, SECTOR
from plug_scenes import NAME, PATIENCE, Judge, claims_in, contents, interrupt, servers_of

HOME = "d"  # downloads go to a directory of their own: the root has things of the file system's
VARIANTS = ("all", "none", "blocks", "sectors")


def sync_file_system(directory):
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        disks.must(LIBC.syncfs(descriptor), "syncfs")
    finally:
        os.close(descriptor)


class RunFailed(Exception):
    """A download that nothing had harmed did not end with 0."""


class Watch:
    """Follows a run: marks what it told, and which claims its checkpoints made safe."""

    def __init__(self, recorder, binary, directory, report):
        self.recorder, self.binary, self.directory, self.report = recorder, binary, directory, report
        self.snapshots = []  # (moment, claims): the claims were there at this moment
        self.safe = []  # claims that a checkpoint covered, by the number in its mark
        self.read = 0
        self.data_sync = None  # begin and end of the last sync of a file

    def follow_output(self, out):
        for line in out:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if event.get("event") == "done":
                    self.recorder.mark("told " + os.path.basename(event["output"]))

    def look(self):
        """One more snapshot, and what was synced meanwhile."""
        claims = claims_in(self.binary, self.directory)
        self.snapshots.append((time.monotonic(), claims))
        with open(self.report, encoding="ascii") as report:
            report.seek(self.read)
            lines = report.read()
        whole = lines[:lines.rfind("\n") + 1]
        self.read += len(whole)
        for words in map(str.split, whole.splitlines()):
            if len(words) == 3:
                self.synced(words[0], float(words[1]), float(words[2]))

    def synced(self, call, begin, end):
        """A checkpoint syncs the data and then the mapped journal: what was claimed before the first began is safe after the second."""
        if call == "fdatasync":
            self.data_sync = (begin, end)
        if call != "msync" or not self.data_sync or self.data_sync[1] > begin:
            return
        known = [claims for moment, claims in self.snapshots if moment < self.data_sync[0] and claims]
        if known:
            self.safe.append(known[-1])
            self.recorder.mark(f"safe {len(self.safe) - 1}")


class Recording:
    """One run of a scene on one kind of file system: the disk as it was before, and what happened to it."""

    def __init__(self, tools, kind, scene, servers, seed):
        self.tools, self.kind, self.scene, self.servers = tools, kind, scene, servers
        self.moments = random.Random(f"{seed} {kind.name} {scene.name} moments")
        self.directory = os.path.join(tools.scratch, f"{kind.name}-{scene.name}")
        os.makedirs(self.directory)
        self.image, self.base = os.path.join(self.directory, "image"), os.path.join(self.directory, "base")
        self.before = {}
        self.safe = []
        self.records = []

    def prepare(self, home):
        scene, servers = self.scene, self.servers
        if scene.before == "present":
            with open(os.path.join(home, NAME), "wb") as file:
                file.write(b"an older file" * 5000)
        if scene.before in ("interrupted", "older"):
            servers.start(2 if scene.before == "older" else 1, scene.rate())
            interrupt(servers.command(self.tools.segdl, os.path.join(self.directory, "list")), home, scene.seconds / 2)
        self.before = contents(home)

    def record(self):
        servers, scene = self.servers, self.scene
        self.kind.format(self.image)
        disks.run_tool("cp", "--sparse=always", self.image, self.base)
        servers.start()
        expected = servers.expected()
        recorder = disks.Recorder(self.tools.disk, self.image, self.directory)
        try:
            with disks.mounted(self.kind, recorder.disk, self.directory, direct=True) as where:
                home = os.path.join(where, HOME)
                os.mkdir(home)
                self.prepare(home)
                servers.start(1, scene.rate())
                command = servers.command(self.tools.segdl, os.path.join(self.directory, "list"))
                sync_file_system(where)
                recorder.mark("begin")
                self.run(recorder, command, home)
                sync_file_system(where)
        finally:
            recorder.close()
        self.records = list(recorder.records())
        os.unlink(recorder.log_path)
        os.unlink(self.image)
        servers.start()
        return Judge(scene, expected, self.before, command, servers, self.tools.segdl)

    def run(self, recorder, command, home):
        report = os.path.join(self.directory, "syncs")
        watch = Watch(recorder, self.tools.segdl, home, report)
        process = subprocess.Popen([self.tools.trace, report, "--watch", "--", *command], cwd=home, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        follower = threading.Thread(target=watch.follow_output, args=(process.stdout,))
        follower.start()
        # The kernel writes back when it likes: in every other recording it is made to, at some moment.
        stir = time.monotonic() + (self.moments.uniform(0.1, 1.5) if self.moments.random() < 0.5 else PATIENCE)
        until = time.monotonic() + PATIENCE
        while process.poll() is None:
            if time.monotonic() > until:
                process.kill()
            if os.path.exists(report):
                watch.look()
            if time.monotonic() > stir:
                stir += PATIENCE
                sync_file_system(home)
            time.sleep(0.05)
        follower.join()
        words = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        if process.returncode != 0:
            raise RunFailed(f"nothing was harmed yet, and it ended with {process.returncode}: {words.strip()[-300:]}")
        watch.look()
        self.safe = watch.safe

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class Disk:
    """The recorded disk on its way: what is durable after so many records, and what else was written."""

    def __init__(self, recording):
        self.recording = recording
        self.durable = os.path.join(recording.directory, "durable")
        disks.run_tool("cp", "--sparse=always", recording.base, self.durable)
        self.file = os.open(self.durable, os.O_RDWR | os.O_CLOEXEC)
        self.at = 0
        self.pending, self.told, self.safe = [], set(), None
        self.begun = False
        while not self.begun:
            self.step()

    def step(self):
        what, offset, data = self.recording.records[self.at]
        self.at += 1
        if what == "W":
            self.pending.append((offset, data))
        elif what == "S":
            self.flush()
        else:
            word, _, rest = data.decode().partition(" ")
            if word == "begin":  # what was there before had time to become durable, whatever syncfs leaves unflushed
                self.begun = True
                self.flush()
            if word == "told":
                self.told.add(rest)
            if word == "safe":
                self.safe = int(rest)

    def flush(self):
        for offset, data in self.pending:
            os.pwrite(self.file, data, offset)
        self.pending = []

    def advance(self, cut):
        while self.at < cut:
            self.step()

    def make_state(self, variant, chance):
        """A disk as the cut could leave it, in the file `state`."""
        path = os.path.join(self.recording.directory, "state")
        disks.run_tool("cp", "--sparse=always", self.durable, path)
        kept = {"all": 1.0, "none": 0.0}.get(variant, chance.choice((0.1, 0.5, 0.9)))
        unit = SECTOR if variant == "sectors" else BLOCK
        first, last = self.recording.kind.whole
        with open(path, "r+b", buffering=0) as file:
            for offset, data in self.pending:
                begin = 0
                while begin < len(data):
                    at = offset + begin
                    size = last - at if first <= at < last else unit
                    if kept == 1.0 or chance.random() < kept:
                        os.pwrite(file.fileno(), data[begin:begin + size], at)
                    begin += size

    def close(self):
        os.close(self.file)


def choose_cuts(recording, first, count, chance):
    """Sorted, each with a way to lose writes. A third anywhere, a third where the output gets its name, a third behind."""
    records, last = recording.records, len(recording.records)
    if count is None:
        return [(cut, variant) for cut in range(first, last + 1) for variant in (*VARIANTS, *VARIANTS[2:])]
    told = next(i for i, (what, _, data) in enumerate(records) if what == "M" and data.startswith(b"told "))
    spans = ((first, last), (max(first, told - 20), min(last, told + 10)), (told, last))
    return sorted((chance.randint(*spans[i % len(spans)]), chance.choice(VARIANTS)) for i in range(count))


def check_state(recording, disk, judge, moved):
    """Mounts it, looks, runs the command again. What is wrong, as (kind of violation, words)."""
    kind, path = recording.kind, os.path.join(recording.directory, "state")
    try:
        kind.fix(path)
        number = disks.another_number(recording.directory) if moved else contextlib.nullcontext()
        with number, disks.mounted(kind, path, recording.directory) as where:
            home = os.path.join(where, HOME)
            if not os.path.isdir(home):
                yield "file system", "the directory is gone"
                return
            yield from judge.as_found(home, disk.told)
            claims = recording.safe[disk.safe] if disk.safe is not None else ()
            if os.path.exists(os.path.join(home, NAME)):
                claims = ()
            recording.tools.notes["after a file was told to be done"] += bool(disk.told)
            recording.tools.notes["with claims that a checkpoint had made safe"] += bool(claims)
            yield from judge.after_rerun(home, claims)
    except OSError as failed:
        yield "file system", f"it can't be mounted or read: {failed}"


def run_cell(tools, kind, scene, table):
    """All states of one scene on one kind of file system."""
    with servers_of(tools.origin, scene, tools.scratch) as servers:
        recording = Recording(tools, kind, scene, servers, tools.seed)
        try:
            judge = recording.record()
            disk = Disk(recording)
            try:
                chance = random.Random(f"{tools.seed} {kind.name} {scene.name}")
                for cut, variant in choose_cuts(recording, disk.at, tools.states, chance):
                    disk.advance(cut)
                    disk.make_state(variant, chance)
                    moved = chance.random() < 0.5
                    found = list(check_state(recording, disk, judge, moved))
                    table.count("power", kind.name, scene.name, found,
                                f"cut {cut} of {len(recording.records)}, {variant}{', other device number' if moved else ''}")
            finally:
                disk.close()
        except RunFailed as failed:
            table.count("power", kind.name, scene.name, [("failed", str(failed))], "recording")
        finally:
            recording.close()
