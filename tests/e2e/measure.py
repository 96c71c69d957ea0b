"""What a download does, seen from outside: bytes it has written, its private memory, requests a server had under way at once."""
import collections
import os
import re
import threading
import time

KiB = 1024
PACE = 0.01  # seconds between samples


def in_flight(requests):
    """(moment, number) at each change of the number of connections with a request under way.

    Requests have `connection`, `begun` and `ended`. Connections are counted, and not requests: moments are rounded, and two requests in turn on one
    connection may seem to overlap. One without a length can't be told to be beside another.
    """
    lasting = [r for r in requests if r["begun"] < r["ended"]]
    events = [(r["begun"], 1, r["connection"]) for r in lasting] + [(r["ended"], -1, r["connection"]) for r in lasting]
    events.sort(key=lambda event: event[:2])  # of one moment, ends go first
    open_on = collections.Counter()
    for moment, step, connection in events:
        open_on[connection] += step
        if open_on[connection] == 0:
            del open_on[connection]
        yield moment, len(open_on)


def most_at_once(requests):
    return max((number for _, number in in_flight(requests)), default=0)


def moment_of(requests, number):
    """When so many connections had a request under way for the first time."""
    for moment, count in in_flight(requests):
        if count >= number:
            return moment
    raise AssertionError(f"never {number} requests at once, at most {most_at_once(requests)}")


def ended(process):
    """Whether it has, without taking its exit code away: what /proc says of it can still be read."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class Written:
    """Samples how many bytes a process has written, until it ends: the kernel's count, so of whole segments only and of little else."""

    def __init__(self, process):
        self.process = process
        self.begun = time.monotonic()
        self.points = [(self.begun, 0)]
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()

    def _sample(self):
        last = False
        while not last:
            last = ended(self.process)
            with open(f"/proc/{self.process.pid}/io", encoding="ascii") as io:
                count = int(re.search(r"wchar: (\d+)", io.read())[1])
            self.points.append((time.monotonic(), count))
            time.sleep(PACE)

    def wait(self, timeout=120):
        self.thread.join(timeout)
        late = self.thread.is_alive()
        if late:
            self.process.kill()
            self.thread.join()
        _, stderr = self.process.communicate(timeout=timeout)
        assert not late, f"still running after {timeout} s, {self.points[-1][1]} bytes written:\n{stderr}"
        assert self.process.returncode == 0, f"exit {self.process.returncode}:\n{stderr}"
        return self

    @property
    def ended(self):
        return self.points[-1][0]

    def when(self, count):
        """The first sample with so many bytes."""
        for moment, written in self.points:
            if written >= count:
                return moment
        raise AssertionError(f"only {self.points[-1][1]} bytes were written, not {count}")

    def at(self, moment):
        """Bytes at a moment, on the line between the samples around it."""
        for (t0, w0), (t1, w1) in zip(self.points, self.points[1:]):
            if t0 <= moment <= t1:
                return w0 + (w1 - w0) * (moment - t0) / max(t1 - t0, 1e-9)
        raise AssertionError("not a moment of this run")


def written(scene, *arguments, timeout=120):
    """Runs the command to its successful end."""
    return Written(scene.start("-q", "--sync", "none", *map(str, arguments))).wait(timeout)


def peak_anon(scene, *arguments):
    """The most private memory the command had while it ran to its successful end."""
    process = scene.start("-q", "--sync", "none", *map(str, arguments))
    peak = 0
    while not ended(process):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            anon = re.search(r"RssAnon:\s+(\d+) kB", status.read())
        if anon:  # it has none when it has just ended
            peak = max(peak, int(anon[1]) * KiB)
        time.sleep(PACE)
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr
    return peak
