"""Answers that are no part of the resource: redirects, refusals, login pages."""
from answer import page, plain, whole
from content import MiB, SIZE, none, old_date, weak, young_date
from row import EITHER, EMPTY, REFUSE, RIGHT, WHEN, Family, both_of, later, later_third, not_tls, over_tls, third

redirects = Family("redirects")
refusals = Family("refusals")
portals = Family("login pages")

HTML = b"<html><form>log in</form></html>"

# Redirects. A request for the URL is redirected; whatever else is asked for is answered.


def original(ask):
    return ask.path == "/f.bin" and ask.gate == "main"


def to(location, status="302 Found", *fields):
    def do(ask, answer):
        there = location(ask) if callable(location) else location
        return plain(status, *[("Location", one) for one in ([there] if isinstance(there, str) else there)], *fields)
    return do


for status in ("300 Multiple Choices", "301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"):
    redirects.row(f"{status[:3]}, relative", to("other/f.bin", status), when=original, expect=RIGHT)
    redirects.row(f"{status[:3]}, to another origin", to(lambda ask: ask.url("/there", "other"), status), when=original, expect=RIGHT)
    redirects.row(f"{status[:3]} once, then not", to("/there", status), when=both_of(original, lambda ask: ask.n == 1), expect=RIGHT)
FOLLOWED = {
    "absolute path": "/there", "absolute": lambda ask: ask.url("/there"), "scheme-relative": lambda ask: ask.url("/there").split(":", 1)[1],
    "query only": "?q=1", "dots": "./a/../b", "too many dots": "/../../there", "a fragment behind it": "/there#x",
    "a scheme in capitals": lambda ask: ask.url("/there").replace("http", "HTTP", 1), "percent": "/a%20b%2Fc%00", "an empty path": lambda ask: ask.url("?q"),
    "two that are the same": ["/there", "/there"], "blanks": "/a b", "UTF-8": "/\xc3\xa4", "a backslash": "/a\\b", "quotes": '/"there"', "a long one": "/" + "x" * 4000,
    "a control character": "/\x01", "a line break": "/x%0d%0aSet-Cookie:%20a=b",
}
for label, location in FOLLOWED.items():
    redirects.row(f"Location: {label}", to(location), when=original, expect=EITHER if label in ("blanks", "UTF-8", "a backslash", "quotes", "percent") else RIGHT)
REFUSED = {
    "none": [], "empty": "", "a port too large": "http://127.0.0.1:99999999999/x", "port 0": "http://127.0.0.1:0/x",
    "file": "file:///etc/passwd", "ftp": "ftp://127.0.0.1/x", "data": "data:text/plain,hello", "javascript": "javascript:alert(1)",
    "no host": "http:///x", "a bad port": "http://127.0.0.1:x/", "half an address": "http://[::1/x", "unix": "http+unix://%2Ftmp%2Fx/",
    "nobody there": "http://127.0.0.1:1/x", "mailto": "mailto:a@b",
    "an odd number for an address": "http://0x7f000001:1/x", "nothing but a fragment": "#x",
}


def or_a_page(location):
    """Nobody has pointed to what else could be asked for: what is there is a page."""
    return lambda ask, answer: to(location)(ask, answer) if original(ask) else page(HTML)


for label, location in REFUSED.items():
    redirects.row(f"Location: {label}", or_a_page(location), expect=REFUSE)
    if label in ("none", "file", "a bad port", "nobody there", "nothing but a fragment"):
        redirects.row(f"Location: {label}, later", or_a_page(location), when=lambda ask: later(ask) or not original(ask), kind=f"redirects: Location: {label}")
for label, page_at in (("", ""), (", the first to a page", "/there"), (", the second to a page", "/elsewhere")):
    redirects.row(f"Location: two{label}", lambda ask, answer, page_at=page_at: to(["/there", "/elsewhere"])(ask, answer) if original(ask) else page(HTML),
                  when=lambda ask, page_at=page_at: original(ask) or ask.path == page_at, expect=REFUSE, kind="two Locations")
redirects.row("Location: two, later", to(["/there", "/elsewhere"]), when=both_of(original, later), kind="two Locations")
redirects.row("to itself", to("/f.bin"), when=original, expect=REFUSE)
redirects.row("in a circle of two", to(lambda ask: "/b" if ask.path != "/b" else "/f.bin"), expect=REFUSE)
redirects.row("without end", to(lambda ask: f"/{ask.n}"), expect=REFUSE)


def hops(count):
    def do(ask, answer):
        hop = int(ask.path[2:]) if ask.path.startswith("/h") else 0
        return to(f"/h{hop + 1}")(ask, answer) if hop < count else None
    return do


