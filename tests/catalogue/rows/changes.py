"""A resource that changes, in a run or between two, by every way of naming a version; and servers that lie about it."""
import hashlib

import content
from answer import honest, plain, whole
from content import OLD, SEGMENT, SIZE, both, etag, none, same_etag, same_old_date, same_young_date, strong, then, weak
from row import EITHER, RIGHT, Family, both_of, conditional, later, later_third, odd_connection, ranged, third

changing = Family("a change", change=True, whole=frozenset({1, 2}))
versions_at_once = Family("two versions at once", change=True, whole=frozenset({1, 2}))
conditions = Family("If-Range")
edges = Family("validators that differ though nothing changed")
lies = Family("a change that the validator hides, under a checksum", peers=False)

LONG = "x" * 900
NAMINGS = {
    "strong ETag": strong,
    "weak ETag": weak,
    "unquoted ETag": content.unquoted,
    "two ETags": content.two_etags,
    "old date": content.old_date,
    "young date": content.young_date,
    "date without a Date": content.dateless,
    "no validator": none,
    "weak ETag that stays": same_etag('W/"same"'),
    "young date that stays": same_young_date,
    "weak ETag, old date that stays": both(weak, same_old_date),
    "weak ETag that stays, old date": both(same_etag('W/"same"'), content.old_date),
    "weak ETag that stays, young date": both(same_etag('W/"same"'), content.young_date),
    "unquoted ETag, old date that stays": both(content.unquoted, same_old_date),
    "strong ETag, old date that stays": both(strong, same_old_date),
    "two ETags, old date that stays": both(content.two_etags, same_old_date),
    "strong ETag that goes, old date that stays": both(then(strong, none), same_old_date),
    "strong ETag that comes, old date that stays": both(then(none, strong), same_old_date),
    "strong ETag that comes": then(none, strong),
    "strong ETag that goes": then(strong, none),
    "strong ETag that becomes weak": then(same_etag('"v"'), same_etag('W/"v"')),
    "weak ETag that becomes strong": then(same_etag('W/"v"'), same_etag('"v"')),
    "strong ETags that differ in case": then(same_etag('"va"'), same_etag('"vA"')),
    "strong ETags that differ at their end": etag(f'"{LONG}%d"'),
    "ETags too long to keep": etag(f'"{LONG}{LONG}%d"'),
    "empty ETag that stays, old date": both(same_etag('""'), content.old_date),
    "an ETag with one quote": etag('"v%d'),
}
UNSIGNED = {"no validator", "weak ETag that stays", "young date that stays", "ETags too long to keep"}  # what changed can't be seen in the heads


def made_cut(ask):
    return ask.state.get("cuts", 0)


