"""Many downloads by one command: lists, names, what is wrong in them, what is told of them, and how much memory they take."""
import os
import signal
import time

import harness
from harness import BINARY, KiB, MiB, head, pattern, ranged, wait_for


def listed(scene, *lines, name="list.txt", end="\n"):
    """A list beside the output directory; each line is text or bytes."""
    path = os.path.join(scene.directory, name)
    harness.write(path, end.encode().join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return path


def with_input(scene, data, *arguments, code=0):
    process = harness.subprocess.Popen([BINARY, *arguments], cwd=scene.out, stdin=harness.subprocess.PIPE,
                                       stdout=harness.subprocess.PIPE, stderr=harness.subprocess.PIPE)
    stdout, stderr = process.communicate(data, timeout=harness.TIMEOUT)
    assert process.returncode == code, stderr.decode()
    return stdout, stderr.decode()


def closing(data):
    """An honest server that closes after each answer."""
    def handler(connection, request, number):
        connection.sendall(b"".join(ranged(data, request)))
    return handler


def hanging(connection, request, number):
    """Gives a beginning and then nothing."""
    connection.sendall(head("200 OK", 'ETag: "v"', f"Content-Length: {MiB}") + b"x" * 1000)
    time.sleep(60)


def missing(connection, request, number):
    connection.sendall(head("404 Not Found", "Content-Length: 0"))


def test_a_list_has_comments_names_blanks_and_a_last_line_without_end(scene):
    for name in ("a", "b", "c", "d"):
        scene.nginx.put(name, name.encode() * 1000)
    url = scene.nginx.url
    path = listed(scene, b"\xef\xbb\xbf# made by hand", url("a"), "", f"  {url('b')} \t named b ", "  # more", f"\t{url('c')}\t", url("d"))
    done = scene.get("-i", path)
    assert scene.names() == ["a", "c", "d", "named b"], scene.names()
    assert harness.read(scene.path("named b")) == b"b" * 1000
    assert done.stderr.startswith("4 files: 3.9 KiB in ") and done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""


def test_a_list_from_another_system_has_carriage_returns(scene):
    for name in ("a", "b"):
        scene.nginx.put(name, name.encode() * 1000)
    path = listed(scene, "# x", scene.nginx.url("a"), "", scene.nginx.url("b") + "\tc", "", end="\r\n")
    scene.get("-i", path, "-d", "..", cwd=scene.path("."))
    assert {"a", "c"} <= set(os.listdir(scene.directory)) and scene.names() == []


def test_urls_of_the_command_line_and_of_a_list_are_one_run(scene):
    for name in ("a", "b"):
        scene.nginx.put(name, name.encode() * 1000)
    done = scene.get(scene.nginx.url("a"), "-i", listed(scene, scene.nginx.url("b")), "-v")
    assert scene.names() == ["a", "b"]
    assert "a: 1000 B in " in done.stderr and "b: 1000 B in " in done.stderr and "\n2 files: " in done.stderr, done.stderr


def test_a_bad_line_is_a_failure_of_its_own(scene):
    scene.nginx.put("a", b"a" * 1000)
    url = scene.nginx.url
    path = listed(scene, "just words", url("a"), url("x") + "\tsub/dir", url("x") + "\t..", url("x") + "\ta\tb", "http://h/" + "x" * 65536,
                  b"http://h/\0", "ftp://me:hunter2@h/x", "intranet")
    done = scene.get("-i", path, code=2)
    assert scene.names() == ["a"]
    for number, words in ((1, "blank in the URL"), (3, "'sub/dir' is not a plain file name"), (4, "'..' is not a plain"),
                          (5, "more than one TAB"), (6, "longer than 65536 bytes"), (7, "NUL"), (8, "not http or https"),
                          (9, "intranet is not a URL")):
        lines = [line for line in done.stderr.splitlines() if line.startswith(f"segdl: {path}:{number}: ")]
        assert len(lines) == 1 and words in lines[0], (number, done.stderr)
    assert "for a host of that name use http://intranet/" in done.stderr, done.stderr
    assert "segdl: 8 of 9 failed:\n" in done.stderr and "hunter2" not in done.stderr, done.stderr
    assert "1 file: 1000 B in " in done.stderr and ", 8 failed\n" in done.stderr, done.stderr


def test_the_exit_code_is_that_of_the_first_to_fail(scene):
    scene.nginx.put("a", b"a" * 1000)
    nowhere = f"http://127.0.0.1:{harness.free_port()}/x"
    late = scene.raw(lambda c, r, n: (time.sleep(1), missing(c, r, n)))
    scene.get("-i", listed(scene, late.url("late"), nowhere, scene.nginx.url("a")), "--retries", "0", code=3)
    scene.get("-i", listed(scene, "two words", nowhere), "--retries", "0", code=2)
    assert scene.get("-i", listed(scene, "# nothing")).stderr.startswith("0 files: 0 B in ")


def test_a_list_that_cannot_be_read_is_a_local_error(scene):
    for path, words in (("/no/such/list", "open /no/such/list: No such file"), (scene.out, f"read {scene.out}: Is a directory")):
        done = scene.get("-i", path, code=7)
        assert done.stderr.startswith("segdl: " + words) and done.stderr.count("\n") == 2, done.stderr


def test_two_lines_of_one_name_are_told_while_the_first_is_under_way(scene):
    server = scene.raw(lambda c, r, n: (time.sleep(0.5), c.sendall(b"".join(ranged(b"x" * 1000, r)))))
    path = listed(scene, server.url("one"), "# between", server.url("other") + "\tone")
    for arguments in ((), ("--overwrite",), ("--skip-existing",)):
        done = scene.get("-i", path, *arguments, code=10)
        assert f"segdl: {path}:3: {server.url('other')}: two lines of the list share the name one: the other is {path}:1\n" in done.stderr
        assert "1 of 2 failed" in done.stderr, done.stderr
        os.unlink(scene.path("one"))
    done = scene.get(server.url("one"), server.url("one?again"), code=10)
    assert f"two URLs share the name one: the other is {server.url('one')}\n" in done.stderr, done.stderr


def test_two_lines_of_one_name_are_told_when_the_first_has_ended(scene):
    scene.nginx.put("a", b"a" * 1000)
    scene.nginx.put("b", b"b" * 1000)
    for arguments in ((), ("--overwrite",), ("--skip-existing",)):
        process = harness.subprocess.Popen([BINARY, "-i", "-", *arguments], cwd=scene.out, stdin=harness.subprocess.PIPE,
                                           stderr=harness.subprocess.PIPE, text=True)
        process.stdin.write(scene.nginx.url("a") + "\n")
        process.stdin.flush()
        wait_for(lambda: os.path.exists(scene.path("a")), "the first")
        time.sleep(0.2)
        _, stderr = process.communicate(scene.nginx.url("b") + "\ta\n", timeout=harness.TIMEOUT)
        assert process.returncode == 10, stderr
        assert f"segdl: standard input:2: {scene.nginx.url('b')}: two lines of the list share the name a: " in stderr, stderr
        assert harness.read(scene.path("a")) == b"a" * 1000
        os.unlink(scene.path("a"))


def test_two_lines_of_one_name_are_told_where_the_first_brings_an_empty_file(scene):
    scene.nginx.put("a", b"")
    scene.nginx.put("b", b"b" * 1000)
    for arguments in ((), ("--overwrite",)):
        harness.write(scene.path("a"), b"")
        done = scene.get("-i", listed(scene, scene.nginx.url("a"), scene.nginx.url("b") + "\ta"), "-j", "1", *arguments, code=10)
        assert "two lines of the list share the name a: " in done.stderr, done.stderr
        assert harness.read(scene.path("a")) == b""


def test_a_url_that_is_there_twice_is_fetched_once(scene):
    server = scene.raw(closing(b"x" * 1000))
    url = server.url("one")
    path = listed(scene, url, "# again", url, url + "#part", url + "\tone", url + "\tother")
    for arguments in ((), ("--overwrite",), ("--skip-existing",), ("--update",)):
        before = len(server.requests)
        done = scene.get("-i", path, "-v", *arguments)
        assert len(server.requests) - before == 2, server.requests
        assert scene.names() == ["one", "other"], scene.names()
        assert f"segdl: {path}:3: {url}: duplicate, fetched once\n" in done.stderr, done.stderr
        assert "\n2 files: " in done.stderr and ", 3 repeated\n" in done.stderr, done.stderr
        again = scene.get("-i", path, "--skip-existing")
        assert ", 2 skipped, 3 repeated\n" in again.stderr, again.stderr
        for name in scene.names():
            os.unlink(scene.path(name))
    done = scene.get(url, url, "-J")
    assert f"segdl: {url}: duplicate, fetched once\n" in done.stderr and ", 1 repeated\n" in done.stderr, done.stderr


def test_a_url_that_is_there_again_in_another_spelling_is_fetched_once(scene):
    server = scene.raw(closing(b"x" * 1000))
    rest = server.url("one")[len("http://127.0.0.1"):]
    spellings = [f"http://localhost{rest}", f"HTTP://localhost{rest}", f"http://LocalHost{rest}", f"http://localhost.{rest}", f"http://localhost{rest}#x"]
    before = len(server.requests)
    done = scene.get("-i", listed(scene, *spellings), "-v")
    assert len(server.requests) - before == 1 and done.stderr.count("duplicate, fetched once") == 4, done.stderr
    for spelling in spellings:
        os.unlink(scene.path("one"))
        scene.get(spelling, server.url("other"))
        os.unlink(scene.path("other"))


def test_a_url_that_is_there_again_when_it_has_ended_is_not_fetched_again(scene):
    scene.nginx.put("a", b"a" * 1000)
    gone = scene.nginx.url("gone")
    for arguments in ((), ("--overwrite",), ("--skip-existing",), ("--update",)):
        process = harness.subprocess.Popen([BINARY, "-i", "-", *arguments], cwd=scene.out, stdin=harness.subprocess.PIPE,
                                           stderr=harness.subprocess.PIPE, text=True)
        process.stdin.write(f"{gone}\n{scene.nginx.url('a')}\n")
        process.stdin.flush()
        wait_for(lambda: os.path.exists(scene.path("a")), "the first")
        time.sleep(0.2)
        _, stderr = process.communicate(f"{scene.nginx.url('a')}\n{gone}\n", timeout=harness.TIMEOUT)
        assert process.returncode == 4 and stderr.count("answered 404") == 1, stderr
        assert "1 of 4 failed" in stderr and ", 2 repeated, 1 failed\n" in stderr, stderr
        os.unlink(scene.path("a"))


def test_a_slow_pipe_is_worked_on_as_it_comes_and_ctrl_c_works_at_any_moment(scene):
    scene.nginx.put("a", b"a" * 1000)
    scene.nginx.put("b", b"b" * 1000)
    reader, writer = os.pipe()
    process = scene.start("-i", "-", "-v", stdin=reader)
    os.close(reader)
    os.write(writer, f"{scene.nginx.url('a')}\n{scene.nginx.url('b')}".encode())
    wait_for(lambda: os.path.exists(scene.path("a")), "the first line's file")
    assert process.stderr.readline().startswith("a: 1000 B in ")  # concluded, although the list goes on
    time.sleep(0.2)
    assert not os.path.exists(scene.path("b"))  # its line may go on
    os.write(writer, b"\n")
    wait_for(lambda: os.path.exists(scene.path("b")), "the second line's file")
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert time.monotonic() - begun < 0.2
    assert process.returncode == 130, stderr
    assert "2 files: " in stderr and "segdl: interrupted: run the same command with --skip-existing to continue\n" in stderr, stderr
    os.close(writer)


def test_a_named_pipe_without_a_writer_does_not_make_it_deaf(scene):
    path = os.path.join(scene.directory, "pipe")
    os.mkfifo(path)
    process = scene.start("-i", path)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert process.wait(20) == 143
    assert time.monotonic() - begun < 0.2
    process.communicate()


def test_many_under_way_are_interrupted_together(scene):
    server = scene.raw(hanging)
    path = listed(scene, *(server.url(f"f{n}") for n in range(64)))
    process = scene.start("-i", path, "-j", "64")
    wait_for(lambda: server.count == 64, "all to begin")
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=20)
    took = time.monotonic() - begun
    assert process.returncode == 143, stderr
    assert took < 0.2, f"{took * 1000:.0f} ms"
    assert "segdl: interrupted; 64 active downloads kept: run the same command to continue\n" in stderr, stderr
    assert stderr.count("\n") == 2, stderr


