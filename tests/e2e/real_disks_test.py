"""Other file systems than the one that the tests run on: exFAT, FAT, NTFS and a union, as FUSE serves them, and one of our own that lacks a thing at a time."""
import errno
import os
import shutil
import threading
import time

import harness
import mounts
from harness import GiB, MiB, kill, pattern, wait_for

SMALL, LARGE, HELD_AT = 1000, 3 * MiB + 1, 2 * MiB
NO_LOCKS = (f"locks:{errno.ENOLCK}", f"flock:{errno.ENOLCK}")
BARE = (f"locks:{errno.ENOSYS}", f"flock:{errno.ENOSYS}", f"links:{errno.ENOSYS}", f"flags:{errno.ENOSYS}", f"modes:{errno.ENOSYS}",
        f"owners:{errno.ENOSYS}", f"space:{errno.ENOSYS}", f"times:{errno.ENOSYS}", f"directories:{errno.EINVAL}",
        f"attributes:{errno.EOPNOTSUPP}", "pages:1", "blocks:1")
WAYS = (  # what is missing, and what is said of it with -v
    ((), None),
    (("pages:1",), None),
    ((f"locks:{errno.ENOLCK}",), None),
    (NO_LOCKS, "no locks"),
    (("granted:1",), "no locks"),
    ((f"flags:{errno.EINVAL}",), "without replacing"),
    ((f"flags:{errno.EINVAL}", f"links:{errno.EPERM}"), "no links"),
    ((f"modes:{errno.EPERM}", f"owners:{errno.EPERM}"), "can't set modes"),
    ((f"space:{errno.EOPNOTSUPP}",), "can't reserve"),
    ((f"times:{errno.EPERM}",), None),
    ((f"attributes:{errno.EOPNOTSUPP}",), None),
    ((f"directories:{errno.EINVAL}",), None),
    (("inodes:1",), "more than one inode number"),
    (("inodes:1", f"attributes:{errno.EOPNOTSUPP}", f"flags:{errno.EINVAL}", f"locks:{errno.ENOLCK}"), "more than one inode number"),
    (("inodes:1", f"flags:{errno.EINVAL}", f"links:{errno.EPERM}", "pages:1"), "more than one inode number"),
    (("inodes:2",), None),
    (BARE, "no links"),
)


def ready():
    """The mounts of this process are its own from here on. Fails where mounting, or FUSE, is not allowed: root, and /dev/fuse."""
    os.close(os.open("/dev/fuse", os.O_RDWR))
    mounts.enter_own_mounts()


class Held:
    """A server of some bytes under any name. What is behind HELD_AT is sent when it is let go: until then a download is under way, however long that takes."""

    def __init__(self, scene, data):
        self.data, self.let_go = data, threading.Event()
        self.url = scene.raw(self._answer).url

    def _answer(self, connection, request, number):
        answer, body = harness.ranged(self.data, request)
        begin, _ = harness.asked_range(request, len(self.data)) or (0, None)
        before = max(HELD_AT - begin, 0)
        connection.sendall(answer + body[:before])
        if body[before:]:
            self.let_go.wait(harness.TIMEOUT)
            connection.sendall(body[before:])


def half(scene, at, data):
    """Kills a download of `f` in the middle; while it is under way another one is refused. Returns the URL to go on from."""
    held = Held(scene, data)
    process = scene.start("-x", "2", held.url("f"), cwd=at)
    try:
        wait_for(lambda: os.path.exists(os.path.join(at, "f.segdl")) and claimed(scene, at) > 4, "some segments", harness.TIMEOUT)
        busy = scene.get(held.url("f"), cwd=at, code=9)
        assert "another download of this file is running" in busy.stderr, busy.stderr
    finally:
        kill(process)
        held.let_go.set()
    return held.url("f")


def claimed(scene, at):
    done = scene.run("status", "f", "--json", cwd=at)
    return harness.json.loads(done.stdout)["claimed_segments"] if done.returncode == 0 else 0


def locks(at):
    return [name for name in os.listdir(at) if name.startswith(".segdl-lock-")]


def holds_only(at, name, data):
    assert sorted(os.listdir(at)) == [name], os.listdir(at)
    assert harness.read(os.path.join(at, name)) == data, f"{name} has wrong bytes"


