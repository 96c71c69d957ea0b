"""When bytes come, or do not: cuts, resets, stalls, drips, connections that come to nothing, servers that allow only a few."""
import socket
import struct
import time

from answer import page, plain, whole
from content import MiB, SIZE, none, old_date, two_etags, unquoted, weak, young_date
from row import EITHER, REFUSE, RIGHT, WHEN, Family, eight, later, later_third, not_tls, odd_connection, over_tls, ranged, third

cuts = Family("bodies cut before their end", bad="end")
stalls = Family("stalls and drips", bound=90, bad="end")
connections = Family("connections that come to nothing")
few = Family("servers that allow only a few")

CUTS = {"n/2": lambda n: n // 2, "n-1": lambda n: n - 1, "n-3000": lambda n: max(0, n - 3000), "0.9 n": lambda n: n * 9 // 10, "0": lambda n: 0, "1": lambda n: 1,
        "100,000": lambda n: min(n, 100_000)}


def cut(where, end="close"):
    return lambda ask, answer: answer.cut_at(CUTS[where](len(answer.body)), end)


def has_body(ask):
    return not ask.range or ask.range[1] > ask.range[0]


for where in CUTS:
    for when in ("every", "third", "first"):
        for end in ("close", "reset", "rude"):
            if end == "rude" and when != "every" or end == "reset" and when == "first":
                continue
            moves = where == "100,000"  # whatever is shorter comes whole
            cuts.row(f"at {where}, {when}, {end}", cut(where, end), when=WHEN[when], cells=over_tls if end == "rude" else lambda cell: True,
                     expect=RIGHT if when != "every" or moves else EITHER)
    for when in ("every", "third"):
        cuts.row(f"at {where}, {when}, without ranges", cut(where), when=WHEN[when], ranges=False, expect=REFUSE if when == "every" else RIGHT)
    for label, naming, like in (("weak", weak, "weak ETag that stays"), ("unnamed", none, "no validator")):
        cuts.row(f"at {where}, every, {label}", cut(where), naming=naming, kind=f"a change: {like}, after a cut")
for label, naming in (("weak", weak), ("none", none), ("unquoted", unquoted), ("young date", young_date), ("two ETags", two_etags), ("old date", old_date)):
    cuts.row(f"at n/2, third, {label}", cut("n/2"), when=later_third, naming=naming, expect=RIGHT)
    cuts.row(f"at 0.9 n, first, {label}", cut("0.9 n"), when=lambda ask: ask.n <= 2, naming=naming)
cuts.row("at n/2, over odd connections", cut("n/2"), when=odd_connection, expect=RIGHT)
cuts.row("at byte 3,000,000 of the file", lambda ask, answer: answer.cut_at(max(0, 3_000_000 - ask.range[0])),
         when=lambda ask: bool(ask.range and ask.range[0] <= 3_000_000 < ask.range[1]))
cuts.row("at byte 3,000,000 of the file, once in three", lambda ask, answer: answer.cut_at(max(0, 3_000_000 - ask.range[0])),
         when=lambda ask: ask.n % 3 == 1 and bool(ask.range and ask.range[0] <= 3_000_000 < ask.range[1]), expect=RIGHT)
for at in (0, 1, 20, 100):
    for when in ("every", "third"):
        cuts.row(f"in the head at {at}, {when}", lambda ask, answer, at=at: answer.having(head=answer.head_bytes()[:at]).cut_at(0), when=WHEN[when],
                 expect=REFUSE if when == "every" else RIGHT)
