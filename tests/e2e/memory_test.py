"""Private memory is bounded by the number of connections."""
import os

import harness
from harness import KiB, MiB
from measure import most_at_once, peak_anon

# Connections: size, nginx's rate in KiB/s for each, default segment.
RUNS = {1: (64 * MiB, 16384, 64 * KiB), 8: (256 * MiB, 8192, 64 * KiB), 64: (512 * MiB, 2048, 128 * KiB),
        256: (1024 * MiB, 1024, 256 * KiB)}


def test_private_memory_is_bounded_by_the_number_of_connections(scene):
    for connections, (size, rate, segment) in RUNS.items():
        os.truncate(scene.nginx.put("f", b""), size)
        scene.nginx.forget_requests()
        peak = peak_anon(scene, scene.nginx.url("f", rate=rate), "-o", "f", "-x", connections)
        scene.nginx.wait_until_idle()
        most = most_at_once(scene.nginx.requests())
        bound = 16 * MiB + connections * (segment + 384 * KiB)
        print(f"{connections} connections, {most} at once: RssAnon {peak / MiB:.1f} MiB of at most {bound / MiB:.1f} MiB")
        assert most >= connections, f"at most {most} requests at once with -x {connections}"
        assert 0 < peak <= bound, peak
        assert os.path.getsize(scene.path("f")) == size
        os.unlink(scene.path("f"))


if __name__ == "__main__":
    harness.main()
