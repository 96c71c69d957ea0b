"""Heads of responses: too long, malformed, of another protocol, in storms."""
from answer import page
from content import SIZE, none
from row import EITHER, REFUSE, RIGHT, TWO_LENGTHS, WHEN, Family, both_of, later, third

lines = Family("status lines")
fields = Family("header fields")
interim = Family("1xx")


def raw(change, end=""):
    """The head as bytes, changed."""
    def do(ask, answer):
        answer.head = change(answer.head_bytes())
        answer.end, answer.bad, answer.cut = end, "head", 0 if end == "stall" else None
        return answer
    return do


def status_line(line):
    return raw(lambda head: line + head[head.index(b"\r\n"):], "close")


OK_LINES = {"no reason": b"HTTP/1.1 206 ", "no blank after the status": b"HTTP/1.1 206", "a reason of 4 KB": b"HTTP/1.1 206 " + b"x" * 4000,
            "a reason in Latin-1": b"HTTP/1.1 206 \xe4\xf6", "HTTP/1.0": b"HTTP/1.0 206 Partial Content"}
BAD_LINES = {"no protocol": b"206 OK", "four digits": b"HTTP/1.1 2060 OK", "two digits": b"HTTP/1.1 20 OK", "letters": b"HTTP/1.1 2O6 OK",
             "negative": b"HTTP/1.1 -206 OK", "blanks before": b"  HTTP/1.1 206 OK", "empty": b"", "HTML": b"<html>", "a plus": b"HTTP/1.1 +206 OK"}
ODD_LINES = {"40 KB": b"HTTP/1.1 206 " + b"x" * 40_000, "900 KB": b"HTTP/1.1 206 " + b"x" * 900_000, "HTTP/2": b"HTTP/2 206", "HTTP/2.0": b"HTTP/2.0 206 OK",
             "HTTP/0.9": b"HTTP/0.9 206 OK", "HTTP/11": b"HTTP/11 206 OK", "HTTP/1.": b"HTTP/1. 206 OK", "ICY": b"ICY 206 OK", "lower case": b"http/1.1 206 OK",
             "two blanks": b"HTTP/1.1  206 OK", "tabs": b"HTTP/1.1\t206\tOK", "a NUL": b"HTTP/1.1 206 O\0K", "a bare CR": b"HTTP/1.1 206 O\rK",
             "HTTP/1.2": b"HTTP/1.2 206 OK", "HTTP/1.9": b"HTTP/1.9 206 OK", "escape sequences": b"HTTP/1.1 206 \x1b[31mred"}
LOOSE = {"empty lines before": b"\r\n\r\nHTTP/1.1 206 OK"}
for label, line in OK_LINES.items():
    lines.row(label, status_line(line), when=lambda ask: ask.range is not None, expect=RIGHT)
for label, line in {**BAD_LINES, **ODD_LINES, **LOOSE}.items():
    # In answer to ranges alone, all of it is asked for in the end.
    lines.row(label, status_line(line), when=lambda ask: ask.range is not None, expect=RIGHT)
    lines.row(f"{label}, whatever is asked", status_line(line), expect=REFUSE if label in BAD_LINES else RIGHT if label in ODD_LINES else EITHER, kind=f"status lines: {label}")
    if label in ("40 KB", "HTTP/2", "letters", "empty", "HTML"):
        lines.row(f"{label}, one in three", status_line(line), when=third)
lines.row("four digits, with a page", lambda ask, answer: status_line(b"HTTP/1.1 2004 No such file")(ask, page(b"<html>no such file</html>")), expect=REFUSE,
          kind="status lines: four digits")
lines.row("none: only a body", lambda ask, answer: answer.having(head=b"", end="close"), expect=REFUSE)

# Fields.


def inserted(text):
    return raw(lambda head: head[:-2] + text + b"\r\n")


def first_field(text):
    return raw(lambda head: head[:head.index(b"\r\n") + 2] + text + head[head.index(b"\r\n") + 2:])


