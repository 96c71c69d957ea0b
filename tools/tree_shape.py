"""Finds the functions and classes that C++ source declares: how many parameters a function has, how many public functions a class.

Reads text, not meaning: enough for sources that clang-format has laid out and that use no macros but those of tree_shape.MACROS.
"""
import re

TOKEN = re.compile(r"\w+|::|->|\.\.\.|[^\w\s]")
MACROS = re.compile(r"\bSEGDL_\w+(?:\([^()]*\))?|\balignas\([^()]*\)|\bnoexcept(?:\([^()]*\))?|\bdecltype\([^()]*\)|\[\[[^\]]*\]\]")
CLOSED_BY = {"(": ")", "{": "}", "[": "]"}


def tokens_of(code):
    """(text, line) of each, of code whose comments and literals are blanks already. Directives are left out."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda found: "\n" * found[0].count("\n"), code, flags=re.M)
    code = MACROS.sub(lambda found: " int " * found[0].startswith("decltype") + "\n" * found[0].count("\n"), code)
    line, at = 1, 0
    for found in TOKEN.finditer(code):
        line += code.count("\n", at, found.start())
        at = found.start()
        yield found[0], line


def behind(tokens, at):
    """Behind what closes the bracket at `at`."""
    depth = 0
    while at < len(tokens):
        depth += (tokens[at][0] in "({[") - (tokens[at][0] in ")}]")
        at += 1
        if depth == 0:
            return at
    return at


def first_call(head):
    """Where the parameters of what is declared begin; None if it is no function."""
    angles = 0
    for at, (text, _) in enumerate(head):
        before = head[at - 1][0] if at else ""
        if text == "<" and (re.match(r"\w", before) or before == "template"):
            angles += 1
        elif text == ">" and angles and before != "-":
            angles -= 1
        elif text == "=" and not angles and before != "operator":
            return None
        elif text == "(" and not angles:
            is_name = re.match(r"[A-Za-z_]", before) or "operator" in [token for token, _ in head[max(0, at - 3):at]]
            return at if is_name and before not in ("if", "for", "while", "switch", "static_assert") else None
    return None


def parameters(head, at):
    """How many the list that begins at `at` has."""
    inside = head[at + 1:behind(head, at) - 1]
    depth = angles = 0
    commas = 0
    for place, (text, _) in enumerate(inside):
        before = inside[place - 1][0] if place else ""
        depth += (text in "({[") - (text in ")}]")
        angles += (text == "<" and bool(re.match(r"\w", before))) - (text == ">" and angles > 0)
        commas += text == "," and depth == 0 and angles == 0
    return commas + 1 if inside and [text for text, _ in inside] != ["void"] else 0


def is_brace_of_member(head):
    """Whether the brace behind this begins a member's value in a constructor's list, and no body."""
    at = first_call(head)
    rest = head[behind(head, at):] if at is not None else []
    return any(text == ":" for text, _ in rest) and bool(re.match(r"\w|>", head[-1][0])) if rest else False


def declarations(code):
    """Of each function: (line, name, how many parameters, the class it is a public function of, or None).

    A class's own constructors, destructor, operators, and what is deleted, are functions of None.
    """
    tokens = list(tokens_of(code))
    yield from scope(tokens, 0, len(tokens), None)


def scope(tokens, at, end, owner):
    """`owner`: the class whose members these are, and whether the first ones are public."""
    name, is_public = owner or (None, False)
    head = []
    while at < end:
        text, line = tokens[at]
        if text in ("public", "private", "protected") and at + 1 < end and tokens[at + 1][0] == ":" and not head:
            is_public = text == "public"
            at += 2
        elif text == ";":
            yield from function(head, name, is_public)
            head = []
            at += 1
        elif text in "([":
            closed = behind(tokens, at)
            head += tokens[at:closed]
            at = closed
        elif text == "{":
            closed = behind(tokens, at)
            inside = scope_of(head)
            if inside == "namespace":
                yield from scope(tokens, at + 1, closed - 1, None)
                head = []
            elif inside is not None:
                yield from scope(tokens, at + 1, closed - 1, inside)
                head = []
                while closed < end and tokens[closed][0] != ";":
                    closed += 1
            elif first_call(head) is None or is_brace_of_member(head):  # a value
                head.append(("0", line))
            else:
                yield from function(head, name, is_public)
                head = []
            at = closed
        else:
            head.append((text, line))
            at += 1


def scope_of(head):
    """What the brace behind this begins: "namespace", (class, is public at first), or None."""
    texts = [text for text, _ in head]
    if "namespace" in texts or texts[:1] == ["extern"] and len(texts) < 3:
        return "namespace"
    while texts[:1] == ["template"]:
        depth = 0
        for at, text in enumerate(texts):
            depth += (text == "<") - (text == ">")
            if text == ">" and depth == 0:
                break
        texts = texts[at + 1:]
    if texts[:1] and texts[0] in ("class", "struct", "union") and first_call(head) is None:
        return (texts[1] if len(texts) > 1 else "", texts[0] != "class")
    return None


def function(head, owner, is_public):
    at = first_call(head)
    texts = [text for text, _ in head]
    if at is None or {"friend", "using", "typedef", "requires"} & set(texts[:2]):
        return
    name = texts[at - 1]
    deleted = "delete" in texts[-2:]
    counts = is_public and owner and name != owner and "~" not in texts[:at] and "operator" not in texts[:at] and not deleted
    yield head[0][1], name, parameters(head, at), owner if counts else None
