"""Sizes, names of files, cookies, digests, dates."""
import base64
import hashlib

from answer import honest, plain, whole
from content import MiB, none, weak
from row import DOCUMENTED, EITHER, EMPTY, LOCAL, REFUSE, RIGHT, TWO_SIZES, UNTOLD, Family, both_of, fresh, later, ranged, third

sizes = Family("sizes", expect=RIGHT)
names = Family("names the server gives", options=("-J",), named=True, expect=RIGHT, peers=False)
cookies = Family("cookies", peers=False)
digests = Family("digests in the head")
dates = Family("dates", options=("-R",), peers=False)


def as_it_is(ask, answer):
    """The size is what is special."""
    return answer


def big(cell):
    return not cell.resume


for size in (0, 1, 2, 16_383, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 4 * MiB - 1, 4 * MiB, 4 * MiB + 1):
    for label, how in (("ranges", {}), ("no ranges", {"ranges": False}), ("chunks", {"ranges": False, "do": lambda ask, answer: answer.chunked()}), ("weak", {"naming": weak})):
        if label == "weak" and size not in (0, 1, 65_537, 4 * MiB + 1):
            continue
        sizes.row(f"{size} bytes, {label}", **{"do": as_it_is, "size": size, "cells": fresh, **how})
    if size <= 2:
        sizes.row(f"{size} bytes until the connection ends", lambda ask, answer: answer.until_close(), size=size, ranges=False, cells=fresh,
                  expect=lambda cell: RIGHT if cell.tls else REFUSE, kind=UNTOLD)
sizes.row("0 bytes, 200 to the range", lambda ask, answer: whole(ask), size=0, cells=fresh)
sizes.row("0 bytes, 416 without a size", lambda ask, answer: plain("416 Range Not Satisfiable") if ask.range is not None else None, size=0, cells=fresh, expect=EITHER)
sizes.row("0 bytes, 206 of nothing", lambda ask, answer: plain("206 Partial Content", ("ETag", '"v1"'), ("Content-Range", "bytes 0--1/0")), size=0, cells=fresh, expect=RIGHT)
sizes.row("0 bytes, 204", lambda ask, answer: plain("204 No Content").drop("Content-Length"), size=0, cells=fresh, expect=EITHER, kind=EMPTY)
sizes.row("1 byte, 200 although a 206 was possible", lambda ask, answer: whole(ask), size=1, cells=fresh)
sizes.row("1 byte, two are sent", lambda ask, answer: answer.having(extra=b"?"), size=1, cells=fresh)
sizes.row("65,536 bytes, cut before the last", lambda ask, answer: answer.cut_at(65_535), size=65_536, cells=fresh)
sizes.row("65,536 bytes, cut before the last, one in three", lambda ask, answer: answer.cut_at(65_535), when=third, size=65_536, cells=fresh)
sizes.row("100 bytes, and a 206 that says 101", lambda ask, answer: answer.set("Content-Range", "bytes 0-99/101"), size=100, cells=fresh, expect=EITHER, kind=TWO_SIZES)
for label, total in (("2^40", 2 ** 40), ("2^53+1", 2 ** 53 + 1), ("2^62", 2 ** 62)):
    sizes.row(f"{label} are said to come", lambda ask, answer, total=total: answer.set("Content-Range", f"bytes {ask.range[0]}-{ask.range[1] - 1}/{total}"), when=ranged,
              cells=fresh, expect=REFUSE, codes=DOCUMENTED | LOCAL, kind=TWO_SIZES)

# Names. The URL's name is what is left when none is good.
NAMES = {
    "../": 'attachment; filename="../../x"', "absolute": 'attachment; filename="/etc/x"', "backslashes": 'attachment; filename="..\\\\..\\\\x"',
    "a NUL in percent": "attachment; filename*=UTF-8''x%00y", "a line break in percent": "attachment; filename*=UTF-8''x%0d%0ay", "ESC": 'attachment; filename="x\x1b[31m"',
    "bidi": "attachment; filename*=UTF-8''%E2%80%AEgpj.exe", "300 characters": f'attachment; filename="{"x" * 300}"', "empty": 'attachment; filename=""',
    "a dot": 'attachment; filename="."', "two dots": 'attachment; filename=".."', "dots and blanks": 'attachment; filename=". . ."', "CON": 'attachment; filename="CON"',
    "a trailing dot": 'attachment; filename="x."', "a trailing blank": 'attachment; filename="x "', "an option": 'attachment; filename="-rf"', "home": 'attachment; filename="~/x"',
    "hidden": 'attachment; filename=".bashrc"', "malformed UTF-8": "attachment; filename*=UTF-8''%ff%fe", "double percent": "attachment; filename*=UTF-8''%252e%252e%252fx",
    "slash in percent": "attachment; filename*=UTF-8''..%2f..%2fx", "another charset": "attachment; filename*=EBCDIC''x", "no charset": "attachment; filename*=x",
    "two": 'attachment; filename="a"; filename="b"', "unterminated": 'attachment; filename="x', "without quotes": "attachment; filename=a b", "no type": 'filename="x"',
    "inline": "inline; filename=x", "4-byte UTF-8 to be cut": "attachment; filename*=UTF-8''" + "%F0%9F%98%80" * 70, "the journal's": 'attachment; filename="x.segdl"',
    "the part's": 'attachment; filename="x.part"', "a tab": 'attachment; filename="x\ty"', "stars and questions": 'attachment; filename="*?"',
}
for label, value in NAMES.items():
    names.row(label, lambda ask, answer, value=value: answer.add("Content-Disposition", value), size=100_000, cells=fresh, expect=EITHER if label == "ESC" else RIGHT)
