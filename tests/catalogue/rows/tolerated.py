"""Peers that are odd without being ambiguous: other downloaders get the right file from them, and so must segdl."""
import content
from answer import page, plain
from row import EITHER, RIGHT, Family, both_of, conditional, eight, first, later, ranged
from rows.pages import HTML, to
from rows.timing import beyond

forms = Family("ways of asking that are refused", expect=RIGHT)
few = Family("servers that allow only a few, and call it something else", expect=RIGHT, cells=eight, bound=90)

# A Range, or an If-Range, is refused, whatever the status; without it the server gives what is asked for.
ASKED = {"an If-Range": conditional, "every Range": ranged, "a Range from the middle": lambda ask: bool(ask.range and ask.range[0] > 0),
         "the first Range": both_of(ranged, first), "later Ranges": both_of(ranged, later)}
for status in (400, 403, 404, 405, 406, 412, 416, 500, 501, 503):
    for label, when in ASKED.items():
        forms.row(f"{status} to {label}", lambda ask, answer, status=status: plain(f"{status} No"), when=when)
    forms.row(f"{status} to every Range, the whole without a length",
              lambda ask, answer, status=status: plain(f"{status} No") if ask.range else answer.chunked().having(bad=False))


# More connections than it serves.
def login(ask, answer):
    return page(HTML) if ask.path == "/login" else to("/login")(ask, answer)


CROWDED = {"401": lambda ask, answer: page(HTML, "401 Unauthorized"), "404": lambda ask, answer: page(HTML, "404 Not Found"),
           "403": lambda ask, answer: page(HTML, "403 Forbidden"), "400": lambda ask, answer: plain("400 Bad Request"),
           "410": lambda ask, answer: plain("410 Gone"), "a page": lambda ask, answer: page(HTML), "a redirect to a page": login}
for label, refusal in CROWDED.items():
    for k in (1, 3):
        few.row(f"{label} beyond {k} at once", refusal,
                when=(lambda k: lambda ask: ask.path == "/login" or beyond(k)(ask))(k))

# What is left of a run over many connections has holes, and an answer that brings all is left where the first one ends.
links = Family("links that give their resource once", expect=lambda cell: EITHER if cell.resume and cell.connections > 1 else RIGHT)
for label, refusal in CROWDED.items():
    links.row(f"then {label}", refusal, when=lambda ask: ask.path == "/login" or ask.n > 1)
    links.row(f"then {label}, unnamed", refusal, when=lambda ask: ask.path == "/login" or ask.n > 1, naming=content.none)
for times, status in ((2, "404"), (3, "410"), (5, "403"), (9, "404")):
    links.row(f"{times} times, then {status}", CROWDED[status], when=(lambda times: lambda ask: ask.n > times)(times))

FAMILIES = (forms, few, links)