def test_on_real_file_systems_files_arrive_continue_and_are_replaced(scene):
    ready()
    data, newer = pattern(LARGE, 1), pattern(LARGE + 5, 2)
    for kind in mounts.KINDS:
        begun = time.monotonic()
        with kind.mounted(scene.directory) as at:
            for connections in ("1", "8"):
                scene.nginx.put("f", data)
                scene.get("-x", connections, scene.nginx.url("f"), cwd=at)
                holds_only(at, "f", data)
                os.remove(os.path.join(at, "f"))
                done = scene.get("-x", connections, half(scene, at, data), cwd=at)
                assert "reused" in done.stderr, (kind.name, done.stderr)
                holds_only(at, "f", data)
                scene.nginx.put("f", newer)
                done = scene.get("-x", connections, scene.nginx.url("f"), "--overwrite", "--verify", cwd=at)
                holds_only(at, "f", newer)
                scene.nginx.put("f", data[:SMALL])
                done = scene.get(scene.nginx.url("f"), "--overwrite", cwd=at)
                assert "mode" not in done.stderr, done.stderr  # what can't be set there is no news
                holds_only(at, "f", data[:SMALL])
                os.remove(os.path.join(at, "f"))
        print(f"{kind.name}: {time.monotonic() - begun:.1f} s")


def test_times_are_kept_where_they_can_be_and_what_has_not_changed_is_not_fetched_again(scene):
    ready()
    data, made = pattern(LARGE, 1), 1700000001
    path = scene.nginx.put("f", data)
    os.utime(path, (made, made))
    for kind in mounts.KINDS:
        with kind.mounted(scene.directory) as at:
            scene.get(scene.nginx.url("f"), "-R", cwd=at)
            holds_only(at, "f", data)
            if kind.name == "fat":
                continue  # a rename sets the time there
            assert abs(os.stat(os.path.join(at, "f")).st_mtime - made) <= 2, kind.name
            assert "unchanged" in scene.get(scene.nginx.url("f"), "--update", cwd=at).stderr, kind.name


def test_whatever_a_file_system_lacks_files_arrive_continue_and_are_replaced(scene):
    ready()
    disk = mounts.Lacking(scene.directory)
    data = pattern(LARGE, 1)
    for lacks, words in WAYS:
        with disk.mounted(*lacks) as at:
            for size in (0, SMALL, LARGE):
                scene.nginx.put("f", data[:size])
                told = scene.get(scene.nginx.url("f"), "-R", "-v", cwd=at).stderr
                assert (words in told) if words and size == LARGE else True, (lacks, told)
                holds_only(at, "f", data[:size])
                quiet = scene.get(scene.nginx.url("f"), "--overwrite", cwd=at).stderr
                assert "the file system" not in quiet and "mode" not in quiet, quiet
                holds_only(at, "f", data[:size])
                os.remove(os.path.join(at, "f"))
            assert "reused" in scene.get("-x", "8", half(scene, at, data), cwd=at).stderr
            holds_only(at, "f", data)


def test_a_lock_that_can_not_be_tried_from_elsewhere_is_not_believed(scene):
    """The kernel may hold it, or the file system may give it to everybody: another open file would show it, and this user may open none for writing."""
    ready()
    disk = mounts.Lacking(scene.directory)
    data = pattern(LARGE, 1)
    program = os.path.join(scene.directory, "segdl")  # where that user gets to, wherever this tree is
    shutil.copy(harness.BINARY, program)
    os.chmod(scene.directory, 0o755)
    somebody = {"user": 12345, "group": 12345, "extra_groups": [], "executable": program}
    for lacks, words in ((("others:1",), "no locks"), (("others:1", "granted:1"), "no locks")):
        with disk.mounted(*lacks) as at:
            os.chmod(at, 0o777)
            held = Held(scene, data)
            process = scene.start("-x", "2", held.url("f"), cwd=at, **somebody)
            wait_for(lambda: os.path.exists(os.path.join(at, "f.segdl")) and claimed(scene, at) > 4, "some segments", harness.TIMEOUT)
            kill(process)
            os.chmod(os.path.join(at, "f.part"), 0o444)  # as a death leaves it that is to replace such a file
            for name in locks(at):  # of the death; the next one shows that the next process has the lock
                os.remove(os.path.join(at, name))
            process = scene.start("-x", "2", "-v", held.url("f"), cwd=at, **somebody)
            wait_for(lambda: locks(at), "the file beside the socket")
            for arguments in ((), ("--overwrite",)):
                assert "is running" in scene.get(held.url("f"), *arguments, cwd=at, code=9, **somebody).stderr
            held.let_go.set()
            _, told = process.communicate(timeout=harness.TIMEOUT)
            assert process.returncode == 0 and words in told and "reused" in told, told
            holds_only(at, "f", data)


