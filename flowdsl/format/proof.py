"""Checks a formatted file against the original.

Two files that can be read and have the same tokens have the same tree, if their doc comments and
the values of their texts are the same as well. Commas that the grammar leaves open do not count,
nor does the order of imports.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain, compress

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.dump import dump
from flowdsl.syntax.parser.lexer import TERMINAL
from flowdsl.syntax.texts.literals import scan_text

from .gaps import Gap, doc_lines
from .sheet import COMMA, DAYS, NO_ENTRY, RUNTIME, TEXTS, Sheet
from .tree import IMPORTS, Item

_OPTIONAL_IN_FRONT_OF = NO_ENTRY | {TERMINAL["FIELD"], TERMINAL["SECRET"]}


def difference(before: Evidence, after: Evidence) -> str | None:
    """What is wrong with a formatted file, as a clause; None if nothing is."""
    if not _same_meaning(before, after):
        return "formatting would change what the file means"
    if before.comments != after.comments:
        return "formatting would lose or move a comment"
    return None


class Evidence:
    """What formatting must not change in a file.

    Comments in front of the first declaration may change their order.
    """

    __slots__ = ("comments", "docs", "imports", "kinds", "words")

    def __init__(self, sheet: Sheet, items: list[Item]) -> None:
        kinds = sheet.kinds
        count = 1 + max((at for at, item in enumerate(items) if item.rule in IMPORTS), default=-1)
        begin = items[count].start if count < len(items) else len(kinds) - 1
        commas = [at for at, kind in enumerate(kinds) if kind == COMMA]
        optional = [at for at in commas if kinds[at + 1] in _OPTIONAL_IN_FRONT_OF]
        counts = [True] * len(kinds)
        for at in optional:
            counts[at] = False
        counts[:begin] = [False] * begin
        self.imports = sorted(
            " ".join(filter(None, sheet.texts[item.start : item.past])) for item in items[:count]
        )
        self.words = list(compress(sheet.words, counts))
        self.kinds = list(compress(kinds, counts))
        docs = ((at, doc_lines(blank)) for at, blank in sheet.commented if at in sheet.described)
        first = begin - bisect_left(optional, begin)
        self.docs = [
            (at - bisect_left(optional, at) - first, lines)
            for at, lines in docs
            if at >= begin and lines
        ]
        """The doc comments behind the imports, each with the number of the token that it precedes.
        """
        head = [Gap(blank).comments for at, blank in sheet.commented if at <= begin]
        tail = [Gap(blank).comments for at, blank in sheet.commented if at > begin]
        self.comments = sorted(chain.from_iterable(head)), list(chain.from_iterable(tail))


def _same_meaning(one: Evidence, other: Evidence) -> bool:
    if (one.kinds, one.docs, one.imports) != (other.kinds, other.docs, other.imports):
        return False
    return one.words == other.words or all(
        word == counterpart or _same_value(kind, word, counterpart)
        for kind, word, counterpart in zip(one.kinds, one.words, other.words, strict=True)
    )


def _same_value(kind: int, one: str, other: str) -> bool:
    """Whether two spellings of a token of this kind are the same text or variable."""
    if kind == RUNTIME:
        return one[2:-2].strip(" \t") == other[2:-2].strip(" \t")
    if kind in DAYS:
        return "".join(one.split()) == "".join(other.split())
    return kind in TEXTS and _parts(one) == _parts(other)


def _parts(word: str) -> list[str | list[str]]:
    """The parts of a text without their offsets, and of its comments only the words."""
    text = scan_text(SourceFile("", word), Sink(), 0, len(word))
    return [
        part.value.split() if isinstance(part, ast.TextComment) else dump(part, offsets=False)
        for part in text.parts
    ]
