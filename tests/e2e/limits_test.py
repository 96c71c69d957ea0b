"""Servers that limit, and limits of our own: what many connections gain, what a bad one costs, refusals, --limit-rate.

SEGDL_LARGE=1 takes 8 MiB/s a connection instead of 512 KiB/s: 512 MiB/s over 64, 5 GiB of disk, and an optimised origin as the second argument.
"""
import os

import harness
from harness import KiB, MiB, pattern, same
from measure import moment_of, most_at_once, written

RATE = 8 * MiB if os.environ.get("SEGDL_LARGE") else 512 * KiB
FAIR = MiB  # bytes/s of each good connection beside a bad one
SIZE = 56 * MiB


def test_each_connection_adds_its_rate(scene):
    for connections in (1, 8, 64):
        size = connections * RATE * 8
        origin = scene.origin("--size", size, "--limit-rate", RATE)
        run = written(scene, origin.url, "-o", "f", "-x", connections, "--segment-size", "16K")
        origin.wait_until_idle()
        begun, end = moment_of(origin.requests(), connections), run.when(0.95 * size)
        assert end - begun >= 3, f"the ramp took until {end - begun:.1f} s before the end"
        share = (run.at(end) - run.at(begun)) / (connections * RATE * (end - begun))
        print(f"{connections} connections: {share:.3f} of their rates over {end - begun:.1f} s, {run.ended - run.begun:.1f} s in all")
        assert share >= 0.97, share
        os.unlink(scene.path("f"))


def assert_no_drag(scene, ideal, *faults):
    """A file over eight connections takes no longer than 1.15 of `ideal` seconds, and its end goes at half speed at least."""
    origin = scene.origin("--size", SIZE, "--limit-rate", FAIR, *faults)
    run = written(scene, origin.url, "-o", "f", "-x", 8)
    took = run.ended - run.begun
    tail = run.when(SIZE) - run.when(0.95 * SIZE)
    print(f"{took:.2f} s, ideal {ideal:.2f} s; the last 5 % {tail:.2f} s")
    assert harness.read(scene.path("f")) == scene.content(1, SIZE)
    origin.wait_until_idle()
    assert most_at_once(origin.requests()) >= 8
    assert took <= 1.15 * ideal, took
    assert tail <= 2 * 0.05 * ideal, tail


def test_the_end_of_a_file_is_not_slower_than_its_middle(scene):
    assert_no_drag(scene, SIZE / (8 * FAIR))


def test_a_connection_at_a_fiftieth_of_the_speed_holds_nothing_up(scene):
    assert_no_drag(scene, SIZE / (7.02 * FAIR), "--connection-rate", f"3:{FAIR // 50}")


def test_a_connection_that_stalls_for_ever_holds_nothing_up(scene):
    assert_no_drag(scene, SIZE / (7 * FAIR), "--connection-stall", f"3:{300 * KiB}")


def test_a_server_that_allows_two_at_once_refuses_a_handful(scene):
    source = scene.nginx.put("f", pattern(16 * MiB, 1))
    scene.get(scene.nginx.url("two/f"), "-o", "f", "-x", "16")
    scene.nginx.wait_until_idle()
    refused = [r for r in scene.nginx.requests() if r["status"] == 503]
    print(f"{len(refused)} refused of {len(scene.nginx.requests())}, {most_at_once(scene.nginx.requests())} at once")
    assert len(refused) <= 8, len(refused)
    assert same(scene.path("f"), source)


def test_a_server_that_allows_three_at_once_with_a_time_to_wait(scene):
    origin = scene.origin("--size", "16M", "--limit-rate", "1M", "--most-active", "3:429:1")
    scene.get(origin.url, "-o", "f", "-x", "16")
    origin.wait_until_idle()
    refused = [r for r in origin.requests() if r["status"] == 429]
    assert len(refused) <= 8, len(refused)
    assert harness.read(scene.path("f")) == scene.content(1, 16 * MiB)


def test_a_server_that_refuses_everything_for_a_while_is_not_pestered(scene):
    origin = scene.origin("--size", "16M", "--limit-rate", "8M", "--refuse-for", "5:429:2")
    scene.get(origin.url, "-o", "f", "-x", "8")
    origin.wait_until_idle()
    requests = origin.requests()
    first = min(r["begun"] for r in requests)
    early = [r for r in requests if r["begun"] < first + 5]
    assert len(early) <= 10 and all(r["status"] == 429 for r in early), early
    assert all(r["status"] == 206 for r in requests if r not in early), requests
    assert harness.read(scene.path("f")) == scene.content(1, 16 * MiB)


def test_a_limit_of_our_own_is_kept_in_all_and_in_every_second(scene):
    limit, size = 10 * MiB, 60 * MiB
    source = scene.nginx.put("f", pattern(size, 1))
    for connections in (1, 8):
        run = written(scene, scene.nginx.url("f"), "-o", "f", "-x", connections, "--limit-rate", "10M", "--segment-size", "16K")
        first, end = run.when(1), run.when(size)
        most, rate = size / (end - run.begun), (run.at(end) - run.at(first)) / (end - first)  # with and without what came at once
        seconds = [run.at(first + k + 1) - run.at(first + k) for k in range(int(end - first))]
        print(f"{connections} connections: {rate / MiB:.2f} MiB/s; seconds " + " ".join(f"{s / MiB:.2f}" for s in seconds))
        assert most / limit <= 1.03 and 0.97 <= rate / limit <= 1.03, (most / limit, rate / limit)
        assert all(abs(s / limit - 1) <= 0.1 for s in seconds), seconds
        assert same(scene.path("f"), source)
        os.unlink(scene.path("f"))


if __name__ == "__main__":
    harness.main()
