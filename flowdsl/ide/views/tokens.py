"""The words of a file with what they are, so that an editor can colour them.

An input, a value of the run and a secret are all written as names; here they differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.semantics.model import (
    CONST,
    ENVIRONMENT,
    INPUT,
    LOOP,
    PARAMETER,
    RUNTIME,
    SECRET,
    STEP,
)
from flowdsl.semantics.types import PRIMITIVES
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.parser.lexer import KEYWORDS, TERMINAL, Lexemes

from ..occurrences import DECLARES, FIELD, NAMESPACE, OUTPUT, SETS
from ..session import Snapshot

OF_KIND: dict[str, tuple[str, tuple[str, ...]]] = {
    INPUT: ("parameter", ("readonly",)),
    PARAMETER: ("parameter", ("readonly",)),
    LOOP: ("variable", ("readonly",)),
    CONST: ("variable", ("readonly", "static")),
    RUNTIME: ("variable", ()),
    OUTPUT: ("variable", ()),
    STEP: ("variable", ()),
    SECRET: ("secret", ("readonly",)),
    ENVIRONMENT: ("macro", ("readonly",)),
    FIELD: ("property", ()),
    NAMESPACE: ("namespace", ()),
    "task": ("function", ()),
    "workflow": ("class", ()),
    "chain": ("class", ()),
    "type": ("type", ()),
}
"""The type and the modifiers of a name, by what it means."""

_STRINGS = frozenset(
    TERMINAL[name] for name in ("STRING", "BLOCK", "RAW", "KEYNAME", "BAD_STRING", "BAD_BLOCK")
)
_NUMBERS = frozenset(TERMINAL[name] for name in ("INT", "NUMBER", "DURATION", "SHIFT"))
_WORDS = frozenset((*KEYWORDS.values(), TERMINAL["START"], TERMINAL["COUNT_OF"]))
_KEYS = frozenset((TERMINAL["FIELD"], TERMINAL["KEY"]))
_TYPES = frozenset((TERMINAL["NAME"], TERMINAL["OPEN"]))
_AT = TERMINAL.get("AT", -1)


class SemanticToken(Record):
    """A range on one line, its type and its modifiers."""

    start: int
    end: int
    type: str
    modifiers: tuple[str, ...] = ()


def find_tokens(snapshot: Snapshot, module: ast.Module) -> list[SemanticToken]:
    """Return the coloured ranges of a file; none overlaps another, and none spans lines."""
    text = module.source.text
    names = [
        SemanticToken(each.start, each.end, *_look_of(each.target.kind, each.role))
        for each in snapshot.occurrences(module.source.path)
        if each.target.kind in OF_KIND
    ]
    found: list[SemanticToken] = []
    waiting = iter(names)
    name = next(waiting, None)
    for token in _find_plain_tokens(text):
        start = token.start
        while name is not None and name.start < token.end:
            if name.start > start:
                found += _split_lines(text, SemanticToken(start, name.start, token.type))
            if name.start >= start:
                found.append(name)
                start = name.end
            name = next(waiting, None)
        if start < token.end and token.type:
            found += _split_lines(text, SemanticToken(start, token.end, token.type))
    return [each for each in found if each.type]


def _look_of(kind: str, role: str) -> tuple[str, tuple[str, ...]]:
    type_, modifiers = OF_KIND[kind]
    if role == DECLARES:
        return type_, ("declaration", *modifiers)
    return type_, (("modification", *modifiers) if role == SETS else modifiers)


def _find_plain_tokens(text: str) -> Iterator[SemanticToken]:
    """Yield the tokens of a text by their spelling; words without a look have the type ''."""
    tokens = Lexemes(text)
    before = -1
    for blank, word, kind, start, end in zip(
        tokens.blanks, tokens.words, tokens.kinds, tokens.starts, tokens.ends, strict=True
    ):
        if "#" in blank:
            yield from _find_comments(text, start - len(blank), start)
        look = ""
        if word in PRIMITIVES and kind in _TYPES:
            look = "type"
        elif before == _AT:
            look = "decorator"
        elif kind in _STRINGS:
            look = "string"
        elif kind in _NUMBERS:
            look = "number"
        elif kind in _WORDS:
            look = "keyword"
        elif kind in _KEYS:
            look = "property"
        before = kind
        yield SemanticToken(start, end, look)


def _find_comments(text: str, start: int, end: int) -> Iterator[SemanticToken]:
    at = text.find("#", start, end)
    while at >= 0:
        stop = min(
            (i for i in (text.find("\n", at, end), text.find("\r", at, end)) if i >= 0), default=end
        )
        yield SemanticToken(at, stop, "comment")
        at = text.find("#", stop, end)


def _split_lines(text: str, token: SemanticToken) -> Iterator[SemanticToken]:
    at = token.start
    for line in text[token.start : token.end].splitlines(keepends=True):
        length = len(line.rstrip("\r\n"))
        if length:
            yield SemanticToken(at, at + length, token.type, token.modifiers)
        at += len(line)
