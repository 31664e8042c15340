"""The prose of a program: every text that an agent reads as an instruction or a description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import children

DO = "do"
TARGET = "target"
CONDITION = "condition"
SOURCE = "source"
RULE = "rule"
CHECK = "check"
COMMAND = "command"

_ROLES: dict[type[ast.Node], tuple[str, str]] = {
    ast.DoStmt: ("text", DO),
    ast.ChooseStmt: ("target", TARGET),
    ast.TypeStmt: ("target", TARGET),
    ast.ClearStmt: ("target", TARGET),
    ast.WaitUntilStmt: ("condition", CONDITION),
    ast.ExpectStmt: ("condition", CONDITION),
    ast.ExtractStmt: ("source", SOURCE),
    ast.CopyStmt: ("source", SOURCE),
}
"""The text of each statement that is prose, and its role."""

HAS_PROSE = frozenset((*_ROLES, ast.IfStmt, ast.RepeatStmt, ast.AlwaysSection, ast.Check))
"""Classes of nodes that can hold prose."""

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]+")
_SHORT = 5
_FUNCTION_WORDS = frozenset(
    (
        "a",
        "all",
        "an",
        "and",
        "any",
        "at",
        "do",
        "don",
        "everything",
        "from",
        "if",
        "in",
        "into",
        "is",
        "it",
        "not",
        "of",
        "on",
        "that",
        "the",
        "then",
        "this",
        "to",
        "up",
        "with",
        "your",
    )
)


class Prose(Record):
    """One text of a program.

    `role`: `do`, `target` (what to act on), `condition`, `source` (what to read), `rule`, `check`; `command` is no prose, and wakes
    no rule.
    """

    text: ast.Text
    role: str
    source: SourceFile

    @property
    def written(self) -> str:
        """The text as it stands in the source, delimiters included and comments blanked: offsets count from `text.start`."""
        raw = self.source.text[self.text.start : self.text.end]
        if "{#" not in raw:
            return raw
        last = (
            raw.rfind("#}") + 2
        )  # nothing behind it ends a comment, and each `{#` would look for that
        return _COMMENT.sub(lambda found: " " * len(found[0]), raw[:last]) + raw[last:]

    @property
    def bounds(self) -> tuple[int, int]:
        """Where in `written` the text begins and ends, between its delimiters."""
        quotes = 3 if self.text.form == ast.BLOCK else 1
        start = quotes + (self.text.form == ast.RAW)
        return start, self.text.end - self.text.start - quotes

    def span(self, start: int, end: int) -> Span:
        """The place of `written[start:end]`."""
        return Span(self.source, self.text.start + start, self.text.start + end)

    def words(self) -> list[str]:
        """The words of the text in lower case, those of variables included."""
        return _WORD.findall(self.source.text[self.text.start : self.text.end].lower())


def is_english(text: str) -> bool:
    """Whether a text may be English: few of its letters are not ASCII, and it has one of the words hardly any English sentence of more than
    five words lacks."""
    if not text.isascii():
        letters = [each for each in text if each.isalpha()]
        if 5 * sum(not each.isascii() for each in letters) > len(letters):
            return False
    words = _WORD.findall(text.lower())
    return len(words) <= _SHORT or not _FUNCTION_WORDS.isdisjoint(words)


@cache
def wrapped(pattern: str) -> re.Pattern[str]:
    """A pattern for prose: each blank in it stands for any blanks and line ends, and case does not matter."""
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


def literal_at(module: ast.Module, offset: int) -> ast.Text | ast.StringLit | None:
    """The text or string that holds the character at `offset` of the file; None in code, in comments and behind syntax errors."""
    node: ast.Node = module
    while not isinstance(node, ast.Unread):
        inside = (each for each in children(node) if each.start <= offset < each.end)
        inner = next(inside, None)
        if inner is None or isinstance(inner, ast.StringLit):
            return inner
        if isinstance(inner, ast.Text):
            comments = (each for each in inner.parts if isinstance(each, ast.TextComment))
            commented = any(each.start <= offset < each.end for each in comments)
            return None if commented else inner
        node = inner
    return None


def prose_of(node: ast.Node, source: SourceFile) -> Iterable[Prose]:
    """The prose that stands in a statement, section or check itself, without the blocks in it."""
    role = _ROLES.get(type(node))
    if role is not None:
        return (Prose(getattr(node, role[0]), role[1], source),)
    return _inner_prose(node, source)


def _inner_prose(node: ast.Node, source: SourceFile) -> Iterator[Prose]:
    match node:
        case ast.IfStmt(branches=branches):
            for branch in branches:
                yield from _conditions(branch.condition, source)
        case ast.RepeatStmt(until=until):
            yield from _conditions(until, source)
        case ast.AlwaysSection(rules=rules):
            for rule in rules:
                yield Prose(rule, RULE, source)
        case ast.Check(body=body):
            match body:
                case ast.ImageCheck(shows=text) | ast.OutputCheck(statement=text):
                    yield Prose(text, CHECK, source)
                case ast.CleanupCheck(prompt=prompt):
                    yield Prose(prompt, RULE, source)
                case _:
                    pass
        case _:
            pass


def _conditions(condition: ast.Condition, source: SourceFile) -> Iterator[Prose]:
    match condition:
        case ast.SeesExpr(text=text):
            yield Prose(text, CONDITION, source)
        case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
            for operand in operands:
                yield from _conditions(operand, source)
        case ast.NotExpr(operand=operand):
            yield from _conditions(operand, source)
        case _:
            pass
