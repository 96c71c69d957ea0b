"""Answers to a range: a 200 that contradicts itself, a 206 that is not what was asked, units, totals, multipart, 416."""
from answer import honest, plain, whole
from content import KiB, MiB, SEGMENT, SIZE, none, old_date, strong, weak, young_date
from row import (EITHER, LOCAL, DOCUMENTED, RIGHT, TWO_SIZES, UNTOLD, WHEN, Family, both_of, conditional, eight, every, first, fresh, later, later_third, odd_connection, ranged,
                 second, third)

contradictory = Family("a 200 that is no whole", when=both_of(ranged, later))
wrong = Family("a 206 that was not asked for")
totals = Family("totals")
multipart = Family("several parts")
unsatisfied = Family("416")
ignoring = Family("ranges that are not served")
NAMED = {"strong": strong, "weak": weak, "unnamed": none, "young date": young_date, "old date": old_date}


def a_200(content_range, body=None):
    """The bytes of the range in a 200; with this Content-Range, if any."""
    def do(ask, answer):
        begin, end = ask.range
        values = {"a": begin, "b": end - 1, "n": ask.size, "last": ask.size - 1}
        answer = honest(ask).drop("Content-Range", "If-Range")
        answer.status, answer.bad = "200 OK", "head"
        answer.body = ask.data()[begin:end]
        answer.set("Content-Length", str(end - begin))
        for value in (content_range,) if isinstance(content_range, str) else content_range:
            answer.add("Content-Range", value.format(**values))
        return answer
    return do


for when in ("every", "later"):
    for content_range in ("bytes {a}-{b}/{n}", "bytes {a}-{b}/*", "bytes */{n}", "bytes 0-{last}/{n}", "bytez {a}-{b}/{n}", "lines 1-2/3",
                          "{a}-{b}/{n}", "x", ""):
        contradictory.row(f"Content-Range '{content_range}' with the bytes of the range, {when}", a_200(content_range),
                          when=both_of(ranged, WHEN[when]))
    contradictory.row(f"two Content-Ranges, {when}", a_200(("bytes {a}-{b}/{n}", "bytes 0-{last}/{n}")), when=both_of(ranged, WHEN[when]))
for label, when in (("every", every), ("later", later), ("second", second), ("over odd connections", odd_connection)):
    for named, naming in NAMED.items():
        contradictory.row(f"no Content-Range and exactly as long as the range, {named}, {label}", a_200(()), when=both_of(ranged, when), naming=naming)


def whole_with(content_range):
    def do(ask, answer):
        answer = whole(ask).add("Content-Range", content_range)
        answer.bad = "head"
        return answer
    return do


for when in ("every", "later"):
    contradictory.row(f"whole, and a Content-Range of all of it, {when}", whole_with(f"bytes 0-{SIZE - 1}/{SIZE}"), when=WHEN[when])
    contradictory.row(f"whole, and a Content-Range of its first half, {when}", whole_with(f"bytes 0-{SIZE // 2}/{SIZE}"), when=WHEN[when])


def a_200_without_length(chunked, length_off=0):
    def do(ask, answer):
        begin, end = ask.range
        answer = whole(ask)
        answer.body = ask.data()[begin:end]
        answer.bad = "head"
        return answer.chunked() if chunked else answer.until_close()
    return do


for when in ("every", "later"):
    contradictory.row(f"the bytes of the range in chunks, {when}", a_200_without_length(True), when=both_of(ranged, WHEN[when]))
    contradictory.row(f"the bytes of the range until the connection ends, {when}", a_200_without_length(False),
                      when=both_of(ranged, WHEN[when]), kind=UNTOLD)


def longer_by(extra):
    def do(ask, answer):
        begin, end = ask.range
        return whole(ask).with_body(ask.data()[begin:end + extra])
    return do


for extra in (-1, 1, 4096):
    contradictory.row(f"as long as the range and {extra:+} byte, later", longer_by(extra), when=both_of(ranged, later, lambda ask: ask.range[1] < SIZE), cells=eight)

# 206.


def shifted(by, honest_body=True):
    """The range `by` bytes further on, in head and body; or only in the head."""
    def do(ask, answer):
        begin, end = ask.range
        at, until = max(0, begin + by), min(ask.size, end + by)
        answer.set("Content-Range", f"bytes {at}-{until - 1}/{ask.size}").with_body(ask.data()[at:until])
        if not honest_body:
            answer.body = ask.data()[begin:end][:until - at].ljust(until - at, b"?")
        answer.bad = "head"
        return answer
    return do


