"""Outputs that are no regular files: pipes, terminals, devices, descriptors. They get the bytes, and stay what they are."""
import os
import pty
import signal
import stat
import subprocess
import threading
import time

import harness
from harness import BINARY, KiB, MiB, pattern, ranged

SIZES = (0, 1000, 3 * MiB + 1)


def kind_of(path):
    return stat.S_IFMT(os.lstat(path).st_mode)


def reading(path):
    """A thread that reads all of a FIFO, and what it will have read."""
    got = []
    thread = threading.Thread(target=lambda: got.append(harness.read(path)), daemon=True)
    thread.start()
    return thread, got


def test_a_fifo_gets_the_bytes_whatever_overwrite_says_and_stays(scene):
    os.mkfifo(scene.path("pipe"))
    os.symlink("pipe", scene.path("link"))
    for size in SIZES:
        scene.nginx.put("f", pattern(size, 1))
        for name in ("pipe", "link"):
            for arguments in ((), ("--overwrite",), ("-x", "1"), ("--skip-existing",)):
                thread, got = reading(scene.path("pipe"))
                done = scene.get(scene.nginx.url("f"), "-o", name, *arguments)
                thread.join(harness.TIMEOUT)
                assert got == [pattern(size, 1)], (size, arguments)
                assert "in order" in done.stderr, done.stderr
    assert scene.names() == ["link", "pipe"] and kind_of(scene.path("pipe")) == stat.S_IFIFO
    assert kind_of(scene.path("link")) == stat.S_IFLNK


def test_what_has_got_the_name_meanwhile_and_is_no_file_is_not_replaced(scene):
    for size in (1000, MiB):
        data = pattern(size, 1)
        asked, opened = threading.Event(), threading.Event()

        def handler(connection, request, number):
            top, body = ranged(data, request)
            connection.sendall(top + body[:-1])
            asked.set()
            opened.wait(harness.TIMEOUT)
            connection.sendall(body[-1:])

        harness.write(scene.path("f"), b"older")
        process = scene.start(scene.raw(handler).url("f"), "--overwrite", "-x", "1")
        assert asked.wait(harness.TIMEOUT)
        os.unlink(scene.path("f"))
        os.mkfifo(scene.path("f"))
        opened.set()
        _, stderr = process.communicate(timeout=harness.TIMEOUT)
        assert process.returncode == 10 and "FIFO" in stderr and "move it away" in stderr, (process.returncode, stderr)
        assert kind_of(scene.path("f")) == stat.S_IFIFO
        for name in scene.names():
            os.unlink(scene.path(name))


def test_a_fifo_without_a_reader_is_waited_for_and_a_signal_ends_that(scene):
    os.mkfifo(scene.path("pipe"))
    scene.nginx.put("f", pattern(1000, 1))
    process = scene.start(scene.nginx.url("f"), "-o", "pipe")
    time.sleep(0.3)
    assert process.poll() is None
    thread, got = reading(scene.path("pipe"))
    process.communicate(timeout=harness.TIMEOUT)
    thread.join(harness.TIMEOUT)
    assert process.returncode == 0 and got == [pattern(1000, 1)]
    process = scene.start(scene.nginx.url("f"), "-o", "pipe")
    time.sleep(0.3)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 143 and time.monotonic() - begun < 5
    assert scene.names() == ["pipe"]


