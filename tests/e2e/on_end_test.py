"""--on-done and --on-error: a command for each file that has ended, no shell, and what it does to the exit code."""
import json
import os
import signal
import stat
import subprocess
import time

import harness
from harness import KiB, head, wait_for
from terminal import Screen

SCRIPT = """#!/bin/sh
# Its name, its arguments one a line, then what it was given besides: in one write, since others write beside it.
text=$(for word in "$0" "$@"; do printf '%s\\n' "$word"; done; echo "code=$SEGDL_EXIT_CODE"; ls /proc/self/fd | tr '\\n' ' ')
printf '%s\\n' "$text" >> "$LOG"
echo said
exit ${ENDS:-0}
"""


def script(scene):
    path = os.path.join(scene.directory, "hook of mine")
    harness.write(path, SCRIPT.encode())
    os.chmod(path, stat.S_IRWXU)
    return path


def environment(scene, **more):
    return {**os.environ, "LOG": os.path.join(scene.directory, "log"), **more}


def logged(scene):
    path = os.path.join(scene.directory, "log")
    lines = harness.read(path).decode().splitlines() if os.path.exists(path) else []
    if lines:
        os.unlink(path)
    return lines


def missing(connection, request, number):
    connection.sendall(head("404 No", "Content-Length: 0"))


def test_a_command_is_run_with_the_path_behind_its_arguments_and_no_shell(scene):
    url = scene.origin().pattern(1, 100 * KiB, "f")
    hook = script(scene)
    done = scene.get(url, "-o", "a $(touch b) 'c'", "--on-done", f"'{hook}' \"two words\" '$HOME *' ''", "--on-error", "false",
                     env=environment(scene))
    lines = logged(scene)
    assert lines[:6] == [hook, "two words", "$HOME *", "", "a $(touch b) 'c'", "code="], lines
    assert set(lines[6].split()) == {"0", "1", "2", "3"}, lines  # 3: the directory that ls reads
    assert done.stdout == "" and "said\n" in done.stderr
    assert scene.names() == ["a $(touch b) 'c'"]
    scene.get(url, "-o", "-x", "-d", ".", "--on-done", f"'{hook}'", env=environment(scene))
    assert logged(scene)[1] == "./-x"


def test_what_has_failed_is_told_with_its_exit_code(scene):
    server = scene.raw(missing)
    hook = script(scene)
    scene.get(server.url("x"), "--on-error", f"'{hook}'", "--on-done", "false", code=4, env=environment(scene))
    assert logged(scene)[:3] == [hook, "x", "code=4"]
    scene.get(server.url("x"), "--on-error", f"'{hook}'", code=4, env=environment(scene, ENDS="3"))
    assert logged(scene)[1] == "x"


def test_each_file_of_a_list_is_told_once_and_those_that_were_there_are_not(scene):
    origin = scene.origin()
    server = scene.raw(missing)
    hook = script(scene)
    urls = [origin.pattern(i, 10 * KiB, f"f{i}") for i in range(30)] + [server.url("gone")]
    harness.write(scene.path("f7"), b"")
    done = scene.get("--skip-existing", *urls, "--json", "-j", "4", "--on-done", f"'{hook}' done", "--on-error", f"'{hook}' error", code=4,
                     env=environment(scene))
    lines = logged(scene)
    told = sorted(f"{lines[at - 1]} {lines[at]}" for at, line in enumerate(lines) if line.startswith("f") or line == "gone")
    assert told == sorted([f"done f{i}" for i in range(30) if i != 7] + ["error gone"]), told
    assert all(json.loads(line) for line in done.stdout.splitlines())


