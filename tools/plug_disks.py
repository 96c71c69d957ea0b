"""Disks for tools/plug: kinds of file systems, loop devices, the disk that remembers what is written and flushed, and the states it could be left in.

Everything is mounted in a mount namespace of this process alone, and loop devices let go by themselves: however it ends, the kernel takes all of it down.
"""
import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import struct
import subprocess
import time

KiB, MiB = 1024, 1024 ** 2
BLOCK, SECTOR = 4096, 512
PATIENCE = 60  # seconds for any tool

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 1 << 18, 2
MOUNT_FLAGS = {"noatime": 1024}
LOOP_CTL_GET_FREE, LOOP_CONFIGURE = 0x4C82, 0x4C0A
LO_FLAGS_AUTOCLEAR, LO_FLAGS_DIRECT_IO = 4, 16


class Unable(Exception):
    """What is needed is missing on this machine."""


def must(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind, options=""):
    flags, data = 0, []
    for option in filter(None, options.split(",")):
        flags |= MOUNT_FLAGS.get(option, 0)
        if option not in MOUNT_FLAGS:
            data.append(option)
    must(LIBC.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), ",".join(data).encode() or None),
         f"mount {kind} at {target}")


def unmount(target):
    """Waits a little for what is still busy: a process that was killed is not gone at once."""
    until = time.monotonic() + PATIENCE
    while LIBC.umount2(target.encode(), 0) != 0:
        number = ctypes.get_errno()
        if number != errno.EBUSY or time.monotonic() > until:
            LIBC.umount2(target.encode(), MNT_DETACH)
            raise OSError(number, f"unmount {target}: {os.strerror(number)}")
        time.sleep(0.01)


def enter_own_mounts():
    if os.geteuid() != 0:
        raise Unable("mounting takes root")
    try:
        must(LIBC.unshare(CLONE_NEWNS), "a mount namespace")
        must(LIBC.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), "private mounts")
    except OSError as failed:
        raise Unable(f"no mounts of our own: {failed}") from None


def run_tool(*command, right=(0,)):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False)
    if done.returncode not in right:
        raise OSError(errno.EIO, f"{command[0]} ended with {done.returncode}: {done.stdout[-500:]}")


class Kind:
    """A kind of file system: how it is made, mounted and, where the kernel does not do it, repaired."""

    def __init__(self, name, system, size, make, options="", repair=None, overlay=False, whole=(0, 0)):
        self.name, self.system, self.size, self.make, self.options = name, system, size, make, options
        self.repair, self.overlay = repair, overlay
        self.whole = whole  # bytes of which it needs all that was written at once, or none: a superblock in place, with a checksum

    def missing(self):
        """What this machine lacks for it, or None."""
        wanted = [self.system] + ["overlay"] * self.overlay
        with open("/proc/filesystems", encoding="ascii") as known:
            names = known.read().split()
        lacking = [name for name in wanted if name not in names]
        if lacking:
            return f"the kernel has no {lacking[0]}"
        return None if shutil.which(self.make[0]) else f"there is no {self.make[0]}"

    def format(self, image):
        with open(image, "wb") as file:
            file.truncate(self.size)
        run_tool(*self.make, image)

    def fix(self, image):
        if self.repair:
            run_tool(*self.repair, image, right=(0, 1, 2))


EXT = ("-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0")
FSCK = ("e2fsck", "-fy")
FIRST = (0, 4 * KiB)
KINDS = [
    Kind("ext4", "ext4", 64 * MiB, ("mkfs.ext4", *EXT), "data=ordered", whole=FIRST),
    Kind("ext4-journal", "ext4", 64 * MiB, ("mkfs.ext4", *EXT), "data=journal", whole=FIRST),
    Kind("ext4-writeback", "ext4", 64 * MiB, ("mkfs.ext4", *EXT), "data=writeback", whole=FIRST),
    Kind("ext4-nojournal", "ext4", 64 * MiB, ("mkfs.ext4", *EXT, "-O", "^has_journal"), "", FSCK),
    Kind("ext3", "ext3", 64 * MiB, ("mkfs.ext3", *EXT), "data=ordered"),
    Kind("ext2", "ext2", 64 * MiB, ("mkfs.ext2", *EXT), "", FSCK),
    Kind("xfs", "xfs", 320 * MiB, ("mkfs.xfs", "-q", "-K")),
    Kind("btrfs", "btrfs", 128 * MiB, ("mkfs.btrfs", "-q", "-K", "-M"), whole=(64 * KiB, 68 * KiB)),
    Kind("overlay", "ext4", 64 * MiB, ("mkfs.ext4", *EXT), "data=ordered", overlay=True, whole=FIRST),
]
UNPROTECTED = Kind("ext4-nobarrier", "ext4", 64 * MiB, ("mkfs.ext4", *EXT), "nobarrier")  # for the check of the recorder
NOT_HERE = ("vfat", "exfat", "f2fs", "nfs")  # named in the table where the kernel lacks them


