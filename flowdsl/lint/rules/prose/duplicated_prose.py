"""Reports the same statements, or the same long instruction, in two places.

A later change would reach only one of them.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import STYLE, Label
from flowdsl.lint.bodies import body_of
from flowdsl.lint.context import LintContext
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span

SPEC = STYLE.spec(
    "duplicated-prose",
    "{what} {stands} in {count} places",
    "make a task of it, and `call` that",
)

OPTIONS = {"statements": 3}

_LONG = 80
"""The least characters for which an instruction or a run of statements is worth a task."""

_SHORT = frozenset((ast.CallStmt, ast.PressStmt, ast.WaitStmt))
"""Statements that no task would make shorter."""

_SETTERS = frozenset((ast.EmitStmt, ast.ExtractStmt, ast.RunStmt))
"""Statements that may set an output."""
_LEAVES = _SHORT | {ast.TypeStmt, ast.ClearStmt, ast.EmitStmt, ast.KeepStmt}
"""Statements with neither a block nor a long text."""

_TOLD = 400
"""The number of characters at the start of a statement by which it is looked up."""

_ALIKE = 8
"""The most runs with the same beginnings that are remembered."""


class _StatementPlace(Record):
    """The position of a statement in its block."""

    source: SourceFile
    block: ast.Block
    at: int


class _CopiedText(Record):
    """Text that occurs more than once.

    `first` and `second` are the first two places, `places` all of them.
    """

    what: str
    first: Span
    second: Span
    places: list[Span]


def check(context: LintContext, modules: tuple[ast.Module, ...]) -> None:
    """Report every text that occurs more than once, at the second place."""
    size = max(context.option(SPEC.name, "statements", OPTIONS["statements"]), 2)
    finder = _Finder(size)
    for module in modules:
        for declaration in module.declarations:
            body = body_of(declaration)
            if body is not None:
                finder.block(module.source, body)
    for copy in finder.copies.values():
        stands = "stands" if copy.what == "this instruction" else "stand"
        context.report(
            SPEC,
            copy.second,
            what=copy.what,
            stands=stands,
            count=len(copy.places),
            labels=(Label(copy.first, "the first one"),),
        )


class _Finder:
    """Reads blocks in order and remembers the runs of `size` statements and the long instructions.

    A run is looked up by the beginnings of its statements, and then compared in full. A run that
    has been seen is not looked into, since what is inside has been seen as well.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.copies: dict[object, _CopiedText] = {}
        self._runs: dict[tuple[str, ...], list[_StatementPlace]] = {}
        self._instructions: dict[str, Span] = {}

    def block(self, source: SourceFile, block: ast.Block) -> None:
        """Look for copies in a block and the blocks inside it."""
        size = self.size
        every = block.statements
        written = self._abbreviate_statements(source, block) if len(every) >= size else ()
        at = 0
        while at < len(every):
            window = written[at : at + size]
            if len(window) == size and "" not in window:
                here = _StatementPlace(source, block, at)
                seen = self._runs.get(window)
                if seen is None:
                    self._runs[window] = [here]
                elif length := self._count_equal_statements(seen, here):
                    at += length
                    continue
                elif len(seen) < _ALIKE:
                    seen.append(here)
            if type(every[at]) not in _LEAVES:
                self._statement(source, every[at])
            at += 1

    def _abbreviate_statements(self, source: SourceFile, block: ast.Block) -> tuple[str, ...]:
        """Each statement as one line of its first characters; empty for what no task can hold."""
        written = []
        for statement in block.statements:
            outer = type(statement) in _SETTERS and _sets_output(statement)
            line = "" if outer else source.text[statement.start : statement.end]
            written.append(" ".join(line[:_TOLD].split()) if "\n" in line else line)
        return tuple(written)

    def _count_equal_statements(self, seen: list[_StatementPlace], here: _StatementPlace) -> int:
        """The number of statements from `here` on that also are in one of the places `seen`.

        0 when they are too few.
        """
        for first in seen:
            length = _equal_statements(first, here)
            if length >= self.size:
                break
        else:
            return 0
        run = here.block.statements[here.at : here.at + length]
        key = (first.block, first.at, length)
        if key in self.copies or _is_worth_a_task(here.source, run):
            self._note_copy(
                key, f"these {length} statements", _first_word(first), _first_word(here)
            )
        return length

    def _statement(self, source: SourceFile, statement: ast.Stmt) -> None:
        if type(statement) is ast.DoStmt:
            if statement.text.end - statement.text.start >= _LONG:
                self._instruction(source, statement)
            return
        for inner in inner_blocks(statement):
            self.block(source, inner.block)

    def _instruction(self, source: SourceFile, statement: ast.DoStmt) -> None:
        written = " ".join(_spell_told_text(source, statement.text).split())
        if len(written) < _LONG:
            return
        place = keyword_span(statement, source)
        first = self._instructions.setdefault(written, place)
        if first is not place:
            self._note_copy(written, "this instruction", first, place)

    def _note_copy(self, key: object, what: str, first: Span, second: Span) -> None:
        copy = self.copies.get(key)
        if copy is None:
            self.copies[key] = _CopiedText(what, first, second, [first, second])
        else:
            copy.places.append(second)


def _equal_statements(first: _StatementPlace, second: _StatementPlace) -> int:
    """The number of statements from two places on that are equal, whatever the indentation.

    In one block, the first ones end where the second ones begin.
    """
    one, other = first.block.statements, second.block.statements
    most = min(len(one) - first.at, len(other) - second.at)
    if first.block is second.block:
        most = min(most, second.at - first.at)
    for length in range(most):
        left, right = one[first.at + length], other[second.at + length]
        if _sets_output(left) or not _is_equal(first.source, left, second.source, right):
            return length
    return most


def _sets_output(statement: ast.Stmt) -> bool:
    """Whether a statement sets an output, which no task can do for its caller."""
    if type(statement) is ast.ExtractStmt or type(statement) is ast.RunStmt:
        return statement.name is not None and statement.type is None
    return type(statement) is ast.EmitStmt


def _is_equal(source: SourceFile, one: ast.Stmt, home: SourceFile, other: ast.Stmt) -> bool:
    left, right = source.text[one.start : one.end], home.text[other.start : other.end]
    return left == right or left.split() == right.split()


def _is_worth_a_task(source: SourceFile, run: tuple[ast.Stmt, ...]) -> bool:
    """Whether statements tell the agent enough that a task would be shorter."""
    told = [each for each in run if type(each) not in _SHORT]
    length = sum(len(" ".join(source.text[each.start : each.end].split())) for each in told)
    return len(told) > 1 and length >= _LONG


def _spell_told_text(source: SourceFile, text: ast.Text) -> str:
    """What a text tells the agent, variables as they are written."""
    return "".join(
        part.value if isinstance(part, ast.TextLiteral) else source.text[part.start : part.end]
        for part in text.parts
        if not isinstance(part, ast.TextComment)
    )


def _first_word(place: _StatementPlace) -> Span:
    """The word that a run opens with."""
    return keyword_span(place.block.statements[place.at], place.source)
