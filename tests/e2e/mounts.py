"""File systems of other kinds than the one that the tests run on, mounted for a while.

Everything is mounted in a mount namespace of this process alone, and what serves it (FUSE) is a child that ends with this process, however that is;
a loop device goes with the child that has it open. So nothing stays mounted. A test that is killed leaves its folder and, if that is in the moment
between setting up a loop device and having it mounted, the device.
"""
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time

from harness import ORIGIN, MiB, wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 1 << 18, 2
PR_SET_PDEATHSIG = 1
PATIENCE = 30  # seconds for any tool


def must(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_own_mounts():
    must(LIBC.unshare(CLONE_NEWNS), "a mount namespace of the test's own takes root")
    must(LIBC.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), "private mounts")


def run_tool(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stdout[-500:]}"
    return done.stdout.strip()


def unmount(directory):
    """What is busy for long is let go: a process that was killed is not gone at once."""
    until = time.monotonic() + PATIENCE
    while LIBC.umount2(directory.encode(), 0) != 0:
        if time.monotonic() > until:
            LIBC.umount2(directory.encode(), MNT_DETACH)
            raise AssertionError(f"{directory} stays busy")
        time.sleep(0.01)


@contextlib.contextmanager
def serving(command, at):
    """A process that serves the directory `at` until it is unmounted, and which does not outlive this one. Yields when it is mounted."""
    parent = os.getpid()

    def end_with_parent():
        # With SIGKILL the last one in the namespace takes the mounts down while it ends, and what serves a device waits for itself then, for ever.
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it has ended already
            os._exit(1)

    device = os.stat(at).st_dev
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, preexec_fn=end_with_parent)
        try:
            wait_for(lambda: process.poll() is not None or os.stat(at).st_dev != device, f"{command[0]} to mount", PATIENCE)
            if process.poll() is not None:
                told.seek(0)
                raise AssertionError(f"{command[0]} ended with {process.returncode}: {told.read()[-500:].decode(errors='replace')}")
            try:
                yield
            finally:
                unmount(at)
                process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()


class Kind:
    """How an image is made and mounted: commands with {image} and {at}, of which the second stays in the foreground."""

    def __init__(self, name, make, mount, device=False):
        self.name, self.make, self.mount, self.device = name, make, mount, device

    @contextlib.contextmanager
    def mounted(self, folder, size=64 * MiB):
        """Yields the directory that it is mounted at, made beneath `folder`."""
        at, image = os.path.join(folder, self.name), os.path.join(folder, self.name + ".image")
        os.mkdir(at)
        with open(image, "wb") as file:
            file.truncate(size)
        run_tool(*self.make, image)
        try:
            with contextlib.ExitStack() as device:
                source = image
                if self.device:
                    source = run_tool("losetup", "-f", "--show", image)
                    device.callback(run_tool, "losetup", "-d", source)
                with serving([word.format(image=source, at=at) for word in self.mount], at):
                    device.close()  # from here on it goes when nobody has it open
                    yield at
        finally:
            os.remove(image)
            os.rmdir(at)


class Union:
    """Several directories as one, which is what mergerfs does."""

    def __init__(self, name, options):
        self.name, self.options = name, options

    @contextlib.contextmanager
    def mounted(self, folder, size=None):
        at, branches = os.path.join(folder, self.name), [os.path.join(folder, f"{self.name}-{i}") for i in range(3)]
        for path in (at, *branches):
            os.mkdir(path)
        try:
            with serving(["mergerfs", "-f", "-o", self.options, ":".join(branches), at], at):
                yield at
        finally:
            for path in branches:
                shutil.rmtree(path)
            os.rmdir(at)


class Lacking:
    """A folder seen through tools/lacking_disk.cpp: it lacks what is said, as `what:value`."""

    def __init__(self, folder):
        self.folder, self.binary = folder, os.path.join(os.path.dirname(ORIGIN), "lacking_disk")
        assert os.path.exists(self.binary), f"there is no {self.binary}: it is built where libfuse3-dev is installed (target segdl_lacking_disk)"

    @contextlib.contextmanager
    def mounted(self, *lacks):
        """Yields the directory that it is mounted at."""
        at, behind = os.path.join(self.folder, "lacking"), os.path.join(self.folder, "behind")
        os.mkdir(at)
        os.mkdir(behind)
        try:
            with serving([self.binary, behind, at, *lacks], at):
                yield at
        finally:
            shutil.rmtree(behind)
            os.rmdir(at)


KINDS = [
    Kind("exfat", ("mkfs.exfat",), ("mount.exfat-fuse", "-d", "{image}", "{at}"), device=True),
    Kind("fat", ("mkfs.vfat", "-F", "32"), ("fusefat", "-f", "-s", "-o", "rw+", "{image}", "{at}")),
    Kind("ntfs", ("mkfs.ntfs", "-F", "-Q"), ("ntfs-3g", "-o", "no_detach", "{image}", "{at}")),
    Union("mergerfs", "minfreespace=1M,category.create=rand"),
]