def test_a_handle_that_goes_stale_costs_a_run_and_not_what_has_arrived(scene):
    ready()
    disk = mounts.Lacking(scene.directory)
    data = pattern(LARGE, 1)
    scene.nginx.put("f", data)
    for operation in (1, 3, 10, 40, 60):
        with disk.mounted(f"stale:{operation}") as at:
            done = scene.run("-x", "4", scene.nginx.url("f"), cwd=at)
            if done.returncode != 0:
                assert done.returncode == 7 and "Stale file handle" in done.stderr, done.stderr
                scene.get("-x", "4", scene.nginx.url("f"), cwd=at)
            holds_only(at, "f", data)


def test_a_file_that_can_not_fit_is_refused_before_it_is_fetched(scene):
    ready()
    disk = mounts.Lacking(scene.directory)
    origin = scene.origin("--size", 5 * GiB)
    for lacks, words in (((f"largest:{4 * GiB - 1}",), "File too large"), ((f"largest:{4 * GiB - 1}", f"space:{errno.EOPNOTSUPP}"), "File too large")):
        with disk.mounted(*lacks) as at:
            done = scene.get(origin.url, cwd=at, code=7)
            assert words in done.stderr and "-d" in done.stderr, done.stderr
            assert not os.listdir(at), os.listdir(at)
    ntfs = next(kind for kind in mounts.KINDS if kind.name == "ntfs")  # it can't reserve
    with ntfs.mounted(scene.directory, 16 * MiB) as at:
        done = scene.get(origin.url, cwd=at, code=7)
        assert "No space left" in done.stderr and "free some space" in done.stderr, done.stderr
        assert not os.listdir(at), os.listdir(at)


def test_names_that_a_file_system_refuses_are_told_apart_from_missing_files(scene):
    ready()
    disk = mounts.Lacking(scene.directory)
    exfat = next(kind for kind in mounts.KINDS if kind.name == "exfat")
    scene.nginx.put("f", pattern(SMALL, 1))
    for mounted in (exfat.mounted(scene.directory), disk.mounted(f"colons:{errno.EINVAL}"), disk.mounted(f"colons:{errno.EILSEQ}")):
        with mounted as at:
            done = scene.get(scene.nginx.url("f"), "-o", "a:b.bin", cwd=at, code=7)
            assert "refuses this name" in done.stderr and "without any of :" in done.stderr, done.stderr
            done = scene.get(scene.nginx.url("f"), "-o", "x/y:z/f.bin", cwd=at, code=7)
            assert "refuses this name" in done.stderr and "x/y:z:" in done.stderr, done.stderr
            assert "-d or -o, without any of :" in done.stderr, done.stderr
            os.rmdir(os.path.join(at, "x"))
            assert not os.listdir(at), os.listdir(at)


def test_a_name_of_the_url_that_is_too_long_for_the_disk_is_shortened_and_one_that_was_asked_for_is_refused(scene):
    ready()
    disk = mounts.Lacking(scene.directory)
    data = pattern(LARGE, 1)
    held = Held(scene, data)
    held.let_go.set()
    long_names = [f"{'n' * 200}{i}.tar.gz" for i in (1, 2)]
    path = os.path.join(scene.directory, "list")
    harness.write(path, "".join(held.url(name) + "\n" for name in long_names).encode())
    with disk.mounted("names:143") as at:
        for arguments in ((), ("--overwrite",), ("--update",), ("--skip-existing",)):
            scene.get("-i", path, *arguments, cwd=at)
            found = sorted(os.listdir(at))
            assert len(found) == 2 and all(len(name) == 143 and name.startswith("nnn") and name.endswith(".gz") for name in found), found
            assert all(harness.read(os.path.join(at, name)) == data for name in found), arguments
        for name in found:
            os.remove(os.path.join(at, name))
        done = scene.get(held.url("f"), "-o", "n" * 144, cwd=at, code=7)
        assert "144 bytes is too long: at most 143" in done.stderr and "shorter name with -o" in done.stderr, done.stderr
        process = scene.start("-x", "2", Held(scene, data).url(long_names[0]), cwd=at)
        wait_for(lambda: any(name.endswith(".segdl") for name in os.listdir(at)), "the journal")
        kill(process)
        scene.get(held.url(long_names[0]), cwd=at)
        assert len(os.listdir(at)) == 1, os.listdir(at)


