"""A row of the catalogue: one behaviour of a peer, and what a client may make of it."""
import dataclasses
from typing import Callable

import content
from answer import honest, whole

RIGHT, REFUSE, EITHER = "right", "refuse", "either"

DOCUMENTED = frozenset({3, 4, 5, 6, 8})  # exit codes of what a peer can be the reason for
LOCAL = frozenset({7})  # and of sizes that no disk holds

# Kinds with rows in several families.
UNTOLD = "an end that nothing tells"
EMPTY = "a 204: nothing to send, or nothing there"
TWO_SIZES = "two sizes of one version"
TWO_LENGTHS = "two lengths of one body"


@dataclasses.dataclass
class Row:
    """`when(ask)` chooses the requests that `do(ask, answer)` misbehaves on; all others are answered honestly.

    A row that is a change was sent once bodies of both versions were.
    """

    family: str
    name: str
    do: Callable | None = None
    when: Callable = lambda ask: True
    expect: object = EITHER  # or a function of the cell
    codes: frozenset = DOCUMENTED  # that may be the exit code if nothing is published
    version: Callable = lambda ask: 1
    whole: frozenset = frozenset({1})  # versions that count as right
    naming: Callable = content.strong
    shared: str = "none"
    size: int = content.SIZE
    ranges: bool = True
    options: object = ()  # for segdl; or a function of the run
    cells: Callable = lambda cell: True
    accept: Callable | None = None  # what is done with a connection before its first request; True: it is over
    file: str = "f.bin"
    url: Callable | None = None  # of the run, instead of the file's at the main gate
    bound: float = 60  # seconds; more is a hang
    named: bool = False  # the server names the file (-J): any one safe name is right
    change: bool = False
    bad: object = "head"  # from when on the misbehaviour has been sent; see Answer
    compared: bool = False  # no validator can show this change: a resume that says what it compared is let pass
    more: Callable | None = None  # versions beside 1 and 2 that a client may publish: a function of the run -> list of bytes
    peers: bool = True  # whether other downloaders have what this needs
    kind: str = ""  # of rows that look the same to a client when it has to decide, and differ in what is true

    @property
    def key(self):
        return f"{self.family}: {self.name}"

    @property
    def of_kind(self):
        return self.kind or self.key

    def expected(self, cell):
        expected = self.expect(cell) if callable(self.expect) else self.expect
        if expected == REFUSE and cell.resume and not self.ranges:
            return EITHER  # the killed run has learned the size and a validator, by which what is sent can be whole
        return expected

    def answer(self, ask):
        version = self.version(ask)
        answer = (honest if self.ranges else whole)(ask, version)
        if self.do is not None and self.when(ask):
            answer = self.do(ask, answer) or answer  # another one, or this one changed
            if answer.bad is None:
                answer.bad = self.bad
        return answer


@dataclasses.dataclass(frozen=True)
class Cell:
    connections: int
    resume: bool
    tls: bool

    @property
    def key(self):
        return f"{self.connections}{'r' if self.resume else 'f'}{'t' if self.tls else 'p'}"


CELLS = [Cell(connections, resume, tls) for connections in (1, 8) for resume in (False, True) for tls in (False, True)]


class Family:
    """Collects rows: family.row(name, do, ...)."""

    def __init__(self, name, **common):
        self.name, self.common, self.rows = name, common, []

    def row(self, name, do=None, **rest):
        self.rows.append(Row(self.name, name, do, **{**self.common, **rest}))


# When.

def every(ask):
    return True


def first(ask):
    """The first request; of a killed download that one is long over, so the first of those that continue it."""
    return ask.n == 1


def later(ask):
    """All but the first of the download."""
    return ask.n > 1 or ask.resume


def second(ask):
    return ask.n == (1 if ask.resume else 2)


def third(ask):
    """One in three."""
    return ask.n % 3 == 1


def later_third(ask):
    """One in three, but not the first of the download."""
    return ask.n % 3 == (1 if ask.resume else 2)


def odd_connection(ask):
    return ask.connection % 2 == 1


def ranged(ask):
    return ask.range is not None


def conditional(ask):
    return "if-range" in ask.fields


def both_of(*conditions):
    return lambda ask: all(condition(ask) for condition in conditions)


WHEN = {"every": every, "later": later, "first": first, "third": third}

# Cells.


def fresh(cell):
    return not cell.resume


def resumed(cell):
    return cell.resume


def eight(cell):
    """One connection never gets that far."""
    return cell.connections == 8


def over_tls(cell):
    return cell.tls


def not_tls(cell):
    return not cell.tls
