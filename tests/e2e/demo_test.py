"""The demonstration still shows what it is for, and does not call right what is wrong."""
import os
import signal
import subprocess

import harness
from harness import BINARY, ORIGIN, wait_for

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "demo")


def start(scene, binary=BINARY):
    """In a folder of its own for what it writes."""
    environment = {**os.environ, "SEGDL_BINARY": binary, "SEGDL_ORIGIN": ORIGIN, "TMPDIR": scene.out}
    return subprocess.Popen([DEMO, "--size", "32M", "--seconds", "4"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_kills_damages_resumes_and_finds_all_as_promised(scene):
    process = start(scene)
    stdout, stderr = process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 0, stdout + stderr
    assert "All as promised" in stdout and "Killed" in stdout, stdout
    assert "64.0 KiB damaged or discarded and fetched again" in stderr, stderr
    assert scene.names() == []


def test_a_segdl_that_begins_again_is_found_out(scene):
    forgetful = os.path.join(scene.directory, "forgetful")
    with open(forgetful, "w", encoding="utf-8") as script:
        script.write(f'#!/bin/sh\ncase $1 in status) exec {BINARY} "$@" ;; *) exec {BINARY} "$@" --no-resume ;; esac\n')
    os.chmod(forgetful, 0o755)
    process = start(scene, forgetful)
    stdout, stderr = process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 1, stdout + stderr
    assert "WRONG: of what was there" in stdout, stdout
    assert scene.names() == []


def test_interrupted_it_leaves_nothing(scene):
    process = start(scene)
    wait_for(lambda: any("downloads" in folders for _, folders, _ in os.walk(scene.out)), "the demonstration has begun")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 130
    assert scene.names() == []


if __name__ == "__main__":
    harness.main()
