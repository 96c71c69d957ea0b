"""All rows, and the telling ones: those that an earlier segdl or another downloader got wrong."""
import collections

from rows import changes, codings, framing, heads, naming, pages, ranges, timing, tolerated

ROWS = [row for module in (ranges, framing, timing, changes, pages, heads, naming, tolerated, codings) for family in module.FAMILIES for row in family.rows]

_twice = [key for key, count in collections.Counter(row.key for row in ROWS).items() if count > 1]
assert not _twice, f"rows of one name: {_twice}"

# Each in the cells in front of it.
_TELLING = {
    ("1fp", "8rt"): [
        "a 200 that is no whole: Content-Range 'bytes {a}-{b}/{n}' with the bytes of the range, every",
        "a 200 that is no whole: Content-Range 'bytez {a}-{b}/{n}' with the bytes of the range, later",
        "a 200 that is no whole: no Content-Range and exactly as long as the range, strong, every",
        "a 200 that is no whole: the bytes of the range in chunks, every",
        "several parts: one in a 200, every",
        "several parts: other in a 200, later",
        "a 206 that was not asked for: all of it to every range, later",
        "chunks: nothing behind the data, whole",
        "chunks: no last chunk, whole",
        "bodies cut before their end: at n-1, third, close",
        "bodies cut before their end: at 0.9 n, third, reset",
        "two versions at once: weak ETag, old date that stays, by request and cut, first half shared",
        "two versions at once: strong ETag, by connection, all but two segments shared",
        "a change that the validator hides, under a checksum: after a cut, two",
        "If-Range: it is ignored, and the part is of another version, strong ETag, two",
        "redirects: to mirrors with different versions, in turns",
        "codings: coded under the same ETag, third",
        "codings: made anew for each request, strong ETag, in chunks, and cut",
        "login pages: as long as the resource, unnamed, later",
        "Content-Length and Transfer-Encoding: Transfer-Encoding chunked twice, and so it is, whole",
        "header fields: two bare LFs",
        "header fields: a hidden Content-Length behind a bare CR",
        "1xx: 103 with another ETag",
    ],
    ("1fp", "1rt", "8fp", "8rt"): [
        *(f"a change: {naming}, {time}, {shared} shared"
          for naming in ("weak ETag, old date that stays", "unquoted ETag, old date that stays", "no validator", "two ETags")
          for time in ("after a cut", "after a comparison") for shared in ("first half", "all but two segments")),
        "a change: strong ETag, back and forth, all but two segments shared",
        "a change: strong ETag that comes, old date that stays, after a cut, first half shared",
    ],
    ("8fp", "8ft"): [
        "a 200 that is no whole: as long as the range and +1 byte, later",
        "bodies cut before their end: at n/2, every, close",
        "bodies cut before their end: at n-3000, every, close",
        "bodies cut before their end: at byte 3,000,000 of the file",
        "servers that allow only a few: 503 beyond 3 at once",
        "servers that allow only a few: a head and silence beyond 1 at once",
        "connections that come to nothing: all but the first answered with noise",
        "header fields: 70,000",
        "1xx: 100, 10100 times",
        "1xx: a 100 with a body of several lines",
        "bytes behind a body: a forged 206, every",
    ],
    ("1fp", "1ft"): [
        "the end of the connection: the whole until the connection ends",
        "sizes: 65536 bytes, ranges",
        "sizes: 65537 bytes, no ranges",
        "sizes: 0 bytes, ranges",
        "chunks: a decimal size, in parts",
        "bytes behind a body: a 204 with a forged response for its body, first",
        "names the server gives: ../",
        "totals: /9223372036854775807, every",
    ],
    ("1ft", "8rt"): [
        "the end of the connection: half until TLS ends without close_notify",
        "redirects: from https to http",
    ],
}
TELLING = {(key, cell) for cells, keys in _TELLING.items() for key in keys for cell in cells}

_unknown = {key for key, _ in TELLING} - {row.key for row in ROWS}
assert not _unknown, f"telling, but no rows: {_unknown}"