cuts.row("chunks at n/2, every", lambda ask, answer: answer.chunked().cut_at(len(answer.body) // 2))
cuts.row("chunks at n/2, third", lambda ask, answer: answer.chunked().cut_at(len(answer.body) // 2), when=third, expect=RIGHT)

# Stalls and drips. Where each try gets on and then waits for three seconds, there is no saying how long it takes.
ENDS = ("--max-time", "25")
for where in ("0", "n/2", "n-1"):
    for when in ("every", "third"):
        stalls.row(f"at {where}, {when}", cut(where, "stall"), when=WHEN[when], expect=EITHER if when == "every" or where == "n/2" else RIGHT,
                   options=ENDS if where == "n/2" else ())
    stalls.row(f"at {where}, every, weak", cut(where, "stall"), naming=weak, options=ENDS)
    stalls.row(f"at {where}, every, without ranges", cut(where, "stall"), ranges=False, expect=REFUSE, options=ENDS)
stalls.row("at byte 3,000,000 of the file", lambda ask, answer: answer.cut_at(max(0, 3_000_000 - ask.range[0]), "stall"),
           when=lambda ask: bool(ask.range and ask.range[0] <= 3_000_000 < ask.range[1]))
stalls.row("at byte 4,900,000 of the file, once in three", lambda ask, answer: answer.cut_at(max(0, 4_900_000 - ask.range[0]), "stall"),
           when=lambda ask: later_third(ask) and bool(ask.range and ask.range[0] <= 4_900_000 < ask.range[1]))
stalls.row("over odd connections at n/2", cut("n/2", "stall"), when=odd_connection)
for when in ("every", "third"):
    stalls.row(f"before the head, {when}", lambda ask, answer: answer.having(head=b"").cut_at(0, "stall"), when=WHEN[when],
               expect=REFUSE if when == "every" else RIGHT)
    stalls.row(f"in the head, {when}", lambda ask, answer: answer.having(head=answer.head_bytes()[:30]).cut_at(0, "stall"), when=WHEN[when],
               expect=REFUSE if when == "every" else RIGHT)
stalls.row("the head comes a byte every 0.2 s", lambda ask, answer: answer.having(drip=(0, 0.2)), when=later)
stalls.row("the head comes a byte every 0.2 s, always", lambda ask, answer: answer.having(drip=(0, 0.2)), expect=REFUSE)
stalls.row("the body comes a byte every 0.2 s", lambda ask, answer: answer.having(drip=(1000, 0.2)), bound=150, options=("--retries", "1"),
           expect=REFUSE)
stalls.row("one body in three comes a byte every 0.2 s", lambda ask, answer: answer.having(drip=(1000, 0.2)), when=third, bound=150, options=("--max-time", "100"))
stalls.row("a pause of a second in each body", lambda ask, answer: answer.having(pause=(len(answer.body) // 2, 1.0)), expect=RIGHT)
stalls.row("a pause of five seconds in each body", lambda ask, answer: answer.having(pause=(len(answer.body) // 2, 5.0)), options=ENDS)
stalls.row("silence after the whole body", lambda ask, answer: answer.having(end="stall"), expect=RIGHT)
stalls.row("silence after the whole body, until the end of the connection", lambda ask, answer: answer.until_close("stall"), ranges=False, expect=REFUSE)
stalls.row("an endless body of an error", lambda ask, answer: whole(ask).with_body(b"x" * 8 * MiB) and endless(ask), expect=REFUSE)


def endless(ask):
    answer = page("x" * MiB, "404 Not Found").drop("Content-Length")
    answer.end, answer.bad = "stall", "head"
    return answer


# Connections.


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def accepts(what, which):
    """Does that instead of a TLS handshake or a first request, on chosen connections."""
    def accept(origin, connection):
        if not which(connection):
            return False
        origin.state["sent"] = True
        what(origin, connection)
        return True
    return accept


def never_answers(origin, connection):
    origin.over.wait(30)


def sends(data):
    def send(origin, connection):
        connection.sock.sendall(data)
        origin.over.wait(0.5)
    return send


def sends_and_waits(data):
    def send(origin, connection):
        connection.sock.sendall(data)
        origin.over.wait(30)
    return send


def drips_forever(origin, connection):
    while not origin.over.wait(0.2):
        connection.sock.sendall(b"H")


def answers_unasked(origin, connection):
    """A whole response before anything was asked."""
    connection.sock.sendall(b'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 0-4194303/5000001\r\nContent-Length: 4194304\r\n\r\n' +
                            b"\x99" * 4194304)
    origin.over.wait(0.5)


WHICH = {"every": lambda c: True, "one in three": lambda c: c.index % 3 == 1, "all but the first": lambda c: c.index > 1}
for label, what in (("closed", lambda o, c: None), ("reset", lambda o, c: reset(c.sock)), ("never answered", never_answers),
                    ("answered with noise", sends(bytes(range(128, 256)) * 20)), ("answered with an SSH banner", sends(b"SSH-2.0-OpenSSH_9.2\r\n")),
                    ("answered by SMTP, then silence", sends_and_waits(b"220 mail ESMTP\r\n"))):
    for which, chosen in WHICH.items():
        connections.row(f"{which} {label}", accept=accepts(what, chosen), bound=90, cells=eight if which == "all but the first" else lambda cell: True,
                        expect=REFUSE if which == "every" else RIGHT if which == "one in three" and label in ("closed", "reset") else
                        (lambda cell: EITHER if cell.resume else RIGHT) if which == "all but the first" else EITHER)
connections.row("dripped at before anything is asked", accept=accepts(drips_forever, WHICH["every"]), bound=90, expect=REFUSE)
connections.row("answered before anything is asked", accept=accepts(answers_unasked, WHICH["every"]),
                cells=not_tls, whole=frozenset({1}))
connections.row("plain HTTP where TLS is expected", accept=accepts(sends(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), WHICH["every"]), cells=over_tls,
                expect=REFUSE)
connections.row("a TLS alert for an answer", accept=accepts(sends(b"\x15\x03\x03\x00\x02\x02\x28"), WHICH["every"]), expect=REFUSE)
connections.row("half a TLS record, then silence", accept=accepts(sends_and_waits(b"\x16\x03\x03\x40\x00\x02"), WHICH["every"]), bound=90, expect=REFUSE)


# Servers that allow only a few.


def uncounted(answer):
    """That is not yet what the row is about."""
    answer.bad = False
    return answer


def beyond(k):
    """Requests beside k others that are under way."""
    def when(ask):
        busy = sum(1 for entry in ask.run.log if entry["status"].startswith("206") and not entry["over"])
        return busy >= k
    return when


REFUSALS = {"503": lambda ask, answer: plain("503 Service Unavailable"), "429": lambda ask, answer: plain("429 Too Many Requests", ("Retry-After", "1")),
            "403": lambda ask, answer: plain("403 Forbidden"), "a reset": lambda ask, answer: answer.having(head=b"").cut_at(0, "reset"),
            "an end": lambda ask, answer: answer.having(head=b"").cut_at(0), "the whole": lambda ask, answer: whole(ask),
            "a head and silence": lambda ask, answer: answer.cut_at(0, "stall"), "silence": lambda ask, answer: answer.having(head=b"").cut_at(0, "stall")}
for label, refusal in REFUSALS.items():
    for k in (1, 3):
        few.row(f"{label} beyond {k} at once", refusal, when=beyond(k), cells=lambda cell: cell.connections == 8 and not cell.resume,
                expect=EITHER if label in ("403",) else RIGHT, bound=90)
few.row("the address runs out after three requests", lambda ask, answer: plain("403 Forbidden") if ask.n > 3 else uncounted(answer.cut_at(700_000)))
for k in (1, 2, 5):
    few.row(f"closes after {k * 100} KB, always", lambda ask, answer, k=k: answer.cut_at(k * 100_000), expect=RIGHT)
FAMILIES = (cuts, stalls, connections, few)
