"""How fast it is over eight connections: what a bad one costs, and --limit-rate."""
import os

import harness
from harness import KiB, MiB, pattern, same
from measure import most_at_once, written

FAIR = MiB  # bytes/s of each good connection beside a bad one
SIZE = 56 * MiB


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