def test_a_list_runs_again_and_fetches_only_what_is_missing(scene):
    for n in range(30):
        scene.nginx.put(f"f{n}", pattern(1000 + n, n))
    path = listed(scene, *(scene.nginx.url(f"f{n}") for n in range(30)))
    scene.get("-i", path, "-q")
    for n in (3, 17):
        os.unlink(scene.path(f"f{n}"))
    scene.nginx.wait_until_idle()
    scene.nginx.forget_requests()
    done = scene.get("-i", path, "--skip-existing")
    assert done.stderr.startswith("2 files: 2.0 KiB in ") and done.stderr.endswith(", 28 skipped\n"), done.stderr
    scene.nginx.wait_until_idle()
    assert sorted(r["uri"] for r in scene.nginx.requests()) == ["/f17", "/f3"]
    assert scene.get(scene.nginx.url("f1"), "--skip-existing").stderr == "f1: exists, skipped\n"
    os.mkdir(scene.path("d"))
    scene.get("--skip-existing", scene.nginx.url("f1"), "-o", "d", code=10)
    scene.get("-i", path, code=10)
    scene.get("-i", path, "--overwrite")


def test_what_no_download_can_do_is_told_once(scene):
    path = listed(scene, *(scene.nginx.url(f"f{n}") for n in range(50)))
    for arguments, code, words in ((["--cacert", "/etc/hostname"], 2, "no certificates"), (["-H", "Range: bytes=0-1"], 2, "Range"),
                                   (["--segment-size", "100K"], 2, "power of two"), (["-d", "missing", "--no-create-dirs"], 7, "No such file"),
                                   (["-d", "/etc/hostname"], 7, "Not a directory")):
        done = scene.get("-i", path, *arguments, code=code)
        lines = [line for line in done.stderr.splitlines() if line.startswith("segdl: ")]
        assert len(lines) == 1 and words in lines[0] and "50" not in done.stderr, done.stderr


