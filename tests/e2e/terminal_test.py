"""The command and what it is connected to: closed and broken streams, a hang-up, several URLs and one Ctrl-C. See display_test for terminals."""
import fcntl
import os
import signal
import subprocess
import time

import harness
from harness import BINARY, KiB, MiB, head, pattern, ranged, wait_for


def cutting(scene, data, every=50 * KiB):
    """A server whose connections break, so that there is much to say while the file is open."""
    def handler(connection, request, number):
        top, body = ranged(data, request)
        connection.sendall(top + body[:every])
        return "close"
    return scene.raw(handler)


def slow(scene, data, seconds):
    """A server that takes this long for everything."""
    def handler(connection, request, number):
        top, body = ranged(data, request)
        connection.sendall(top)
        step = max(1, len(body) // 50)
        for begin in range(0, len(body), step):
            connection.sendall(body[begin:begin + step])
            time.sleep(seconds / 50)
    return scene.raw(handler)


def with_stderr(scene, descriptor, *arguments, **options):
    return subprocess.Popen([BINARY, *arguments], cwd=scene.out, stdout=subprocess.DEVNULL, stderr=descriptor, **options)


def test_closed_streams_do_not_become_the_file(scene):
    data = pattern(300 * KiB, 1)
    for number, closed in enumerate(("2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-")):
        server = cutting(scene, data)
        done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {closed}', BINARY, "-v", server.url(), "-o", f"f{number}"],
                              cwd=scene.out, timeout=60, check=False)
        assert done.returncode == 0, (closed, done)
        assert harness.read(scene.path(f"f{number}")) == data, closed


def test_a_reader_of_messages_that_went_away_is_no_failure(scene):
    data = pattern(300 * KiB, 1)
    reader, writer = os.pipe()
    process = with_stderr(scene, writer, "-v", cutting(scene, data).url(), "-o", "f")
    os.close(writer)
    os.close(reader)
    assert process.wait(60) == 0
    assert harness.read(scene.path("f")) == data
    with open("/dev/full", "wb") as full:
        assert with_stderr(scene, full, "-v", cutting(scene, data).url(), "-o", "g").wait(60) == 0
    assert harness.read(scene.path("g")) == data


def test_a_reader_of_messages_that_stopped_reading_does_not_hold_the_command(scene):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    nowhere = f"http://127.0.0.1:{harness.free_port()}/x"
    process = with_stderr(scene, writer, nowhere, "--retries", "0")
    time.sleep(0.5)
    assert process.poll() is None  # its last words wait for the reader
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert process.wait(20) in (-signal.SIGTERM, 143)
    assert time.monotonic() - begun < 0.2
    process = with_stderr(scene, writer, nowhere, "--retries", "0")
    os.close(writer)
    os.read(reader, 4096)
    assert process.wait(20) == 3
    assert b"refused" in os.read(reader, 4096)
    os.close(reader)


def test_standard_output_that_takes_nothing_is_a_failure(scene):
    for arguments in (["--help"], ["--version"], ["status", "f"], ["status", "f", "--json"]):
        harness.write(scene.path("f"), b"complete")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BINARY, *arguments], cwd=scene.out, stdout=full, stderr=subprocess.PIPE, timeout=60,
                                  check=False)
        assert done.returncode == 7, (arguments, done)
        assert done.stderr == b"segdl: write to standard output: No space left on device\n", done


def test_a_hang_up_ends_it_unless_nohup_was_asked_for(scene):
    data = pattern(MiB, 1)
    process = scene.start(slow(scene, data, 1).url(), "-o", "f")
    wait_for(lambda: os.path.exists(scene.path("f.part")), "a beginning")
    process.send_signal(signal.SIGHUP)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 129, stderr
    assert "run the same command" in stderr
    process = subprocess.Popen(["sh", "-c", 'trap "" HUP; exec "$0" "$@"', BINARY, slow(scene, data, 1).url(), "-o", "g"],
                               cwd=scene.out, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: os.path.exists(scene.path("g.part")), "a beginning")
    process.send_signal(signal.SIGHUP)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert harness.read(scene.path("g")) == data


def test_ctrl_c_in_one_of_three_ends_the_command_and_says_how_to_go_on(scene):
    data = pattern(MiB, 1)
    fast = scene.raw(lambda c, r, n: c.sendall(b"".join(ranged(data, r))))
    hanging = slow(scene, data, 30)
    process = scene.start(fast.url("one"), hanging.url("two"), fast.url("three"))
    wait_for(lambda: all(os.path.exists(scene.path(name)) for name in ("one", "two.part", "three")), "all but the second to end")
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130, stderr
    assert harness.read(scene.path("one")) == harness.read(scene.path("three")) == data
    assert "2 files: 2.0 MiB in " in stderr, stderr
    assert stderr.endswith("segdl: interrupted; 1 active download kept: run the same command with --skip-existing to "
                           "continue\n"), stderr


def test_quiet_says_nothing_but_errors(scene):
    data = pattern(300 * KiB, 1)
    assert scene.get("-q", cutting(scene, data).url()).stderr == ""
    assert "404" in scene.get("-q", scene.raw(lambda c, r, n: c.sendall(head("404 No", "Content-Length: 0"))).url("x"),
                              code=4).stderr


def test_values_are_refused_by_option_and_value(scene):
    for arguments, words in ((["--timeout", "abc"], "--timeout: invalid time 'abc'"), (["--connect-timeout", "0"], "--connect-timeout: invalid time '0'"),
                             (["--max-time", "-1"], "--max-time: invalid time '-1'"), (["--min-speed", "1..5"], "--min-speed: invalid size '1..5'"),
                             (["--retries", "x"], "--retries: invalid value 'x'"), (["-x", "0"], "--connections: invalid value '0'"), (["-j", "0"], "--jobs: invalid number '0'"), (["--segment-size", "9999999999G"], "--segment-size: 9999999999G"),
                             (["-H", "none"], "--header: "),
                             (["-o", ""], "--output: "), (["--limit-rate", "1.5X"], "--limit-rate: invalid size '1.5X'"), (["-i", ""], "--input-file: ")):
        lines = scene.get("http://127.0.0.1:1/x", *arguments, code=2).stderr.splitlines()
        assert lines[0].startswith("segdl: " + words), lines


def test_secrets_in_a_wrong_command_line_are_not_repeated(scene):
    for arguments in (["-u", "me:hunter2", "-o", "a", "-o", "b", "http://h/x"], ["-u", "hunter2", "http://h/x"],
                      ["-H", "hunter2", "http://h/x"], ["--bogus=http://me:hunter2@h/x"], ["http://me:hunter2@h:x/"],
                      ["ftp://me:hunter2@h/"]):
        done = scene.get(*arguments, code=2)
        assert "hunter2" not in done.stderr + done.stdout, done.stderr


if __name__ == "__main__":
    harness.main()
