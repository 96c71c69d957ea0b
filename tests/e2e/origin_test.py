#!/usr/bin/env python3
"""The project's own origin as a command, and segdl downloading from it."""
import os
import subprocess
import threading
import time
import urllib.error

import harness
from harness import KiB, MiB, ORIGIN, read
from measure import most_at_once


def test_it_serves_a_pattern_of_any_size(scene):
    origin = scene.origin("--size", 100000, "--seed", 5)
    assert origin.url.startswith("http://127.0.0.1:")
    whole = origin.get(origin.url)
    assert len(whole) == 100000
    assert origin.get(origin.pattern(5, 100000)) == whole
    assert origin.get(origin.pattern(5, 99)) == whole[:99]
    assert origin.get(origin.pattern(6, 100000)) != whole
    assert scene.servers.pop().stop() == 0


def test_segdl_gets_the_same_through_faults(scene):
    origin = scene.origin("--size", "3M", "--cut-every", "700K", "--status-first", "1:503", "--reset-at", "2M")
    scene.get("-o", "f", "--retries", "20", origin.url)
    honest = scene.origin()
    assert read(scene.path("f")) == honest.get(honest.pattern(1, 3 * MiB))
    lines = origin.requests()
    assert lines[0]["status"] == 503
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(line["range"] for line in lines)
    assert sum(line["sent"] for line in lines if line["status"] == 206) >= 3 * MiB


def test_segdl_gets_it_over_tls_and_refuses_it_without_the_authority(scene):
    directory = os.path.join(scene.directory, "tls")
    origin = scene.origin("--size", 100000, "--tls", directory)
    assert origin.url.startswith("https://")
    scene.get("--cacert", os.path.join(directory, "ca.pem"), "-o", "f", origin.url)
    scene.get("-o", "g", origin.url, code=5)
    assert os.path.getsize(scene.path("f")) == 100000


def test_a_redirect_and_a_change(scene):
    origin = scene.origin("--size", 100000, "--redirect", "/old=/file", "--change-after", "1:500")
    assert len(origin.get(origin.base + "/old")) == 100000
    assert len(origin.get(origin.base + "/old")) == 500


def code_of(origin):
    try:
        origin.get(origin.url)
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Retry-After"]
    return 200, None


def test_everything_is_refused_for_a_while(scene):
    origin = scene.origin("--refuse-for", "1:429:2")
    begun = time.monotonic()
    while code_of(origin) == (429, "2"):
        time.sleep(0.05)
    assert code_of(origin) == (200, None)
    assert 0.9 <= time.monotonic() - begun <= 5


def all_at_once(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_rates_are_kept_and_the_log_has_what_was_under_way_at_once(scene):
    origin = scene.origin("--size", "1M", "--limit-rate", "1M", "--connection-rate", "3:512K")
    all_at_once(*[lambda: origin.get(origin.url)] * 8)
    origin.wait_until_idle()
    requests = origin.requests()
    assert most_at_once(requests) == 8
    assert sorted(r["active"] for r in requests) == list(range(1, 9))
    for request in requests:
        rate = (512 * KiB if request["connection"] == 3 else MiB)
        took = request["ended"] - request["begun"]
        assert request["sent"] == MiB and took >= 0.99 * MiB / rate, request


def test_more_at_once_than_it_allows_are_refused(scene):
    origin = scene.origin("--size", "256K", "--limit-rate", "512K", "--most-active", "2:429:1")
    codes = []
    all_at_once(*[lambda: codes.append(code_of(origin))] * 5)
    assert sorted(codes, key=str) == [(200, None)] * 2 + [(429, "1")] * 3, codes


def test_a_connection_stalls_and_the_next_does_not(scene):
    origin = scene.origin("--size", "100K", "--connection-stall", "1:50K")
    try:
        harness.urllib.request.urlopen(origin.url, timeout=0.5).read()
        raise AssertionError("the first connection did not stall")
    except TimeoutError:
        pass
    assert len(origin.get(origin.url)) == 100 * KiB


def test_wrong_options_are_told(_):
    for arguments in (["--size", "x"], ["--cut-at", "5:x"], ["--redirect", "/a"], ["--none"], ["--connection-rate", "5"],
                      ["--refuse-for", "1:2:3:4"], ["--most-active", "x:503"]):
        done = subprocess.run([ORIGIN, *arguments], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 2, arguments
        assert done.stdout == "" and done.stderr, arguments


if __name__ == "__main__":
    harness.main()
