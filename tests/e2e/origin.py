"""The project's own origin as a process: exact rates, connections treated apart, a log with moments. See `origin --help`."""
import json
import math
import os
import re
import signal
import subprocess
import time
import urllib.request


class Origin:
    """Runs until stop(); logs to `log`. Its times are those of time.monotonic()."""

    def __init__(self, binary, log, *arguments):
        self.log = log
        self.forgotten = 0  # bytes of the log
        self.process = subprocess.Popen([binary, "--log", log, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        try:
            self.url = self.process.stdout.readline().strip()
        except BaseException:  # interrupted: nobody would know of the process
            self.process.kill()
            raise
        assert self.url, f"the origin did not start with {arguments}"
        self.base = self.url.rsplit("/", 1)[0]

    def pattern(self, seed, size, name="x"):
        """The URL of a file of any seed and size."""
        return f"{self.base}/pattern/{seed}/{size}/{name}"

    def get(self, url):
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.read()

    def requests(self):
        """Answers that have ended since forget_requests(), in that order: the log's lines, with `range` (begin, end) or None."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, "rb") as log:
            log.seek(self.forgotten)
            lines = [json.loads(line) for line in log if line.endswith(b"\n")]
        for line in lines:
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", line["fields"].get("Range", ""))
            line["range"] = (int(asked[1]), int(asked[2]) + 1 if asked[2] else math.inf) if asked else None
        return lines

    def forget_requests(self):
        self.wait_until_idle()
        self.forgotten = os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def wait_until_idle(self):
        """Until no client is connected, and so every answer is in the log: each connection has a thread beside the first two."""
        until = time.monotonic() + 20
        while len(os.listdir(f"/proc/{self.process.pid}/task")) > 2:
            assert time.monotonic() < until, "clients stay connected to the origin"
            time.sleep(0.002)

    def stop(self):
        """Ends it; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=10)
        finally:
            self.process.kill()
            self.process.stdout.close()
