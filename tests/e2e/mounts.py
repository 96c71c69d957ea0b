"""File systems of other kinds than the one that the tests run on, mounted for a while.

Everything is mounted in a mount namespace of this process alone: however it ends, the kernel takes all of it down, and the processes that serve it
(FUSE) end with it.
"""
import contextlib
import ctypes
import os
import shutil
import subprocess
import time

from harness import ORIGIN, MiB, wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 1 << 18, 2
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


class Kind:
    """How an image is made and mounted: commands with {image} and {at}."""

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
        source = run_tool("losetup", "-f", "--show", image) if self.device else image
        try:
            run_tool(*(word.format(image=source, at=at) for word in self.mount))
            try:
                yield at
            finally:
                unmount(at)
        finally:
            if self.device:
                run_tool("losetup", "-d", source)
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
            run_tool("mergerfs", "-o", self.options, ":".join(branches), at)
            try:
                yield at
            finally:
                unmount(at)
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
        device = os.stat(at).st_dev
        process = subprocess.Popen([self.binary, behind, at, *lacks], stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: process.poll() is not None or os.stat(at).st_dev != device, "lacking_disk to be mounted")
            assert process.poll() is None, "lacking_disk ended"
            yield at
        finally:
            if process.poll() is None:
                unmount(at)
            process.wait(PATIENCE)
            shutil.rmtree(behind)
            os.rmdir(at)


KINDS = [
    Kind("exfat", ("mkfs.exfat",), ("mount.exfat-fuse", "{image}", "{at}"), device=True),
    Kind("fat", ("mkfs.vfat", "-F", "32"), ("fusefat", "-s", "-o", "rw+", "{image}", "{at}")),
    Kind("ntfs", ("mkfs.ntfs", "-F", "-Q"), ("ntfs-3g", "{image}", "{at}")),
    Union("mergerfs", "minfreespace=1M,category.create=rand"),
]
