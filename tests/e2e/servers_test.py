"""Servers that can do less, or do it wrong: over real sockets, with the command."""
import os
import ssl
import struct
import subprocess
import sys
import threading
import time

import harness
from harness import KiB, MiB, asked_range, head, pattern, ranged

DATA = pattern(3 * MiB + 123, 7)


def arrives(scene, server, *arguments):
    done = scene.get(server.url("f"), "--timeout", "2", *arguments)
    assert harness.read(scene.path("f")) == DATA
    assert scene.names() == ["f"]
    return done


def test_python_http_server_without_ranges(scene):
    harness.write(f"{scene.directory}/f", DATA)
    port = harness.free_port()
    server = subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], cwd=scene.directory,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        harness.wait_for(lambda: harness.can_connect(port), "http.server")
        done = scene.get(f"http://127.0.0.1:{port}/f")
        assert "does not serve ranges" in done.stderr, done.stderr
        assert harness.read(scene.path("f")) == DATA
    finally:
        server.terminate()
        server.wait(10)


def test_unknown_size_in_chunks(scene):
    def chunked(connection, request, number):
        connection.sendall(head("200 OK", "Transfer-Encoding: chunked"))
        for at in range(0, len(DATA), 100_000):
            piece = DATA[at:at + 100_000]
            connection.sendall(f"{len(piece):x};x=y\r\n".encode() + piece + b"\r\n")
        connection.sendall(b"0\r\nTrailer: x\r\n\r\n")

    arrives(scene, scene.raw(chunked))


def test_unknown_size_ended_by_the_connection(scene):
    def bare(connection, request, number):
        connection.sendall(head("200 OK") + DATA)
        return "close"

    server = scene.raw(bare)
    done = scene.get(server.url("f"), code=6)
    assert "--accept-unframed" in done.stderr, done.stderr
    assert "f" not in scene.names()
    arrives(scene, server, "--accept-unframed")


def test_an_end_that_nothing_vouches_for_is_told_at_once_and_believed_later(scene):
    certificates = scene.nginx.certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.pem("good"), certificates.key("good"))
    pace = [0]

    def bare(connection, request, number):
        connection.sendall(head("200 OK", 'ETag: "v1"'))
        for at in range(0, len(DATA), 100_000):
            connection.sendall(DATA[at:at + 100_000])
            time.sleep(pace[0])
        return "close"  # without close_notify

    for tls, trust in ((None, ()), (context, ("--cacert", certificates.ca))):
        for connections in ("1", "8"):
            server = scene.raw(bare, tls=tls)
            url = server.url("f").replace("http:", "https:") if tls else server.url("f")
            command = (url, "-x", connections, *trust)
            pace[0] = 0.05
            process = scene.start(*command)
            harness.wait_for(lambda: os.path.exists(scene.path("f.part")) and os.path.getsize(scene.path("f.part")) > MiB, "some of it")
            harness.kill(process)
            pace[0] = 0
            done = scene.get(*command, "--accept-unframed")  # what a kill left is no whole of anything
            assert server.count == 2 and harness.read(scene.path("f")) == DATA, done.stderr
            os.unlink(scene.path("f"))
            for asked in (3, 4):
                done = scene.get(*command, code=6)
                assert "is kept" in done.stderr and "--accept-unframed" in done.stderr, done.stderr
                assert scene.names() == ["f.part", "f.segdl"] and server.count == asked, (scene.names(), server.count)
            done = scene.get(*command, "--accept-unframed", timeout=20)
            assert server.count == 4 and harness.read(scene.path("f")) == DATA, done.stderr
            assert "reused" in done.stderr and scene.names() == ["f"], done.stderr
            os.unlink(scene.path("f"))