GOOD_FIELDS = {"one of 10 KB": b"X: " + b"y" * 10_000 + b"\r\n", "a hundred": b"X-A: b\r\n" * 100, "an empty value": b"X-Empty:\r\n", "obs-text": b"X: \xe4\xff\r\n",
               "no blank behind the colon": b"X:y\r\n", "a tab behind the colon": b"X:\ty\r\n", "a name of symbols": b"!#$%&'*+-.^_`|~: y\r\n",
               "one of 100 KB": b"X: " + b"y" * 100_000 + b"\r\n", "one of 290 KB": b"X: " + b"y" * 290_000 + b"\r\n", "950": b"X-A: b\r\n" * 950,
               "a folded line": b"X: a\r\n b\r\n", "a fold before a value that decides": b"Retry-After:\r\n 5\r\n", "a name in Latin-1": b"X\xe4: y\r\n", "a line folded twice by tabs": b"X:\r\n\ta\r\n\t\r\n", "a control character": b"X: \x01\r\n",
               "an escape sequence": b"X: \x1b[31mred\x7f\r\n", "a bare LF": b"X: y\nZ: w\r\n", "one of 400 KB": b"X: " + b"y" * 400_000 + b"\r\n", "2,000": b"X-A: b\r\n" * 2000,
               "one of 1 MB": b"X: " + b"y" * 1_000_000 + b"\r\n", "16,000": b"X-A: b\r\n" * 16_000,
               "one of 2 MB": b"X: " + b"y" * 2_000_000 + b"\r\n", "20,000": b"X-A: b\r\n" * 20_000,
               "one of 9 MB": b"X: " + b"y" * 9_000_000 + b"\r\n", "70,000": b"X-A: b\r\n" * 70_000,
               "one of 20 MB": b"X: " + b"y" * 20_000_000 + b"\r\n",
               "a bare CR in an ETag": b"ETag: \"v2\"\rX: y\r\n", "a folded ETag": b"ETag: \"v2\"\r\n x\r\n", "an ETag behind a bare LF": b"X: y\nETag: \"v2\"\r\n",
               "a control character in a Last-Modified": b"Last-Modified: \x01\r\n", "a NUL in a value": b"X: a\0b\r\n", "a NUL in a name": b"X\0Y: b\r\n",
               "a Content-Type folded inside": b"Content-Type: text/\r\n plain\r\n", "a Connection folded inside": b"Connection: keep-\r\n alive\r\n",
               "a control character in a Content-Type": b"Content-Type: a\x01\r\n", "a Date that ends in a bare LF": b"Date: Sun, 06 Nov 2022 08:49:37 GMT\nX: y\r\n",
               "a blank before the colon": b"X : y\r\n", "no colon": b"no colon here\r\n", "an empty name": b": y\r\n", "a bare CR": b"X: y\rZ: w\r\n", "two CRs": b"X: y\r\r\n",
               "a blank in a name": b"X Y: z\r\n", "a hidden Content-Length behind a bare CR": b"X: y\rContent-Length: 5\r\n"}
BAD_FIELDS = {"a folded Content-Length": b"Content-Length:\r\n 5\r\n",
              "a Content-Length behind a bare LF": b"X: y\nContent-Length: 5\r\n", "two bare LFs": b"X: y\n\nZ: w\r\n", "a bare LF before an empty line": b"X: y\n\r\nZ: w\r\n",
              "a blank before the colon of a Content-Length": b"Content-Length : 5\r\n", "a NUL in the name of a Content-Length": b"Content-Length\0: 5\r\n",
              "a second status line": b"HTTP/1.1 404 Not Found\r\n", "two CRs for its end": b"\r\r\n"}
SECOND = "a second status line"  # in the head of what is wanted, or of a page
TWO_CRS = "an empty line with two CRs"  # the end of a head, or none
for label, text in GOOD_FIELDS.items():
    fields.row(label, inserted(text), expect=RIGHT)
for label, text in BAD_FIELDS.items():
    fields.row(label, inserted(text), expect=REFUSE, kind=TWO_LENGTHS if "Content-Length" in label else SECOND if label == "a second status line" else
               TWO_CRS if label == "two CRs for its end" else "")
    if label in ("a folded Content-Length", "a second status line", "two bare LFs", "a bare LF before an empty line"):
        fields.row(f"{label}, one in three", inserted(text), when=third)
fields.row("a Content-Encoding behind a bare LF", inserted(b"X: y\nContent-Encoding: gzip\r\n"), expect=lambda cell: EITHER if cell.resume else RIGHT,
           kind="codings: another one than before")
# Of a size with an empty line early in its bytes: what a client reads on to that passes the end over.
fields.row("two CRs are its end", size=300_002, do=lambda ask, answer: raw(lambda head: head[:-2] + b"\r\r\n")(ask, answer.until_close()).having(end="close"), ranges=False,
           expect=REFUSE, kind=TWO_CRS)
