"""The prose of a program: every text that an agent reads as an instruction or a description."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast, statements
from flowdsl.syntax.statements import DO, ROUNDS, SOURCE, STATEMENTS, TARGET, texts_of
from flowdsl.syntax.visit import children

CONDITION = "condition"
RULE = "rule"
CHECK = "check"

_ROLES = {
    DO: DO,
    TARGET: TARGET,
    SOURCE: SOURCE,
    statements.AWAITED: CONDITION,
    statements.EXPECTED: CONDITION,
}
"""The role of prose, by what a text of a statement is for; texts for anything else are no prose."""

HAS_PROSE = frozenset(
    (
        *(
            class_
            for class_, row in STATEMENTS.items()
            if any(role in _ROLES for _, role in row.texts)
        ),
        ast.IfStmt,
        *ROUNDS,
        ast.AlwaysSection,
        ast.Check,
    )
)
"""Classes of nodes that can hold prose."""

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]+")
_SHORT = 5
_COMMON_WORDS = """
    a all an and any at do don everything from if in into is it not of on that the then this
    to up with your
"""
_FUNCTION_WORDS = frozenset(_COMMON_WORDS.split())


class Prose(Record):
    """One text of a program.

    `role` is `do`, `target` (what to act on), `condition`, `source` (what to read), `rule` or
    `check`. `command` is used for commands, which are no prose and fire no rule.
    """

    text: ast.Text
    role: str
    source: SourceFile

    @property
    def written(self) -> str:
        """The text as it is in the source, with its delimiters, and with blanks for comments.

        Offsets in it count from `text.start`.
        """
        raw = self.source.text[self.text.start : self.text.end]
        if "{#" not in raw:
            return raw
        # Nothing after the last `#}` ends a comment, and each `{#` there would search to the end.
        last = raw.rfind("#}") + 2
        return _COMMENT.sub(lambda found: " " * len(found[0]), raw[:last]) + raw[last:]

    @property
    def bounds(self) -> tuple[int, int]:
        """The start and end of the text in `written`, between its delimiters."""
        quotes = 3 if self.text.form == ast.BLOCK else 1
        start = quotes + (self.text.form == ast.RAW)
        return start, self.text.end - self.text.start - quotes

    def span(self, start: int, end: int) -> Span:
        """The place of `written[start:end]`."""
        return Span(self.source, self.text.start + start, self.text.start + end)

    def words(self) -> list[str]:
        """The words of the text in lower case, with those inside variables."""
        return _WORD.findall(self.source.text[self.text.start : self.text.end].lower())


def is_english(text: str) -> bool:
    """Whether a text may be English.

    Few of its letters are not ASCII, and a text of more than five words has one of the very common
    English words.
    """
    if not text.isascii():
        letters = [each for each in text if each.isalpha()]
        if 5 * sum(not each.isascii() for each in letters) > len(letters):
            return False
    words = _WORD.findall(text.lower())
    return len(words) <= _SHORT or not _FUNCTION_WORDS.isdisjoint(words)


@cache
def compile_prose_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern for prose: a blank in it stands for any blanks and line ends, in any case."""
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


class Literals:
    """The texts and strings of a file by their places, collected once for many lookups."""

    __slots__ = ("_comments", "_found", "_starts")

    def __init__(self, module: ast.Module) -> None:
        found: list[ast.Text | ast.StringLit] = []
        comments: list[ast.TextComment] = []
        rest: list[ast.Node] = [module]
        while rest:
            node = rest.pop()
            if isinstance(node, ast.Text):
                comments += (each for each in node.parts if isinstance(each, ast.TextComment))
            if isinstance(node, ast.Text | ast.StringLit):
                found.append(node)
            elif not isinstance(node, ast.Unread):
                rest.extend(children(node))
        self._found = sorted(found, key=lambda each: each.start)
        self._starts = [each.start for each in self._found]
        self._comments = sorted((each.start, each.end) for each in comments)

    def at(self, offset: int) -> ast.Text | ast.StringLit | None:
        """The text or string that holds the character at `offset` of the file.

        None in code, in comments and after syntax errors.
        """
        number = bisect_right(self._starts, offset) - 1
        if number < 0 or offset >= self._found[number].end:
            return None
        comment = bisect_right(self._comments, (offset, math.inf)) - 1
        if comment >= 0 and offset < self._comments[comment][1]:
            return None
        return self._found[number]


def prose_of(node: ast.Node, source: SourceFile) -> Iterable[Prose]:
    """The prose that is in a statement, section or check itself, its blocks left out."""
    match node:
        case ast.AlwaysSection(rules=rules):
            return [Prose(rule, RULE, source) for rule in rules]
        case ast.Check(body=ast.ImageCheck(shows=text) | ast.OutputCheck(statement=text)):
            return (Prose(text, CHECK, source),)
        case ast.Check(body=ast.CleanupCheck(prompt=prompt)):
            return (Prose(prompt, RULE, source),)
        case _:
            every = texts_of(node)
            return [Prose(text, _ROLES[role], source) for text, role in every if role in _ROLES]
