"""Every peer freezes at a byte: an origin, a proxy, a name server, the writer of a pipe that is read. There is always an end.

SEGDL_EVERY=1 in the environment takes every byte of each conversation instead of some 60: five minutes.
"""
import contextlib
import os
import re
import socket
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import harness
from harness import KiB
from proxies import Tinyproxy
from relay import Relays

EVERY = os.environ.get("SEGDL_EVERY") == "1"
BOUND = 10  # seconds, where each wait is given one
AT_ONCE = 64  # they only wait
IMPATIENT = ("--connect-timeout", "1", "--timeout", "1", "--retries", "0")
SIZE = 300


def positions(length, some=60):
    """Of a conversation: its ends, and what lies evenly between them."""
    if EVERY:
        return range(length)
    return sorted({length * n // some for n in range(some)} | {1, length - 2, length - 1})


def in_parallel(work, items):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))


def ends(scene, name, *arguments, codes=(3,), bound=BOUND, **options):
    """Its exit code, one of these, or 0."""
    done = scene.run(*arguments, "-q", "-o", name, timeout=bound, **options)
    assert done.returncode in (0, *codes), f"exit {done.returncode} from {arguments}:\n{done.stderr}"
    assert done.returncode == 0 or (done.stderr.startswith("segdl: ") and not os.path.exists(scene.path(name))), (name, done.stderr)
    return done.returncode


def conversation(scene, kind, port, arguments, content):
    """Freezes of one at each of its positions, to be run. `port`: of the peer; `arguments(port)`: how to ask it where a relay listens."""
    relays = Relays()
    scene.servers.append(relays)
    honest = relays.add(port, 1 << 40)
    scene.get("-q", "-o", kind, *arguments(honest.port))
    assert harness.read(scene.path(kind)) == content
    length = honest.passed

    def freeze(through):
        relay = relays.add(port, through)
        name = f"{kind}-{through}"
        code = ends(scene, name, *arguments(relay.port), *IMPATIENT)
        relays.remove(relay)
        # What follows the size of the last chunk says nothing more. A conversation may be shorter than the first was: who had no
        # answer asks without a range.
        assert code != 0 or (relay.held <= len("\r\n\r\n") and harness.read(scene.path(name)) == content), f"{name} of {length}, {relay.held} held"

    where = positions(length)
    print(f"{kind}: frozen at {len(where)} of {length} bytes")
    return [lambda through=through: freeze(through) for through in where]


def run_all(conversations):
    freezes = [freeze for one in conversations for freeze in one]
    in_parallel(lambda freeze: freeze(), freezes)
    harness.tally(freezes=len(freezes))


def origins(scene, *arguments):
    """A plain one and a secure one: scheme, port, how to trust it."""
    tls = os.path.join(scene.directory, f"tls{len(scene.servers)}")
    for more, trust in (((), ()), (("--tls", tls), ("--cacert", os.path.join(tls, "ca.pem")))):
        origin = scene.origin("--size", SIZE, *more, *arguments)
        yield origin.url.split(":")[0], int(re.search(r":(\d+)/", origin.url)[1]), trust


def bodies():
    return (("length", ()), ("chunked", ("--chunked",)))


def test_an_origin_that_freezes(scene):
    content = scene.content(1, SIZE)
    conversations = []
    for body, options in bodies():
        for scheme, port, trust in origins(scene, *options):
            def arguments(relay, scheme=scheme, trust=trust):
                return f"{scheme}://127.0.0.1:{relay}/f", *trust
            conversations.append(conversation(scene, f"{scheme}-{body}", port, arguments, content))
    run_all(conversations)


def test_a_proxy_that_freezes(scene):
    content = scene.content(1, SIZE)
    proxy = Tinyproxy(tempfile.mkdtemp(dir=scene.directory))
    scene.servers.append(proxy)
    conversations = []
    for body, options in bodies():
        for scheme, port, trust in origins(scene, *options):
            def arguments(relay, url=f"{scheme}://127.0.0.1:{port}/f", trust=trust):
                return url, "--proxy", f"127.0.0.1:{relay}", *trust
            conversations.append(conversation(scene, f"proxy-{scheme}-{body}", proxy.port, arguments, content))
    run_all(conversations)


def test_an_origin_that_freezes_over_four_connections(scene):
    size = 600 * KiB
    origin = scene.origin("--size", size)
    port = int(re.search(r":(\d+)/", origin.url)[1])
    relays = Relays()
    scene.servers.append(relays)

    def freeze(through):
        relay = relays.add(port, through)
        return ends(scene, f"f{through}", f"http://127.0.0.1:{relay.port}/f", "-x", "4", *IMPATIENT)

    # Near the end two wait for the same bytes.
    where = [*range(0, size, 20 * KiB), *range(size - 130 * KiB, size, 4 * KiB)]
    assert all(in_parallel(freeze, where))
    harness.tally(freezes=len(where))


def test_a_host_that_never_accepts(scene):
    # A listener whose backlog is full never answers another SYN.
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    with contextlib.ExitStack() as stack:
        stack.callback(listener.close)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        assert ends(scene, "f", f"http://{address}/x", *IMPATIENT) == 3
        assert ends(scene, "f", "http://127.0.0.1:1/x", "--proxy", address, *IMPATIENT) == 3