def test_a_command_that_fails_is_told_and_costs_the_exit_code_but_not_the_file(scene):
    url = scene.origin().pattern(1, 10 * KiB, "f")
    not_run = os.path.join(scene.directory, "not run")
    harness.write(not_run, b"\x7fELF")
    os.chmod(not_run, 0o755)
    not_run = f"'{not_run}'"
    for command, words in (("false", "false exited with code 1"), (not_run, "failed to start: Exec format error"),
                           ("sh -c 'kill -9 $$'", "was killed by signal 9")):
        done = scene.get(url, url + "2", "--overwrite", "--on-done", command, code=1)
        assert done.stderr.count(f"--on-done for f: ") == 1 and words in done.stderr, done.stderr
        assert scene.names() == ["f", "f2"]
    assert "said" in scene.get(url, "-o", "g", "--on-done", f"'{script(scene)}'", env=environment(scene),
                               preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)).stderr
    assert "empty command" in scene.get(url, "--on-done", " ", code=2).stderr
    assert "cd: command not found" in scene.get(url, "--on-done", "cd /", code=2).stderr
    assert "| needs a shell" in scene.get(url, "--on-done", "wc | cat", code=2).stderr
    assert "unterminated '" in scene.get(url, "--on-done", "a 'b", code=2).stderr
    assert "there is no path" in scene.get(url, "-o", "-", "--on-done", "true", code=2).stderr


def test_a_signal_does_not_wait_for_a_command(scene):
    url = scene.origin().pattern(1, 10 * KiB, "f")
    process = scene.start(url, "--on-done", "sh -c 'exec sleep 30'")
    wait_for(lambda: subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, check=False).returncode == 0, "the command")
    began = time.monotonic()
    child = int(subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, check=True).stdout)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 143 and time.monotonic() - began < 5
    os.kill(child, signal.SIGTERM)
    process.communicate()
    assert scene.names() == ["f"]


def test_ctrl_z_stops_the_wait_for_a_command_too(scene):
    url = scene.origin().pattern(1, 10 * KiB, "f")
    with Screen(scene) as screen:
        screen.run("-q", url, "--on-done", "sh -c 'exec sleep 100'")
        wait_for(lambda: os.path.exists(scene.path("f")), "the file")
        time.sleep(0.2)
        screen.key("C-z")
        wait_for(lambda: screen.state() == "T", "it to stop")
        screen.type("fg")
        wait_for(lambda: screen.state() != "T", "it to go on")
        screen.key("C-c")
        wait_for(lambda: not os.path.exists(f"/proc/{screen.pid()}"), "its end")


def test_commands_that_a_signal_leaves_unstarted_are_counted(scene):
    origin = scene.origin()
    urls = [origin.pattern(i, 10 * KiB, f"f{i}") for i in range(4)]
    hook = script(scene)
    # All have ended; and one is under way.
    for more in ([], [scene.raw(lambda connection, request, number: time.sleep(10)).url("slow")]):
        process = scene.start(*urls, *more, "-j", "2", "--on-done", f"sh -c '\"$0\" \"$1\"; exec sleep 100' '{hook}'", "--overwrite",
                              env=environment(scene), start_new_session=True)
        wait_for(lambda: all(os.path.exists(scene.path(f"f{i}")) for i in range(4)), "the files")
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGTERM)
        # Of its own: what it has started is left alone.
        assert process.wait(10) == 143
        os.killpg(process.pid, signal.SIGTERM)
        _, stderr = process.communicate(timeout=harness.TIMEOUT)
        assert stderr.count("segdl: --on-done was not run for 2 files\n") == 1, stderr
        assert sum(line.startswith("f") for line in logged(scene)) == 2
        for i in range(4):
            os.unlink(scene.path(f"f{i}"))


def test_tries_without_end_outlast_an_outage(scene):
    port = harness.free_port()
    process = scene.start(f"http://127.0.0.1:{port}/f", "--retries", "inf", "-v")
    time.sleep(1)
    server = scene.origin("--port", port, "--size", "10K")
    assert process.wait(60) == 0 and scene.names() == ["f"]
    assert server.requests()
    process.communicate()


if __name__ == "__main__":
    harness.main()
