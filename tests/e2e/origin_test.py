#!/usr/bin/env python3
"""The project's own origin as a command, and segdl downloading from it."""
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import harness
from harness import MiB, read

ORIGIN = os.path.abspath(sys.argv[2])


class Origin:
    """Runs the command for the length of a with statement."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([ORIGIN, *arguments], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.base = self.url.rsplit("/", 1)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(timeout=10) == 0
        finally:
            self.process.kill()
            self.process.stdout.close()


def get(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read()


def test_it_serves_a_pattern_of_any_size(_):
    with Origin("--size", "100000", "--seed", "5") as origin:
        assert origin.url.startswith("http://127.0.0.1:")
        whole = get(origin.url)
        assert len(whole) == 100000
        assert get(origin.base + "/pattern/5/100000/x.bin") == whole
        assert get(origin.base + "/pattern/5/99/x.bin") == whole[:99]
        assert get(origin.base + "/pattern/6/100000/x.bin") != whole


def test_segdl_gets_the_same_through_faults(scene):
    with Origin() as honest:
        expected = get(f"{honest.base}/pattern/1/{3 * MiB}/x")
    log = scene.path("log")
    with Origin("--size", "3M", "--cut-every", "700K", "--status-first", "1:503", "--reset-at", "2M", "--log", log) as origin:
        scene.get("-o", "f", "--retries", "20", origin.url)
    assert read(scene.path("f")) == expected
    lines = [json.loads(line) for line in read(log).splitlines()]
    assert lines[0]["status"] == 503
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(line["fields"]["Range"].startswith("bytes=") for line in lines)
    assert sum(line["sent"] for line in lines if line["status"] == 206) >= len(expected)


def test_segdl_gets_it_over_tls_and_refuses_it_without_the_authority(scene):
    directory = os.path.join(scene.directory, "tls")
    with Origin("--size", "100000", "--tls", directory) as origin:
        assert origin.url.startswith("https://")
        scene.get("--cacert", os.path.join(directory, "ca.pem"), "-o", "f", origin.url)
        scene.get("-o", "g", origin.url, code=5)
    assert os.path.getsize(scene.path("f")) == 100000


def test_a_redirect_and_a_change(scene):
    with Origin("--size", "100000", "--redirect", "/old=/file", "--change-after", "1:500") as origin:
        assert len(get(origin.base + "/old")) == 100000
        assert len(get(origin.base + "/old")) == 500


def test_wrong_options_are_told(_):
    for arguments in (["--size", "x"], ["--cut-at", "5:x"], ["--redirect", "/a"], ["--none"]):
        done = subprocess.run([ORIGIN, *arguments], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 2, arguments
        assert done.stdout == "" and done.stderr, arguments


if __name__ == "__main__":
    harness.main()
