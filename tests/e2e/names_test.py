"""Names and times that the server gives, URLs without a scheme, and the file of settings."""
import hashlib
import os
import stat
import subprocess
import threading
import time

import harness
from harness import KiB, MiB, head, kill, pattern, ranged, wait_for

DATE = "Tue, 15 Nov 1994 12:45:26 GMT"
STAMP = 784903526


def serving(scene, data, *fields, pause=0.0):
    """An honest server whose answers have these fields as well."""
    def handler(connection, request, number):
        top, body = ranged(data, request)
        connection.sendall(top[:-2] + ("\r\n".join(fields) + "\r\n\r\n").encode())
        for begin in range(0, len(body), 64 * KiB):
            connection.sendall(body[begin:begin + 64 * KiB])
            time.sleep(pause)
    return scene.raw(handler)


def test_the_server_names_the_file_where_it_is_asked_to(scene):
    for size in (0, 1000, 3 * MiB + 1):
        data = pattern(size, 1)
        server = serving(scene, data, f"Content-Disposition: attachment; filename*=UTF-8''%e2%82%ac%20{size}.bin")
        scene.get("-J", server.url("get?id=7"))
        assert harness.read(scene.path(f"\u20ac {size}.bin")) == data
    assert scene.names() == sorted(f"\u20ac {size}.bin" for size in (0, 1000, 3 * MiB + 1))
    scene.get(server.url("plain"))
    assert harness.read(scene.path("plain")) == data
    assert scene.get("-J", server.url("get"), code=10).stderr.count("exists already") == 1


def test_a_name_from_the_server_stays_in_the_directory(scene):
    data = pattern(1000, 1)
    outside = os.path.join(scene.directory, "evil")
    for name, made in (("../../evil", "evil"), ("/etc/evil", "evil"), (".bashrc", "_bashrc"), ("-rf", "_rf"), ("..", "f"), (".", "f"), ("   ", "f"),
                       ("a\\\\b\\\\c", "c"), ("x" * 300, "x" * 255), ("con.txt", "_con.txt"), ("", "f"), ("f.part", "f.part_"), ("f.SEGDL", "f.SEGDL_"), ("f.segdl.old", "f.segdl.old_"), ("f.segdl.new", "f.segdl.new_"),
                       ("f.part.out", "f.part.out_"), ("f.segdl-24ffc1c7d8b115eb", "f.segdl-24ffc1c7d8b115eb_"), ("f.Segdl-24FFC1C7d8b115eb", "f.Segdl-24FFC1C7d8b115eb_"),
                       ("f.segdl-24ffc1c7d8b115e", "f.segdl-24ffc1c7d8b115e"), ("f.segdl-24ffc1c7d8b115eg", "f.segdl-24ffc1c7d8b115eg")):
        scene.get("-J", "--overwrite", serving(scene, data, f'Content-Disposition: attachment; filename="{name}"').url("f"))
        assert scene.names() == [made], (name, scene.names())
        assert not os.path.exists(outside)
        os.remove(scene.path(scene.names()[0]))


def test_a_download_named_by_the_server_goes_on_after_a_kill(scene):
    data = pattern(4 * MiB, 1)
    server = serving(scene, data, 'Content-Disposition: attachment; filename="movie.mkv"', pause=0.05)
    process = scene.start("-J", "-x", "2", server.url("get"))
    wait_for(lambda: os.path.exists(scene.path("movie.mkv.segdl")) and scene.status("movie.mkv")["claimed_segments"] > 4,
             "some segments")
    kill(process)
    done = scene.get("-J", "-x", "2", server.url("get"))
    assert "reused" in done.stderr, done.stderr
    assert harness.read(scene.path("movie.mkv")) == data
    assert scene.names() == ["movie.mkv"]


def test_names_from_the_server_in_a_list_meet_each_other_and_what_is_there(scene):
    data = pattern(1000, 1)
    one = serving(scene, data, 'Content-Disposition: attachment; filename="one"')
    path = os.path.join(scene.directory, "list")
    harness.write(path, f"{one.url('a')}\n{one.url('b')}\n{one.url('c')}\tthree\n".encode())
    done = scene.get("-J", "-i", path, code=10)
    assert "two lines of the list share the name one" in done.stderr, done.stderr
    assert scene.names() == ["one", "three"], scene.names()
    assert "1 of 3 failed" in done.stderr, done.stderr
    done = scene.get("-J", "-i", path, "--skip-existing")
    assert scene.names() == ["one", "three"], done.stderr


