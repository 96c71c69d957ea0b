"""The catalogue of misbehaving peers: each row over 1 and 8 connections, fresh and on a resume, plain and over TLS.

  python3 tests/catalogue [options]

A run counts only if the origin's log shows that the misbehaviour was sent. Ends with 1 if a run is not as it should be.
"""
import argparse
import collections
import json
import multiprocessing
import os
import random
import re
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "e2e")]

import content  # noqa: E402  (where these lie is said above)
import table  # noqa: E402
from harness import Certificates  # noqa: E402
from row import CELLS  # noqa: E402
from rows import ROWS, TELLING  # noqa: E402
from runner import Setting, run_cell  # noqa: E402

MOST_AGAIN = 20  # runs that are repeated after timeouts: more of them, and it is not the machine
SAMPLE = 60  # runs beside the telling ones in the sample for tools/test


def read_options():
    parser = argparse.ArgumentParser(prog="tests/catalogue", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build/release/segdl"), help="the command to test; SEGDL_BINARY goes before")
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows whose family or name fits")
    parser.add_argument("--cells", metavar="REGEX", default="", help="only cells that fit, such as 8rt: 8 connections, resume, TLS (1|8, f|r, p|t)")
    parser.add_argument("--peers", action="store_true", help="the same rows against curl, wget and aria2c as well")
    parser.add_argument("--sample", action="store_true", help="the telling rows, and a sample of the others by --seed: what tools/test runs")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "9")))
    parser.add_argument("--jobs", type=int, default=40, help="runs at a time (40): most of them wait")
    parser.add_argument("--patience", type=float, default=1, metavar="FACTOR", help="multiplies every bound, for slow builds")
    parser.add_argument("--list", action="store_true", help="print the rows and end")
    parser.add_argument("--log", metavar="FILE", help="write one JSON object for each run: what was sent, what was said")
    options = parser.parse_args()
    options.binary = os.environ.get("SEGDL_BINARY") or options.binary
    return options


def chosen(options):
    """(row's index, cell, tool) of all runs that are wanted."""
    runs = []
    for index, row in enumerate(ROWS):
        if not re.search(options.rows, row.key):
            continue
        for cell in CELLS:
            if not row.cells(cell) or not re.search(options.cells, cell.key):
                continue
            runs.append((index, cell, "segdl"))
            if options.peers and row.peers:
                runs.append((index, cell, "aria2c"))
                if cell.connections == 1:
                    runs += [(index, cell, "curl"), (index, cell, "wget")]
    if options.sample:
        telling = [run for run in runs if (ROWS[run[0]].key, run[1].key) in TELLING]
        others = [run for run in runs if run not in telling and ROWS[run[0]].bound <= 60]
        runs = telling + random.Random(options.seed).sample(others, min(SAMPLE, len(others)))
    return in_good_order(runs)


def in_good_order(runs):
    """The longest first; others that wait long are spread over the first three quarters of the rest, which needs the processors."""
    bound = {run: ROWS[run[0]].bound for run in runs}
    longest = [run for run in runs if bound[run] > 90]
    waiting = [run for run in runs if 60 < bound[run] <= 90]
    short = [run for run in runs if bound[run] <= 60]
    step = len(short) * 3 // 4 // max(1, len(waiting))
    order = sorted(longest, key=lambda run: -bound[run])
    for position, run in enumerate(waiting):
        order += [run, *short[position * step:(position + 1) * step]]
    return order + short[len(waiting) * step:]


def run_one(job):
    run, setting = job
    index, cell, tool = run
    return run, run_cell(ROWS[index], cell, tool, setting)


def quiet_worker():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def timed_out(outcome):
    """Absent where it should be there, after timeouts: on a machine that is busy enough the origin is late."""
    return outcome.tool == "segdl" and not outcome.fine and outcome.letter == "A" and outcome.detail.startswith("exit 3")


def run_all(runs, options, setting):
    outcomes, again, begun = {}, [], time.monotonic()
    log = open(options.log, "w", encoding="utf-8") if options.log else None  # until the process ends
    with multiprocessing.Pool(options.jobs, quiet_worker) as pool:
        for run, outcome in pool.imap_unordered(run_one, [(run, setting) for run in runs]):
            outcomes[run] = outcome
            if log:
                log.write(json.dumps(outcome.__dict__) + "\n")
                log.flush()
            if timed_out(outcome):
                again.append(run)
            elif not outcome.fine and outcome.tool == "segdl":
                print(f"{outcome.letter} {outcome.cell} {outcome.key}\n    {outcome.detail}", flush=True)
            if sys.stderr.isatty():
                print(f"\r{len(outcomes)} of {len(runs)} runs, {time.monotonic() - begun:.0f} s ", end="", file=sys.stderr)
    for run in again[:MOST_AGAIN]:  # the machine, or segdl? Once more, by itself
        outcomes[run] = run_one((run, setting))[1]
        print(f"{outcomes[run].letter} {outcomes[run].cell} {outcomes[run].key}, repeated by itself\n    {outcomes[run].detail}", flush=True)
    return outcomes, time.monotonic() - begun


def main():
    options = read_options()
    runs = chosen(options)
    if options.list:
        print("\n".join(dict.fromkeys(ROWS[index].key for index, _, _ in runs)))
        return 0
    assert runs, "no row fits"
    for size, shared in {(ROWS[index].size, ROWS[index].shared) for index, _, _ in runs}:
        content.versions(size, shared)  # made once, and shared by all processes
    memory = "/dev/shm" if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="segdl-catalogue-", dir=memory) as scratch:
        tls = Certificates(os.path.join(scratch, "tls"))
        setting = Setting(os.path.abspath(options.binary), tls.ca, tls.pem("good"), tls.key("good"), scratch, options.patience)
        outcomes, seconds = run_all(runs, options, setting)
    table.show(ROWS, outcomes, brief=options.sample)
    if options.peers:
        table.show_beaten(ROWS, outcomes)
    mine = [outcome for run, outcome in outcomes.items() if run[2] == "segdl"]
    bad = collections.Counter(outcome.letter for outcome in mine if not outcome.fine)
    print(f"{len({run[0] for run in runs})} behaviours, {len(runs)} runs in {seconds:.0f} s (seed {options.seed}): " +
          (f"{sum(bad.values())} not as they should be" if bad else "all as they should be"))
    print(table.totals_line(outcomes, options.seed if options.sample else None, seconds))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