redirects.row("nine times", hops(9), expect=RIGHT, peers=False)
redirects.row("eleven times", hops(11), peers=False)
DOWN = "a redirect from https to http"
redirects.row("from https to http", to(lambda ask: ask.url("/there", "flip")), when=original, cells=over_tls, expect=REFUSE, kind=DOWN)
redirects.row("from https to http, where somebody on the way answers",
              lambda ask, answer: to(lambda ask: ask.url("/there", "flip"))(ask, answer) if original(ask) else whole(ask).having(body=b"!" * SIZE),
              cells=over_tls, expect=REFUSE, kind=DOWN)
redirects.row("from http to https", to(lambda ask: ask.url("/there", "flip")), when=original, cells=not_tls, expect=RIGHT)
redirects.row("with a name and password", to(lambda ask: ask.url("/there").replace("://", "://me:secret@")), when=original)
redirects.row("to a page that is gone", lambda ask, answer: to("/gone")(ask, answer) if original(ask) else plain("404 Not Found"), expect=REFUSE)
redirects.row("to a login page", lambda ask, answer: to("/login")(ask, answer) if original(ask) else page("<html>log in</html>"), when=later)
redirects.row("to a link that expires after two requests",
              lambda ask, answer: to(f"/signed{ask.n}")(ask, answer) if original(ask) else plain("403 Forbidden"),
              when=lambda ask: original(ask) or ask.n % 5 == 0, peers=False)
redirects.row("to mirrors with different versions, in turns", lambda ask, answer: to(f"/mirror{1 + ask.n % 2}")(ask, answer), when=original,
              version=lambda ask: 2 if ask.path == "/mirror2" else 1, whole=frozenset({1, 2}), shared="two")
redirects.row("to mirrors with different versions and one weak ETag", lambda ask, answer: to(f"/mirror{1 + ask.n % 2}")(ask, answer), when=original,
              version=lambda ask: 2 if ask.path == "/mirror2" else 1, whole=frozenset({1, 2}), shared="half", naming=none, compared=True)
redirects.row("with a body of a megabyte", lambda ask, answer: to("/there")(ask, answer).with_body(b"x" * MiB), when=original, expect=RIGHT)
redirects.row("with a body without an end", lambda ask, answer: to("/there")(ask, answer).with_body(b"x" * 1000).until_close("stall"), when=original, expect=RIGHT)
for status in ("304 Not Modified", "305 Use Proxy", "306 Unused", "399 Odd"):
    redirects.row(f"{status[:3]} with a Location", to("/there", status), when=original, expect=REFUSE if status[:3] in ("305", "306") else RIGHT, kind=f"{status[:3]} with a Location")
for status in ("305 Use Proxy", "306 Switch Proxy"):  # which is what these name there, and what a proxy has of its own is a page
    redirects.row(f"{status[:3]} with a proxy for its Location", lambda ask, answer, status=status: page(HTML) if ask.gate == "other" else
                  to(lambda ask: ask.url("/", "other"), status)(ask, answer), expect=REFUSE, kind=f"{status[:3]} with a Location")
redirects.row("Refresh in a header", lambda ask, answer: answer.add("Refresh", "0; url=/elsewhere"), expect=RIGHT)
redirects.row("Location in a 206", lambda ask, answer: answer.add("Location", "/elsewhere"), expect=RIGHT)

# Refusals.
STATUSES = (400, 401, 402, 403, 404, 405, 407, 408, 410, 412, 421, 425, 429, 451, 499, 500, 501, 502, 503, 504, 505, 511, 520, 529, 599)
PASSING = {408, 421, 425, 429, 500, 502, 503, 504, 520, 529}
for status in STATUSES:
    refusals.row(f"{status}, every", lambda ask, answer, status=status: page("<html>no</html>", f"{status} No"), expect=REFUSE)
    if status in PASSING:
        refusals.row(f"{status}, one in three", lambda ask, answer, status=status: page("<html>no</html>", f"{status} No"), when=third, expect=RIGHT)
    if status in PASSING or status in (401, 403, 404, 501):
        refusals.row(f"{status}, later", lambda ask, answer, status=status: page("<html>no</html>", f"{status} No"), when=later,
                     expect=EITHER if status in PASSING else lambda cell: REFUSE if cell.resume else RIGHT)  # the first answer has brought everything