def test_a_name_that_is_given_goes_before_the_one_that_the_server_gives(scene):
    data = pattern(3 * MiB + 1, 1)
    server = serving(scene, data, 'Content-Disposition: attachment; filename="one"')
    sums = os.path.join(scene.directory, "sums")
    harness.write(sums, f"{hashlib.sha256(data).hexdigest()}  x\n".encode())
    for arguments in (("-J", "-o", "x"), ("-o", "x", "-J"), ("-J", "-o", "x", "--checksum", f"@{sums}")):
        done = scene.get(server.url(), *arguments)
        assert scene.names() == ["x"] and harness.read(scene.path("x")) == data, (arguments, done.stderr)
        os.remove(scene.path("x"))
    settings = os.path.join(scene.directory, "settings")
    harness.write(settings, b"remote-header-name\n")
    scene.get("--config", settings, server.url(), "-d", "new", "-o", "x")
    assert harness.read(scene.path("new/x")) == data and scene.names() == ["new"]
    done = subprocess.run([harness.BINARY, "-J", "-o", "-", server.url()], cwd=scene.out, capture_output=True, timeout=harness.TIMEOUT, check=False)
    assert done.returncode == 0 and done.stdout == data and scene.names() == ["new"], done.stderr
    scene.get("-J", server.url())
    assert sorted(scene.names()) == ["new", "one"]


def test_a_name_that_another_download_writes_to_is_refused_in_a_list(scene):
    path = os.path.join(scene.directory, "list")
    data = pattern(3 * MiB, 1)
    server = serving(scene, data, 'ETag: "v1"')
    for working in ("x.part", "x.segdl", "x.segdl.new", "x.part.old", "x.segdl.old", "x.part.out"):
        for first, second in ((working, "x"), ("x", working)):
            for arguments in (("--overwrite",), ("--skip-existing",)):
                harness.write(path, f"{server.url('a')}\t{first}\n{server.url('b')}\t{second}\n".encode())
                done = scene.get("-i", path, "-j", "1", *arguments, code=10)
                assert f"download {second}: conflict with {first}: " in done.stderr, done.stderr
                assert "another name" in done.stderr, done.stderr
                assert scene.names() == [first] and harness.read(scene.path(first)) == data, scene.names()
                os.remove(scene.path(first))


def test_a_file_is_skipped_for_being_there_and_for_nothing_else(scene):
    harness.write(scene.path("one.part"), b"of another program")
    data = pattern(1000, 1)
    one, two = (serving(scene, data, f'Content-Disposition: attachment; filename="{name}"') for name in ("one", "two"))
    done = scene.get("-J", "--skip-existing", one.url("a"), two.url("b"), code=10)
    assert "one.part: it has no journal" in done.stderr, done.stderr
    assert scene.names() == ["one.part", "two"], scene.names()


