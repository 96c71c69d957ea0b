"""Several connections: what arrives is the file, and the server's log shows that so many requests were under way at once."""
import os

import harness
from harness import GiB, MiB, same
from measure import most_at_once

RATES = {2: 128 * MiB, 8: 32 * MiB, 64: 4 * MiB}  # bytes/s of each connection, so that a GiB takes four seconds


def arrives(scene, connections, source, *tls):
    origin = scene.origin("--size", GiB, "--limit-rate", RATES[connections], *tls)
    trust = ("--cacert", os.path.join(tls[1], "ca.pem")) if tls else ()
    scene.get("-q", "--sync", "none", "-o", "f", "-x", str(connections), origin.url, *trust)
    origin.wait_until_idle()
    requests = origin.requests()
    most = most_at_once(requests)
    print(f"-x {connections} {' '.join(tls)[:5]}: at most {most} at once, {len({r['connection'] for r in requests})} connections, "
          f"{len(requests)} requests")
    assert most >= connections, f"at most {most} requests at once with -x {connections}"
    # That one was cut near the end may not have been noticed by the server when its successor asks.
    assert most <= connections + connections // 4 + 1, f"{most} requests at once with -x {connections}"
    assert same(scene.path("f"), source), connections
    os.unlink(scene.path("f"))


def test_a_gib_comes_over_as_many_connections_as_were_asked_for_plain_and_secure(scene):
    source = os.path.join(scene.directory, "source")
    harness.write(source, scene.content(1, GiB))
    for connections in RATES:
        arrives(scene, connections, source)
        arrives(scene, connections, source, "--tls", os.path.join(scene.directory, f"tls{connections}"))


def test_a_gib_from_a_server_without_limits(scene):
    source = scene.nginx.put("f", scene.content(1, GiB))
    for url, *arguments in ((scene.nginx.url("f"), "-x", "64"), (scene.nginx.url("f"),),
                            (scene.nginx.tls_url("f"), "--cacert", scene.nginx.certificates.ca, "-x", "8")):
        scene.get("-q", "--sync", "none", "-o", "f", url, *arguments)
        assert same(scene.path("f"), source), (url, arguments)
        os.unlink(scene.path("f"))


def test_one_connection_if_one_was_asked_for(scene):
    origin = scene.origin("--size", 12 * MiB, "--limit-rate", 12 * MiB)
    scene.get("-q", "-o", "f", "-x", "1", origin.url)
    origin.wait_until_idle()
    assert {r["connection"] for r in origin.requests()} == {1}
    assert harness.read(scene.path("f")) == scene.content(1, 12 * MiB)


def test_without_x_more_connections_are_opened_where_each_adds_speed(scene):
    origin = scene.origin("--size", 32 * MiB, "--limit-rate", 2 * MiB)
    scene.get("-q", "-o", "f", origin.url)
    origin.wait_until_idle()
    most = most_at_once(origin.requests())
    assert most >= 4, most
    assert harness.read(scene.path("f")) == scene.content(1, 32 * MiB)


if __name__ == "__main__":
    harness.main()
