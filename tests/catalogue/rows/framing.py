"""How a body is delimited: lengths, chunks, ends of connections, and bytes that belong to no body."""
from answer import whole
from content import SIZE, none, strong, weak
from row import (DOCUMENTED, EITHER, LOCAL, REFUSE, RIGHT, TWO_LENGTHS, UNTOLD, WHEN, Family, both_of, later, not_tls, over_tls, ranged, third)

lengths = Family("Content-Length and Transfer-Encoding")
chunks = Family("chunks")
ends = Family("the end of the connection", bad="end")
desync = Family("bytes behind a body", bad="end")
kept = Family("kept connections")

# Lengths.


def with_fields(*fields, chunked=False, end="close"):
    """These fields instead of the Content-Length; {n} is the body's length."""
    def do(ask, answer):
        length = len(answer.body)
        if chunked:
            answer.chunked()
        answer.drop("Content-Length", "Transfer-Encoding")
        for name, value in fields:
            answer.add(name, value.format(n=length, half=length // 2, big=length + 2 ** 64, over=length + 100_000))
        answer.end, answer.bad = end, "head"
        return answer
    return do


L, TE = "Content-Length", "Transfer-Encoding"
BAD_LENGTHS = {
    "a word": [(L, "abc")], "negative": [(L, "-1")], "an exponent": [(L, "5e6")], "hexadecimal": [(L, "0x4c4b41")],
    "empty": [(L, "")], "a fraction": [(L, "{n}.0")], "two numbers": [(L, "{n} {n}")], "a list of two": [(L, "{n}, {half}")],
    "two that differ": [(L, "{n}"), (L, "{half}")], "two that differ, the other first": [(L, "{half}"), (L, "{n}")],
    "2^64 more": [(L, "{big}")], "2^63": [(L, "9223372036854775808")], "quoted": [(L, '"{n}"')],
}
NO_NUMBER = "a length that is no number"  # some take what it begins with, others take it for none
for label, fields in BAD_LENGTHS.items():
    kind = TWO_LENGTHS if "two" in label else NO_NUMBER
    lengths.row(f"{label}, every", with_fields(*fields), expect=REFUSE, kind=kind)
    lengths.row(f"{label}, later", with_fields(*fields), when=later, kind=kind)
lengths.row("a plus", with_fields((L, "+{n}"), end=""), expect=RIGHT)
lengths.row("a list with a hole", with_fields((L, "{n},,"), end=""), expect=RIGHT)
lengths.row("a list of two, the other first", with_fields((L, "{half}, {n}")), expect=REFUSE, kind=TWO_LENGTHS)
for label in ("negative", "2^63"):
    lengths.row(f"{label}, and cut", lambda ask, answer, label=label: with_fields(*BAD_LENGTHS[label])(ask, answer).cut_at(len(answer.body) // 2),
                expect=REFUSE, kind=NO_NUMBER)
lengths.row("2^63-1, every", with_fields((L, "9223372036854775807")), codes=DOCUMENTED | LOCAL, expect=REFUSE, kind=NO_NUMBER)
lengths.row("2^63-1, and cut", lambda ask, answer: with_fields((L, "9223372036854775807"))(ask, answer).cut_at(len(answer.body) // 2),
            codes=DOCUMENTED | LOCAL, expect=REFUSE, kind=NO_NUMBER)
lengths.row("the same twice in a list", with_fields((L, "{n}, {n}"), end=""))
lengths.row("the same in two fields", with_fields((L, "{n}"), (L, "{n}"), end=""))
lengths.row("leading zeros", with_fields((L, "000{n}"), end=""))
lengths.row("blanks around", with_fields((L, "  {n} \t "), end=""), expect=RIGHT)
lengths.row("100,000 more than is sent", with_fields((L, "{over}")), when=ranged)
lengths.row("100,000 more than is sent, without ranges", with_fields((L, "{over}")), ranges=False, expect=REFUSE)
CODINGS = {
    "gzip, chunked": [(TE, "gzip, chunked")],
    "chunked, gzip": [(TE, "chunked, gzip")], "in two fields": [(TE, "gzip"), (TE, "chunked")], "a parameter": [(TE, "chunked;q=1")], "xchunked": [(TE, "xchunked")], "quoted": [(TE, '"chunked"')],
    "empty": [(TE, ""), (L, "{n}")], "a control character in it": [(TE, "chun\x0bked")],
}
for label, fields in CODINGS.items():
    kind = "a transfer coding that is not known"
    lengths.row(f"Transfer-Encoding {label}", with_fields(*fields, chunked=True), expect=REFUSE, kind=kind)
    if "chunked" in str(fields):
        lengths.row(f"Transfer-Encoding {label}, a body without chunks", with_fields(*fields), when=later, kind=kind)
ODD_CODINGS = {
    "with a length": [(TE, "chunked"), (L, "{n}")], "behind a length": [(L, "{half}"), (TE, "chunked")], "twice": [(TE, "chunked, chunked")],
    "in two equal fields": [(TE, "chunked"), (TE, "chunked")], "beside identity": [(TE, "identity, chunked")],
    "with two lengths": [(TE, "chunked"), (L, "{n}"), (L, "{half}")], "with a length that is a word": [(L, "abc"), (TE, "chunked")],
    "behind a control character": [(TE, "\x0bchunked")],
}
for label, fields in ODD_CODINGS.items():
    kind = f"Transfer-Encoding chunked {label}"
    lengths.row(f"Transfer-Encoding chunked {label}", with_fields(*fields, chunked=True, end=""), expect=RIGHT, kind=kind)
    lengths.row(f"Transfer-Encoding chunked {label}, whole", with_fields(*fields, chunked=True, end=""), ranges=False, expect=RIGHT, kind=kind)
    lengths.row(f"Transfer-Encoding chunked {label}, a body without chunks", with_fields(*fields), expect=REFUSE, kind=kind)
    lengths.row(f"Transfer-Encoding chunked {label}, a body without chunks, later", with_fields(*fields), when=later, kind=kind)
lengths.row("Transfer-Encoding identity", with_fields((TE, "identity"), (L, "{n}"), end=""), expect=RIGHT)
lengths.row("Transfer-Encoding identity, whole", with_fields((TE, "identity"), (L, "{n}"), end=""), ranges=False, expect=RIGHT)
lengths.row("Transfer-Encoding identity, no length, whole", with_fields((TE, "identity")), ranges=False, expect=lambda cell: RIGHT if cell.tls else REFUSE,
            kind=UNTOLD)


def chunked_twice(ask, answer):
    """Really twice: what is left after one coding is taken off is no part of the resource."""
    return answer.chunked().chunked(pieces=70_000).drop(TE).add(TE, "chunked, chunked")


for label, when, ranges in (("every", lambda ask: True, True), ("later", later, True), ("whole", lambda ask: True, False)):
    lengths.row(f"Transfer-Encoding chunked twice, and so it is, {label}", chunked_twice, when=when, ranges=ranges,
                expect=REFUSE if label != "later" else EITHER)
lengths.row("Transfer-Encoding in capitals", with_fields((TE, "CHUNKED"), chunked=True, end=""), expect=RIGHT)

# Chunks: of a 206, and of the whole.


def in_chunks(**how):
    def do(ask, answer):
        return answer.chunked(**how)
    return do


def rechunked(change):
    """The right chunks, changed as bytes."""
    def do(ask, answer):
        answer.chunked(pieces=60_000)
        answer.body = change(answer.body)
        answer.end, answer.bad = "close", min(len(answer.body), 130_000)
        return answer
    return do


def replace_in_second(old, new):
    """In the second chunk's size line."""
    def change(body):
        at = body.index(b"\r\n", 0) + 2 + 60_000
        return body[:at] + body[at:].replace(old, new, 1)
    return change


size_line = b"\r\nea60\r\n"  # of 60,000 bytes, with the end of the chunk before it
BAD_CHUNKS = {
    "no last chunk": lambda body: body[:-5],
    "only a part of the last chunk": lambda body: body[:-4],
    "a bare LF behind a size": replace_in_second(size_line, b"\r\nea60\n"),
    "a bare CR behind a size": replace_in_second(size_line, b"\r\nea60\r"),
    "nothing behind the data": replace_in_second(size_line, b"ea60\r\n"),
    "a bare LF behind the data": replace_in_second(size_line, b"\nea60\r\n"),
    "other bytes behind the data": replace_in_second(size_line, b"xxea60\r\n"),
    "a negative size": replace_in_second(size_line, b"\r\n-ea60\r\n"),
    "a blank inside the size": replace_in_second(size_line, b"\r\nea 60\r\n"),
    "blanks for a size": replace_in_second(size_line, b"\r\n    \r\n"),
    "a size behind 5 KB of zeros": replace_in_second(size_line, b"\r\n" + b"0" * 5000 + b"ea60\r\n"),
    "an empty size": replace_in_second(size_line, b"\r\n\r\n"),
    "only an extension": replace_in_second(size_line, b"\r\n;ea60\r\n"),
    "a size that wraps": replace_in_second(size_line, b"\r\n1000000000000ea60\r\n"),
    "a decimal size": replace_in_second(size_line, b"\r\n60000\r\n"),
    "a size with a g, and cut": lambda body: replace_in_second(size_line, b"\r\nea60g\r\n")(body)[:300_000],
    "a size with a g that is decimal": replace_in_second(size_line, b"\r\n60000g\r\n"),
    "0x, and no size behind it": replace_in_second(size_line, b"\r\n0x\r\n"),
    "a last size with a g": lambda body: body[:-5] + b"0g\r\n\r\n",
    "a last size with 0x": lambda body: body[:-5] + b"0x0\r\n\r\n",
    "a size with a g, and bytes behind the end": lambda body: replace_in_second(size_line, b"\r\nea60g\r\n")(body) + b"x" * 100,
    "an extension with a bare LF": replace_in_second(size_line, b"\r\nea60;x\ny\r\n"),
    "a size of zero in the middle": replace_in_second(size_line, b"\r\n0\r\n"),
    "a last chunk in the middle": replace_in_second(size_line, b"\r\n0\r\n\r\n"),
}
BARE = "chunks: a bare LF"
LARGE = "chunks: one for all of it"  # as long as it says, or not
UNSURE_END = "chunks: an end that may be none"  # behind an odd size, or an odd one itself
for label, change in BAD_CHUNKS.items():
    chunks.row(f"{label}, whole", rechunked(change), ranges=False, expect=EITHER if "in the middle" in label else REFUSE,
               kind=BARE if "a bare LF" in label else UNSURE_END if "last size" in label or "behind the end" in label else "",
               whole=frozenset({1}) if label != "a last chunk in the middle" else frozenset(),
               more=(lambda run: [run.versions[1][:60_000]]) if label == "a last chunk in the middle" else None)
    chunks.row(f"{label}, in parts", rechunked(change), when=both_of(ranged, later))
    if "last" in label or "data" in label:
        chunks.row(f"{label}, one in three", rechunked(change), when=both_of(ranged, third))


def ends_in_the_middle(size, end):
    """All of it, of which a reader who takes this for the end gets no more than two chunks."""
    def do(ask, answer):
        pieces = answer.chunked(pieces=60_000).body.split(size_line, 2)
        answer.body = pieces[0] + b"\r\n" + size + b"\r\n" + pieces[1] + b"\r\n" + end + b"\r\n\r\n" + size_line[2:] + pieces[2]
        return answer.having(end="close", bad=125_000)
    return do


for label, size, end in (("an odd zero", b"ea60", b"0g"), ("0x before an odd zero", b"ea60", b"0x0"), ("an end behind an odd size", b"ea60g", b"0")):
    chunks.row(f"{label} in the middle, whole", ends_in_the_middle(size, end), ranges=False, expect=REFUSE, kind=UNSURE_END)
    chunks.row(f"{label} in the middle, in parts", ends_in_the_middle(size, end),
               when=both_of(ranged, later, lambda ask: ask.range[1] - ask.range[0] > 180_000))


def a_line_feed_of_the_data(behind_size):
    """A line end is forgotten, and where it should be there is a byte of the data that looks like one."""
    def do(ask, answer):
        data = answer.body
        at = data.index(b"\n", 60_000)  # the first byte behind a size, or the last one in front of the next
        if behind_size:
            answer.body = b"%x\r\n%s\r\n%x%s\r\n0\r\n\r\n" % (at, data[:at], len(data) - at, data[at:])
        else:
            answer.body = b"%x\r\n%s%x\r\n%s\r\n0\r\n\r\n" % (at, data[:at + 1], len(data) - at - 1, data[at + 1:])
        return answer.drop("Content-Length").add("Transfer-Encoding", "chunked").having(end="close", bad=min(len(data), 130_000))
    return do


chunks.row("nothing behind a size, and the data begins like a line end", a_line_feed_of_the_data(True), ranges=False, expect=REFUSE, kind=BARE)
chunks.row("nothing behind the data, which ends like a line end", a_line_feed_of_the_data(False), ranges=False, expect=REFUSE, kind=BARE)
GOOD_CHUNKS = {
    "small": {"pieces": 1013}, "one for all": {"pieces": SIZE}, "an extension": {"extension": b";a=b"}, "a quoted extension": {"extension": b';a="b;c"'},
    "a trailer": {"tail": b"0\r\nX-Checksum: 1\r\n\r\n"}, "an ETag in a trailer": {"tail": b'0\r\nETag: "v2"\r\n\r\n'},
    "blanks behind the sizes": {"extension": b"    "}, "a blank before an extension": {"extension": b" ;a=b"},
    "a length in a trailer": {"tail": b"0\r\nContent-Length: 5\r\n\r\n"}, "leading zeros in the last": {"tail": b"00000\r\n\r\n"},
}
for label, how in GOOD_CHUNKS.items():
    chunks.row(f"{label}, whole", in_chunks(**how), ranges=False, expect=RIGHT)
    chunks.row(f"{label}, in parts", in_chunks(**how), expect=RIGHT)
for label, old, new in (("a blank before a size", size_line, b"\r\n ea60\r\n"), ("an extension of a megabyte", size_line, b"\r\nea60;x=" + b"y" * 1_000_000 + b"\r\n"), ("blanks around a size", size_line, b"\r\n  ea60 \t \r\n"),
                        ("a size with 0x", size_line, b"\r\n0xea60\r\n"), ("a size with a plus", size_line, b"\r\n+ea60\r\n"),
                        ("a size with a g", size_line, b"\r\nea60g\r\n"), ("a size with words behind it", size_line, b"\r\nea60 octets\r\n"),
                        ("an extension of 2 MB", size_line, b"\r\nea60;x=" + b"y" * 2_000_000 + b"\r\n"),
                        ("a size of 24 digits", size_line, b"\r\n00000000000000000000ea60\r\n")):
    chunks.row(f"{label}, whole", rechunked(replace_in_second(old, new)), ranges=False, expect=RIGHT)
    chunks.row(f"{label}, in parts", rechunked(replace_in_second(old, new)), expect=RIGHT)
for label, tail in (("a trailer of 200 KB", b"0\r\nX: " + b"y" * 200_000 + b"\r\n\r\n"), ("100,000 trailers", b"0\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"),
                    ("a malformed trailer", b"0\r\nno colon\r\n\r\n"), ("a NUL in a trailer", b"0\r\nX: \0\r\n\r\n"),
                    ("a trailer without an end", b"0\r\nX: y\r\n")):
    chunks.row(f"{label}, whole", lambda ask, answer, tail=tail: answer.chunked(tail=tail).having(end="close"), ranges=False,
               expect=RIGHT if label == "a trailer without an end" else EITHER)
    chunks.row(f"{label}, in parts", lambda ask, answer, tail=tail: answer.chunked(tail=tail).having(end="close"))


def dripping_trailer(ask, answer):
    answer = answer.chunked(tail=b"0\r\n" + b"X: y\r\n" * 1000 + b"\r\n")
    return answer.having(drip=(len(answer.head_bytes()) + len(answer.body) - 6000, 0.2))


def dripping_extension(ask, answer):
    answer = answer.chunked(extension=b";" + b"x" * 3000)
    return answer.having(drip=(len(answer.head_bytes()) + 100, 0.2))




def one_chunk_with_framing_inside(size):
    """All of it, in a 200 whose only chunk is as long as it says for the first `size` bytes alone; cut at the end, or not."""
    def do(ask, answer):
        answer, data = whole(ask), ask.data()
        answer.body = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(data), data[:size], len(data) - size, data[size:])
        answer.bad = size
        return answer.drop("Content-Length").add("Transfer-Encoding", "chunked").having(end="close")
    return do


def all_in(change):
    def do(ask, answer):
        return change(ask, whole(ask))
    return do


for named, naming in (("strong", strong), ("weak", weak), ("unnamed", none)):
    chunks.row(f"all of it in one chunk, {named}", all_in(lambda ask, answer: answer.chunked(pieces=SIZE)), naming=naming, when=later, kind=LARGE)
chunks.row("all of it with an odd size, later", all_in(rechunked(replace_in_second(size_line, b"\r\nea60g\r\n"))), when=later, expect=RIGHT)
for label, ranges in (("one in three", True), ("two in three", False)):
    chunks.row(f"framing inside a chunk of all of it, {label}", one_chunk_with_framing_inside(SIZE // 3), ranges=ranges,
               when=third if ranges else lambda ask: ask.n % 3 != 0, kind=LARGE)
chunks.row("an extension that comes a byte every 0.2 s", dripping_extension, when=later, expect=lambda cell: EITHER if cell.resume else RIGHT)
chunks.row("extensions that come a byte every 0.2 s, always", dripping_extension, expect=REFUSE)
chunks.row("a trailer that comes a byte every 0.2 s, whole", dripping_trailer, ranges=False, expect=RIGHT)
chunks.row("a trailer that comes a byte every 0.2 s, in parts", dripping_trailer, expect=RIGHT)

# Ends of connections.
ends.row("the whole until the connection ends", lambda ask, answer: answer.until_close(), ranges=False, kind=UNTOLD,
         expect=lambda cell: RIGHT if cell.tls else REFUSE)
ends.row("the whole until the connection ends, believed", lambda ask, answer: answer.until_close(), ranges=False, options=("--accept-unframed",),
         expect=RIGHT)
ends.row("all of it until TLS ends without close_notify, believed", lambda ask, answer: answer.until_close("rude"), ranges=False, cells=over_tls,
         options=("--accept-unframed",), expect=RIGHT)
ends.row("the whole by HTTP/1.0", lambda ask, answer: answer.having(protocol="HTTP/1.0").until_close(), ranges=False,
         expect=lambda cell: RIGHT if cell.tls else REFUSE, kind=UNTOLD)
ends.row("a length by HTTP/1.0", lambda ask, answer: answer.having(protocol="HTTP/1.0", end="close"), expect=RIGHT)
for part, label in ((2, "half"), (1000, "all but a thousandth")):
    ends.row(f"{label} until TLS ends without close_notify", lambda ask, answer, part=part: answer.until_close().cut_at(
        len(answer.body) // 2 if part == 2 else len(answer.body) - len(answer.body) // part, "rude"), ranges=False, cells=over_tls, expect=REFUSE, kind=UNTOLD)
    ends.row(f"{label} until a reset", lambda ask, answer, part=part: answer.until_close().cut_at(
        len(answer.body) // 2 if part == 2 else len(answer.body) - len(answer.body) // part, "reset"), ranges=False, expect=REFUSE)
    ends.row(f"{label} until the connection ends, plain", lambda ask, answer, part=part: answer.until_close().cut_at(
        len(answer.body) // 2 if part == 2 else len(answer.body) - len(answer.body) // part), ranges=False, cells=not_tls, expect=REFUSE, kind=UNTOLD)
ends.row("all of it until TLS ends without close_notify", lambda ask, answer: answer.until_close("rude"), ranges=False, cells=over_tls, expect=REFUSE,
         kind=UNTOLD)
ends.row("a length, and TLS ends without close_notify", lambda ask, answer: answer.having(end="rude"), cells=over_tls, expect=RIGHT)
ends.row("chunks, and TLS ends without close_notify before the last", lambda ask, answer: answer.chunked(tail=b"").having(end="rude"),
         ranges=False, cells=over_tls, expect=REFUSE)
ends.row("parts without a length and TLS without close_notify", lambda ask, answer: answer.until_close("rude").cut_at(len(answer.body) - 5000, "rude"),
         when=both_of(ranged, third), cells=over_tls)

# Bytes behind a body, and forged responses in them.


def forged(ask, status="206 Partial Content"):
    """A response to what is likely to be asked next, with wrong bytes."""
    begin = ask.range[1] if ask.range and ask.range[1] < ask.size else 0
    until = ask.size if begin else 4 * 1024 ** 2
    head = (f"HTTP/1.1 {status}\r\nETag: \"v1\"\r\nContent-Range: bytes {begin}-{until - 1}/{ask.size}\r\n"
            f"Content-Length: {until - begin}\r\n\r\n")
    return head.encode() + b"\x99" * (until - begin)


def behind(extra, **rest):
    def do(ask, answer):
        answer.extra = extra(ask) if callable(extra) else extra
        return answer
    return do


for when in ("every", "first"):
    for label, extra in (("one byte", b"x"), ("an empty line", b"\r\n"), ("a kilobyte", b"x" * 1024), ("100 KB", b"x" * 100_000), ("a forged 206", forged),
                         ("a forged 200", lambda ask: b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: %d\r\n\r\n' % SIZE + b"\x99" * SIZE),
                         ("half a forged head", b"HTTP/1.1 206 Partial"), ("a 408", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")):
        desync.row(f"{label}, {when}", behind(extra), when=WHEN[when], expect=RIGHT)
desync.row("a forged 206 behind chunks", lambda ask, answer: behind(forged)(ask, answer.chunked()), expect=RIGHT)


def bodiless(status, *fields):
    def do(ask, answer):
        answer = whole(ask).drop("Content-Length")
        answer.status, answer.fields, lie = status, answer.fields + list(fields), forged(ask)
        answer.head, answer.body, answer.bad = answer.head_bytes() + lie[:5000], lie[5000:], "head"
        return answer
    return do


for when in ("first", "third"):
    desync.row(f"a 204 with a forged response for its body, {when}", bodiless("204 No Content"), when=WHEN[when])
    desync.row(f"a 304 with a forged response for its body, {when}", bodiless("304 Not Modified", ("Content-Length", "5000000")), when=WHEN[when])
    desync.row(f"a 503 of length 0 with a forged response behind it, {when}", bodiless("503 Service Unavailable", ("Content-Length", "0")), when=WHEN[when],
               expect=RIGHT)
    desync.row(f"a 302 of length 0 with a forged response behind it, {when}",
               bodiless("302 Found", ("Content-Length", "0"), ("Location", "/f.bin?again")), when=both_of(WHEN[when], lambda ask: "again" not in ask.path))


# Kept connections.
kept.row("Connection: close, and kept open", lambda ask, answer: answer.add("Connection", "close"), expect=RIGHT)
kept.row("Connection: keep-alive, and closed", lambda ask, answer: answer.add("Connection", "keep-alive").having(end="close"), expect=RIGHT)
kept.row("Connection: keep-alive, and reset", lambda ask, answer: answer.add("Connection", "keep-alive").having(end="reset"), expect=RIGHT)
kept.row("Connection: KEEP-ALIVE, Close", lambda ask, answer: answer.add("Connection", "KEEP-ALIVE, Close"), expect=RIGHT)
kept.row("the second request on a connection is reset", lambda ask, answer: answer.cut_at(0, "reset").having(head=b""),
         when=lambda ask: ask.on_connection > 1, expect=RIGHT)
kept.row("the second request on a connection is never answered", lambda ask, answer: answer.cut_at(0, "stall").having(head=b""),
         when=lambda ask: ask.on_connection > 1)
kept.row("the second request on a connection is answered with the first one's bytes",
         lambda ask, answer: honest_of_first(ask, answer), when=lambda ask: ask.on_connection > 1 and bool(ask.range and ask.range[0] > 0))
kept.row("Keep-Alive: timeout=0", lambda ask, answer: answer.add("Keep-Alive", "timeout=0, max=1"), expect=RIGHT)


def honest_of_first(ask, answer):
    length = min(ask.range[1] - ask.range[0], 100_000)
    return answer.set("Content-Range", f"bytes 0-{length - 1}/{SIZE}").with_body(ask.data()[:length])


FAMILIES = (lengths, chunks, ends, desync, kept)
