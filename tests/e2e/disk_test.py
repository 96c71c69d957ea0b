"""Real disks: full ones, busy names, memory."""
import os
import subprocess

import harness
from harness import GiB, KiB, MiB, pattern, same, wait_for
from measure import peak_anon


def mount_tmpfs(scene, size):
    directory = os.path.join(scene.directory, "small")
    os.mkdir(directory)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", directory], check=True, timeout=10)
    return directory


def test_a_full_disk_is_told_and_the_same_command_finishes_when_there_is_room(scene):
    source = scene.nginx.put("f", pattern(12 * MiB, 1))
    small = mount_tmpfs(scene, "16m")
    try:
        harness.write(os.path.join(small, "ballast"), b"x" * (8 * MiB))
        done = scene.get(scene.nginx.url("f"), "-d", small, code=7)
        assert "No space left on device" in done.stderr and "free some space" in done.stderr, done.stderr
        assert os.listdir(small) == ["ballast"]
        os.unlink(os.path.join(small, "ballast"))
        scene.get(scene.nginx.url("f"), "-d", small)
        assert same(os.path.join(small, "f"), source)
        assert os.listdir(small) == ["f"]
    finally:
        subprocess.run(["umount", small], check=True, timeout=10)


def test_a_full_disk_is_told_with_the_name_of_a_small_file_too(scene):
    scene.nginx.put("f", pattern(60 * KiB, 1))
    small = mount_tmpfs(scene, "48k")
    try:
        for older in (False, True):
            if older:
                harness.write(os.path.join(small, "f"), b"older")
            done = scene.get(scene.nginx.url("f"), "-d", small, "--overwrite", code=7)
            assert f"write {small}/f" in done.stderr and "No space left on device" in done.stderr, done.stderr
            assert os.listdir(small) == (["f"] if older else []), os.listdir(small)
    finally:
        subprocess.run(["umount", small], check=True, timeout=10)


def unprivileged(*arguments, capabilities=()):
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *capabilities, harness.BINARY, *arguments]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=harness.TIMEOUT, check=False)


def test_what_can_never_be_replaced_is_told_before_anything_is_asked_for(scene):
    os.chmod(scene.directory, 0o755)
    for size in (1000, 3 * MiB):
        server = scene.raw(lambda c, r, n: c.sendall(harness.head("200 OK", f"Content-Length: {size}") + pattern(size, 1)))
        path = scene.path("f")
        harness.write(path, b"root's")
        os.chmod(scene.out, 0o1777)
        done = unprivileged(server.url("f"), "-d", scene.out, "--overwrite")
        assert done.returncode == 7 and f"{path}: " in done.stderr and "only its owner" in done.stderr, done
        assert not server.requests and scene.names() == ["f"] and harness.read(path) == b"root's"
        if subprocess.run(["chattr", "+i", path], capture_output=True, timeout=10, check=False).returncode == 0:
            try:
                done = scene.get(server.url("f"), "--overwrite", code=7)
            finally:
                subprocess.run(["chattr", "-i", path], timeout=10, check=True)
            assert "chattr" in done.stderr and not server.requests and scene.names() == ["f"], done.stderr
            if subprocess.run(["chattr", "+a", scene.out], capture_output=True, timeout=10, check=False).returncode == 0:
                try:
                    scene.get(server.url("f"), "--overwrite", code=7)
                    scene.get(server.url("f"), code=10)
                    scene.get(server.url("f"), "--skip-existing")
                finally:
                    subprocess.run(["chattr", "-a", scene.out], timeout=10, check=True)
                assert not server.requests and scene.names() == ["f"], scene.names()
        own = [f"--{kind}=+fowner" for kind in ("inh-caps", "ambient-caps")]
        done = unprivileged(server.url("f"), "-d", scene.out, "--overwrite", capabilities=own)
        assert done.returncode == 0 and harness.read(path) == pattern(size, 1), done
        harness.write(path, b"root's")
        os.chown(path, 65533, 65533)
        scene.get(server.url("f"), "--overwrite")
        os.unlink(path)


def test_a_directory_that_may_be_written_to_and_not_read_gets_files(scene):
    os.chmod(scene.directory, 0o755)
    for size in (1000, 3 * MiB):
        source = scene.nginx.put(f"f{size}", pattern(size, 1))
        os.chmod(scene.out, 0o1733)
        for arguments in ((), ("--overwrite",), ("--overwrite", "--no-resume"), ("--update",)):
            done = unprivileged(scene.nginx.url(f"f{size}"), "-d", scene.out, *arguments)
            assert done.returncode == 0 and same(scene.path(f"f{size}"), source), (arguments, done)
        os.chmod(scene.out, 0o755)
        assert scene.names() == [f"f{size}"], scene.names()
        os.unlink(scene.path(f"f{size}"))


def test_a_disk_that_fills_up_during_a_stream_of_unknown_size(scene):
    data = pattern(12 * MiB, 1)

    def chunks(connection, request, number):
        connection.sendall(harness.head("200 OK", "Transfer-Encoding: chunked"))
        for at in range(0, len(data), MiB):
            connection.sendall(f"{MiB:x}\r\n".encode() + data[at:at + MiB] + b"\r\n")
        connection.sendall(b"0\r\n\r\n")

    server = scene.raw(chunks)
    small = mount_tmpfs(scene, "8m")
    try:
        done = scene.get(server.url("f"), "-d", small, code=7)
        assert "No space left on device" in done.stderr, done.stderr
        subprocess.run(["mount", "-o", "remount,size=32m", small], check=True, timeout=10)
        scene.get(server.url("f"), "-d", small)
        assert harness.read(os.path.join(small, "f")) == data
        assert os.listdir(small) == ["f"]
    finally:
        subprocess.run(["umount", small], check=True, timeout=10)


def test_of_twenty_processes_on_one_output_one_works_and_the_others_are_busy(scene):
    source = scene.nginx.put("f", pattern(8 * MiB, 1))
    processes = [scene.start(scene.nginx.url("f", rate=4096), "-o", "f", "-q") for _ in range(20)]
    codes = []
    for process in processes:
        process.communicate(timeout=60)
        codes.append(process.returncode)
    assert sorted(codes) == [0] + [9] * 19, codes
    assert same(scene.path("f"), source)
    assert scene.names() == ["f"]


def test_a_second_process_is_busy_at_once_and_the_first_unharmed(scene):
    source = scene.nginx.put("f", pattern(8 * MiB, 1))
    first = scene.start(scene.nginx.url("f", rate=4096), "-o", "f")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")), "the journal")
    assert scene.status("f")["busy"]
    begun = harness.time.monotonic()
    done = scene.get(scene.nginx.url("f"), "-o", "f", code=9)
    assert harness.time.monotonic() - begun < 1
    assert "another download" in done.stderr, done.stderr
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert same(scene.path("f"), source)


def test_private_memory_does_not_grow_with_the_file(scene):
    bound = 16 * MiB + 384 * KiB  # and a segment, over one connection
    for size, segment in ((8 * MiB, 64 * KiB), (8 * GiB if os.environ.get("SEGDL_LARGE") else GiB, 256 * KiB)):
        path = scene.nginx.put("f", b"")
        os.truncate(path, size)
        peak = peak_anon(scene, scene.nginx.url("f", rate=16384 if size < GiB else None), "-o", f"f{size}", "-x", 1)
        print(f"{size // MiB} MiB: RssAnon {peak / MiB:.1f} MiB")
        assert 0 < peak <= bound + segment, peak
        os.unlink(scene.path(f"f{size}"))


if __name__ == "__main__":
    harness.main()
