"""The command with calls to the C library that fail: preload/faults.c, built into a scratch directory and loaded into it."""
import concurrent.futures
import os
import subprocess
import tempfile
import time

import harness

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "preload", "faults.c")
PATIENCE = 30  # seconds, for a run that takes a fraction of one: what is under way after that hangs
AT_ONCE = 2 * (os.cpu_count() or 1)


class Faulty:
    def __init__(self, directory):
        self.directory = directory
        self.library = os.path.join(directory, "faults.so")
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self.library, SOURCE, "-ldl"], check=True, timeout=60)

    def run(self, out, *arguments, fault="", limits=None):
        """The command in `out` with this SEGDL_FAULT; limits: options of prlimit. What subprocess.run() gives, with `calls` and `failures`."""
        log = tempfile.mktemp(dir=self.directory)
        environment = {**os.environ, "LD_PRELOAD": self.library, "SEGDL_FAULT": fault, "SEGDL_FAULT_LOG": log,
                       "ASAN_OPTIONS": "verify_asan_link_order=0"}
        wrapped = (["prlimit", *limits] if limits else []) + [harness.BINARY, *arguments]
        begun = time.monotonic()
        try:
            done = subprocess.run(wrapped, cwd=out, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it hangs: {fault} {limits} {arguments}") from None
        done.took = time.monotonic() - begun
        done.calls, done.failures = 0, 0
        if os.path.exists(log):  # not there if the process was ended without its destructors
            done.calls, done.failures = map(int, harness.read(log).split())
        return done


def all_at_once(function, cases):
    """function(*case) for each; the first failure of any is raised."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda case: function(*case), cases))
