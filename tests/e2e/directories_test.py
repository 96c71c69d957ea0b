"""Directories that are made, names that are as long as names may be, and names as they are typed."""
import os
import stat
import subprocess
import time

import faulty
import harness
from harness import KiB, MiB, kill, pattern, wait_for

SIZES = (1000, 3 * MiB + 1)  # without a journal, and with one


def tree(scene):
    return sorted(os.path.relpath(os.path.join(at, name), scene.out) for at, directories, files in os.walk(scene.out) for name in directories + files)


def test_directories_that_are_missing_are_made_as_the_umask_says(scene):
    for size in SIZES:
        scene.nginx.put("f", pattern(size, 1))
        url = scene.nginx.url("f")
        absolute = os.path.join(scene.directory, f"abs{size}", "x")
        for arguments, path in ((("-d", f"{size}/new/dir"), f"{size}/new/dir/f"), (("-o", f"{size}/a/b/c"), f"{size}/a/b/c"),
                                (("-d", f"{size}/d/", "-o", "e/./f"), f"{size}/d/e/f"), (("-o", f"{absolute}/f"), f"{absolute}/f"),
                                (("-d", f"{size}/up/../side"), f"{size}/side/f")):
            scene.get(url, *arguments)
            assert harness.read(scene.path(path)) == pattern(size, 1), path
        subprocess.run(["sh", "-c", f"umask 027; {harness.BINARY} -q {url} -d {size}/masked/deep"], cwd=scene.out, check=True, timeout=harness.TIMEOUT)
        for name in ("masked", "masked/deep"):
            assert stat.S_IMODE(os.stat(scene.path(f"{size}/{name}")).st_mode) == 0o750
    assert [name for name in tree(scene) if name.startswith("1000")] == ["1000", *(f"1000/{name}" for name in (
        "a", "a/b", "a/b/c", "d", "d/e", "d/e/f", "masked", "masked/deep", "masked/deep/f", "new", "new/dir", "new/dir/f", "side", "side/f", "up"))], tree(scene)


def test_nothing_is_made_where_it_is_not_wanted_or_the_command_is_wrong(scene):
    scene.nginx.put("f", pattern(1000, 1))
    url = scene.nginx.url("f")
    for arguments in (("-d", "new"), ("-o", "new/f")):
        done = scene.get(url, *arguments, "--no-create-dirs", code=7)
        assert "open directory new: No such file or directory" in done.stderr and "mkdir -p new" in done.stderr, done.stderr
    scene.get(url, "-d", "new", "--overwrite", "--skip-existing", code=2)
    scene.get("ftp://x/f", "-d", "new", code=2)
    scene.get(url, "-d", "new", "--checksum", "md5=1", code=2)
    assert scene.names() == []
    harness.write(scene.path("file"), b"x")
    done = scene.get(url, "-d", "file/new", code=7)
    assert "open directory file: Not a directory" in done.stderr, done.stderr
    os.symlink("nowhere", scene.path("link"))
    assert "link" in scene.get(url, "-d", "link/new", code=7).stderr
    assert scene.names() == ["file", "link"]
    assert "missing directories are created" in scene.get(url, "--create-dirs", code=2).stderr


def test_what_a_list_goes_to_is_made_once(scene):
    for name in ("a", "b", "c"):
        scene.nginx.put(name, pattern(1000, 1))
    path = os.path.join(scene.directory, "list")
    harness.write(path, "".join(f"{scene.nginx.url(name)}\n" for name in ("a", "b", "c")).encode())
    scene.get("-i", path, "-d", "new/dir")
    assert sorted(os.listdir(scene.path("new/dir"))) == ["a", "b", "c"]
    assert "No such file" in scene.get("-i", path, "-d", "other/dir", "--no-create-dirs", code=7).stderr
    assert scene.names() == ["new"]


def test_a_directory_that_was_made_is_synced_and_so_is_the_one_it_is_in(scene):
    scene.nginx.put("f", pattern(1000, 1))
    faults = faulty.Faulty(scene.directory)
    os.mkdir(scene.path("there"))
    before = faults.run(scene.out, scene.nginx.url("f"), "-d", "there", fault="fsync:1000:0")
    after = faults.run(scene.out, scene.nginx.url("f"), "-d", "a/b/c", fault="fsync:1000:0")
    assert (before.returncode, after.returncode) == (0, 0)
    assert after.calls == before.calls + 6, (before.calls, after.calls)