names.row("another with each request", lambda ask, answer: answer.add("Content-Disposition", f'attachment; filename="n{ask.n}"'), cells=fresh)
names.row("two fields", lambda ask, answer: answer.add("Content-Disposition", "attachment; filename=a").add("Content-Disposition", "attachment; filename=../b"), size=100_000,
          cells=fresh)

# Cookies.


def cookie(ask):
    return "session=1" in ask.fields.get("cookie", "")


def login(ask, answer):
    return plain("302 Found", ("Location", "/f.bin"), ("Set-Cookie", "session=1; Path=/")) if not cookie(ask) else answer


cookies.row("needed by all requests, set by a redirect to the same URL", login, expect=RIGHT)
cookies.row("needed by later requests, set by the first", lambda ask, answer: answer.add("Set-Cookie", "session=1; Path=/") if ask.n == 1 or cookie(ask) else plain("403 Forbidden"),
            cells=fresh, expect=RIGHT)
cookies.row("set to itself without end", lambda ask, answer: plain("302 Found", ("Location", "/f.bin"), ("Set-Cookie", f"session={ask.n}")), expect=REFUSE)
for label, value in (("8 KB", "a=" + "b" * 8000), ("garbage", ";;;=;=; = ;a"), ("another domain", "a=b; Domain=example.org"), ("an old date", "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
                     ("a NUL in percent", "a=%00; Path=/%00"), ("empty", "")):
    cookies.row(f"{label}", lambda ask, answer, value=value: answer.add("Set-Cookie", value), expect=RIGHT)
cookies.row("a hundred with each answer", lambda ask, answer: [answer.add("Set-Cookie", f"c{i}=x; Path=/{i}") for i in range(100)] and None, expect=RIGHT, when=lambda ask: True)

# Digests.


def sha(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


digests.row("Repr-Digest, right", lambda ask, answer: answer.add("Repr-Digest", f"sha-256=:{sha(ask.data())}:"), expect=RIGHT)
digests.row("Repr-Digest, of something else", lambda ask, answer: answer.add("Repr-Digest", f"sha-256=:{sha(b'x')}:"))
digests.row("Repr-Digest, of something else, later", lambda ask, answer: answer.add("Repr-Digest", f"sha-256=:{sha(b'x')}:"), when=later)
digests.row("Repr-Digest, unknown", lambda ask, answer: answer.add("Repr-Digest", "md7=:AAAA:"), expect=RIGHT)
digests.row("Repr-Digest, garbage", lambda ask, answer: answer.add("Repr-Digest", "sha-256=:%%%:"), expect=RIGHT)
digests.row("Content-Digest of each body", lambda ask, answer: answer.add("Content-Digest", f"sha-256=:{sha(answer.body)}:"), expect=RIGHT)
digests.row("Digest, the old one", lambda ask, answer: answer.add("Digest", f"SHA-256={sha(ask.data())}"), expect=RIGHT)
digests.row("Content-MD5 of the part", lambda ask, answer: answer.add("Content-MD5", base64.b64encode(hashlib.md5(answer.body).digest()).decode()), expect=RIGHT)

# Dates.
for label, value in (("1601", "Mon, 01 Jan 1601 00:00:00 GMT"), ("2500", "Fri, 01 Jan 2500 00:00:00 GMT"), ("garbage", "yesterday"), ("1969", "Wed, 31 Dec 1969 23:59:59 GMT"),
                     ("February 30", "Wed, 30 Feb 2022 00:00:00 GMT"), ("another zone", "Sat, 05 Nov 2022 08:49:37 +0200"), ("year 99999", "Sat, 05 Nov 99999 08:49:37 GMT")):
    dates.row(f"Last-Modified: {label}", lambda ask, answer, value=value: answer.set("Last-Modified", value), expect=RIGHT)
    dates.row(f"Last-Modified: {label}, and no ETag", lambda ask, answer, value=value: answer.drop("ETag").set("Last-Modified", value), cells=fresh, expect=RIGHT)
FAMILIES = (sizes, names, cookies, digests, dates)