class NameServer:
    """Freezes as the name asked for says: udp17.test gets the first 17 bytes of its answer, tcp17.test is told to ask by TCP and gets them there."""

    ADDRESS = "127.0.0.78"

    def __init__(self):
        self.asked = set()
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((self.ADDRESS, 53))
        self.listener = socket.create_server((self.ADDRESS, 53), backlog=128)
        self.kept = []
        for work in (self._by_datagram, self._by_connection):
            threading.Thread(target=work, daemon=True).start()

    def _answer(self, query):
        """How, after how many bytes to freeze, and the answer: 127.0.0.1."""
        name = query[13:13 + query[12]].decode()
        question = query[12:query.index(b"\0", 12) + 5]
        head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
        record = struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
        self.asked.add(name)
        return name[:3], int(name[3:]), head + question + record

    def _by_datagram(self):
        with contextlib.suppress(OSError):
            while True:
                query, sender = self.datagrams.recvfrom(4096)
                if not query:  # shut down
                    return
                way, through, answer = self._answer(query)
                if way == "tcp":  # truncated
                    answer = answer[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + answer[12:-16]
                    self.datagrams.sendto(answer, sender)
                elif through > 0:
                    self.datagrams.sendto(answer[:through], sender)

    def _by_connection(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.kept.append(connection)
                query = connection.recv(4096)
                while len(query) < 2 or len(query) < 2 + struct.unpack(">H", query[:2])[0]:
                    query += connection.recv(4096)
                _, through, answer = self._answer(query[2:])
                connection.sendall((struct.pack(">H", len(answer)) + answer)[:through])

    def stop(self):
        for one in (self.datagrams, self.listener):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for connection in self.kept:
            connection.close()


def test_a_name_server_that_freezes(scene):
    server = NameServer()
    scene.servers.append(server)
    origin = scene.origin("--size", SIZE)
    port = int(re.search(r":(\d+)/", origin.url)[1])
    settings = os.path.join(scene.directory, "resolv.conf")
    harness.write(settings, f"nameserver {server.ADDRESS}\noptions timeout:20\n".encode())

    def ask(name):
        """In a mount namespace of its own."""
        script = f"mount --bind {settings} /etc/resolv.conf && exec \"$@\""
        process = harness.subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script, "sh", harness.BINARY, f"http://{name}.test:{port}/f", "-4", "-q", "-o", name, *IMPATIENT],
            cwd=scene.out, stderr=harness.subprocess.PIPE, text=True)
        try:
            _, stderr = process.communicate(timeout=BOUND)
        except harness.subprocess.TimeoutExpired:
            harness.kill(process)
            raise AssertionError(f"still running after {BOUND} s: {name}") from None
        assert process.returncode == 0 or not os.path.exists(scene.path(name)), name
        return process.returncode, stderr

    for way in ("udp", "tcp"):
        length = len(f"{way}00") + 39 + (2 if way == "tcp" else 0)  # of an answer
        assert ask(f"{way}99") == (0, ""), ask(f"{way}99")
        names = [f"{way}{through:02}" for through in positions(length, 15)]
        for code, stderr in in_parallel(ask, names):
            assert code == 3 and "look up" in stderr, (code, stderr)
        assert server.asked.issuperset(names)
        print(f"{way}: frozen at {len(names)} of {length} bytes")
        harness.tally(freezes=len(names))


class Pipe:
    """A named pipe. `rate`: None, nobody opens it to write; 0, a writer says nothing; else so many bytes a second, without end."""

    def __init__(self, path, rate):
        os.mkfifo(path, 0o600)
        self.path = path
        self.over = threading.Event()
        self.descriptor = None if rate is None else os.open(path, os.O_RDWR)
        self.thread = threading.Thread(target=self._drip, args=(rate,), daemon=True) if rate else None
        if self.thread:
            self.thread.start()

    def _drip(self, rate):
        while not self.over.wait(1 / rate):
            os.write(self.descriptor, b"#")

    def stop(self):
        self.over.set()
        if self.thread:
            self.thread.join(harness.TIMEOUT)
        if self.descriptor is not None:
            os.close(self.descriptor)


def test_a_pipe_that_freezes_where_a_file_is_read(scene):
    _, (_, port, trust) = origins(scene)
    certificates = harness.Certificates(os.path.join(scene.directory, "certificates"))
    url = f"https://127.0.0.1:{port}/f"
    ways = {"--cacert": (), "--cert": trust, "--key": (*trust, "--cert", certificates.pem("good")), "--netrc-file": trust,
            "--load-cookies": trust, "SSL_CERT_FILE": ()}
    cases = []
    for way, others in ways.items():
        for rate in (None, 0, 2):
            scene.servers.append(Pipe(os.path.join(scene.directory, f"pipe{len(cases)}"), rate))
            cases.append((f"f{len(cases)}", way, scene.servers[-1].path, others))

    def freeze(case):
        name, way, path, others = case
        named, environment = ((way, path), {}) if way.startswith("-") else ((), {way: path})
        return ends(scene, name, url, *others, *named, *IMPATIENT, codes=(2, 3), env={**os.environ, **environment}, bound=2 * BOUND)

    codes = in_parallel(freeze, cases)
    harness.tally(freezes=len(codes))
    assert codes == [3 if way == "SSL_CERT_FILE" else 2 for _, way, _, _ in cases], list(zip(cases, codes))


if __name__ == "__main__":
    harness.main()