for status in (0, 99, 101, 201, 203, 204, 205, 226, 299, 600, 999):
    for when in ("every", "later"):
        refusals.row(f"{status:03} with the bytes of the range, {when}", kind=EMPTY if status == 204 else "", do=lambda ask, answer, status=status: answer.having(status=f"{status:03} Odd"), when=WHEN[when],
                     expect=EITHER if when == "later" else RIGHT if status in (201, 203, 205, 226, 299) else REFUSE)
for label, value in (("0", "0"), ("1", "1"), ("negative", "-5"), ("a fraction", "0.5"), ("garbage", "soon"), ("a date long past", "Sat, 05 Nov 2022 08:49:37 GMT"),
                     ("2^64", "18446744073709551616"), ("empty", "")):
    for status in (429, 503) if label in ("0", "1") else (503,):
        refusals.row(f"{status} and Retry-After: {label}, one in three", lambda ask, answer, value=value, status=status: plain(f"{status} Busy", ("Retry-After", value)),
                     when=third, expect=RIGHT)
for label, value in (("a day", "86400"), ("10^12", "1000000000000"), ("a date far ahead", "Fri, 05 Nov 2100 08:49:37 GMT")):
    refusals.row(f"503 and Retry-After: {label}, first, with --max-time", lambda ask, answer, value=value: plain("503 Busy", ("Retry-After", value)),
                 when=WHEN["first"], options=("--max-time", "5"), expect=REFUSE, peers=False)
BODIES = {"of the resource's length": lambda answer: answer.with_body(b"?" * SIZE), "without a length": lambda answer: answer.with_body(b"?" * 100_000).until_close(),
          "in chunks": lambda answer: answer.with_body(b"?" * 100_000).chunked(), "cut": lambda answer: answer.with_body(b"?" * 100_000).cut_at(50_000),
          "that stalls": lambda answer: answer.with_body(b"?" * 100_000).cut_at(50_000, "stall"), "with a Content-Range": lambda answer: answer.with_body(
              b"?" * 1000).add("Content-Range", f"bytes 0-999/{SIZE}")}
for label, body in BODIES.items():
    for status in ("404 Not Found", "503 Service Unavailable"):
        refusals.row(f"{status[:3]} with a body {label}", lambda ask, answer, body=body, status=status: body(plain(status)), when=third if status[0] == "5" else WHEN["every"],
                     expect=RIGHT if status[0] == "5" else REFUSE)

# Login pages: a 200 where a part was expected.
PAGES = {"short": HTML, "as long as the resource": HTML.ljust(SIZE, b" "), "empty": b""}
NAMES = {"unnamed": [], "with a weak ETag": [("ETag", 'W/"login"')], "with an unquoted ETag": [("ETag", "login")], "with a young date": young_date(2),
         "with a strong ETag": [("ETag", '"login"')]}
for kind, body in PAGES.items():
    for name, fields in NAMES.items():
        for label, when in (("later", later), ("one in three later", later_third)):
            if kind == "empty" and label != "later":
                continue
            portals.row(f"{kind}, {name}, {label}", lambda ask, answer, body=body, fields=fields: page(body, "200 OK", *fields), when=when,
                        more=(lambda run, body=body: [body]) if name == "with a strong ETag" else None)
for label, naming in (("weak", weak), ("unnamed", none), ("dated", old_date)):
    portals.row(f"short, {label} resource, later", lambda ask, answer: page(HTML), when=later, naming=naming)
    portals.row(f"as long as the resource, {label} resource, later", lambda ask, answer: page(PAGES["as long as the resource"]), when=later, naming=naming,
                more=lambda run: [PAGES["as long as the resource"]])


def cut_and_then_a_page(sized):
    def do(ask, answer):
        if ask.n == 1 and not ask.resume:
            return answer.cut_at(SIZE // 2).having(bad=False)
        answer = page(HTML)
        return answer if sized else answer.chunked()
    return do


for label, naming in (("weak", weak), ("unnamed", none), ("dated", old_date)):
    for sized in (True, False):
        portals.row(f"short{'' if sized else ', in chunks'}, {label} resource without ranges that was cut, later", cut_and_then_a_page(sized), naming=naming,
                    ranges=False, expect=REFUSE)
portals.row("206 of a page with the known range and no validator", lambda ask, answer: answer.drop("ETag").set("Content-Type", "text/html").having(body=b"?" * len(answer.body)),
            when=later)
portals.row("206 of a page with the known range and a weak ETag", lambda ask, answer: answer.set("ETag", 'W/"x"').having(body=b"?" * len(answer.body)), when=later)
portals.row("511 later", lambda ask, answer: page(HTML, "511 Network Authentication Required"), when=later)
FAMILIES = (redirects, refusals, portals)