def test_few_files_are_told_one_by_one_and_many_by_their_number(scene):
    scene.nginx.put("a", b"a" * 1000)
    many = [scene.nginx.url(f"a?{n}") for n in range(21)]
    done = scene.run(*many)
    assert "a: 1000 B" not in done.stderr and "1 file: 1000 B in " in done.stderr, done.stderr
    os.unlink(scene.path("a"))
    scene.nginx.put("b", b"a" * 1000)
    done = scene.get(scene.nginx.url("a"), scene.nginx.url("b"))
    assert done.stderr.count("1000 B in ") == 2 and done.stderr.splitlines()[-1].startswith("2 files: 2.0 KiB in "), done.stderr
    assert scene.get(scene.nginx.url("a"), scene.nginx.url("b"), "--overwrite", "-q").stderr == ""


def test_failures_are_named_as_they_come_and_a_hundred_of_them_again(scene):
    server = scene.raw(missing)
    path = listed(scene, *(server.url(f"f{n}?token=secret") for n in range(130)))
    done = scene.get("-i", path, "-q", code=4)
    lines = done.stderr.splitlines()
    assert sum(line.startswith(f"segdl: {path}:") for line in lines) == 130, done.stderr
    assert lines[-102] == "segdl: 130 of 130 failed:" and lines[-1] == "       and 30 more, listed above", lines[-103:]
    assert "secret" not in done.stderr


