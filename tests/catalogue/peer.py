"""An origin that speaks raw bytes, plain and TLS: one for each run of a row, with a log of what it really sent."""
import select
import selectors
import socket
import ssl
import struct
import threading
import time

from answer import Ask, honest
from content import HELD, versions

PIECE = 60_000  # no multiple of a segment or of a TLS record: bodies end in the middle of one
AT_ONCE = 8_000  # bytes that one send is sure to deliver together
RATE = {1: 12_000_000, 8: 1_500_000}  # bytes/s of one connection: slow enough that eight are worth while
GATES = ("main", "other", "flip")  # another origin, and one that is plain where the rest is TLS, or the other way round


class Over(Exception):
    """The run is over, or the client went away."""


class Connection:
    def __init__(self, sock, gate, index, phase, tls):
        self.sock, self.gate, self.index, self.phase, self.tls = sock, gate, index, phase, tls
        self.requests = 0
        self.pending = b""


class Origin:
    """Answers by row.answer(ask) in the phase "row"; honestly, and only up to HELD bytes, in the phase "before"."""

    def __init__(self, row, cell, tls):
        self.row, self.cell, self.tls = row, cell, tls
        self.versions = versions(row.size, row.shared)
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.held = threading.Event()
        self.open = set()
        self.listeners = {gate: socket.create_server(("127.0.0.1", 0), backlog=128) for gate in GATES}
        self.phase = "row"
        self.begin("row")
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def begin(self, phase):
        """The next run of a client: what is counted begins anew."""
        with self.lock:
            self.phase = phase
            self.count = self.connections = 0
            self.state = {}
            self.log = []
            self.left = HELD if phase == "before" else None

    def is_tls(self, gate):
        return self.cell.tls != (gate == "flip")

    def url(self, path=None, gate="main", host="127.0.0.1"):
        scheme = "https" if self.is_tls(gate) else "http"
        return f"{scheme}://{host}:{self.listeners[gate].getsockname()[1]}{path or '/' + self.row.file}"

    def stop(self):
        self.over.set()
        with self.lock:
            sockets = list(self.open)
        for sock in sockets:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                pass
        self.accepting.join()
        for listener in self.listeners.values():
            listener.close()

    def _accept(self):
        with selectors.DefaultSelector() as selector:
            for gate, listener in self.listeners.items():
                selector.register(listener, selectors.EVENT_READ, gate)
            while not self.over.is_set():
                for key, _ in selector.select(0.1):
                    sock, _ = key.fileobj.accept()
                    with self.lock:
                        self.connections += 1
                        connection = Connection(sock, key.data, self.connections, self.phase, self.is_tls(key.data))
                    threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        sock = connection.sock
        self.open.add(sock)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.row.accept and connection.phase == "row" and self.row.accept(self, connection):
                return
            if connection.tls:
                sock = self._wrap(connection)
            while self._answer_one(connection):
                pass
        except (OSError, Over):
            pass
        finally:
            self.open.discard(connection.sock)
            connection.sock.close()

    def _wrap(self, connection):
        plain = connection.sock
        secure = self.tls.wrap_socket(plain, server_side=True)
        with self.lock:
            self.open.add(secure)
            self.open.discard(plain)
        connection.sock = secure
        return secure

    def _answer_one(self, connection):
        while b"\r\n\r\n" not in connection.pending:
            more = connection.sock.recv(PIECE)
            if not more:
                return False
            connection.pending += more
        head, _, connection.pending = connection.pending.partition(b"\r\n\r\n")
        connection.requests += 1
        entry = {"at": time.monotonic(), "bad": False, "head": False, "sent": 0, "over": False}
        with self.lock:
            before = connection.phase == "before"
            if connection.phase != self.phase:
                return False  # of a client that was killed
            self.count += 1
            ask = Ask(self, connection, self.count, head)
            answer = honest(ask) if before else self.row.answer(ask)
            entry.update(n=ask.n, connection=connection.index, gate=connection.gate, asked=ask.line, range=ask.fields.get("range"),
                         if_range=ask.fields.get("if-range"), status=answer.status, version=answer.version, length=len(answer.body))
            self.log.append(entry)
        try:
            return self._perform(connection, answer, entry)
        finally:
            entry["over"] = True

    def _perform(self, connection, answer, entry):
        head = answer.head_bytes()
        wire = memoryview(answer.body + answer.extra if answer.extra else answer.body)
        if answer.cut is not None:
            wire = wire[:answer.cut]
        if answer.drip is not None:
            self._drip(connection, head + bytes(wire), answer, entry)
            return False
        connection.sock.sendall(head[:2 * AT_ONCE])
        entry["head"] = True
        entry["bad"] = answer.bad == "head"
        connection.sock.sendall(head[2 * AT_ONCE:])
        if answer.pause is not None:
            at, seconds = answer.pause
            self._pour(connection, wire[:at], answer, entry)
            entry["bad"] = entry["bad"] or bool(answer.bad)
            self.over.wait(seconds)
            wire = wire[at:]
        if answer.extra:  # comes with the body's last bytes, or the next request could be older than its answer
            end = max(0, len(answer.body) - AT_ONCE // 8)
            self._pour(connection, wire[:end], answer, entry)
            connection.sock.sendall(wire[end:end + AT_ONCE])
            entry["bad"] = bool(answer.bad)
            wire = wire[end + AT_ONCE:]
        self._pour(connection, wire, answer, entry)
        if answer.on_cut:
            with self.lock:
                answer.on_cut()
        entry["bad"] = entry["bad"] or bool(answer.bad)
        return self._end(connection, answer.end)

    def _end(self, connection, how):
        """Whether the connection goes on."""
        entry_socket = connection.sock
        if how == "":
            return True
        if how == "reset":
            entry_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "stall":
            self._stall(connection)
        elif how == "close" and connection.tls:
            entry_socket.settimeout(0.5)
            entry_socket.unwrap()
        elif how == "close":
            entry_socket.shutdown(socket.SHUT_WR)
            self._stall(connection, 0.5)  # so that what is unread does not turn it into a reset
        return False

    def _stall(self, connection, seconds=600.0):
        """Until the client goes away."""
        until = time.monotonic() + seconds
        connection.sock.setblocking(False)
        while not self.over.is_set() and time.monotonic() < until:
            if not select.select([connection.sock], [], [], 0.2)[0]:
                continue
            try:
                if not connection.sock.recv(PIECE):
                    return
            except (ssl.SSLWantReadError, BlockingIOError):
                continue

    def _allow(self, length):
        """How much of this may be sent before the client is killed."""
        with self.lock:
            if self.left is None:
                return length
            length = min(length, self.left)
            self.left -= length
            return length

    def _pour(self, connection, wire, answer, entry):
        rate, begun, at = RATE[self.cell.connections], time.monotonic(), 0
        while at < len(wire):
            piece = wire[at:at + PIECE]
            if connection.phase == "before":
                piece = piece[:self._allow(len(piece))]
                if not piece:
                    self.held.set()
                    self._stall(connection)
                    raise Over
            connection.sock.sendall(piece)
            at += len(piece)
            entry["sent"] += len(piece)
            entry["bad"] = entry["bad"] or type(answer.bad) is int and entry["sent"] >= answer.bad
            ahead = at / rate - (time.monotonic() - begun)
            if ahead > 0.002:
                time.sleep(ahead)
            if self.over.is_set():
                raise Over

    def _drip(self, connection, wire, answer, entry):
        at, seconds = answer.drip
        connection.sock.sendall(wire[:at])
        entry["bad"] = True
        for byte in wire[at:]:
            if self.over.wait(seconds):
                raise Over
            connection.sock.sendall(bytes([byte]))


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
