"""A list of very many files over few connections."""
import os

import harness
from harness import KiB, MiB, pattern, read

CONNECTIONS = 8
SMALL, LARGE = 5000, 300
BLOCK = pattern(MiB, 1)


def content(number):
    size = 16 * KiB if number < SMALL else MiB
    return number.to_bytes(8, "little") + BLOCK[8:size]


def test_thousands_of_small_files_by_one_list_come_over_a_few_connections(scene):
    for number in range(SMALL + LARGE):
        harness.write(os.path.join(scene.nginx.root, f"f{number}"), content(number))
    urls = os.path.join(scene.directory, "list")
    harness.write(urls, "".join(scene.nginx.url(f"f{number}") + "\n" for number in range(SMALL + LARGE)).encode())
    begun = harness.time.monotonic()
    scene.get("-q", "-i", urls, "-x", str(CONNECTIONS), "-j", str(CONNECTIONS), timeout=300)
    took = harness.time.monotonic() - begun
    scene.nginx.wait_until_idle()
    requests = scene.nginx.requests()
    opened = {r["connection"] for r in requests}
    failed = [r for r in requests if r["status"] not in (200, 206)]
    print(f"{SMALL + LARGE} files in {took:.1f} s, {len(requests)} requests over {len(opened)} connections")
    assert len(scene.names()) == SMALL + LARGE, len(scene.names())
    for number in range(SMALL + LARGE):
        assert read(scene.path(f"f{number}")) == content(number), number
    assert not failed, failed[:3]
    assert len(opened) <= CONNECTIONS, len(opened)


if __name__ == "__main__":
    harness.main()