def test_the_time_limit_of_a_download_holds_for_a_reader_that_does_not_come_or_read(scene):
    os.mkfifo(scene.path("pipe"))
    scene.nginx.put("f", pattern(3 * MiB, 1))
    begun = time.monotonic()
    done = scene.get(scene.nginx.url("f"), "-o", "pipe", "--max-time", "1", code=3)
    assert "open pipe: the time limit" in done.stderr and 0.9 < time.monotonic() - begun < 5, done.stderr
    for number, code in ((None, 3), (signal.SIGINT, 130)):
        process = scene.start(scene.nginx.url("f"), "-o", "pipe", *(("--max-time", "4") if number is None else ()))
        with open(os.open(scene.path("pipe"), os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
            harness.wait_for(lambda: pipe.read(1000), "the first bytes")
            if number is not None:
                time.sleep(0.3)
                process.send_signal(number)
            _, told = process.communicate(timeout=harness.TIMEOUT)
        assert process.returncode == code, (number, process.returncode, told)
        assert number is not None or "write to pipe: the time limit" in told, told
    assert scene.names() == ["pipe"]


def test_a_descriptor_that_the_command_has_opened_itself_is_not_written_to(scene):
    """Only what was open when it began was given to it: all others are its journal, its connections, what wakes it."""
    scene.nginx.put("f", pattern(1000, 1))
    own = 0
    for number in range(3, 30):
        for folder in ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"):
            done = subprocess.run([BINARY, scene.nginx.url("f"), "-o", f"{folder}/{number}", "--overwrite"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=harness.TIMEOUT, check=False)
            own += "open for this process alone" in done.stderr
            assert done.returncode in (7, 10), (number, done)
    assert own > 0


def test_a_reader_that_goes_away_is_an_error_and_no_signal(scene):
    os.mkfifo(scene.path("pipe"))
    scene.nginx.put("f", pattern(3 * MiB, 1))
    process = scene.start(scene.nginx.url("f"), "-o", "pipe")
    with open(scene.path("pipe"), "rb", buffering=0) as pipe:
        assert pipe.read(1000)
    _, told = process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 7 and "write to pipe: Broken pipe" in told, (process.returncode, told)


def test_devices_take_the_bytes_and_stay_devices(scene):
    null = os.stat("/dev/null")
    scene.nginx.put("f", pattern(3 * MiB, 1))
    for arguments in (("-o", "/dev/null"), ("-o", "/dev/null", "--overwrite"), ("-d", "/dev", "-o", "null", "--overwrite")):
        scene.get(scene.nginx.url("f"), *arguments)
        assert os.stat("/dev/null").st_rdev == null.st_rdev and kind_of("/dev/null") == stat.S_IFCHR
    with open("/dev/full", "wb") as full:
        process = subprocess.run([harness.BINARY, scene.nginx.url("f"), "-o", "-"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=harness.TIMEOUT, check=False)
    assert process.returncode == 7 and "fix that and restart" in process.stderr, process.stderr
    done = scene.get(scene.nginx.url("f"), "-o", "/dev/full", code=7)
    assert "write to /dev/full: No space left on device" in done.stderr, done.stderr
    assert not [name for name in os.listdir("/dev") if "segdl" in name or name.endswith(".part")]
    assert scene.names() == []


def test_standard_output_by_any_name_is_what_it_is_for_a_hyphen(scene):
    for size in SIZES:
        data = pattern(size, 1)
        scene.nginx.put("f", data)
        for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/thread-self/fd/1"):
            done = subprocess.run([BINARY, "-q", scene.nginx.url("f"), "-o", name, "--overwrite"], capture_output=True, timeout=harness.TIMEOUT, check=False)
            assert done.returncode == 0 and done.stdout == data, (name, done)
            path = os.path.join(scene.directory, "log")
            harness.write(path, b"before ")
            with open(path, "ab") as log:  # as a shell's >>
                done = subprocess.run([BINARY, "-q", scene.nginx.url("f"), "-o", name, "--overwrite"], stdout=log, timeout=harness.TIMEOUT, check=False)
            assert done.returncode == 0 and harness.read(path) == b"before " + data, name
    assert "--json: can't be combined with standard output" in scene.get("--json", scene.nginx.url("f"), "-o", "/dev/stdout", code=2).stderr
    assert kind_of("/dev/stdout") == stat.S_IFLNK


def test_a_descriptor_that_the_command_was_given_takes_the_bytes(scene):
    data = pattern(3 * MiB, 1)
    scene.nginx.put("f", data)
    took = os.path.join(scene.directory, "took")
    subprocess.run(["bash", "-c", f"{BINARY} -q {scene.nginx.url('f')} -o >(cat > {took}.new; mv {took}.new {took})"], timeout=harness.TIMEOUT, check=True)
    harness.wait_for(lambda: os.path.exists(took), "what bash does not wait for")
    assert harness.read(took) == data
    path = os.path.join(scene.directory, "log")
    with open(path, "wb") as log:
        log.write(b"before ")
        log.flush()
        subprocess.run([BINARY, "-q", scene.nginx.url("f"), "-o", f"/dev/fd/{log.fileno()}"], pass_fds=[log.fileno()], timeout=harness.TIMEOUT, check=True)
    assert harness.read(path) == b"before " + data


def test_a_terminal_gets_the_bytes_and_no_display(scene):
    text = b"line of text\n" * 20000

    def slow(connection, request, number):
        top, body = ranged(text, request)
        connection.sendall(top)
        for begin in range(0, len(body), 32 * KiB):
            connection.sendall(body[begin:begin + 32 * KiB])
            time.sleep(0.1)
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    process = subprocess.Popen([BINARY, scene.raw(slow).url("f"), "-o", name, "--overwrite"], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # nobody has it open any more
            break
        if not piece:
            break
        shown += piece
    process.wait(timeout=harness.TIMEOUT)
    os.close(ours)
    assert process.returncode == 0, shown[-300:]
    shown = shown.replace(b"\r\n", b"\n")
    begin = shown.find(text)
    assert begin >= 0 and b"\x1b[" not in shown, shown[:300]


def test_directories_block_devices_and_sockets_are_refused_and_told_why(scene):
    scene.nginx.put("f", pattern(1000, 1))
    os.mkdir(scene.path("d"))
    os.symlink("d", scene.path("to-d"))
    held = harness.socket.socket(harness.socket.AF_UNIX)
    held.bind(scene.path("s"))
    cases = [("d", "it is a directory", "-d"), ("to-d", "it is a directory", "-d"), ("s", "it is a socket", "-o")]
    try:
        os.mknod(scene.path("b"), stat.S_IFBLK | 0o600, os.makedev(7, 250))
        cases.append(("b", "it is a block device", "dd bs=1M"))
    except PermissionError:
        print("no block device could be made: not root")
    for name, reason, way_out in cases:
        for arguments in ((), ("--overwrite",)):
            done = scene.get(scene.nginx.url("f"), "-o", name, *arguments, code=10)
            assert f"write to {name}: {reason}" in done.stderr and way_out in done.stderr, done.stderr
    assert scene.names() == sorted(name for name, *_ in cases)
    held.close()


def test_a_link_to_what_is_no_file_is_not_replaced_under_the_urls_name(scene):
    """Only what -o names is written to; what has the name by chance stays what it is."""
    os.mkdir(scene.path("there"))
    os.mkfifo(scene.path("pipe"))
    harness.write(scene.path("older"), b"older")
    for target, code in (("there", 10), ("pipe", 10), ("/dev/null", 10), ("older", 0), ("nowhere", 0)):
        for size in (1000, MiB):
            scene.nginx.put("link", pattern(size, 1))
            for how in ("--overwrite", "--update"):
                os.symlink(target, scene.path("link"))
                done = scene.get(scene.nginx.url("link"), how, code=code)
                if code:
                    assert "or a link to one" in done.stderr and os.readlink(scene.path("link")) == target, done.stderr
                else:
                    assert harness.read(scene.path("link")) == pattern(size, 1)
                os.unlink(scene.path("link"))
    assert harness.read(scene.path("older")) == b"older" and scene.names() == ["older", "pipe", "there"], scene.names()


def test_what_another_user_has_put_into_a_shared_directory_is_not_continued(scene):
    if os.geteuid() != 0:
        return print("no file could be given to another user: not root")
    scene.nginx.put("f", pattern(3 * MiB, 1))
    process = scene.start("-x", "2", scene.nginx.url("f", rate=4096))
    harness.wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed_segments"] > 4, "some segments")
    harness.kill(process)
    os.chmod(scene.path(""), 0o1777)
    for theirs in ("f.part", "f.segdl"):
        os.chown(scene.path(theirs), 65533, 65533)
        done = scene.get(scene.nginx.url("f"), code=10)
        assert f"{theirs}: it belongs to another user" in done.stderr, done.stderr
        os.chown(scene.path(theirs), 0, 0)
        assert "or remove it, if it is yours" in done.stderr, done.stderr
    os.chown(scene.path("f.part"), 65533, 65533)
    os.chmod(scene.path(""), 0o777)
    assert "reused" in scene.get(scene.nginx.url("f")).stderr and harness.read(scene.path("f")) == pattern(3 * MiB, 1)


def test_what_another_user_has_put_into_a_shared_directory_is_not_taken_for_the_servers(scene):
    if os.geteuid() != 0:
        return print("no file could be given to another user: not root")
    data = pattern(MiB, 1)
    scene.nginx.put("f", data)
    for shared in (True, False):
        scene.get("-R", scene.nginx.url("f"), "--overwrite")  # as they can make one: with its date, and what is kept with it
        there = os.stat(scene.path("f"))
        with open(scene.path("f"), "r+b") as file:
            file.write(b"theirs")
        os.utime(scene.path("f"), ns=(there.st_mtime_ns, there.st_mtime_ns))
        os.chown(scene.path("f"), 65533, 65533)
        os.chmod(scene.path(""), 0o1777 if shared else 0o777)
        done = scene.get("--update", "-v", scene.nginx.url("f"))
        assert ("unchanged" in done.stderr) != shared and ("it belongs to another user" in done.stderr) == shared, done.stderr
        assert (harness.read(scene.path("f")) == data) == shared
        os.chmod(scene.path(""), 0o700)
    os.unlink(scene.path("f"))


def test_an_interruption_goes_on_behind_what_the_pipe_has_got(scene):
    data = pattern(2 * MiB, 1)

    def handler(connection, request, number):
        top, body = ranged(data, request)
        connection.sendall(top + body[:max(1, len(body) // 2 if number < 4 else len(body))])
        connection.shutdown(harness.socket.SHUT_RDWR)
    os.mkfifo(scene.path("pipe"))
    thread, got = reading(scene.path("pipe"))
    scene.get(scene.raw(handler).url("f"), "-o", "pipe")
    thread.join(harness.TIMEOUT)
    assert got == [data]


if __name__ == "__main__":
    harness.main()
