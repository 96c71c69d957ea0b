"""SIGKILL at random moments of downloads over eight connections: nothing committed is asked for again, nothing is lost, and the files are right."""
import os
import random

import harness
from harness import KiB, MiB, kill, same

CONNECTIONS = 8
SIZE = 256 * MiB
SEGMENT = 64 * KiB
RATE = 8 * MiB  # bytes/s of each connection: a file takes some 28 lives
# What the server may have sent and nobody received, of each connection on the average: it sends pieces of 164 KiB.
SOCKET = 64 * KiB
KILLS = int(os.environ.get("KILLS") or 200)


def overlap(a, b):
    return a[0] < b[1] and b[0] < a[1]


class Lives:
    """One file after the other, each killed again and again until it is finished."""

    def __init__(self, scene):
        self.scene = scene
        self.origin = scene.origin("--limit-rate", RATE)
        self.url = self.origin.pattern(1, SIZE, "f")
        self.claims = []
        self.kills = self.files = self.sent = 0

    def live(self, lifetime=None):
        """One process; whether it came to its end."""
        process = self.scene.start(self.url, "-o", "f", "-x", str(CONNECTIONS))
        try:
            _, stderr = process.communicate(timeout=lifetime)
            assert process.returncode == 0, stderr
        except harness.subprocess.TimeoutExpired:
            kill(process)
            self.kills += 1
            stderr = ""
        assert "damaged" not in stderr, stderr  # nothing was revoked
        self.check_requests()
        return process.returncode == 0 or self.is_published()

    def is_published(self):
        """Killed behind the very last step."""
        return os.path.exists(self.scene.path("f")) and not os.path.exists(self.scene.path("f.segdl"))

    def check_requests(self):
        """Those of this life, also the ones that were cut, touched nothing that was claimed before it."""
        self.origin.wait_until_idle()
        for request in self.origin.requests():
            assert request["range"], request
            assert not [c for c in self.claims if overlap(c, request["range"])], (request, self.claims)
            self.sent += request["sent"]
        self.origin.forget_requests()

    def check_claims(self):
        if not os.path.exists(self.scene.path("f.segdl")):
            assert not self.claims, "the journal is gone"
            return
        now = [tuple(claim) for claim in self.scene.status("f")["claims"]]
        for old in self.claims:
            assert any(new[0] <= old[0] and old[1] <= new[1] for new in now), f"lost the claim {old}: {now}"
        self.claims = now

    def finish_file(self, expected):
        assert same(self.scene.path("f"), expected)
        assert self.scene.names() == ["f"]
        os.unlink(self.scene.path("f"))
        self.claims = []
        self.files += 1


def test_two_hundred_kills_lose_nothing_that_was_committed(scene):
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    print(f"seed {seed}")
    moments = random.Random(seed)
    expected = os.path.join(scene.directory, "expected")
    harness.write(expected, scene.content(1, SIZE))
    lives = Lives(scene)
    while lives.kills < KILLS:
        if lives.live(moments.uniform(0.01, 0.3)):
            lives.finish_file(expected)
        else:
            lives.check_claims()
    if scene.names():
        assert lives.live()
        lives.finish_file(expected)
    harness.tally(kills=lives.kills, files=lives.files, seed=seed)
    twice = lives.sent - lives.files * SIZE
    print(f"{lives.kills} kills over {lives.files} files: {twice} bytes sent twice, {twice / lives.kills / KiB:.0f} KiB a kill")
    # Towards the end of a file spans are split, and what is on its way of the part that went to another is thrown away.
    assert lives.files > 0 and twice <= (lives.kills + lives.files) * CONNECTIONS * (SEGMENT + SOCKET)


if __name__ == "__main__":
    harness.main()