def test_ranges_in_one_large_chunk_cost_the_whole_once(scene):
    # No chunk above 1 MiB is joined with what is here: of the whole that is asked for instead its size line tells, and then it is taken in one piece.
    honest = [True]

    def in_one_chunk(connection, request, number):
        top, body = ranged(DATA, request)
        if honest[0]:
            if number == 1:
                connection.sendall(top + body[:MiB])
            return "close"
        top = b"\r\n".join(line for line in top.split(b"\r\n") if not line.startswith(b"Content-Length"))
        connection.sendall(top.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n", 1) + f"{len(body):x}\r\n".encode())
        for at in range(0, len(body), 60_000):
            connection.sendall(body[at:at + 60_000])
            time.sleep(0.002)
        connection.sendall(b"\r\n0\r\n\r\n")

    for _ in range(6):  # who waits for whom is chance
        honest[0] = True
        server = scene.raw(in_one_chunk)
        scene.run(server.url("f"), "-x", "1", "--retries", "0")
        assert scene.status("f")["claimed"] > 0
        honest[0] = False
        before = len(server.requests)
        arrives(scene, server, "-x", "1")
        whole = [request for request in server.requests[before:] if asked_range(request, len(DATA)) is None]
        assert len(whole) <= 2, server.requests[before:]
        os.unlink(scene.path("f"))


def test_a_connection_that_drops_every_50_kib(scene):
    def drops(connection, request, number):
        answer, body = ranged(DATA, request)
        connection.sendall(answer + body[:50 * KiB])
        return "close"

    server = scene.raw(drops)
    arrives(scene, server, "-x", "1")
    assert server.count == -(-len(DATA) // (50 * KiB)), server.count  # nothing is asked for twice


def test_a_connection_that_is_reset_every_150_kib(scene):
    def resets(connection, request, number):
        answer, body = ranged(DATA, request)
        connection.sendall(answer + body[:150 * KiB])
        if len(body) > 150 * KiB:
            connection.setsockopt(harness.socket.SOL_SOCKET, harness.socket.SO_LINGER, struct.pack("ii", 1, 0))
            return "close"
        return None

    arrives(scene, scene.raw(resets))


def test_ranges_that_stop_being_served(scene):
    def stops(connection, request, number):
        answer, body = ranged(DATA, request if number == 1 else b"\r\n")
        connection.sendall(answer + body[:MiB if number < 3 else None])
        return "close"

    arrives(scene, scene.raw(stops))


def test_a_server_that_ignores_if_range_and_has_another_version(scene):
    other = pattern(len(DATA), 8)

    def changes(connection, request, number):
        answer, body = ranged(other, request, '"v2"') if number == 1 else ranged(DATA, request)
        connection.sendall(answer + (body[:MiB] if number == 1 else body))
        return "close"

    arrives(scene, scene.raw(changes))


def test_ranges_of_the_wrong_place_are_not_written(scene):
    def shifts(connection, request, number):
        part = asked_range(request, len(DATA))
        if number == 2 and part:
            begin, end = part[0] + 1, min(part[1] + 1, len(DATA))
            connection.sendall(head("206 Partial Content", 'ETag: "v1"', f"Content-Range: bytes {begin}-{end - 1}/{len(DATA)}",
                                    f"Content-Length: {end - begin}") + DATA[begin:end])
            return "close"
        answer, body = ranged(DATA, request)
        connection.sendall(answer + (body[:MiB] if number == 1 else body))
        return "close"

    arrives(scene, scene.raw(shifts))


def test_a_whole_file_as_206_to_every_range(scene):
    def whole(connection, request, number):
        connection.sendall(head("206 Partial Content", 'ETag: "v1"', f"Content-Range: bytes 0-{len(DATA) - 1}/{len(DATA)}",
                                f"Content-Length: {len(DATA)}") + (DATA[:MiB] if number == 1 else DATA))
        return "close"

    server = scene.raw(whole)
    done = scene.run(server.url("f"), "--timeout", "2")
    assert done.returncode == 6, done  # the first is believed; what follows contradicts what was asked, and a plain GET gets a 206
    assert "f" not in scene.names()


def test_a_login_page_throws_no_progress_away(scene):
    logged_in = threading.Event()

    def portal(connection, request, number):
        if number > 1 and not logged_in.is_set():
            connection.sendall(head("200 OK", "Content-Type: text/html", "Content-Length: 15") + b"<h1>log in</h1>")
            return "close"
        answer, body = ranged(DATA, request)
        connection.sendall(answer + (body[:2 * MiB] if number == 1 else body))
        return "close"

    server = scene.raw(portal)
    done = scene.run(server.url("f"), "-x", "1", "--retries", "1")
    assert done.returncode == 8, done
    assert scene.status("f")["claimed"] == 2 * MiB
    logged_in.set()
    arrives(scene, server)


def test_a_login_page_is_no_new_version(scene):
    other = pattern(len(DATA), 8)
    logged_in = threading.Event()

    def portal(connection, request, number):
        if number > 2 and not logged_in.is_set():
            connection.sendall(head("200 OK", "Content-Type: text/html", "Content-Length: 15") + b"<h1>log in</h1>")
            return "close"
        answer, body = ranged(DATA, request) if number == 1 else ranged(other, request, '"v2"')
        connection.sendall(answer + (body[:MiB] if number == 1 else body))
        return "close"

    server = scene.raw(portal)
    done = scene.run(server.url("f"), "-x", "1", "--retries", "1")
    assert done.returncode == 8 and "f" not in scene.names(), done
    logged_in.set()
    scene.get(server.url("f"))
    assert harness.read(scene.path("f")) == other


def test_where_a_redirect_led_may_end_in_any_way_and_the_original_url_is_asked_again(scene):
    html = b"<h1>log in</h1>"
    page = head("200 OK", "Content-Type: text/html", f"Content-Length: {len(html)}") + html
    ends = {status: head(f"{status} No", "Content-Length: 0") for status in (400, 401, 402, 403, 404, 406, 410, 451, 501)}
    ends["page"] = page
    ends["redirect"] = head("302 Found", "Location: /login", "Content-Length: 0")
    ends["circle"] = head("302 Found", "Location: /circle", "Content-Length: 0")
    ends["nowhere"] = head("302 Found", "Location: https://", "Content-Length: 0")
    for label, end in ends.items():
        for connections in ("1", "8"):
            given = []

            def signed(connection, request, number):
                path = request.split(b" ")[1].decode()
                if path == "/f":
                    given.append(0)
                    connection.sendall(head("302 Found", f"Location: /signed?number={len(given)}", "Content-Length: 0"))
                elif path in ("/login", "/circle"):
                    connection.sendall(page if path == "/login" else ends["circle"])
                elif path != f"/signed?number={len(given)}" or given[-1] >= 2:  # each is good for two requests
                    connection.sendall(end)
                else:
                    given[-1] += 1
                    answer, body = ranged(DATA, request)
                    connection.sendall(answer + body[:MiB])
                    if len(body) > MiB:
                        return "close"
                return None

            server = scene.raw(signed)
            scene.get(server.url("f"), "-x", connections, timeout=30)
            assert len(given) >= 2, (label, connections)
            assert harness.read(scene.path("f")) == DATA, (label, connections)
            os.unlink(scene.path("f"))


def test_a_kept_connection_that_answers_nothing_more_costs_seconds_once(scene):
    answered = {}

    def forgets(connection, request, number):
        if answered.setdefault(connection, 0) >= 1:
            time.sleep(20)
            return "close"
        answered[connection] += 1
        answer, body = ranged(DATA, request)
        connection.sendall(answer + body)
        return None

    for connections in ("1", "8"):
        server = scene.raw(forgets)
        urls = os.path.join(scene.directory, "urls")
        harness.write(urls, "".join(server.url(f"f{i}") + "\n" for i in range(12)).encode())
        begun = time.monotonic()
        scene.get("-q", "-i", urls, "-x", connections, timeout=60)
        assert time.monotonic() - begun < 15, connections  # and not as often as there are files
        for name in scene.names():
            assert harness.read(scene.path(name)) == DATA
            os.unlink(scene.path(name))


def test_an_answer_that_is_slow_for_once_is_not_asked_for_again_where_connections_are_kept(scene):
    asked = []

    def fetches_from_elsewhere(connection, request, number):
        asked.append(connection)
        if len(asked) == 3:
            time.sleep(3)
        answer, body = ranged(DATA, request)
        connection.sendall(answer + body)

    server = scene.raw(fetches_from_elsewhere)
    urls = os.path.join(scene.directory, "urls")
    harness.write(urls, "".join(server.url(f"f{i}") + "\n" for i in range(5)).encode())
    scene.get("-q", "-i", urls, "-x", "1")
    assert len(asked) == 5 and len(set(asked)) == 1, len(asked)


def test_what_is_not_ready_is_waited_for_if_its_server_says_how_long(scene):
    for early in (head("202 Accepted", "Retry-After: 1", "Content-Length: 0"),
                  head("303 See Other", "Location: /f", "Retry-After: 1", "Content-Length: 0")):
        def later(connection, request, number, early=early):
            connection.sendall(early if number < 3 else b"".join(ranged(DATA, request)))

        begun = time.monotonic()
        arrives(scene, scene.raw(later))
        assert time.monotonic() - begun >= 2
        os.unlink(scene.path("f"))
    server = scene.raw(lambda connection, request, number: connection.sendall(head("202 Accepted", "Content-Length: 0")))
    done = scene.get(server.url("f"), code=4)
    assert "not ready" in done.stderr and "try again later" in done.stderr and server.count == 1, done.stderr


def test_an_endless_error_body_is_not_read(scene):
    def endless(connection, request, number):
        connection.sendall(head("404 No", "Content-Length: 10000000000"))
        for _ in range(10_000):
            connection.sendall(b"x" * 100_000)

    done = scene.get(scene.raw(endless).url("f"), code=4, timeout=5)
    assert "404" in done.stderr


def test_weak_validators_come_in_one_piece(scene):
    server = scene.raw(lambda c, r, n: c.sendall(b"".join(ranged(DATA * 2, r, 'W/"w"'))))
    done = scene.get(server.url("g"))
    assert harness.read(scene.path("g")) == DATA * 2
    assert "one piece" in done.stderr and "length only" in done.stderr, done.stderr


if __name__ == "__main__":
    harness.main()