def test_standard_output_gets_the_file_and_nothing_else(scene):
    for size in (0, 1, 5 * MiB + 3):
        data = pattern(size, 1)
        scene.nginx.put("f", data)
        stdout, stderr = with_input(scene, b"", scene.nginx.url("f"), "-o", "-")
        assert stdout == data
        assert stderr.startswith("standard output: ") and stderr.count("\n") == 1, stderr
    assert scene.names() == []
    stdout, stderr = with_input(scene, b"", scene.nginx.url("missing"), "-o", "-", code=4)
    assert stdout == b"" and "404" in stderr


def test_a_broken_connection_does_not_show_on_standard_output(scene):
    data = pattern(300 * KiB, 1)

    def cut(connection, request, number):
        top, body = ranged(data, request)
        connection.sendall(top + body[:50 * KiB])
        return "close"
    stdout, _ = with_input(scene, b"", scene.raw(cut).url(), "-o", "-")
    assert stdout == data
    assert scene.names() == []


def test_a_reader_that_went_away_ends_it_as_a_local_error(scene):
    scene.nginx.put("f", pattern(8 * MiB, 1))
    process = harness.subprocess.Popen([BINARY, scene.nginx.url("f"), "-o", "-"], cwd=scene.out, stdout=harness.subprocess.PIPE,
                                       stderr=harness.subprocess.PIPE)
    process.stdout.read(1000)
    process.stdout.close()
    stderr = process.stderr.read().decode()
    assert process.wait(20) == 7, stderr
    assert stderr == f"segdl: {scene.nginx.url('f')}: write to standard output: Broken pipe\n", stderr
    process.stderr.close()


