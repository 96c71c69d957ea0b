"""Content-Encoding although none was asked for: of what is stored so, of what is compressed on its way, and of what is not coded at all.

Where the coded bytes are others than the plain ones, version 2 stands for them: whatever a client publishes is one of the two, and no mixture.
"""
import functools
import gzip
import zlib

from answer import Answer, whole
from content import SIZE, none, old_date, same_etag, versions, weak
from row import EITHER, REFUSE, RIGHT, WHEN, Family, both_of, later, odd_connection, ranged, third

codings = Family("codings")
CE = "Content-Encoding"


def fresh_right(cell):
    """What a killed run has learned is that it is not coded, and stays so."""
    return EITHER if cell.resume else RIGHT


def says(*values):
    def do(ask, answer):
        for value in values:
            answer.add(CE, value)
    return do


ANOTHER = "codings: another one than before"  # under names that are the same: of the same bytes, or not

# No coding.
for value in ("", "identity", "IDENTITY", "none", "utf-8", "UTF-8", "binary", "8bit", "aws-chunked", "aws-chunked, identity", "text/html; charset=utf-8"):
    for when in ("every", "third"):
        codings.row(f"no coding: {value or 'empty'}, {when}", says(value), when=WHEN[when], expect=RIGHT)
codings.row("no coding: in two fields", says("aws-chunked", "identity"), expect=RIGHT)

# The bytes that are stored are called coded, by a server that has ranges of them.
for value in ("gzip", "x-gzip", "br", "deflate", "zstd", "compress", "gzip, identity", "aws-chunked, gzip", "gzip, gzip", "aes128gcm", "unknown", "GZIP", "x" * 500,
              "\xe4"):
    for when in ("every", "later"):
        codings.row(f"{value[:20]}, {when}", says(value), when=WHEN[when], kind=ANOTHER, expect=fresh_right if when == "every" else EITHER)
codings.row("in two fields", says("gzip", "br"), expect=fresh_right, kind=ANOTHER)
codings.row("named in two ways", lambda ask, answer: answer.add(CE, "gzip" if ask.n % 2 else "x-gzip"), expect=fresh_right, kind=ANOTHER)
for label, naming in (("weak ETag", weak), ("old date", old_date), ("no validator", none)):
    codings.row(f"stored so, {label}", says("gzip"), naming=naming, expect=fresh_right, kind=ANOTHER)
    codings.row(f"stored so, {label}, no ranges", says("gzip"), naming=naming, ranges=False, expect=fresh_right, kind=ANOTHER)
codings.row("gzip of a stored .gz", says("gzip"), file="f.gz", expect=fresh_right, peers=False)
codings.row("gzip of a stored .gz, now and then", says("gzip"), when=third, file="f.gz", peers=False)
codings.row("br of a stored .gz", says("br"), file="f.gz", expect=fresh_right, kind=ANOTHER)
codings.row("gzip of a stored .gz in chunks", lambda ask, answer: answer.add(CE, "gzip").chunked(), file="f.gz", kind=ANOTHER)

# Coded now and then: another representation under the same validator, or under one of its own.


def other_one(when):
    return lambda ask: 2 if when(ask) else 1


def coded(when, change=lambda answer: answer):
    return lambda ask, answer: change(answer.add(CE, "gzip")) if when(ask) else None


WHENS = {**WHEN, "by connection": odd_connection, "ranges": ranged, "the whole": lambda ask: not ranged(ask), "ranges now and then": both_of(ranged, third)}
BOTH = frozenset({1, 2})
for label, when in WHENS.items():
    for named, naming in (("the same ETag", same_etag('"v"')), ("an ETag of its own", None), ("the same weak ETag", same_etag('W/"v"'))):
        more = {"naming": naming} if naming else {}
        codings.row(f"coded under {named}, {label}", coded(when), when=when, version=other_one(when), whole=BOTH, kind=ANOTHER, **more)
    codings.row(f"coded in chunks under the same ETag, {label}", coded(when, lambda answer: answer.chunked()), when=when, version=other_one(when), whole=BOTH,
                naming=same_etag('"v"'))
    codings.row(f"coded in chunks without ranges, {label}", coded(when, lambda answer: answer.chunked()), when=when, version=other_one(when), whole=BOTH,
                naming=same_etag('"v"'), ranges=False)
codings.row("gzip, and it is", lambda ask, answer: whole(ask).with_body(gzip.compress(ask.data()[:100_000], 1)).add(CE, "gzip"), when=later,
            more=lambda run: [gzip.compress(run.versions[1][:100_000], 1)])
