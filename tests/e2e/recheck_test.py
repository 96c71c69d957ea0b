"""Another program changes NAME.part during a run, on a disk and on a tmpfs: the output is right, or there is none. And --verify."""
import os
import subprocess
import threading

import harness
from harness import KiB, MiB, pattern, ranged, wait_for

SIZE = 6 * MiB + 1000


def truncate(length):
    return lambda path: subprocess.run(["truncate", "-s", str(length), path], check=True, timeout=10)


def cut_and_grow(path):
    os.truncate(path, 0)
    os.truncate(path, SIZE)


def punch(path):
    subprocess.run(["fallocate", "--punch-hole", "--offset", "0", "--length", str(64 * KiB), path], check=True, timeout=10)


def zeros_in_place(path):
    with open(path, "r+b") as file:
        file.write(bytes(64 * KiB))


WAYS = {"cut": truncate(0), "quartered": truncate(SIZE // 4), "grown": truncate(SIZE + 9999), "cut and grown": cut_and_grow, "punched": punch}


class Held:
    """A server that gives a response's first 4 MiB and a half of what is left, and the rest when told to."""

    def __init__(self, scene, ranges=True):
        self.data = pattern(SIZE, 1)
        self.rest = threading.Event()
        self.ranges = ranges
        self.server = scene.raw(self.handle)

    def handle(self, connection, request, number):
        top, body = ranged(self.data, request)
        if not self.ranges:
            top, body = harness.head("200 OK", f"Content-Length: {SIZE}"), self.data
        half = len(body) // 2
        connection.sendall(top + body[:half])
        self.rest.wait(harness.TIMEOUT)
        connection.sendall(body[half:])


def claimed(scene, directory):
    done = subprocess.run([harness.BINARY, "status", "--json", os.path.join(directory, "f")], capture_output=True, check=False, timeout=30)
    return harness.json.loads(done.stdout).get("claimed", 0) if done.returncode == 0 and done.stdout else 0


def run_changed(scene, way, directory, *options, ranges=True):
    """A download of which a part is on disk when its file is changed; what it printed."""
    held = Held(scene, ranges)
    process = scene.start(held.server.url("f"), "-d", directory, *options)
    part = os.path.join(directory, "f.part")
    wait_for(lambda: os.path.exists(part) and (claimed(scene, directory) > MiB if ranges else os.path.getsize(part) > MiB), "something on disk")
    way(part)
    held.rest.set()
    _, told = process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 0, told
    with open(os.path.join(directory, "f"), "rb") as file:
        assert file.read() == held.data, told
    assert os.listdir(directory) == ["f"]
    os.unlink(os.path.join(directory, "f"))
    return told


def on_every_disk(scene, check):
    check(scene.out)
    small = os.path.join(scene.directory, "small")
    os.makedirs(small, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", small], check=True, timeout=10)
    try:
        check(small)
    finally:
        subprocess.run(["umount", small], check=True, timeout=10)


def test_a_file_that_is_cut_grown_or_punched_is_published_right(scene):
    def check(directory):
        for name, way in WAYS.items():
            for connections in ("1", "8"):
                told = run_changed(scene, way, directory, "-x", connections)
                assert "read back" in told, (name, connections, told)
                assert name == "grown" or "was changed after it was written" in told, (name, connections, told)
    on_every_disk(scene, check)


def test_a_stream_that_is_cut_grown_or_punched_is_published_right(scene):
    def check(directory):
        for name, way in WAYS.items():
            told = run_changed(scene, way, directory, ranges=False)
            assert "read back" in told, (name, told)
    on_every_disk(scene, check)


def test_bytes_replaced_in_place_are_found_by_verify(scene):
    def check(directory):
        for connections in ("1", "8"):
            told = run_changed(scene, zeros_in_place, directory, "--verify", "-x", connections)
            assert "was changed after it was written" in told and "read back" in told, told
        told = run_changed(scene, zeros_in_place, directory, "--verify", ranges=False)
        assert "was changed after it was written" in told and "read back" in told, told
    on_every_disk(scene, check)


def test_verify_of_what_nothing_happened_to_says_so_and_fetches_nothing_twice(scene):
    for name, size in (("empty", 0), ("small", 1000), ("f", 3 * MiB)):
        source = scene.nginx.put(name, pattern(size, 1))
        done = scene.get(scene.nginx.url(name), "--verify")
        assert "read back" in done.stderr, done.stderr
        assert harness.same(scene.path(name), source)
        done = scene.get(scene.nginx.url(name), "-o", name + "-plain")
        assert "read back" not in done.stderr, done.stderr
    done = subprocess.run([harness.BINARY, scene.nginx.url("f"), "--verify", "-o", "-"], capture_output=True, check=True, timeout=harness.TIMEOUT)
    assert done.stdout == pattern(3 * MiB, 1) and b"read back" not in done.stderr, done.stderr


if __name__ == "__main__":
    harness.main()
