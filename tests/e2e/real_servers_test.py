"""Real servers: a download over eight connections, one that goes on after a kill, and one whose file changes meanwhile."""
import os
import re
import time

import harness
from harness import KiB, MiB, kill, pattern, wait_for
from real_servers import chosen, installed

SIZE = 6 * MiB + 12345
OLD, NEW = pattern(SIZE, 1), pattern(SIZE, 2)
HOUR = 3600


def put(root, data, age):
    """A file of that age: a date of the last minute is no strong validator."""
    temporary = os.path.join(os.path.dirname(root), "upload")
    harness.write(temporary, data)
    os.chmod(temporary, 0o644)
    os.utime(temporary, (time.time() - age, time.time() - age))
    os.rename(temporary, os.path.join(root, "f"))


def interrupted(scene, url):
    """Killed when about a third of it is claimed; with a server that can't continue, when it is under way."""
    process = scene.start("-x", "8", "--limit-rate", "4M", url)

    def far_enough():
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        return (os.path.exists(scene.path("f.segdl")) and
                (scene.status("f")["claimed"] > 2 * MiB or os.path.getsize(scene.path("f.part")) > MiB and scene.status("f")["stream"]))
    wait_for(far_enough, "a third of it", 60)
    kill(process)


def check(scene, kind):
    root = os.path.join(scene.directory, kind.__name__)
    os.mkdir(root)
    os.chmod(root, 0o755)
    put(root, OLD, 3 * HOUR)
    server = kind(os.path.join(scene.directory, kind.__name__ + "-server"), root)
    scene.servers.append(server)
    url = server.url("f")

    done = scene.get("-x", "8", "--limit-rate", "8M", url)
    assert harness.read(scene.path("f")) == OLD
    if kind.ranges:
        connections = re.search(r", (\d+) connections", done.stderr)
        assert connections and int(connections[1]) > 1, done.stderr
        assert "verified by strong validator" in done.stderr, done.stderr
    os.remove(scene.path("f"))

    interrupted(scene, url)
    done = scene.get("-x", "8", url)
    assert harness.read(scene.path("f")) == OLD, done.stderr
    if kind.ranges:
        assert "reused" in done.stderr, done.stderr
    os.remove(scene.path("f"))

    interrupted(scene, url)
    put(root, NEW, HOUR)
    time.sleep(2)  # what a cache keeps is over by then
    done = scene.get("-x", "8", url)
    got = harness.read(scene.path("f"))
    assert got == NEW or kind.__name__ == "Haproxy" and got == OLD, done.stderr  # a cache may serve what it has
    assert scene.names() == ["f"], scene.names()
    os.remove(scene.path("f"))


def test_of(kind):
    def test(scene):
        assert installed(kind), f"{kind.__name__} is not installed: {kind.package or kind.__name__.lower()}"
        check(scene, kind)
    test.__name__ = f"test_{kind.__name__.lower()}"
    return test


for server_kind in chosen():
    globals()[f"test_{server_kind.__name__.lower()}"] = test_of(server_kind)
del test_of

if __name__ == "__main__":
    harness.main()
