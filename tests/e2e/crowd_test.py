"""Servers that serve only a few connections at a time, and have other words for it than 429, or none."""
import os
import socket
import threading
import time

import harness
from harness import MiB, head, pattern, ranged

HTML = b"<html>no</html>"
DATA = pattern(12 * MiB, 50)
FILES = {f"f{i}.bin": pattern(MiB + i, i) for i in range(20)}


class Narrow:
    """Serves FILES to `most` connections at a time; `refuse(connection)` answers the others, and asks for /login."""

    def __init__(self, scene, most, refuse):
        self.most, self.refuse = most, refuse
        self.lock = threading.Lock()
        self.live = set()
        self.refused = 0
        self.server = scene.raw(self.answer)

    def answer(self, connection, request, number):
        name = request.split(b" ")[1][1:].decode()
        with self.lock:
            if name == "login" or len(self.live) >= self.most:
                self.refused += 1
                connection.sendall(page("200 OK") if name == "login" else self.refuse)
                return "close"
            self.live.add(connection)
        try:
            answer, body = ranged(FILES[name], request)
            connection.sendall(answer)
            for at in range(0, len(body), 65536):
                connection.sendall(body[at:at + 65536])
                time.sleep(0.002)
        finally:
            with self.lock:
                self.live.discard(connection)
        return None


def page(status):
    return head(status, "Content-Type: text/html", f"Content-Length: {len(HTML)}") + HTML


# What can't be the answer to a request for a part, whatever the resource is.
ODD = {
    "nothing of the part": head("206 Partial Content", 'ETag: "v1"', "Content-Range: bytes 8388608-12582911/12582912", "Content-Length: 0"),
    "another part": head("206 Partial Content", 'ETag: "v1"', "Content-Range: bytes 0-0/12582912", "Content-Length: 1") + b"x",
    "a part without a place": head("206 Partial Content", "Content-Length: 4") + b"busy",
    "beyond the end": head("416 No", "Content-Length: 0"),
    "no content": head("204 No Content"),
    "not modified": head("304 Not Modified"),
    "a choice": head("300 Multiple Choices", "Content-Length: 0"),
    "a redirect to nowhere": head("302 Found", "Content-Length: 0"),
}


def test_a_list_from_a_server_that_allows_only_a_few_connections_comes_whole(scene):
    refusals = {status: page(f"{status} No") for status in (401, 403, 404, 410, 429)}
    refusals["page"] = page("200 OK")
    refusals["redirect"] = head("302 Found", "Location: /login", "Content-Length: 0")
    odd = {label: answer for label, answer in ODD.items() if label != "another part"}  # which fits a first request
    met = {1: [], 3: []}  # which of them were given to one too many: few meet where the machine is slow
    for label, refusal in (refusals | odd).items():
        for most in met:
            narrow = Narrow(scene, most, refusal)
            urls = os.path.join(scene.directory, "urls")
            harness.write(urls, "".join(narrow.server.url(name) + "\n" for name in FILES).encode())
            scene.get("-q", "-i", urls)
            met[most] += [label] * bool(narrow.refused)
            for name, data in FILES.items():
                assert harness.read(scene.path(name)) == data, (label, most, name)
                os.unlink(scene.path(name))
    assert all(met.values()), met


def test_an_odd_answer_beside_others_that_are_served_does_not_end_a_download(scene):
    """Only the last worker believes what contradicts what was asked."""
    FILES["big.bin"] = DATA
    met = {(): [], ("-x", "8"): []}  # which of them were given to one too many: where the machine is slow not all are
    try:
        for label, odd in ODD.items():
            for connections in met:
                narrow = Narrow(scene, 2, odd)
                scene.get(narrow.server.url("big.bin"), *connections, timeout=30)
                met[connections] += [label] * bool(narrow.refused)
                assert harness.read(scene.path("big.bin")) == DATA, (label, connections)
                os.unlink(scene.path("big.bin"))
    finally:
        del FILES["big.bin"]
    assert all(met.values()), met