def test_where_case_does_not_count_one_download_does_not_get_into_another(scene):
    ready()
    disk = mounts.Lacking(scene.directory)
    data = pattern(LARGE, 1)
    held = Held(scene, data)
    scene.nginx.put("a.bin", pattern(LARGE - 7, 2))
    with disk.mounted("case:1") as at:
        first = scene.start("-x", "2", held.url("A.bin"), cwd=at)
        wait_for(lambda: os.path.exists(os.path.join(at, "A.bin.segdl")), "the journal")
        for arguments in ((), ("--overwrite",), ("--no-resume", "--overwrite")):
            done = scene.get(scene.nginx.url("a.bin"), *arguments, cwd=at, code=10)
            assert "the file is A.bin.part" in done.stderr, done.stderr
        held.let_go.set()
        first.communicate(timeout=harness.TIMEOUT)
        assert first.returncode == 0
        holds_only(at, "A.bin", data)
        scene.get(scene.nginx.url("a.bin"), cwd=at, code=10)
        holds_only(at, "A.bin", data)


def test_where_numbers_of_files_change_and_nothing_else_tells_nothing_is_begun(scene):
    ready()
    disk = mounts.Lacking(scene.directory)
    scene.nginx.put("f", pattern(LARGE, 1))
    for lacks in (("inodes:1", f"times:{errno.EPERM}"), ("inodes:1", *NO_LOCKS), ("inodes:2", *NO_LOCKS), ("inodes:1", *BARE)):
        with disk.mounted(*lacks) as at:
            done = scene.get(scene.nginx.url("f"), cwd=at, code=7)
            assert "another inode number each time" in done.stderr and "-d" in done.stderr, done.stderr
            assert not os.listdir(at), os.listdir(at)


def test_where_numbers_of_files_change_what_took_the_place_of_the_data_is_not_published_and_keeps_its_time(scene):
    ready()
    disk = mounts.Lacking(scene.directory)
    data, other = pattern(LARGE, 1), pattern(LARGE, 2)
    with disk.mounted("inodes:1") as at:
        part, moved = os.path.join(at, "f.part"), os.path.join(at, "moved")
        for size in (LARGE, SMALL):
            held = Held(scene, data)
            process = scene.start("-x", "2", held.url("f"), cwd=at)
            wait_for(lambda: os.path.exists(os.path.join(at, "f.segdl")), "the journal")
            os.rename(part, moved)
            harness.write(part, other[:size])
            os.utime(part, (1700000001, 1700000001))
            held.let_go.set()
            _, told = process.communicate(timeout=harness.TIMEOUT)
            assert process.returncode == 7 and "f.part was removed or replaced" in told, told
            assert sorted(os.listdir(at)) == ["f.part", "moved"] and harness.read(part) == other[:size]
            assert os.stat(part).st_mtime == 1700000001 and abs(os.stat(moved).st_mtime - time.time()) < 300
            os.remove(part)
            os.remove(moved)


def test_a_list_arrives_and_is_replaced(scene):
    """On what is slow and bare, and where the numbers of files change."""
    ready()
    disk = mounts.Lacking(scene.directory)
    files = {f"s{i}": pattern(SMALL + i, i) for i in range(100)}
    for name, data in files.items():
        scene.nginx.put(name, data)
    path = os.path.join(scene.directory, "list")
    harness.write(path, "".join(scene.nginx.url(name) + "\n" for name in files).encode())
    exfat = next(kind for kind in mounts.KINDS if kind.name == "exfat")
    for mounted in (exfat.mounted(scene.directory), disk.mounted(*BARE), disk.mounted("inodes:1"), disk.mounted("inodes:2")):
        with mounted as at:
            for arguments in ((), ("--overwrite",), ("--update",)):
                scene.get("-i", path, "-q", *arguments, cwd=at)
                assert {name: harness.read(os.path.join(at, name)) for name in os.listdir(at)} == files


if __name__ == "__main__":
    harness.main()
