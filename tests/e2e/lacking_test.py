"""File systems that lack something: each call that not all have fails as it does there (preload/lacking.c), and all goes on as ever."""
import errno
import os
import stat
import subprocess
import time

import harness
from harness import KiB, MiB, kill, pattern, wait_for

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "preload", "lacking.c")
SMALL, LARGE = 1000, 3 * MiB + 1
WAYS = {  # what may be missing, by what numbers, and what is said of it with -v
    "locks": ((errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL), None),  # flock is next
    "flock": ((errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP), "no locks"),  # and locks
    "links": ((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS), None),
    "flags": ((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP), "without replacing"),
    "modes": ((errno.EPERM, errno.EOPNOTSUPP, errno.EACCES), "can't set modes"),
    "mappings": ((errno.ENODEV, errno.EINVAL, errno.EACCES), "can't map files"),
    "unnamed": ((errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS, errno.EPERM), "without a name"),
    "space": ((errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV), "can't reserve"),
    "growth": ((errno.EPERM, errno.EINVAL), None),
    "times": ((errno.EPERM, errno.EOPNOTSUPP), None),
    "statfs": ((errno.ENOSYS,), None),
    "directories": ((errno.EINVAL,), None),
}


class Lacking:
    def __init__(self, scene):
        self.scene = scene
        self.library = os.path.join(scene.directory, "lacking.so")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", self.library, SOURCE, "-ldl"], check=True, timeout=60)

    def env(self, lack):
        lacks = ",".join([lack] + ["locks:" + lack.split(":")[1]] * lack.startswith("flock:"))
        return {**os.environ, "LD_PRELOAD": self.library, "SEGDL_LACK": lacks, "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def get(self, lack, *arguments, **options):
        return self.scene.get(*arguments, env=self.env(lack), **options)

    def start(self, lack, *arguments):
        return self.scene.start(*arguments, env=self.env(lack))


def names_but_locks(scene):
    return [name for name in scene.names() if not name.startswith(".segdl-lock-")]


def test_whatever_is_missing_files_arrive_continue_and_are_replaced(scene):
    lacking = Lacking(scene)
    data = pattern(8 * MiB, 1)
    for what, (numbers, _) in WAYS.items():
        for number in numbers:
            lack = f"{what}:{number}"
            for size in (0, SMALL, LARGE):
                scene.nginx.put("f", data[:size])
                lacking.get(lack, scene.nginx.url("f"), "-R")
                assert harness.read(scene.path("f")) == data[:size] and scene.names() == ["f"], (lack, scene.names())
                lacking.get(lack, scene.nginx.url("f"), code=10 if size else 0)
                scene.nginx.put("f", data[1:size + 1])
                lacking.get(lack, scene.nginx.url("f"), "--overwrite", "--verify")
                assert harness.read(scene.path("f")) == data[1:size + 1] and scene.names() == ["f"], (lack, scene.names())
                os.remove(scene.path("f"))
        scene.nginx.put("g", data)
        process = lacking.start(lack, "-x", "2", scene.nginx.url("g", rate=4096))
        wait_for(lambda: os.path.exists(scene.path("g.segdl")) and scene.status("g")["claimed_segments"] > 4, f"some segments with {lack}")
        kill(process)
        done = lacking.get(lack, scene.nginx.url("g"))
        assert "reused" in done.stderr and harness.read(scene.path("g")) == data and scene.names() == ["g"], (lack, scene.names())
        os.remove(scene.path("g"))


def test_a_lock_that_fails_once_is_not_taken_another_way_past_who_has_it(scene):
    """As while the lock daemon of NFS starts: the next best lock would not be kept from the one that another process has."""
    lacking = Lacking(scene)
    scene.nginx.put("f", pattern(8 * MiB, 1))
    process = scene.start("-x", "2", scene.nginx.url("f", rate=512))
    wait_for(lambda: os.path.exists(scene.path("f.segdl")), "a download under way")
    lacking.get(f"locks:{errno.ENOLCK}:2", scene.nginx.url("f"), code=9)
    kill(process)
    lacking.get(f"locks:{errno.ENOLCK}:2", scene.nginx.url("f"))
    assert harness.read(scene.path("f")) == pattern(8 * MiB, 1) and scene.names() == ["f"], scene.names()


def test_all_at_once_may_be_missing(scene):
    lacking = Lacking(scene)
    lack = ",".join(f"{what}:{numbers[0]}" for what, (numbers, _) in WAYS.items())
    for size in (0, SMALL, LARGE):
        data = pattern(size, 1)
        scene.nginx.put("f", data)
        for arguments in ((), ("--overwrite",)):
            lacking.get(lack, scene.nginx.url("f"), *arguments)
            assert harness.read(scene.path("f")) == data and scene.names() == ["f"]
        os.remove(scene.path("f"))
    path = os.path.join(scene.directory, "list")
    harness.write(path, "".join(f"{scene.nginx.url('f')}\tf{i}\n" for i in range(40)).encode())
    for arguments in ((), ("--overwrite",)):
        lacking.get(lack, "-i", path, *arguments)
        assert len(scene.names()) == 40 and all(harness.read(scene.path(name)) == data for name in scene.names())


def test_what_is_done_instead_is_told_with_v_once_and_not_without(scene):
    lacking = Lacking(scene)
    for what, (numbers, words) in WAYS.items():
        if words is None:
            continue
        for size in (SMALL, LARGE):
            scene.nginx.put("f", pattern(size, 1))
            done = lacking.get(f"{what}:{numbers[0]}", scene.nginx.url("f"), "-v")
            told = words in done.stderr
            os.remove(scene.path("f"))
            quiet = lacking.get(f"{what}:{numbers[0]}", scene.nginx.url("f"))
            assert words not in quiet.stderr, quiet.stderr
            os.remove(scene.path("f"))
            assert done.stderr.count(words) <= 1
            if told:
                break
        assert told, (what, done.stderr)


def test_without_locks_two_processes_are_kept_apart_and_a_kill_leaves_no_lock(scene):
    lacking = Lacking(scene)
    data = pattern(8 * MiB, 1)
    scene.nginx.put("f", data)
    for lack in (f"locks:{errno.ENOLCK}", f"flock:{errno.ENOLCK}"):
        first = lacking.start(lack, "-x", "2", scene.nginx.url("f", rate=512))
        wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed_segments"] > 4, "some segments")
        begun = time.monotonic()
        done = lacking.get(lack, scene.nginx.url("f"), code=9)
        assert "another download of this file is running" in done.stderr and time.monotonic() - begun < 5, done.stderr
        status = subprocess.run([harness.BINARY, "status", "f"], cwd=scene.out, env=lacking.env(lack), capture_output=True, text=True, check=True, timeout=harness.TIMEOUT)
        assert ": active" in status.stdout, status.stdout
        kill(first)
        twenty = [lacking.start(lack, scene.nginx.url("f", rate=4096), "-q") for _ in range(20)]
        codes = []
        for process in twenty:
            process.communicate(timeout=harness.TIMEOUT)
            codes.append(process.returncode)
        assert sorted(codes) in ([0] + [9] * 19, [0] + [9] * 18 + [10]) or (codes.count(0) == 1 and set(codes) <= {0, 9, 10}), codes
        assert harness.read(scene.path("f")) == data and scene.names() == ["f"], scene.names()
        os.remove(scene.path("f"))


def test_a_look_at_the_lock_keeps_no_download_from_beginning(scene):
    scene.nginx.put("f", pattern(LARGE, 1))
    # As while "segdl status" has a shared lock for a moment: refused once.
    Lacking(scene).get(f"locks:{errno.ENOSYS},flock:{errno.EWOULDBLOCK}:1", scene.nginx.url("f"))
    assert scene.names() == ["f"]


def test_without_locks_the_lock_of_another_machine_is_respected_and_named(scene):
    lacking = Lacking(scene)
    lack = f"flock:{errno.ENOLCK}"
    scene.nginx.put("f", pattern(LARGE, 1))
    process = lacking.start(lack, "-x", "2", scene.nginx.url("f", rate=1024) if os.path.isdir(os.path.join(scene.nginx.root, "r1024")) else scene.nginx.url("f", rate=4096))
    wait_for(lambda: any(name.startswith(".segdl-lock-") for name in scene.names()), "the file beside the lock")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")), "the journal")
    kill(process)
    lock = next(name for name in scene.names() if name.startswith(".segdl-lock-"))
    harness.write(scene.path(lock), b"elsewhere 0123456789abcdef net:[1]")
    done = lacking.get(lack, scene.nginx.url("f"), code=9)
    assert "another machine" in done.stderr and f"remove {lock}" in done.stderr, done.stderr
    harness.write(scene.path(lock), b"")  # another machine's, which is about to write its name
    assert f"remove {lock}" in lacking.get(lack, scene.nginx.url("f"), code=9).stderr
    assert harness.read(scene.path(lock)) == b""
    long_ago = time.time() - 61
    os.utime(scene.path(lock), (long_ago, long_ago))
    lacking.get(lack, scene.nginx.url("f"))
    assert scene.names() == ["f"] and harness.read(scene.path("f")) == pattern(LARGE, 1)


def test_without_locks_the_lock_that_another_machine_has_got_meanwhile_stays(scene):
    lacking = Lacking(scene)
    scene.nginx.put("f", pattern(LARGE, 1))
    process = lacking.start(f"flock:{errno.ENOLCK}", "-x", "2", scene.nginx.url("f", rate=4096))
    wait_for(lambda: os.path.exists(scene.path("f.segdl")), "the journal")
    lock = next(name for name in scene.names() if name.startswith(".segdl-lock-"))
    harness.write(scene.path(lock), b"elsewhere 0123456789abcdef net:[1]")
    process.terminate()
    process.communicate(timeout=harness.TIMEOUT)
    assert lock in scene.names() and process.returncode == 143, scene.names()


def test_what_replaces_a_file_has_its_mode_and_owner(scene):
    lacking = Lacking(scene)
    root = os.geteuid() == 0
    for size in (SMALL, LARGE):
        scene.nginx.put("f", pattern(size, 1))
        for mode in (0o600, 0o640, 0o755, 0o4755, 0o444):
            harness.write(scene.path("f"), b"older")
            if root:
                os.chown(scene.path("f"), 12345, 54321)
            os.chmod(scene.path("f"), mode)
            scene.get(scene.nginx.url("f"), "--overwrite")
            found = os.stat(scene.path("f"))
            assert stat.S_IMODE(found.st_mode) == mode & 0o777, (size, oct(mode), oct(found.st_mode))
            if root:
                assert (found.st_uid, found.st_gid) == (12345, 54321)
            assert harness.read(scene.path("f")) == pattern(size, 1)
            os.remove(scene.path("f"))
        if root:  # a group that can't be given gets no more than others
            harness.write(scene.path("f"), b"older")
            os.chown(scene.path("f"), 12345, 54321)
            os.chmod(scene.path("f"), 0o664)
            done = lacking.get(f"owners:{errno.EPERM}", scene.nginx.url("f"), "--overwrite")
            assert stat.S_IMODE(os.stat(scene.path("f")).st_mode) == 0o644 and "does not get the owner" in done.stderr, done.stderr
            os.remove(scene.path("f"))
            harness.write(scene.path("f"), b"older")
            os.chown(scene.path("f"), 12345, 54321)
            os.chmod(scene.path("f"), 0o640)
            command = ["setpriv", "--bounding-set", "-fowner,-dac_override,-dac_read_search", harness.BINARY, scene.nginx.url("f"), "--overwrite"]
            done = subprocess.run(command, cwd=scene.out, capture_output=True, text=True, timeout=harness.TIMEOUT, check=False)
            assert done.returncode == 0 and scene.names() == ["f"] and harness.read(scene.path("f")) == pattern(size, 1), done
            found = os.stat(scene.path("f"))
            assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 54321, 0o640), found
            os.remove(scene.path("f"))
        else:
            print("owners were not given away: not root")
        os.symlink("elsewhere", scene.path("f"))
        scene.get(scene.nginx.url("f"), "--overwrite")
        assert stat.S_ISREG(os.lstat(scene.path("f")).st_mode) and stat.S_IMODE(os.stat(scene.path("f")).st_mode) == 0o644
        assert scene.names() == ["f"]
        os.remove(scene.path("f"))


def test_what_replaces_a_planted_file_is_not_its_owner_s(scene):
    if os.geteuid() != 0:
        print("nothing was planted: not root")
        return
    shared = scene.path("shared")
    os.mkdir(shared)
    for size in (SMALL, LARGE):
        data = pattern(size, 1)
        scene.nginx.put("f", data)
        for option in ("--overwrite", "--update"):
            for mode, owner, planted in ((0o1777, 12345, True), (0o1775, 12345, True), (0o0755, 12345, False), (0o1777, 0, False)):
                os.chmod(shared, mode)
                name = os.path.join(shared, "f")
                harness.write(name, b"older")
                os.chown(name, owner, owner)
                os.chmod(name, 0o666)
                done = scene.get(scene.nginx.url("f"), "-d", "shared", option)
                found = os.stat(name)
                got = (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))
                assert got == ((0, 0, 0o644) if planted else (owner, owner, 0o666)), (option, oct(mode), owner, got)
                assert ("those of a new file" in done.stderr) == planted, done.stderr
                assert harness.read(name) == data and os.listdir(shared) == ["f"]
                os.remove(name)


if __name__ == "__main__":
    harness.main()