def test_a_file_that_is_not_there_is_told_as_missing_beside_others(scene):
    """Its refusal may be one of the number, so it is asked for again; then it is believed, and the others go on as before."""
    def answer(connection, request, number):
        name = request.split(b" ")[1][1:].decode()
        if name not in FILES:
            connection.sendall(page("404 Not Found"))
            return None
        parts = ranged(FILES[name], request)
        connection.sendall(parts[0] + parts[1])
        return None

    server = scene.raw(answer)
    names = [name for pair in zip(FILES, (f"gone{i}" for i in range(20))) for name in pair]
    urls = os.path.join(scene.directory, "urls")
    harness.write(urls, "".join(server.url(name) + "\n" for name in names).encode())
    done = scene.get("-q", "-i", urls, code=4)
    assert done.stderr.count("404") == 20, done.stderr
    assert scene.names() == sorted(FILES)
    assert server.count <= 20 + 20 * 3 + 20, server.count


def urls_of(scene, *lists):
    path = os.path.join(scene.directory, "urls")
    harness.write(path, "".join(f"{url}\t{number}\n" for number, url in enumerate(url for urls in zip(*lists) for url in urls)).encode())
    return path


def test_a_dead_link_does_not_hold_up_the_file_beside_it(scene):
    """The others of its host give way to it for a moment, not until they have ended."""
    lock = threading.Lock()
    live = set()
    most = [0]
    served = threading.Event()
    dead = []  # how many were served whenever it was asked for

    def answer(connection, request, number):
        if b"/dead" in request.split(b"\r\n")[0]:
            if not dead:
                served.wait(10)
            dead.append(len(live))
            connection.sendall(page("404 Not Found"))
            return None
        with lock:
            live.add(connection)
            most[0] = max(most[0], len(live))
            served.set()
        try:
            first, body = ranged(DATA, request)
            connection.sendall(first)
            for at in range(0, len(body), 32768):
                connection.sendall(body[at:at + 32768])
                time.sleep(0.03)
        finally:
            with lock:
                live.discard(connection)
        return None

    server = scene.raw(answer)
    done = scene.run("-x", "8", server.url("big.bin"), server.url("dead"))
    assert done.returncode == 4, done
    assert harness.read(scene.path("big.bin")) == DATA
    assert most[0] >= 4, most
    assert dead[0] >= 1, dead


def test_a_host_that_is_down_or_refuses_everything_costs_seconds_once(scene):
    """And the other half of the list does not wait for it."""
    def answer(connection, request, number):
        parts = ranged(FILES["f0.bin"][:50_000], request)
        connection.sendall(parts[0] + parts[1])

    lively = scene.raw(answer)
    live = [lively.url(f"live{number}") for number in range(100)]
    port = harness.free_ports(1)[0]
    dead = [f"http://127.0.0.1:{port}/{number}" for number in range(100)]
    done = scene.get("-q", "-i", urls_of(scene, live, dead), code=3, timeout=60)
    assert done.stderr.count("Connection refused") == 100, done.stderr
    assert len(scene.names()) == 100
    for name in scene.names():
        os.unlink(scene.path(name))
    busy = scene.raw(lambda connection, request, number: connection.sendall(head("503 Busy", "Content-Length: 0")))
    done = scene.get("-q", "-i", urls_of(scene, live, [busy.url(str(number)) for number in range(100)]), code=4, timeout=60)
    assert done.stderr.count("answered 503") == 100, done.stderr
    assert len(scene.names()) == 100
    assert busy.count < 60, busy.count  # and not six for each


def test_a_list_of_pages_comes_as_quickly_as_of_files(scene):
    """That the first of them are pages is believed once one was asked for by itself."""
    def answer(connection, request, number):
        text = b"<html>%s</html>" % request.split(b" ")[1]
        connection.sendall(head("200 OK", "Content-Type: text/html", f"Content-Length: {len(text)}") + text)

    server = scene.raw(answer)
    scene.get("-q", "-i", urls_of(scene, [server.url(f"p{number}") for number in range(100)]), timeout=30)
    assert len(scene.names()) == 100
    assert harness.read(scene.path("42")) == b"<html>/p42</html>"
    assert server.count < 120, server.count