def cutting(ask, answer, at):
    def count():
        ask.state["cuts"] = made_cut(ask) + 1
    answer.on_cut = count
    return answer.cut_at(min(at, max(1, len(answer.body) // 2)) if at >= len(answer.body) else at)


def cut_version(ask):
    return 2 if ask.resume or made_cut(ask) else 1


def cut_once(ask, answer):
    return None if ask.resume or made_cut(ask) else cutting(ask, answer, len(answer.body) * 9 // 10)


def compared_version(ask):
    return 2 if made_cut(ask) >= (1 if ask.resume else 2) else 1


def cut_twice(ask, answer):
    made = made_cut(ask) + (1 if ask.resume else 0)
    return None if made >= 2 else cutting(ask, answer, len(answer.body) * 9 // 10 if made == 0 else 3 * SEGMENT // 2)


def flapping_version(ask):
    made = made_cut(ask) + (1 if ask.resume else 0)
    return 2 if made >= 6 else 1 + made % 2


def cut_six_times(ask, answer):
    return None if made_cut(ask) >= 6 else cutting(ask, answer, len(answer.body) * 6 // 10)


TIMES = {
    # Version 1, cut at 0.9 of a body; then version 2. On a resume it has changed before.
    "after a cut": {"version": cut_version, "do": cut_once},
    # Version 1 is cut; then it comes again, for long enough to compare a segment, and is cut; then version 2.
    "after a comparison": {"version": compared_version, "do": cut_twice},
    # One version and the other in turns, each cut at 0.6 of a body, six times; then version 2.
    "back and forth": {"version": flapping_version, "do": cut_six_times},
}
AFTER_CUT = TIMES["after a cut"]
SURE = {"strong ETag", "old date", "strong ETag, old date that stays", "strong ETags that differ in case", "strong ETags that differ at their end"}
for label, naming in NAMINGS.items():
    for time, how in TIMES.items():
        for shared in ("half", "two"):
            changing.row(f"{label}, {time}, {'first half' if shared == 'half' else 'all but two segments'} shared", **how, naming=naming, shared=shared, compared=label in UNSIGNED,
                         kind=f"a change: {label}, {time}", expect=RIGHT if label in SURE and how is AFTER_CUT else EITHER)
    changing.row(f"{label}, after a cut, all different", **AFTER_CUT, naming=naming, kind=f"a change: {label}, after a cut",
                 expect=RIGHT if label in SURE else EITHER)
for label in ("strong ETag", "old date", "weak ETag", "no validator", "weak ETag, old date that stays"):
    for shared in ("grown", "cut"):
        changing.row(f"{label}, after a cut, {'70,000 bytes more' if shared == 'grown' else '70,000 bytes less'}", **AFTER_CUT,
                     naming=NAMINGS[label], shared=shared, compared=label in UNSIGNED, kind=f"a change: {label}, after a cut")

# Two versions at once: by connection, or by request.


def by_connection(ask):
    return 2 if ask.connection > 12 else 2 - ask.connection % 2


def by_request(ask):
    return 2 if ask.n > 12 else 2 - ask.n % 2


def one_request_each(ask, answer):
    """So that there are connections to tell apart."""
    answer.end = "close"


for label in ("strong ETag", "old date", "weak ETag", "unquoted ETag", "two ETags", "young date", "no validator", "weak ETag, old date that stays",
              "strong ETag that goes", "strong ETag that comes"):
    for shared in ("half", "two"):
        words = "first half" if shared == "half" else "all but two segments"
        versions_at_once.row(f"{label}, by connection, {words} shared", one_request_each, version=by_connection, naming=NAMINGS[label], shared=shared,
                             compared=label in UNSIGNED)
        versions_at_once.row(f"{label}, by request and cut, {words} shared", lambda ask, answer: answer.cut_at(len(answer.body) * 7 // 10) if ask.n <= 12 else None,
                             version=by_request, naming=NAMINGS[label], shared=shared, compared=label in UNSIGNED)

# If-Range.


def part_of_other(ask, answer):
    """A part of version 2, whatever the condition says."""
    del ask.fields["if-range"]
    return honest(ask, 2)


def ignored_condition(ask, answer):
    ask.fields.pop("if-range", None)
    return honest(ask, 2)


for label in ("strong ETag", "old date", "strong ETag, old date that stays", "strong ETag that goes", "strong ETag that goes, old date that stays"):
    for shared in ("half", "two", "grown"):
        conditions.row(f"it is ignored, and the part is of another version, {label}, {shared}", ignored_condition, when=later, naming=NAMINGS[label],
                       shared=shared, whole=frozenset({1, 2}), kind=f"If-Range: it is ignored, {label}")
    conditions.row(f"it is ignored, one part in three is of another version, {label}", ignored_condition, when=later_third, naming=NAMINGS[label],
                   shared="two", whole=frozenset({1, 2}))
conditions.row("its part is of another version under the asked validator, no Content-Range total", lambda ask, answer: part_of_other(ask, answer).set(
    "Content-Range", f"bytes {ask.range[0]}-{ask.range[1] - 1}/*"), when=conditional, whole=frozenset({1, 2}), shared="two")
conditions.row("a 206 without a validator", lambda ask, answer: answer.drop("ETag"), when=later)
conditions.row("a 206 with a weak ETag instead", lambda ask, answer: answer.set("ETag", 'W/"v1"'), when=later)
conditions.row("a 206 with an unquoted ETag instead", lambda ask, answer: answer.set("ETag", "v1"), when=later)
conditions.row("a 206 with two ETags, the known one first", lambda ask, answer: answer.add("ETag", '"v9"'), when=later)
conditions.row("a 206 with two ETags, the known one last", lambda ask, answer: answer.drop("ETag").add("ETag", '"v9"').add("ETag", '"v1"'), when=later)
conditions.row("a 206 with an empty ETag", lambda ask, answer: answer.set("ETag", ""), when=later)
conditions.row("a 206 with its date only", lambda ask, answer: answer.drop("ETag"), when=later, naming=NAMINGS["strong ETag, old date that stays"])
conditions.row("the whole whenever it is sent", lambda ask, answer: whole(ask), when=conditional, expect=RIGHT)
conditions.row("the whole of another version whenever it is sent", lambda ask, answer: whole(ask, 2), when=conditional, whole=frozenset({1, 2}))
conditions.row("the whole without a validator whenever it is sent", lambda ask, answer: whole(ask, naming=none), when=conditional)
conditions.row("another version's whole without a validator whenever it is sent", lambda ask, answer: whole(ask, 2, none), when=conditional, shared="half",
               whole=frozenset({1, 2}))
conditions.row("304 whenever it is sent", lambda ask, answer: plain("304 Not Modified"), when=conditional)

# Nothing changed, but its names do.


def renamed(naming):
    return lambda ask, answer: honest_named(ask, answer, naming(ask))


def honest_named(ask, answer, fields):
    answer.drop("ETag", "Last-Modified", "Date")
    answer.fields += fields
    return answer


edges.row("an ETag for each connection", renamed(lambda ask: [("ETag", f'"e{ask.connection}"')]))
edges.row("an ETag for each request", renamed(lambda ask: [("ETag", f'"e{ask.n}"')]))
edges.row("one of two ETags, by request", renamed(lambda ask: [("ETag", f'"e{ask.n % 2}"')]))
edges.row("an ETag for each request and one date", renamed(lambda ask: [("ETag", f'"e{ask.n}"'), *same_old_date(1)]))
edges.row("one ETag and a date for each request", renamed(lambda ask: [("ETag", '"v1"'), *content.old_date(1 + ask.n % 2)]))
edges.row("one weak ETag and a date for each request", renamed(lambda ask: [("ETag", 'W/"v1"'), *content.old_date(1 + ask.n % 2)]))
edges.row("weak and strong in turns", renamed(lambda ask: [("ETag", '"v1"' if ask.n % 2 else 'W/"v1"')]))
edges.row("quoted and unquoted in turns", renamed(lambda ask: [("ETag", '"v1"' if ask.n % 2 else "v1")]))
edges.row("an ETag now and then", renamed(lambda ask: [("ETag", '"v1"')] if ask.n % 2 else []))
edges.row("the -gzip ETag of apache", renamed(lambda ask: [("ETag", '"v1"' if ask.n % 2 else '"v1-gzip"')]))
edges.row("one date in three forms", renamed(lambda ask: [("Date", content.OLD_ASKED), ("Last-Modified", [
    OLD[0], "Saturday, 05-Nov-22 08:49:37 GMT", "Sat Nov  5 08:49:37 2022"][ask.n % 3])]))

# Wrong bytes under the right name: only a checksum can tell.


def checksum(version=1):
    return lambda run: ("--checksum", "sha-256=" + hashlib.sha256(run.versions[version]).hexdigest())


same = same_etag('"same"')
for time, how in TIMES.items():
    for shared in ("half", "two"):
        lies.row(f"{time}, {shared}", **how, naming=same, shared=shared, change=True, options=checksum(2), whole=frozenset({2}))


def flipped(ask, answer):
    at = len(answer.body) // 2
    answer.body = answer.body[:at] + bytes([answer.body[at] ^ 1]) + answer.body[at + 1:]
    return answer


for label, when in (("every", ranged), ("one in three", both_of(ranged, third)), ("over odd connections", odd_connection)):
    lies.row(f"a bit is flipped, {label}", flipped, when=both_of(when, lambda ask: ask.range[1] > ask.range[0]), options=checksum())
lies.row("the bytes of the range before", lambda ask, answer: answer.having(body=ask.data()[:len(answer.body)]),
         when=lambda ask: bool(ask.range and ask.range[0] > 0), options=checksum())
lies.row("nothing but zeros", lambda ask, answer: answer.having(body=bytes(len(answer.body))), options=checksum())
FAMILIES = (changing, versions_at_once, conditions, edges, lies)
