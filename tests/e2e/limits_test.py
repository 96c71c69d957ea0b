"""Servers that limit: what many connections gain, and how often one that refuses is asked.

SEGDL_LARGE=1 takes 8 MiB/s a connection instead of 512 KiB/s: 512 MiB/s over 64, 5 GiB of disk, and an optimised origin as the second argument.
"""
import os

import harness
from harness import KiB, MiB, pattern, same
from measure import moment_of, most_at_once, written

RATE = 8 * MiB if os.environ.get("SEGDL_LARGE") else 512 * KiB


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


if __name__ == "__main__":
    harness.main()