def test_a_reader_that_stopped_reading_does_not_make_it_deaf(scene):
    scene.nginx.put("f", pattern(8 * MiB, 1))
    for sent, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = harness.subprocess.Popen([BINARY, scene.nginx.url("f"), "-o", "-"], cwd=scene.out,
                                           stdout=harness.subprocess.PIPE, stderr=harness.subprocess.PIPE)
        process.stdout.read(1000)
        time.sleep(0.2)
        process.send_signal(sent)
        begun = time.monotonic()
        assert process.wait(20) == code
        assert time.monotonic() - begun < 0.2
        _, stderr = process.communicate()
        assert stderr == b"segdl: interrupted: run the same command to restart\n", stderr
    assert scene.names() == []


def test_standard_output_is_for_one_file(scene):
    for arguments in (["-i", "list"], ["http://h/y"], ["--skip-existing"]):
        scene.get("http://h/x", "-o", "-", *arguments, code=2)


def peak_of_private_memory(process):
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                peak = max([peak, *(int(line.split()[1]) * KiB for line in status if line.startswith("RssAnon"))])
        except OSError:
            pass
        time.sleep(0.02)
    return peak


def memory_of(scene, lines, names, *arguments, code):
    """The most private memory of a run over so many lines, whose files are all there already."""
    harness.write(scene.path("f0"), b"x")
    for n in range(len(scene.names()), names):
        os.link(scene.path("f0"), scene.path(f"f{n}"))  # far quicker than as many files
    path = listed(scene, *(f"http://127.0.0.1:1/{n}\tf{n % names}" for n in range(lines)))
    with open(os.devnull, "wb") as nowhere:
        process = harness.subprocess.Popen([BINARY, "-i", path, "-q", *arguments], cwd=scene.out, stdout=nowhere, stderr=nowhere)
        peak = peak_of_private_memory(process)
        assert process.returncode == code, process.returncode
    return peak


def test_a_long_list_takes_no_more_memory_than_a_short_one(scene):
    few = memory_of(scene, 2_000, 2_000, code=10)
    many = memory_of(scene, 200_000, 2_000, code=10)
    assert many < few + 8 * MiB, (few, many)


def test_a_list_that_could_hide_two_of_one_name_takes_a_few_bytes_a_line_more(scene):
    few = memory_of(scene, 2_000, 2_000, "--skip-existing", code=0)
    many = memory_of(scene, 60_000, 60_000, "--skip-existing", code=0)
    assert many < few + 5 * MiB, (few, many)


if __name__ == "__main__":
    harness.main()