def serve_one_after_the_other(connection, data_for=lambda request: DATA):
    """All that is asked for on this connection, but that of which there is None."""
    pending = b""
    with connection:
        try:
            while True:
                while b"\r\n\r\n" not in pending:
                    more = connection.recv(65536)
                    if not more:
                        return
                    pending += more
                request, _, pending = pending.partition(b"\r\n\r\n")
                data = data_for(request)
                if data is None:
                    continue
                answer, body = ranged(data, request)
                connection.sendall(answer)
                for at in range(0, len(body), 65536):
                    connection.sendall(body[at:at + 65536])
                    time.sleep(65536 / (8 * MiB))
        except OSError:
            return


def serve_all(listener):
    """The next connection waits until the one before it has ended."""
    while True:
        try:
            serve_one_after_the_other(listener.accept()[0])
        except OSError:
            return


class Waiting:
    """Serves FILES over one connection at a time, and leaves every further one waiting, for as long as it is open."""

    def __init__(self):
        self.lock = threading.Lock()
        self.open = self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/{name}"

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with self.lock:
            self.open += 1
            self.connections += 1
            is_served = self.open == 1
        try:
            serve_one_after_the_other(connection, lambda request: FILES[request.split(b" ")[1][1:].decode()] if is_served else None)
        finally:
            with self.lock:
                self.open -= 1


def test_a_list_from_a_server_that_leaves_further_connections_waiting_comes_whole(scene):
    """Whoever waits in vain while others are served has lost no try."""
    server = Waiting()
    urls = os.path.join(scene.directory, "urls")
    harness.write(urls, "".join(server.url(name) + "\n" for name in FILES).encode())
    for retries in ("0", "5"):
        scene.get("-q", "-i", urls, "-j", "8", "--timeout", "1", "--retries", retries, timeout=60)
        for name, data in FILES.items():
            assert harness.read(scene.path(name)) == data, (retries, name)
            os.unlink(scene.path(name))
    server.listener.close()
    assert server.connections < 60, server.connections


def test_a_link_that_gives_its_file_once_has_given_it(scene):
    for status in ("403 Forbidden", "404 Not Found", "410 Gone", "503 Busy"):
        for connections in ("1", "8", "auto"):
            for name, data in ("small", FILES["f1.bin"]), ("large", DATA):
                def answer(connection, request, number, status=status, data=data):
                    if number > 1:
                        connection.sendall(page(status))
                        return None
                    answer, body = ranged(data, request)
                    connection.sendall(answer)
                    for at in range(0, len(body), 1 << 18):
                        connection.sendall(body[at:at + (1 << 18)])
                        time.sleep(0.005)
                    return None

                server = scene.raw(answer)
                scene.get("-q", "-x", connections, "-o", name, server.url("f"))
                assert harness.read(scene.path(name)) == data, (status, connections)
                os.unlink(scene.path(name))


def test_a_link_that_gives_its_file_a_few_times_gives_all_of_it(scene):
    for size in (6 * MiB, 12 * MiB, 64 * MiB):
        data = scene.content(1, size)
        for times, status in ((2, 404), (3, 410), (5, 403), (9, 404)):
            for connections in ("auto", "2", "8"):
                origin = scene.origin("--size", size, "--status-after", f"{times}:{status}")
                scene.get("-q", "--sync", "none", "-x", connections, "-o", "f", origin.url)
                origin.stop()
                assert harness.read(scene.path("f")) == data, (size, times, connections)
                os.unlink(scene.path("f"))


def test_a_server_with_one_worker_loses_nothing_by_more_connections(scene):
    """The second connection waits for as long as the first one is kept, so it must be the one that goes."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=serve_all, args=(listener,), daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/f"
    for connections in ("auto", "8"):
        begun = time.monotonic()
        scene.get("-q", "-x", connections, "-o", "f", url)
        took = time.monotonic() - begun
        assert took < 15, f"-x {connections}: {took:.1f} s, where one connection takes 1.5"  # and 30 s of silence end a wait in vain
        assert harness.read(scene.path("f")) == DATA
        os.unlink(scene.path("f"))
    listener.close()


if __name__ == "__main__":
    harness.main()
