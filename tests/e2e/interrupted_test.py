"""File system calls that were interrupted (EINTR, as NFS and FUSE answer to any of them) are made again, and a link or rename that happened
although it was interrupted is not taken for another's."""
import os
import shutil
import tempfile

import faulty
import harness
from harness import KiB

CALLS = ["open", "openat", "fstat", "fstatat", "stat", "fstatfs", "fcntl", "fchmod", "futimens", "renameat", "renameat2", "linkat", "unlinkat", "mmap",
         "msync", "fallocate", "ftruncate", "fdatasync", "fsync", "read", "write", "pread", "pwrite", "readdir", "fdopendir"]
CHANGES = ["renameat", "renameat2", "linkat", "unlinkat"]  # of names
UMASK = os.umask(0)
os.umask(UMASK)
SMALL, LARGE = 20 * KiB, 400 * KiB
OFTEN = ("-x", "2", "--segment-size", "16K", "--remote-time")


class Origin:
    """An honest one with a date; `cut` in the path ends each answer after half of what it promised."""

    def __init__(self, scene):
        self.large, self.small = harness.pattern(LARGE, 1), harness.pattern(SMALL, 2)
        self.url = scene.raw(self.answer).url("")

    def answer(self, connection, request, number):
        head, body = harness.ranged(self.small if b"small" in request.split(b"\r\n")[0] else self.large, request)
        head = head.replace(b"\r\n\r\n", b"\r\nLast-Modified: Mon, 02 Jan 2023 03:04:05 GMT\r\n\r\n")
        if b"cut" in request.split(b"\r\n")[0]:
            connection.sendall(head + body[:len(body) // 2])
            return "close"
        connection.sendall(head + body)


def ways(origin):
    """Name, arguments of a run that is cut short before (or none), arguments, names and contents afterwards."""
    large, small = [origin.url + "large", "-o", "f", *OFTEN], [origin.url + "small", "-o", "f", "--remote-time"]
    many = [f"{origin.url}small{i}" for i in range(34)]  # enough that the directory's names are read
    whole = {"f": origin.large}
    return [("large", None, large, whole),
            ("large over another", "other", [*large, "--overwrite"], whole),
            ("small", None, small, {"f": origin.small}),
            ("continued", [origin.url + "cut", "-o", "f", *OFTEN, "--retries", "0"], large, whole),
            ("continued, with a checksum", [origin.url + "cut", "-o", "f", *OFTEN, "--retries", "0"],
             [*large, "--checksum", "sha-256=" + harness.hashlib.sha256(origin.large).hexdigest()], whole),
            ("many", None, [*many, "-q"], {f"small{i}": origin.small for i in range(34)})]


def prepare(scene, before):
    out = tempfile.mkdtemp(dir=scene.directory)
    if before == "other":
        harness.write(os.path.join(out, "f"), b"other")
    elif before:
        scene.get(*before, code=3, cwd=out)
        assert os.path.exists(os.path.join(out, "f.segdl"))
    return out


def check(scene, faults, way, fault):
    name, before, arguments, expected = way
    out = prepare(scene, before)
    done = faults.run(out, *arguments, fault=fault)
    assert done.returncode == 0, f"{name}, {fault}: exit {done.returncode}: {done.stderr}"
    assert {n: harness.read(os.path.join(out, n)) for n in os.listdir(out)} == expected, f"{name}, {fault}: {os.listdir(out)}"
    modes = {os.stat(os.path.join(out, n)).st_mode & 0o777 for n in expected}
    assert modes == {0o666 & ~UMASK}, f"{name}, {fault}: modes {modes}"
    shutil.rmtree(out)
    return done.failures


def test_every_call_that_is_interrupted_is_made_again(scene):
    faults, origin = faulty.Faulty(scene.directory), Origin(scene)
    cases = [(way, f"{call}:1:3") for way in ways(origin) for call in CALLS]
    failures = faulty.all_at_once(lambda way, fault: check(scene, faults, way, fault), cases)
    met = {fault.split(":")[0] for (_, fault), count in zip(cases, failures) if count}
    harness.tally(interrupted_runs=sum(map(bool, failures)), interrupted_calls=sum(failures))
    assert met == set(CALLS), f"never interrupted: {set(CALLS) - met}"


def test_a_change_of_names_that_happened_although_it_was_interrupted_counts(scene):
    faults, origin = faulty.Faulty(scene.directory), Origin(scene)
    cases = [(way, f"{call}:{first}:3:late") for way in ways(origin) for call in CHANGES for first in (1, 2)]
    failures = faulty.all_at_once(lambda way, fault: check(scene, faults, way, fault), cases)
    met = {fault.split(":")[0] for (_, fault), count in zip(cases, failures) if count}
    harness.tally(interrupted_runs=sum(map(bool, failures)), interrupted_calls=sum(failures))
    assert met == set(CHANGES), f"never interrupted: {set(CHANGES) - met}"


def test_files_that_the_command_reads_are_read_though_interrupted(scene):
    faults, origin = faulty.Faulty(scene.directory), Origin(scene)
    harness.write(scene.path("headers"), b"X-One: 1\n")
    harness.write(scene.path("list"), (origin.url + "small\tlisted\n").encode())
    harness.write(scene.path("sums"), (harness.hashlib.sha256(origin.small).hexdigest() + "  listed\n").encode())
    harness.write(scene.path("config"), b"quiet\n")
    arguments = ["-i", "list", "-H", "@headers", "--checksum", "@sums", "--config", "config"]

    def reads(call):
        out = tempfile.mkdtemp(dir=scene.directory)
        done = faults.run(scene.out, *arguments, "-d", out, fault=f"{call}:1:2")
        assert done.returncode == 0, f"{call}: exit {done.returncode}: {done.stderr}"
        assert harness.read(os.path.join(out, "listed")) == origin.small
        return done.failures

    failures = faulty.all_at_once(reads, [("open",), ("read",), ("stat",)])
    harness.tally(interrupted_runs=len(failures), interrupted_calls=sum(failures))
    assert all(failures)


if __name__ == "__main__":
    harness.main()