def held(scene, *arguments):
    """A download under way of what is returned as well, and what lets its end come."""
    data = pattern(8 * MiB, 1)
    end = threading.Event()

    def handler(connection, request, number):
        top, body = ranged(data, request)
        connection.sendall(top + body[:len(body) // 2])
        end.wait(harness.TIMEOUT)
        connection.sendall(body[len(body) // 2:])
    process = scene.start(*arguments, "-x", "1", scene.raw(handler).url("x"))
    wait_for(lambda: os.path.exists(scene.path("x.segdl")), "a download under way")
    return process, data, end


def test_what_took_the_place_of_the_data_is_not_published(scene):
    other = pattern(300 * KiB, 2)
    process, _, end = held(scene)
    harness.write(scene.path("other"), other)
    os.rename(scene.path("other"), scene.path("x.part"))
    end.set()
    _, told = process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 7 and "x.part was removed or replaced" in told and "to continue" not in told, told
    assert scene.names() == ["x.part"] and harness.read(scene.path("x.part")) == other, scene.names()


def test_the_data_of_a_download_under_way_is_not_overwritten(scene):
    process, data, end = held(scene)
    done = scene.get("--overwrite", serving(scene, pattern(300 * KiB, 2), "Server: other").url("x.part"), code=9)
    assert "x.part: another download of this file is running" in done.stderr, done.stderr
    end.set()
    process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 0 and harness.read(scene.path("x")) == data


def test_what_took_the_place_of_the_journal_is_not_removed(scene):
    other = pattern(1000, 2)
    process, data, end = held(scene)
    scene.get("--overwrite", serving(scene, other, "Server: other").url("x.segdl"))
    end.set()
    process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 0 and harness.read(scene.path("x")) == data
    assert harness.read(scene.path("x.segdl")) == other


def test_the_file_gets_the_time_the_server_says(scene):
    for size in (0, 1000, 3 * MiB):
        server = serving(scene, pattern(size, 1), f"Last-Modified: {DATE}")
        scene.get("-R", server.url(f"f{size}"))
        assert os.stat(scene.path(f"f{size}")).st_mtime == STAMP, size
        scene.get(server.url(f"g{size}"))
        assert abs(os.stat(scene.path(f"g{size}")).st_mtime - time.time()) < 300
    for date in ("Fri, 01 Jan 2500 00:00:00 GMT", "Mon, 01 Jan 1601 00:00:00 GMT", "yesterday"):
        done = scene.get("-v", "-R", "--overwrite", serving(scene, pattern(1000, 1), f"Last-Modified: {date}").url("odd"))
        assert abs(os.stat(scene.path("odd")).st_mtime - time.time()) < 300, date
        assert "it has that of its arrival" in done.stderr, done.stderr


def test_a_url_without_a_scheme_is_https(scene):
    scene.nginx.put("f", pattern(1000, 1))
    scene.get("--cacert", scene.nginx.certificates.ca, scene.nginx.tls_url("f").removeprefix("https://"))
    assert harness.read(scene.path("f")) == pattern(1000, 1)
    assert "javascript is not http or https" in scene.get("javascript:alert", code=2).stderr


def test_headers_are_kept_back_or_sent_without_a_value_at_every_host(scene):
    target = serving(scene, pattern(1000, 1))
    leads = scene.raw(lambda c, r, n: c.sendall(harness.head("302 Found", f"Location: {target.url('f')}", "Content-Length: 0")))
    scene.get("-A", "", "-H", "Accept:", "-H", "X-Empty;", "-e", "", leads.url("f"))
    for request in (leads.requests[-1], target.requests[-1]):
        names = [line.split(b":")[0] for line in request.split(b"\r\n")[1:] if line]
        assert b"User-Agent" not in names and b"Accept" not in names and b"Referer" not in names, request
    assert b"\r\nX-Empty: " in leads.requests[-1] and b"X-Empty" not in target.requests[-1], (leads.requests, target.requests)
    scene.get("-u", "me:secret", "-H", "authorization:", "--overwrite", target.url("f"))
    assert b"uthorization" not in target.requests[-1]


def test_settings_come_from_a_file_and_the_command_line_goes_before_them(scene):
    data = pattern(1000, 1)
    server = serving(scene, data, f"Last-Modified: {DATE}")
    config = os.path.join(scene.directory, "xdg", "segdl", "config")
    os.makedirs(os.path.dirname(config))
    os.mkdir(scene.path("there"))
    harness.write(config, b"# mine\nremote-time\ndirectory = there\nuser-agent = me/1\nuser = me:secret\n")
    os.chmod(config, 0o600)
    env = {**os.environ, "XDG_CONFIG_HOME": os.path.join(scene.directory, "xdg")}
    scene.get(server.url("f"), env=env)
    assert os.stat(scene.path("there/f")).st_mtime == STAMP
    assert b"User-Agent: me/1" in server.requests[-1] and b"Authorization: Basic" in server.requests[-1]
    scene.get("-d", ".", "-A", "you/2", server.url("f"), env=env)
    assert harness.read(scene.path("f")) == data and b"User-Agent: you/2" in server.requests[-1]
    scene.get("--no-config", server.url("g"), env=env)
    assert b"Authorization" not in server.requests[-1] and harness.read(scene.path("g")) == data
    os.chmod(config, stat.S_IRUSR | stat.S_IROTH)
    done = scene.get(server.url("h"), env=env, code=2)
    assert f"{config}:5: contains a secret" in done.stderr and "me:secret" not in done.stderr, done.stderr
    harness.write(config, b"remote-time\nrate = 5\n")
    assert f"{config}:2: unknown option '--rate'" in scene.get(server.url("h"), env=env, code=2).stderr
    assert "none: can't be read: No such file or directory" in scene.get("--config", "none", server.url("h"), code=2).stderr


if __name__ == "__main__":
    harness.main()
