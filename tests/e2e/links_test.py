"""Links that give their resource a few times, or lead elsewhere after that: over real sockets, plain and TLS."""
import hashlib
import json
import os
import ssl
import threading
import time

import harness
from harness import MiB, asked_range, head, kill, pattern, ranged, read

DATA = pattern(24 * MiB + 123, 5)
OTHER_LINK = "?token=bbb"


def served_over(scene):
    """(the server's TLS, the scheme, what the command needs): plain and TLS."""
    certificates = scene.nginx.certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.pem("good"), certificates.key("good"))
    return ((None, "http:", ()), (context, "https:", ("--cacert", certificates.ca)))


def slowly(connection, body, speed=16 * MiB):
    for at in range(0, len(body), 64 * 1024):
        connection.sendall(body[at:at + 64 * 1024])
        time.sleep(64 * 1024 / speed)


class Link:
    """Gives DATA so many times, or for ever (None), and answers with `end` then."""

    def __init__(self, scene, times, tls=None, fields=('ETag: "v1"',), end="404 Gone"):
        self.left, self.end, self.fields, self.lock = times, end, fields, threading.Lock()
        self.server = scene.raw(self.answer, tls=tls)
        self.scheme = "https:" if tls else "http:"

    def url(self, query="?token=aaa"):
        return self.server.url("f").replace("http:", self.scheme) + query

    def answer(self, connection, request, number):
        with self.lock:
            gives = self.left is None or self.left > 0
            if self.left is not None and gives:
                self.left -= 1
        if not gives:
            connection.sendall(head(self.end, "Content-Length: 0"))
            return None
        begin, end = asked_range(request, len(DATA)) or (0, len(DATA))
        connection.sendall(head("206 Partial Content", *self.fields, f"Content-Range: bytes {begin}-{end - 1}/{len(DATA)}", f"Content-Length: {end - begin}"))
        slowly(connection, DATA[begin:end])
        return None


def interrupt(scene, url, *options):
    """Leaves what several connections have, with holes."""
    process = scene.start(url, "-x", "4", "-o", "f", "--limit-rate", "12M", *options)
    harness.wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed"] > 6 * MiB, "some of it")
    kill(process)
    return scene.status("f")["claimed"]


def test_a_resume_of_a_link_that_gives_its_resource_a_few_times(scene):
    for tls, _, trust in served_over(scene):
        for times in (1, 3) if tls is None else (1,):
            for connections in ("1", "8"):
                for query in ("?token=aaa", OTHER_LINK):
                    link = Link(scene, None, tls)
                    interrupt(scene, link.url(), *trust)
                    link.left = times
                    done = scene.run(link.url(query), "-x", connections, "-o", "f", *trust, timeout=60)
                    assert done.returncode == 0 and read(scene.path("f")) == DATA, (times, connections, query, done.stderr)
                    assert "reused" in done.stderr, done.stderr
                    os.unlink(scene.path("f"))


def test_a_resume_by_a_link_that_gives_more_fetches_nothing_twice_to_get_behind_what_is_here(scene):
    for connections in ("1", "8"):
        link = Link(scene, None)
        claimed = interrupt(scene, link.url())
        done = scene.get(link.url(), "-x", connections, "-o", "f", "--json", timeout=60)
        assert read(scene.path("f")) == DATA
        report = next(e for e in map(json.loads, done.stdout.splitlines()) if e["event"] == "done")
        assert claimed > 6 * MiB and report["reused"] >= claimed - MiB, (claimed, report)
        assert report["wasted"] <= 2 * MiB, report  # the segments that others were at when it was over
        assert len(link.server.requests) < 100
        os.unlink(scene.path("f"))


def test_what_another_tool_has_left_by_a_link_that_gives_its_resource_once(scene):
    checksum = f"sha-256={hashlib.sha256(DATA).hexdigest()}"
    for tls, _, trust in served_over(scene):
        for connections in ("1", "8"):
            harness.write(scene.path("part"), DATA[:15 * MiB])
            link = Link(scene, 1, tls)
            scene.get(link.url(), "-x", connections, "-o", "f", "--adopt", scene.path("part"), "--checksum", checksum, *trust, timeout=60)
            assert read(scene.path("f")) == DATA
            os.unlink(scene.path("f"))


def test_a_dead_host_that_further_requests_are_led_to_is_asked_now_and_then(scene):
    dead = harness.free_port()

    def leads(connection, request, number):
        if number > 1:
            connection.sendall(head("302 Found", f"Location: http://127.0.0.1:{dead}/f", "Content-Length: 0"))
            return None
        top, body = ranged(DATA, request)
        connection.sendall(top)
        slowly(connection, body, 4 * MiB)
        return None

    server = scene.raw(leads)
    scene.get(server.url("f"), "-x", "8", timeout=60)
    assert read(scene.path("f")) == DATA
    assert 2 <= server.count <= 20, server.count  # in six seconds


def test_interrupted_files_that_lead_to_a_host_that_refuses_conditions(scene):
    strict = threading.Event()

    def serves(connection, request, number):
        if strict.is_set() and b"if-range" in request.lower():
            connection.sendall(head("400 Bad Request", "Content-Length: 0"))
            return None
        top, body = ranged(DATA, request)
        connection.sendall(top)
        slowly(connection, body, 8 * MiB)
        return None

    place = scene.raw(serves)

    def leads(connection, request, number):
        path = request.split()[1].decode() if isinstance(request, bytes) else request.split()[1]
        connection.sendall(head("302 Found", f"Location: {place.url(path.lstrip('/'))}", "Content-Length: 0"))
        return None

    link = scene.raw(leads)
    names = [f"f{i}" for i in range(4)]
    urls = [link.url(name) for name in names]
    process = scene.start(*urls, "-x", "8", "-j", "4")
    harness.wait_for(lambda: all(os.path.exists(scene.path(f"{n}.segdl")) and scene.status(n)["claimed"] > MiB for n in names), "some of each")
    kill(process)
    strict.set()
    before, begun = place.count, time.monotonic()
    scene.get(*urls, "-x", "8", "-j", "4", timeout=60)
    print(f"refused conditions: {time.monotonic() - begun:.1f} s, {place.count - before} requests")
    assert all(read(scene.path(name)) == DATA for name in names)
    assert place.count - before <= 200, place.count - before


def test_ranges_that_are_closed_for_all_after_a_while(scene):
    for end in (None, "503 Busy", "500 No"):
        for connections in ("1", "8"):
            sent = [0]

            def closes(connection, request, number, end=end, sent=sent):
                if asked_range(request, len(DATA)) and sent[0] > 3 * MiB:
                    if end:
                        connection.sendall(head(end, "Content-Length: 0"))
                    return "close"
                top, body = ranged(DATA, request)
                connection.sendall(top)
                if asked_range(request, len(DATA)):
                    body = body[:MiB]
                sent[0] += len(body)
                connection.sendall(body)
                return "close"

            server = scene.raw(closes)
            begun = time.monotonic()
            scene.get(server.url("f"), "-x", connections, timeout=60)
            print(f"ranges closed by {end}, -x {connections}: {time.monotonic() - begun:.1f} s, {server.count} requests")
            assert read(scene.path("f")) == DATA
            assert time.monotonic() - begun < 20, (end, connections)
            os.unlink(scene.path("f"))


if __name__ == "__main__":
    harness.main()