for when in ("every", "later", "third"):
    for by in (1, -1, SEGMENT, -SEGMENT) if when == "later" else (1, -1):
        fits = (lambda ask: ask.range[0] > 0) if by < 0 else every  # there is nothing before the first byte
        wrong.row(f"shifted by {by:+}, {when}", shifted(by), when=both_of(ranged, later_third if when == "third" else WHEN[when], fits))
for by in (1, -1, SEGMENT):
    wrong.row(f"said to be shifted by {by:+}, later", shifted(by, False), when=both_of(ranged, later, lambda ask: ask.range[0] > 0))


def cut_range(length_of):
    def do(ask, answer):
        begin, end = ask.range
        until = begin + max(1, min(end - begin, length_of(end - begin)))
        answer.bad = "head"
        return answer.set("Content-Range", f"bytes {begin}-{until - 1}/{ask.size}").with_body(ask.data()[begin:until])
    return do


for label, length_of in (("a byte less", lambda n: n - 1), ("half", lambda n: n // 2), ("a segment", lambda n: SEGMENT),
                         ("a segment less a byte", lambda n: SEGMENT - 1), ("a segment and a byte", lambda n: SEGMENT + 1),
                         ("half a segment", lambda n: SEGMENT // 2)):
    for when in ("every", "third"):
        if (label, when) == ("half", "every"):
            wrong.row(f"short: {label}, {when}", cut_range(length_of), when=ranged, expect=RIGHT)
        elif (label, when) != ("half a segment", "every"):
            wrong.row(f"short: {label}, {when}", cut_range(length_of), when=both_of(ranged, WHEN[when]), expect=RIGHT)
wrong.row("short: half, every, weak", cut_range(lambda n: n // 2), naming=weak, when=ranged)
wrong.row("short: half, every, unnamed", cut_range(lambda n: n // 2), naming=none, when=ranged)
wrong.row("short: one byte, third", cut_range(lambda n: 1), when=both_of(ranged, third), expect=RIGHT)


def longer_range(length_of):
    def do(ask, answer):
        begin, end = ask.range
        until = min(ask.size, length_of(begin, end))
        answer.bad = "head"
        return answer.set("Content-Range", f"bytes {begin}-{until - 1}/{ask.size}").with_body(ask.data()[begin:until])
    return do


not_to_the_end = both_of(ranged, lambda ask: ask.range[1] < SIZE)
for when in ("every", "first", "later"):
    for label, length_of in (("a byte more", lambda b, e: e + 1), ("a segment more", lambda b, e: e + SEGMENT), ("all the rest", lambda b, e: SIZE)):
        wrong.row(f"long: {label}, {when}", longer_range(length_of), when=both_of(not_to_the_end, WHEN[when]),
                  cells=eight if when == "later" else lambda cell: not cell.resume or cell.connections == 8)


def all_of_it(ask, answer):
    answer.bad = "head"
    return answer.set("Content-Range", f"bytes 0-{SIZE - 1}/{SIZE}").with_body(ask.data())


def without_range(ask, answer):
    answer.bad = "head"
    return answer.drop("Content-Range")


def with_range(template):
    def do(ask, answer):
        begin, end = ask.range
        answer.drop("Content-Range")
        answer.bad = "head"
        for one in (template,) if isinstance(template, str) else template:
            answer.add("Content-Range", one.format(a=begin, b=end - 1, n=SIZE, ax=f"{begin:#x}", bx=f"{end - 1:#x}", c=end, big=begin + 2 ** 64,
                                                   bigb=end - 1 + 2 ** 64, bign=SIZE + 2 ** 64))
        return answer
    return do


for when in ("every", "later"):
    wrong.row(f"all of it to every range, {when}", all_of_it, when=both_of(ranged, WHEN[when], lambda ask: ask.range != (0, SIZE)))
    wrong.row(f"no Content-Range, {when}", without_range, when=both_of(ranged, WHEN[when]))
for template in ("bytes {b}-{a}/{n}", "bytes {a}-{b}/{b}", "bytes -{a}-{b}/{n}", "bytes +{a}-{b}/{n}", "bytes {ax}-{bx}/{n}", "bytes {a} - {b}/{n}",
                 "bytes {a}-{b} /{n}", "bytes {a}-/{n}", "bytes {a}-{b}", "bytes {a}-{b}/", "bytes {a}-{b}/-1", "bytes {big}-{bigb}/{n}",
                 "bytes {a}-{b}/{bign}", "bytes {a}-{c}/{n}", "bytes={a}-{b}/{n}", "bytes  {a}-{b}/{n}", "bytes\t{a}-{b}/{n}",
                 "bytes {a}-{b}/{n}, bytes 0-1/{n}", "bytes {a}-{b}/{n};x=y", "bytez {a}-{b}/{n}", "BYTES {a}-{b}/{n}", "byte {a}-{b}/{n}",
                 "items {a}-{b}/{n}", "none {a}-{b}/{n}", "{a}-{b}/{n}", "bytes", "bytes */{n}", ""):
    wrong.row(f"Content-Range '{template}'", with_range(template), when=both_of(ranged, later))
wrong.row("two Content-Ranges, the same", with_range(("bytes {a}-{b}/{n}",) * 2), when=ranged)
wrong.row("two Content-Ranges, the second one another", with_range(("bytes {a}-{b}/{n}", "bytes 0-9/{n}")), when=ranged)
wrong.row("two Content-Ranges, the first one another", with_range(("bytes 0-9/{n}", "bytes {a}-{b}/{n}")), when=both_of(ranged, later))


def lengthened(by, body_too):
    def do(ask, answer):
        if body_too and by > 0:
            answer.body = answer.body + b"!" * by
        elif body_too:
            answer.body = answer.body[:by]
        answer.bad = "head"
        answer.end = "close"
        return answer.set("Content-Length", str(ask.range[1] - ask.range[0] + by))
    return do


for when in ("every", "later"):
    for by in (1, -1, 5000):
        wrong.row(f"Content-Length {by:+} and the body as well, {when}", lengthened(by, True), when=both_of(ranged, WHEN[when]))
    wrong.row(f"Content-Length of the whole, {when}", lambda ask, answer: answer.set("Content-Length", str(SIZE)).cut_at(len(answer.body)),
              when=both_of(ranged, WHEN[when], lambda ask: ask.range != (0, SIZE)))
wrong.row("no Content-Length: until the connection ends", lambda ask, answer: answer.until_close(), when=ranged)
wrong.row("no Content-Length, ends after half", lambda ask, answer: answer.until_close().cut_at(len(answer.body) // 2), when=both_of(ranged, third),
          expect=RIGHT)
wrong.row("no Content-Length, and more behind it", lambda ask, answer: answer.having(extra=b"?" * 9999).until_close(), when=ranged)


def all_behind_the_head(chunked):
    """What a script sends that sets the head right, and then everything."""
    def do(ask, answer):
        answer.body, answer.bad = ask.data(), "head"
        return answer.chunked() if chunked else answer.until_close()
    return do


for when in ("every", "later", "third"):  # one in three over one connection, which reads each to its end: only there it shows
    for label, chunked in (("in chunks", True), ("until the connection ends", False)):
        wrong.row(f"the head of the range, and all of it behind {label}, {when}", all_behind_the_head(chunked),
                  when=both_of(ranged, WHEN[when], lambda ask: ask.range != (0, SIZE)),
                  cells=(lambda cell: cell.connections == 1) if when == "third" else every)
for label, naming in (("weak", weak), ("unnamed", none)):
    wrong.row(f"short: a byte less, {label}, first", cut_range(lambda n: n - 1), naming=naming, when=both_of(ranged, first), expect=RIGHT)
wrong.row("an empty body for its range", lambda ask, answer: answer.with_body(b""), when=both_of(ranged, later))
wrong.row("empty and inverted, past the end", with_range("bytes {b}-{a}/{n}"), when=both_of(ranged, third))
wrong.row("to a request without a range", lambda ask, answer: all_of_it(ask, answer.having(status="206 Partial Content")),
          when=lambda ask: not ask.range or ask.range[0] > 0)

# Totals.
for when in ("every", "later"):
    for total in ("{n}1", "*", "0", "1", "9223372036854775807", "18446744073709551615", "99999999999999999999"):
        totals.row(f"/{total}, {when}", with_range("bytes {a}-{b}/" + total), when=both_of(ranged, WHEN[when]), codes=DOCUMENTED | LOCAL,
                   kind=TWO_SIZES)
for by in (1, -1):
    totals.row(f"{by:+}, later", lambda ask, answer, by=by: answer.set("Content-Range", f"bytes {ask.range[0]}-{ask.range[1] - 1}/{SIZE + by}"),
               when=both_of(ranged, later))
    totals.row(f"{by:+} over odd connections",
               lambda ask, answer, by=by: answer.set("Content-Range", f"bytes {ask.range[0]}-{ask.range[1] - 1}/{SIZE + by}"),
               when=both_of(ranged, odd_connection), more=lambda run: [run.versions[1][:-1]], kind=TWO_SIZES)  # over one connection that is all there is


def first_bytes(ask, answer):
    return whole(ask).with_body(ask.data()[:4 * MiB])


for label, naming in (("strong", strong), ("old date", old_date)):
    totals.row(f"a 200 of the first 4 MiB alone, {label}, later", first_bytes, naming=naming, when=later, kind=TWO_SIZES)
totals.row("a 200 of the first 4 MiB alone, without a range", first_bytes, when=lambda ask: not ranged(ask), kind=TWO_SIZES)
totals.row("* with another length of range", lambda ask, answer: cut_range(lambda n: n - 5)(ask, answer).set(
    "Content-Range", f"bytes {ask.range[0]}-{max(ask.range[0], ask.range[1] - 6)}/*"), when=both_of(ranged, later), expect=RIGHT)

# Several parts.


def parts(kind, head_range=False, status="206 Partial Content"):
    def do(ask, answer):
        begin, end = ask.range
        spans = {"one": [(begin, end)], "two": [(begin, begin + (end - begin) // 2), (begin + (end - begin) // 2, end)], "other": [(0, 100)]}[kind]
        body = b"".join(b"--x\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes %d-%d/%d\r\n\r\n%s\r\n" %
                        (b, e - 1, SIZE, ask.data()[b:e]) for b, e in spans) + b"--x--\r\n"
        answer.status, answer.bad = status, "head"
        answer.set("Content-Type", "multipart/byteranges; boundary=x").with_body(body)
        return answer if head_range else answer.drop("Content-Range")
    return do


for when in ("every", "later"):
    for kind in ("one", "two", "other"):
        multipart.row(f"{kind}, {when}", parts(kind), when=both_of(ranged, WHEN[when]))
        multipart.row(f"{kind} in a 200, {when}", parts(kind, status="200 OK"), when=both_of(ranged, WHEN[when]))
    multipart.row(f"one, and a Content-Range in the head, {when}", parts("one", True), when=both_of(ranged, WHEN[when]))

# 416.
for when in ("every", "later", "first", "third"):
    for label, fields in (("*/N", [f"bytes */{SIZE}"]), ("*/0", ["bytes */0"]), ("*/N-1", [f"bytes */{SIZE - 1}"]), ("no Content-Range", []),
                          ("a Content-Range of bytes", [f"bytes 0-{SIZE - 1}/{SIZE}"]), ("two sizes", [f"bytes */{SIZE}", "bytes */7"])):
        if when in ("later", "third") or label in ("*/N", "no Content-Range", "*/N-1"):
            unsatisfied.row(f"{label}, {when}", lambda ask, answer, fields=fields: plain("416 Range Not Satisfiable", *[("Content-Range", f) for f in fields]),
                            when=both_of(ranged, WHEN[when]))

# Ranges that are not served, or not always.


def after(k, what):
    """Honest answers that are cut, so that there are more than k requests, and then this."""
    def do(ask, answer):
        if ask.n > k or ask.resume:
            return what(ask)
        answer.bad = False
        return answer.cut_at(700_000)
    return do


for label, naming in NAMED.items():
    sure = label in ("strong", "old date")  # without, a whole resource can't be told from the one that was begun
    ignoring.row(f"never, {label}", lambda ask, answer: whole(ask), naming=naming, expect=lambda cell, sure=sure: RIGHT if sure or not cell.resume else EITHER)
    for k in (1, 2, 4):
        ignoring.row(f"after {k} requests, {label}", after(k, whole), expect=RIGHT if label == "strong" else EITHER, naming=naming)
    ignoring.row(f"every other request, {label}", lambda ask, answer: whole(ask), when=lambda ask: ask.n % 2 == 0, cells=fresh, naming=naming)
ignoring.row("over odd connections", lambda ask, answer: whole(ask), when=odd_connection)
ignoring.row("not from the middle", lambda ask, answer: whole(ask), when=lambda ask: bool(ask.range and ask.range[0] > 0))
ignoring.row("not beside an If-Range", lambda ask, answer: whole(ask), when=conditional, expect=RIGHT)
ignoring.row("although Accept-Ranges says bytes", lambda ask, answer: whole(ask).add("Accept-Ranges", "bytes"), expect=RIGHT)
ignoring.row("although they are, says Accept-Ranges: none", lambda ask, answer: answer.add("Accept-Ranges", "none"), expect=RIGHT)
ignoring.row("412 to an If-Range", lambda ask, answer: plain("412 Precondition Failed"), when=conditional)
ignoring.row("400 to a Range", lambda ask, answer: plain("400 Bad Request"), when=ranged)
FAMILIES = (contradictory, wrong, totals, multipart, unsatisfied, ignoring)