codings.row("deflate, and it is", lambda ask, answer: whole(ask).with_body(zlib.compress(ask.data()[:100_000], 1)).add(CE, "deflate"), expect=fresh_right,
            more=lambda run: [zlib.compress(run.versions[1][:100_000], 1)])

# Made on its way: each time it may come out differently, under a validator that stays. Two bodies are never joined.


def made_anew(ask):
    return 1 + ask.n % 2


for label, naming in (("strong ETag", same_etag('"v"')), ("weak ETag", same_etag('W/"v"')), ("old date", lambda version: old_date(1)), ("no validator", none)):
    for framed, frame in (("in chunks", lambda answer: answer.chunked()), ("with a length", lambda answer: answer),
                          ("until the connection ends", lambda answer: answer.until_close())):
        if (label, framed) == ("strong ETag", "with a length"):
            continue  # nothing tells that from what is stored
        for cut in (False, True):
            def do(ask, answer, frame=frame, cut=cut):
                answer = frame(whole(ask, made_anew(ask)).add(CE, "gzip"))
                return answer.cut_at(SIZE // 2, "rude") if cut and ask.n <= 2 else answer  # rude: with close_notify it would be whole
            codings.row(f"made anew for each request, {label}, {framed}{', and cut' if cut else ''}", do, version=made_anew, whole=BOTH, naming=naming,
                        kind=f"codings: made anew for each request, {label}, {framed}")
codings.row("a part of what is coded on its way, compressed by itself",
            lambda ask, answer: answer.with_body(gzip.compress(answer.body, 1)).add(CE, "gzip"), when=both_of(ranged, later))
codings.row("a part of what is coded on its way, compressed by itself, in chunks",
            lambda ask, answer: answer.with_body(gzip.compress(answer.body, 1)).add(CE, "gzip").chunked(), when=ranged, expect=EITHER)
# --decode: what is published is the content, version 1, or nothing.
decoding = Family("decoding", options=("--decode",), naming=same_etag('"v"'), peers=False)


@functools.lru_cache(maxsize=None)
def coded_as(coding):
    made = {"gzip": functools.partial(gzip.compress, compresslevel=1), "deflate": functools.partial(zlib.compress, level=1)}
    data = versions(SIZE, "none")[1]
    for one in coding.split(", "):
        data = made[one](data)
    return data


def stored(coding, change=lambda data: data, frame=lambda answer: answer, said=None, ranges=True):
    """Of what is stored so, the range that is asked for."""
    def do(ask, answer):
        data = change(coded_as(coding))
        part = ask.range_in(len(data)) if ranges else None
        begin, end = part or (0, len(data))
        fields = [("ETag", '"v"'), (CE, said or coding), ("Content-Length", str(end - begin))]
        if not part:
            return frame(Answer("200 OK", fields, data))
        return frame(Answer("206 Partial Content", [*fields, ("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")], data[begin:end]))
    return do


for coding in ("gzip", "deflate", "deflate, gzip"):
    for label, when in WHENS.items():
        decoding.row(f"{coding}, {label}", stored(coding), when=when, expect=fresh_right if label == "every" else EITHER)
    decoding.row(f"{coding}, no ranges", stored(coding, ranges=False), expect=fresh_right)
    decoding.row(f"{coding}, in chunks", stored(coding, frame=lambda answer: answer.chunked(), ranges=False), expect=fresh_right)
for label, change in (("cut", lambda data: data[:-3]), ("half of it", lambda data: data[:len(data) // 2]), ("followed by a byte", lambda data: data + b"x"),
                      ("with a flipped bit", lambda data: data[:SIZE // 2] + bytes([data[SIZE // 2] ^ 1]) + data[SIZE // 2 + 1:]),
                      ("nothing but its first byte", lambda data: data[:1])):
    decoding.row(f"gzip, {label}", stored("gzip", change), expect=lambda cell: EITHER if cell.resume else REFUSE)
    decoding.row(f"gzip, {label}, in chunks", stored("gzip", change, lambda answer: answer.chunked(), ranges=False),
                 expect=lambda cell: EITHER if cell.resume else REFUSE)
decoding.row("called br", stored("gzip", said="br"), expect=lambda cell: EITHER if cell.resume else REFUSE)
decoding.row("called by an unknown name", stored("gzip", said="unknown"), expect=lambda cell: EITHER if cell.resume else REFUSE)
decoding.row("called gzip twice", stored("gzip", said="gzip, gzip"), expect=lambda cell: EITHER if cell.resume else REFUSE)
decoding.row("of a stored .gz", says("gzip"), file="f.gz", expect=fresh_right)
decoding.row("no coding", says("identity"), expect=RIGHT)
FAMILIES = (codings, decoding)
