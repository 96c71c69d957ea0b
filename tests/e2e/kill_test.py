"""SIGKILL at random moments of a download over one connection: nothing committed is ever asked for again, and the file is right."""
import os
import random

import harness
from harness import KiB, MiB, kill, pattern, same

SEGMENT = 64 * KiB
KILLS = 100
SIZE = 64 * MiB
SOCKET = 512 * KiB  # what the server may have sent ahead: nginx lets a new connection have a second of its rate at once


def overlaps(a, b):
    return a[0] < b[1] and b[0] < a[1]


def test_a_hundred_kills_lose_nothing_that_was_committed(scene):
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    print(f"seed {seed}")
    moments = random.Random(seed)
    source = scene.nginx.put("f", pattern(SIZE, 1))
    url = scene.nginx.url("f", rate=512)
    claims, kills, seen = [], 0, 0
    while kills < KILLS:
        process = scene.start(url, "-o", "f", "-q", "-x", "1")
        try:
            process.communicate(timeout=moments.uniform(0.01, 0.14))
        except harness.subprocess.TimeoutExpired:
            kill(process)
            kills += 1
        assert not os.path.exists(scene.path("f")), f"finished after {kills} kills: make the download slower"
        # Requests of this life, the one that was cut included, may only have touched what was not claimed before.
        scene.nginx.wait_until_idle()
        requests = scene.nginx.requests()
        for request in requests[seen:]:
            if request["range"]:
                assert not [c for c in claims if overlaps(c, request["range"])], (request, claims)
        seen = len(requests)
        if os.path.exists(scene.path("f.segdl")):
            status = scene.status("f")
            now = [tuple(c) for c in status["claims"]]
            for old in claims:
                assert any(n[0] <= old[0] and old[1] <= n[1] for n in now), f"lost the claim {old}: {now}"
            claims = now
    done = scene.get(scene.nginx.url("f", rate=65536), "-o", "f")
    assert same(scene.path("f"), source)
    assert "damaged" not in done.stderr, done.stderr  # nothing was revoked
    assert scene.names() == ["f"]
    # The last run asks by another URL, which costs three samples.
    sent = -3 * SEGMENT + sum(r["sent"] for r in scene.nginx.requests())
    harness.tally(kills=kills, seed=seed)
    print(f"{kills} kills: {sent - SIZE} bytes sent twice, {(sent - SIZE) / kills / KiB:.0f} KiB a kill")
    assert sent - SIZE <= kills * (SEGMENT + SOCKET)


if __name__ == "__main__":
    harness.main()