fields.row("a folded line first", first_field(b" folded: y\r\n"), expect=RIGHT)
fields.row("a folded Content-Length first", first_field(b" Content-Length: 5\r\n"), expect=REFUSE, kind=TWO_LENGTHS)
fields.row("a second status line, of a page", lambda ask, answer: first_field(b"X: y\r\nHTTP/1.1 404 Not Found\r\n")(
    ask, page(b"<html>no such file</html>", "200 OK")), expect=REFUSE, kind=SECOND)
BARE = {"all lines end in a bare LF": lambda head: head.replace(b"\r\n", b"\n"), "the last line ends in a bare LF": lambda head: head[:-2] + b"\n",
        "all lines but the first end in a bare LF": lambda head: head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n", 1)}
for label, change in BARE.items():
    fields.row(label, raw(change), expect=RIGHT)
    fields.row(f"{label}, whole", raw(change), ranges=False, expect=RIGHT)
    fields.row(f"{label}, one in three", raw(change), when=third, expect=RIGHT)
fields.row("all lines but the last end in a bare LF", raw(lambda head: head[:-2].replace(b"\r\n", b"\n") + b"\r\n"), expect=RIGHT)
for label, name in (("an ETag", b"ETag"), ("a Content-Range", b"Content-Range"), ("a Content-Length", b"Content-Length"), ("a Content-Type", b"Content-Type")):
    fields.row(f"{label} twice, the same", raw(lambda head, name=name: repeated(head, name)), when=lambda ask: ask.range is not None, expect=RIGHT)


def repeated(head, name):
    """With the line of this field twice."""
    return b"\r\n".join(line for part in head.split(b"\r\n") for line in ([part, part] if part.startswith(name + b":") else [part]))


fields.row("no end of the head", raw(lambda head: head[:-2] + b"X: y\r\n" * 10 + b"X", "stall"), bound=90, expect=REFUSE)
fields.row("a head without an end", lambda ask, answer: answer.with_body(b"X: yyyy\r\n" * 1_000_000).having(head=b"HTTP/1.1 200 OK\r\n"), expect=REFUSE)
fields.row("Content-Range before an interim line", lambda ask, answer: answer.having(before=b"Content-Range: bytes 0-1/2\r\n\r\n"), expect=REFUSE)

# Interim responses.
STORMS = {"one 100": b"HTTP/1.1 100 Continue\r\n\r\n", "a 100 with fields": b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n", "103": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
          "103 with a Content-Length": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n", "102 three times": b"HTTP/1.1 102 Processing\r\n\r\n" * 3,
          "102 ninety times": b"HTTP/1.1 102 Processing\r\n\r\n" * 90,
          "103 with another ETag": b'HTTP/1.1 103 Early Hints\r\nETag: "v2"\r\nContent-Range: bytes 0-1/2\r\n\r\n'}
for label, storm in STORMS.items():
    interim.row(label, lambda ask, answer, storm=storm: answer.having(before=storm), expect=RIGHT)
for count in (15, 101, 9_900, 10_100, 100_000):
    interim.row(f"100, {count} times", lambda ask, answer, count=count: answer.having(before=b"HTTP/1.1 100 Continue\r\n\r\n" * count),
                expect=RIGHT)
interim.row("100 and nothing else, 300,000 times", lambda ask, answer: answer.with_body(b"HTTP/1.1 100 Continue\r\n\r\n" * 300_000).having(head=b"HTTP/1.1 100 C\r\n\r\n"),
            bound=90, expect=REFUSE)
interim.row("100 and nothing else", lambda ask, answer: answer.having(head=b"HTTP/1.1 100 Continue\r\n\r\n").cut_at(0, "stall"), bound=90, expect=REFUSE)
interim.row("100 and the end", lambda ask, answer: answer.having(head=b"HTTP/1.1 100 Continue\r\n\r\n").cut_at(0), expect=REFUSE)
BODY = "a 100 with a body"
interim.row("101 unasked", lambda ask, answer: answer.having(before=b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), expect=RIGHT)
interim.row("a malformed 100", lambda ask, answer: answer.having(before=b"HTTP/1.1 100 Continue\r\nno colon\r\n\r\n"))
interim.row("a 100 with a body", lambda ask, answer: answer.having(before=b"HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nbody"), expect=REFUSE, kind=BODY)
interim.row("a 100 with a body of several lines", lambda ask, answer: answer.having(
    before=b"HTTP/1.1 100 Continue\r\nContent-Length: 19\r\n\r\nplease 200 seconds\n\n").until_close(), ranges=False, expect=REFUSE, kind=BODY)
FAMILIES = (lines, fields, interim)
