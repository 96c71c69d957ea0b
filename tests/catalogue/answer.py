"""One request as the origin sees it, and what is sent in answer."""
import dataclasses
import re


class Ask:
    """One request. `n` and `connection` count from 1 in each run of the client; `resume`: it continues a killed one."""

    def __init__(self, run, connection, n, head):
        self.run = run
        self.connection = connection.index
        self.on_connection = connection.requests
        self.gate = connection.gate
        self.n = n
        self.resume = run.cell.resume
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.path = (lines[0].split(" ") + ["", ""])[1]
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields[name.strip().lower()] = value.strip()
        self.size = len(run.versions[1])
        self.bounds = re.fullmatch(r"bytes=(\d+)-(\d*)", self.fields.get("range", ""))

    @property
    def range(self):
        """What is asked for, as far as there is any: (begin, end), or None."""
        return self.range_in(self.size)

    def range_in(self, size):
        if not self.bounds:
            return None
        return int(self.bounds[1]), min(int(self.bounds[2]) + 1 if self.bounds[2] else size, size)

    def data(self, version=1):
        return self.run.versions[version]

    @property
    def state(self):
        return self.run.state

    def url(self, path, gate="main", host="127.0.0.1"):
        return self.run.url(path, gate, host)


@dataclasses.dataclass
class Answer:
    """A response; `bad` says from when on the row's misbehaviour has been sent: with its "head", after so many bytes, or at its
    "end"; None leaves it to the row, False: it has none."""

    status: str
    fields: list
    body: bytes = b""
    version: int = 1
    bad: object = None
    protocol: str = "HTTP/1.1"
    before: bytes = b""  # the head
    head: bytes | None = None  # instead of status and fields
    cut: int | None = None  # of what follows the head only so much is sent
    extra: bytes = b""  # behind the body
    end: str = ""  # "" keeps the connection; close, reset, stall, rude (TLS: without close_notify)
    pause: tuple | None = None  # (so many bytes behind the head, seconds)
    drip: tuple | None = None  # (so many bytes of all, then one every so many seconds)
    on_cut: object = None  # called once the cut was made

    def having(self, **parts):
        """With these members."""
        for name, value in parts.items():
            setattr(self, name, value)
        return self

    def drop(self, *names):
        lower = [name.lower() for name in names]
        self.fields = [field for field in self.fields if field[0].lower() not in lower]
        return self

    def add(self, name, value):
        self.fields.append((name, value))
        return self

    def set(self, name, value):
        return self.drop(name).add(name, value)

    def with_body(self, body):
        self.body = body
        return self.set("Content-Length", str(len(body)))

    def chunked(self, pieces=50_000, tail=b"0\r\n\r\n", extension=b""):
        """The same body in chunks."""
        wire = bytearray()
        for at in range(0, len(self.body), pieces):
            piece = self.body[at:at + pieces]
            wire += b"%x%s\r\n%s\r\n" % (len(piece), extension, piece)
        self.body = bytes(wire) + tail
        return self.drop("Content-Length").add("Transfer-Encoding", "chunked")

    def until_close(self, end="close"):
        self.end = end
        return self.drop("Content-Length").set("Connection", "close")

    def cut_at(self, at, end="close"):
        self.cut, self.end = at, end
        return self

    def head_bytes(self):
        if self.head is not None:
            return self.before + self.head
        lines = [f"{self.protocol} {self.status}", *(f"{name}: {value}" for name, value in self.fields)]
        return self.before + ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(ask, version=1, naming=None):
    """The whole resource, as a server without ranges sends it."""
    data = ask.data(version)
    named = (naming or ask.run.row.naming)(version)
    return Answer("200 OK", [*named, ("Content-Type", "application/octet-stream"), ("Content-Length", str(len(data)))], data, version)


def honest(ask, version=1, naming=None):
    """What an honest server answers that serves ranges and knows If-Range."""
    data = ask.data(version)
    named = (naming or ask.run.row.naming)(version)
    part = ask.range_in(len(data))
    condition = ask.fields.get("if-range")
    if not part or condition is not None and condition not in [v for n, v in named if n in ("ETag", "Last-Modified")]:
        return whole(ask, version, naming)
    begin, end = part
    if begin >= len(data):
        return Answer("416 Range Not Satisfiable", [*named, ("Content-Range", f"bytes */{len(data)}"), ("Content-Length", "0")],
                      b"", version)
    return Answer("206 Partial Content", [*named, ("Content-Type", "application/octet-stream"),
                                          ("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}"),
                                          ("Content-Length", str(end - begin))], data[begin:end], version)


def page(text, status="200 OK", *fields):
    """A page that has nothing to do with the resource."""
    body = text if isinstance(text, bytes) else text.encode()
    return Answer(status, [("Content-Type", "text/html"), *fields, ("Content-Length", str(len(body)))], body, 0)


def plain(status, *fields, body=b""):
    return Answer(status, [*fields, ("Content-Length", str(len(body)))], body, 0)