def test_names_as_long_as_names_may_be_are_fetched_continued_and_replaced(scene):
    data = pattern(4 * MiB, 1)
    for length in (240, 241, 245, 246, 250, 254, 255):
        name = "n" * (length - 4) + ".bin"
        for size in SIZES:
            scene.nginx.put(name, data[:size])
            scene.get(scene.nginx.url(name))
            assert harness.read(scene.path(name)) == data[:size]
            assert scene.names() == [name]
            scene.get(scene.nginx.url(name), code=10)
            scene.nginx.put(name, data[1:size])
            scene.get(scene.nginx.url(name), "-o", name, "--overwrite")
            assert harness.read(scene.path(name)) == data[1:size] and scene.names() == [name]
            os.remove(scene.path(name))
    for name in ("\u00e4" * 127, "x" + "\u00e4" * 127):
        scene.nginx.put("f", data)
        scene.get(scene.nginx.url("f"), "-o", name)
        assert scene.names() == [name]
        os.remove(scene.path(name))
    done = scene.get(scene.nginx.url("f"), "-o", "n" * 256, code=7)
    assert "256 bytes is too long" in done.stderr and "-o" in done.stderr, done.stderr


def test_two_long_names_that_begin_alike_are_under_way_at_once_and_go_on_after_a_kill(scene):
    data = [pattern(8 * MiB, seed) for seed in (1, 2)]
    names = ["n" * 250 + str(i) for i in (1, 2)]
    for name, content in zip(names, data):
        scene.nginx.put(name, content)
    processes = [scene.start("-x", "1", scene.nginx.url(name, rate=4096)) for name in names]
    for name in names:
        wait_for(lambda: scene.run("status", name, "--json").returncode == 0 and scene.status(name)["claimed_segments"] > 4, "some segments")
    assert all(len(os.fsencode(name)) <= 255 for name in scene.names()) and len(scene.names()) == 4, scene.names()
    assert scene.status(names[0])["busy"]
    for process in processes:
        kill(process)
    for name, content in zip(names, data):
        assert "reused" in scene.get(scene.nginx.url(name)).stderr
        assert harness.read(scene.path(name)) == content
    assert scene.names() == names


def test_an_empty_file_gives_way_as_one_that_keeps_a_name(scene):
    data = pattern(3 * MiB + 1, 1)
    for size in (0, *SIZES):
        scene.nginx.put("f", data[:size])
        for name in ("f", "kept"):
            harness.write(scene.path(name), b"")
            os.chmod(scene.path(name), 0o600)
            scene.get(scene.nginx.url("f"), *(("-o", name) if name == "kept" else ()))
            assert harness.read(scene.path(name)) == data[:size] and scene.names() == [name], scene.names()
            assert stat.S_IMODE(os.stat(scene.path(name)).st_mode) == 0o600
            scene.get(scene.nginx.url("f"), "-o", name, code=10 if size else 0)
            os.remove(scene.path(name))


def test_a_file_that_is_no_longer_empty_stays_and_what_has_arrived_is_published_later(scene):
    data = pattern(4 * MiB, 1)
    scene.nginx.put("f", data)
    harness.write(scene.path("f"), b"")
    process = scene.start(scene.nginx.url("f", rate=2048), "-x", "1")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")), "the journal")
    harness.write(scene.path("f"), b"another's")
    _, stderr = process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 10 and "exists already" in stderr, stderr
    assert harness.read(scene.path("f")) == b"another's"
    os.remove(scene.path("f"))
    done = scene.get(scene.nginx.url("f", rate=2048))
    assert "reused" in done.stderr and harness.read(scene.path("f")) == data, done.stderr


def test_a_download_over_an_empty_file_goes_on_after_a_kill_and_is_alone(scene):
    data = pattern(4 * MiB, 1)
    scene.nginx.put("f", data)
    harness.write(scene.path("f"), b"")
    url = scene.nginx.url("f", rate=2048)
    process = scene.start(url, "-x", "1")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed_segments"] > 1, "claims")
    scene.get(url, code=9)
    kill(process)
    assert harness.read(scene.path("f")) == b""
    assert "reused" in scene.get(url).stderr
    assert harness.read(scene.path("f")) == data and scene.names() == ["f"]


def test_the_name_in_a_url_that_was_typed_stays(scene):
    data = pattern(1000, 1)
    for name, url in ((".gitattributes", ".gitattributes"), ("-rf", "-rf"), ("~x", "~x"), ("CON", "CON"), ("a b", "a%20b"), ("tail.", "tail.")):
        scene.nginx.put(name, data)
        scene.get(scene.nginx.url(url))
        assert scene.names() == [name] and harness.read(scene.path(name)) == data
        os.remove(scene.path(name))


def test_bytes_that_are_no_utf8_or_no_name_give_names_that_differ(scene):
    def handler(connection, request, number):
        top, body = harness.ranged(request.split()[1], request)
        connection.sendall(top + body)
    server = scene.raw(handler)
    urls = [server.url(f"{text}") for text in ("%ff", "%fe", "a%e4", "a%f6", "b%2Fc", "b%5Cc", "d%00", "e%1b[2J")]
    scene.get(*urls)
    assert scene.names() == sorted(["%FF", "%FE", "a%E4", "a%F6", "b%2Fc", "b\\c", "d%00", "e%1B[2J"]), scene.names()
    for name in scene.names():
        assert len(harness.read(scene.path(name))) > 2


if __name__ == "__main__":
    harness.main()
