"""Servers and connections that fail while eight connections are at work on one file."""
import os
import threading

import harness
from harness import KiB, MiB, kill, pattern, ranged, wait_for
from measure import most_at_once

SIZE = 16 * MiB
SEGMENT = 64 * KiB


def arrives(scene, origin, *arguments, seed=1, size=SIZE):
    done = scene.get(origin.url, "-o", "f", "-x", "8", *arguments)
    origin.wait_until_idle()
    assert harness.read(scene.path("f")) == scene.content(seed, size)
    assert scene.names() == ["f"]
    return done


def under_way(scene, segments):
    return os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed_segments"] > segments


def test_connections_that_break_every_100_kib(scene):
    origin = scene.origin("--size", SIZE, "--limit-rate", "4M", "--cut-every", "100K")
    scene.get(origin.url, "-o", "f", "-x", "8")
    origin.wait_until_idle()
    assert harness.read(scene.path("f")) == scene.content(1, SIZE)
    requests = origin.requests()
    sent = sum(r["sent"] for r in requests)
    print(f"{len(requests)} requests, {most_at_once(requests)} at once, {sent - SIZE} bytes more than the file")
    assert most_at_once(requests) >= 4
    assert sent <= 1.05 * SIZE  # what came before a break is kept, in the middle of a segment too


def test_connections_that_are_reset(scene):
    resets = [text for k in range(1, 16) for text in ("--reset-at", f"{k * MiB + 12345}:3")]
    arrives(scene, scene.origin("--size", SIZE, "--limit-rate", "4M", *resets), "--retries", "10")


def test_the_first_connection_of_all_may_fall_silent(scene):
    data = pattern(4 * MiB, 1)
    over = threading.Event()

    def handler(connection, request, number):
        top, body = ranged(data, request)
        connection.sendall(top + (body[:len(body) // 2] if number == 1 else body))
        return over.wait(60) and "close" if number == 1 else None

    try:
        scene.get(scene.raw(handler).url("f"), "--timeout", "100", timeout=50)
    finally:
        over.set()
    assert harness.read(scene.path("f")) == data


def test_a_file_that_changes_under_eight_connections_comes_new_and_whole(scene):
    # The eighth connection sees the new one while seven are on the old one.
    origin = scene.origin("--size", 32 * MiB, "--limit-rate", "2M", "--change-after", 7)
    done = scene.get(origin.url, "-o", "f", "-x", "8")
    assert "changed" in done.stderr, done.stderr
    assert harness.read(scene.path("f")) == scene.content(1001, 32 * MiB)
    assert scene.names() == ["f"]


def test_a_file_replaced_on_disk_under_eight_connections_is_one_version_whole(scene):
    scene.nginx.put("f", pattern(48 * MiB, 1))
    process = scene.start(scene.nginx.url("f", rate=2048), "-o", "f", "-x", "8")
    wait_for(lambda: under_way(scene, 20), "progress")
    harness.time.sleep(1.1)  # nginx makes the ETag from seconds and size
    scene.nginx.put("f", pattern(48 * MiB, 2))
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert harness.read(scene.path("f")) in (pattern(48 * MiB, 1), pattern(48 * MiB, 2))
    assert scene.names() == ["f"]


def test_ranges_that_stop_being_served_leave_one_stream(scene):
    origin = scene.origin("--size", SIZE, "--limit-rate", "4M", "--no-ranges-after", 1)
    arrives(scene, origin, "--timeout", "5")
    requests = origin.requests()
    assert len(requests) <= 18, len(requests)  # the first, two for each connection (with If-Range and without), the stream


def test_a_file_without_a_validator_comes_in_one_stream(scene):
    origin = scene.origin("--size", SIZE, "--limit-rate", "8M", "--etag", "")
    done = arrives(scene, origin)
    assert "one piece" in done.stderr, done.stderr
    stream, = origin.requests()
    assert stream["sent"] == SIZE, stream


def test_a_file_that_is_missing_does_not_hold_the_others_up(scene):
    files = {name: pattern(3 * MiB + ord(name), ord(name)) for name in "abc"}
    for name, data in files.items():
        scene.nginx.put(name, data)
    done = scene.get("-x", "8", scene.nginx.url("a"), scene.nginx.url("missing"), scene.nginx.url("b"), scene.nginx.url("c"), code=4)
    assert scene.names() == ["a", "b", "c"]
    assert all(harness.read(scene.path(name)) == data for name, data in files.items())
    assert "1 of 4 failed" in done.stderr and "404" in done.stderr, done.stderr


def test_a_flipped_byte_of_the_part_costs_exactly_its_segment(scene):
    size = 32 * MiB
    origin = scene.origin("--size", size, "--limit-rate", "2M")
    process = scene.start(origin.url, "-o", "f", "-x", "8")
    wait_for(lambda: under_way(scene, 100), "progress")
    kill(process)
    origin.forget_requests()
    claims = scene.status("f")["claims"]
    flipped = (claims[0][0] // SEGMENT * SEGMENT, claims[0][0] // SEGMENT * SEGMENT + SEGMENT)
    with open(scene.path("f.part"), "r+b") as part:
        part.seek(flipped[0] + 17)
        byte = part.read(1)
        part.seek(flipped[0] + 17)
        part.write(bytes([byte[0] ^ 1]))
    done = scene.get(origin.url, "-o", "f", "-x", "8")
    assert "64.0 KiB damaged or discarded and fetched again" in done.stderr, done.stderr
    origin.wait_until_idle()
    asked = [r["range"] for r in origin.requests()]
    assert any(a[0] <= flipped[0] and flipped[1] <= a[1] for a in asked), asked
    kept = [(begin if begin != flipped[0] else flipped[1], end) for begin, end in claims]
    for begin, end in kept:
        assert not [a for a in asked if a[0] < end and begin < a[1]], (begin, end, asked)
    assert harness.read(scene.path("f")) == scene.content(1, size)


if __name__ == "__main__":
    harness.main()