def attach(path, direct=False):
    """A loop device on the file: its path, and a descriptor that keeps it until it is mounted."""
    if not os.path.exists("/dev/loop-control"):
        raise Unable("there are no loop devices")
    flags = LO_FLAGS_AUTOCLEAR | (LO_FLAGS_DIRECT_IO if direct else 0)
    backing = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(100):
            control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
            try:
                number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
            finally:
                os.close(control)
            device = f"/dev/loop{number}"
            handle = os.open(device, os.O_RDWR | os.O_CLOEXEC)
            # struct loop_config: descriptor, block size, struct loop_info64 (its flags are its eighth word from 48 on), reserved
            info = struct.pack("<5Q4I64s64s32s2Q", 0, 0, 0, 0, 0, 0, 0, 0, flags, b"plug", b"", b"", 0, 0)
            try:
                fcntl.ioctl(handle, LOOP_CONFIGURE, struct.pack("<II", backing, SECTOR) + info + bytes(64))
                return device, handle
            except OSError as failed:
                os.close(handle)
                if failed.errno != errno.EBUSY:  # somebody else was quicker
                    raise
        raise Unable("no loop device is free")
    except PermissionError as failed:
        raise Unable(f"no loop device: {failed}") from None
    finally:
        os.close(backing)


@contextlib.contextmanager
def mounted(kind, disk, directory, direct=False):
    """Mounts the disk (a file) below the directory; gives where downloads go."""
    base = os.path.join(directory, "mnt")
    os.makedirs(base, exist_ok=True)
    device, handle = attach(disk, direct)
    try:
        mount(device, base, kind.system, kind.options)
    finally:
        os.close(handle)
    try:
        if not kind.overlay:
            yield base
            return
        top = os.path.join(directory, "top")
        for name in (os.path.join(base, "lower"), os.path.join(base, "upper"), os.path.join(base, "work"), top):
            os.makedirs(name, exist_ok=True)
        mount("overlay", top, "overlay", f"lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work")
        try:
            yield top
        finally:
            unmount(top)
    finally:
        unmount(base)


@contextlib.contextmanager
def another_number(scratch):
    """While it lasts the next loop device gets another number: so does a disk after a reboot."""
    spare = os.path.join(scratch, "spare")
    with open(spare, "wb") as file:
        file.truncate(MiB)
    _, handle = attach(spare)
    try:
        yield
    finally:
        os.close(handle)


class Recorder:
    """The disk that remembers, served by plug_disk. The image begins as `image`, and that file follows what is written."""

    def __init__(self, program, image, directory):
        self.log_path = os.path.join(directory, "log")
        self.where = os.path.join(directory, "fuse")
        os.makedirs(self.where, exist_ok=True)
        if not os.path.exists("/dev/fuse"):
            raise Unable("there is no /dev/fuse")
        self.process = subprocess.Popen([program, image, self.log_path, self.where], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.disk = os.path.join(self.where, "disk")
        until = time.monotonic() + PATIENCE
        while not os.path.exists(self.disk):
            if self.process.poll() is not None:
                raise Unable(f"FUSE does not work here: {self.process.stderr.read().strip()}")
            if time.monotonic() > until:
                self.close()
                raise Unable("FUSE does not answer")
            time.sleep(0.01)

    def mark(self, text):
        """Put into the log behind everything that was written before."""
        descriptor = os.open(os.path.join(self.where, "mark"), os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)

    def close(self):
        if self.process.poll() is None:
            with contextlib.suppress(OSError):
                unmount(self.where)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stderr.close()

    def records(self):
        """(kind, offset, data) in order."""
        with open(self.log_path, "rb") as log:
            while head := log.read(16):
                kind, length, offset = struct.unpack("<IIQ", head)
                yield chr(kind), offset, log.read(length)


def self_test(program, directory):
    """That flushes arrive at the recorder as syncs, and that none does where the file system sends none."""
    counts = {}
    for kind in (KINDS[0], UNPROTECTED):
        image = os.path.join(directory, "self-test")
        kind.format(image)
        recorder = Recorder(program, image, directory)
        try:
            with mounted(kind, recorder.disk, directory, direct=True) as where:
                recorder.mark("begin")
                for i in range(5):
                    with open(os.path.join(where, f"f{i}"), "wb") as file:
                        file.write(bytes([i]) * BLOCK)
                        file.flush()
                        os.fsync(file.fileno())
                recorder.mark("end")
        finally:
            recorder.close()
        kinds = [what if what != "M" else data.decode() for what, _, data in recorder.records()]
        counts[kind.name] = kinds[kinds.index("begin"):kinds.index("end")]
        os.unlink(image)
    barriers, none = counts[KINDS[0].name], counts[UNPROTECTED.name]
    if barriers.count("S") < 5 or "S" in none or none.count("W") < 5:
        raise AssertionError(f"the recorder does not see what the file system does: {barriers} with barriers, {none} without")
    return f"{barriers.count('S')} flushes of 5 fsyncs seen with barriers, {none.count('S')} without; {barriers.count('W')} and {none.count('W')} writes"
