"""The demonstration itself: kill -9 half-way, one byte of the part flipped, the same command again, everything checked. See tools/demo.

Usage: demo.py SEGDL ORIGIN [--size SIZE] [--seconds N]
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "e2e"))
from origin import Origin  # noqa: E402

KiB, MiB, GiB = 1024, 1024 ** 2, 1024 ** 3
CONNECTIONS = 8
NAME = "movie.mkv"
PATIENCE = 120  # seconds for anything
TERMINAL = sys.stdout.isatty()


class Wrong(Exception):
    """Something is not as promised."""


def parse_size(text):
    units = {"K": KiB, "M": MiB, "G": GiB}
    digits = text.rstrip("KMG")
    if not digits.isdigit() or len(text) - len(digits) > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 64M or 1G")
    size = int(digits) * units.get(text[len(digits):], 1)
    if size < 16 * MiB:
        raise argparse.ArgumentTypeError("16M is the least: less is done before it can be killed")
    return size


def parse_seconds(text):
    if not text.isdigit() or not 1 <= int(text) <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 60")
    return int(text)


def words(size):
    unit = next((u for u in (GiB, MiB) if size >= u), KiB)
    return f"{size / unit:.1f} {'KMG'[(KiB, MiB, GiB).index(unit)]}iB"


def say(text=""):
    print(text, flush=True)


def caption(text):
    bold = TERMINAL and "NO_COLOR" not in os.environ
    say(f"\n\x1b[1m{text}\x1b[0m" if bold else f"\n{text}")


def require(right, claim):
    if not right:
        raise Wrong(claim)
    say(f"  ok: {claim}")


def inside(claims, ranges):
    """The parts of the ranges that lie in claims, as one sorted list without overlaps."""
    parts = sorted((max(c[0], r[0]), min(c[1], r[1])) for c in claims for r in ranges if max(c[0], r[0]) < min(c[1], r[1]))
    joined = []
    for begin, end in parts:
        if joined and begin <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([begin, end])
    return joined


class Demonstration:
    """In a directory of its own; close() ends what it started."""

    def __init__(self, arguments, directory):
        self.binary, self.origin_binary = arguments.segdl, arguments.origin
        self.size, self.rate = arguments.size, arguments.size // (CONNECTIONS * arguments.seconds)
        self.children = []
        self.directory = directory
        self.out = os.path.join(directory, "downloads")
        os.mkdir(self.out)

    def close(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(timeout=5)  # segdl leaves the terminal as it was
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def start_origin(self, *arguments):
        origin = Origin(self.origin_binary, os.path.join(self.directory, f"log{len(self.children)}"), "--size", self.size, *arguments)
        self.children.append(origin.process)
        return origin

    def start(self, *arguments):
        say("  $ segdl " + " ".join(arguments))
        self.children.append(subprocess.Popen([self.binary, *arguments], cwd=self.out))
        return self.children[-1]

    def status(self):
        """What segdl status says; nothing before there is a journal."""
        done = subprocess.run([self.binary, "status", NAME, "--json"], cwd=self.out, capture_output=True, check=False, timeout=PATIENCE)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def kill_half_way(self, process):
        until = time.monotonic() + PATIENCE
        while (self.status() or {"claimed": 0})["claimed"] < self.size // 2:
            if process.poll() is not None:
                raise Wrong(f"segdl ended with exit code {process.returncode} before it was half-way")
            if time.monotonic() > until:
                raise Wrong(f"segdl is not half-way after {PATIENCE} s")
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        say("\x1b[?25h\nKilled" if TERMINAL else "Killed")  # it could not bring back the cursor itself

    def flip(self, offset):
        with open(os.path.join(self.out, NAME + ".part"), "r+b") as part:
            part.seek(offset)
            byte = part.read(1)[0]
            part.seek(offset)
            part.write(bytes([byte ^ 0xff]))

    def is_what_the_server_has(self):
        """Compares byte by byte with what a plain HTTP client gets from a server without limits."""
        honest = self.start_origin()
        with urllib.request.urlopen(honest.url, timeout=PATIENCE) as response, open(os.path.join(self.out, NAME), "rb") as file:
            while True:
                expected = response.read(MiB)
                if expected != file.read(max(len(expected), 1)):
                    return False
                if not expected:
                    return True

    def run(self):
        origin = self.start_origin("--limit-rate", self.rate)
        command = ["-x", str(CONNECTIONS), "-o", NAME, origin.url]
        caption(f"{words(self.size)} from a server on this machine that gives each connection {words(self.rate)}/s, killed half-way")
        self.kill_half_way(self.start(*command))

        caption("What is there")
        say(f"  $ segdl status {NAME}")
        state = self.status()
        claims = state["claims"]
        say(f"  {state['claimed_segments']} of {state['segments']} segments of {words(state['segment_size'])}, "
            f"{100 * state['claimed'] // self.size} %")
        require(state["state"] == "interrupted" and state["claimed"] == sum(end - begin for begin, end in claims) and
                not inside(claims, state["holes"]) and state["claimed"] + sum(e - b for b, e in state["holes"]) == self.size,
                "the journal says which segments are there, and which are not")
        require(not os.path.exists(os.path.join(self.out, NAME)), f"there is no {NAME} yet, only {NAME}.part")

        caption("Now one byte of it is flipped, as a bad disk might")
        begin, end = max(claims, key=lambda claim: claim[1] - claim[0])
        offset = (begin + end) // 2
        segment = offset // state["segment_size"] * state["segment_size"]
        self.flip(offset)
        say(f"  byte {offset} of {NAME}.part")

        caption("The same command again")
        origin.forget_requests()
        code = self.start(*command).wait(timeout=PATIENCE)
        origin.wait_until_idle()

        caption("What came of it")
        require(code == 0, "segdl ended with exit code 0")
        asked = [request["range"] for request in origin.requests() if request["range"]]
        again = inside(claims, asked)
        require(again == [[segment, min(segment + state["segment_size"], self.size)]],
                "of what was there, the server was asked for the damaged segment again, and for nothing else")
        require(self.is_what_the_server_has(), f"{NAME} is what the server has, byte by byte")
        require(os.listdir(self.out) == [NAME], "nothing else is left over")


def enough_room(size):
    room = shutil.disk_usage(tempfile.gettempdir()).free
    if room < size + 64 * MiB:
        say(f"demo: {tempfile.gettempdir()} has room for {words(room)} only; name another directory in TMPDIR, or take --size 64M")
    return room >= size + 64 * MiB


def main():
    parser = argparse.ArgumentParser(prog="demo")
    parser.add_argument("segdl", type=os.path.abspath, help=argparse.SUPPRESS)
    parser.add_argument("origin", type=os.path.abspath, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=parse_size, default="1G", help="of the file to download (1G)")
    parser.add_argument("--seconds", type=parse_seconds, default=8, help="that the download takes in all (8)")
    arguments = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # nothing here leaves this machine
    if not enough_room(arguments.size):
        return 1
    begun = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="segdl-demo-") as directory, \
                contextlib.closing(Demonstration(arguments, directory)) as demonstration:
            demonstration.run()
    except BrokenPipeError:  # nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Wrong, subprocess.TimeoutExpired, AssertionError, OSError) as wrong:
        say(f"  WRONG: {wrong}")
        return 1
    except KeyboardInterrupt:
        say("\ninterrupted")
        return 130
    say(f"\nAll as promised, in {time.monotonic() - begun:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
