"""The texts of a run: what it asks of the screen, and the reasons for which it ends."""

from __future__ import annotations

from flowdsl.source.gaps import fill
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from ..model import RUNTIME
from ..program import Program
from ..values.spelling import spell

SEES = "sees"
EXPECT = "expect"


class TextPattern(Record):
    """A text with values that only a run knows, which are None in `pieces`.

    `written` is the text as the source spells it.
    """

    written: str
    pieces: tuple[str | None, ...]

    def matches(self, text: str) -> bool:
        """Whether a run can make the text `text`; white space around it does not count."""
        pieces = list(self.pieces)
        if pieces and pieces[0] is not None:
            pieces[0], text = pieces[0].lstrip(), text.lstrip()
        if pieces and pieces[-1] is not None:
            pieces[-1], text = pieces[-1].rstrip(), text.rstrip()
        return fill(pieces, text) is not None


_START = 24
"""Characters that patterns have in common at their beginning to be compared with the same texts."""

_COMPARED = 200
"""Patterns that one text is compared with; where more begin alike, one of them is taken to fit."""


class TextPatterns:
    """The texts that a run can come to, to find one in.

    `written` are their spellings in the source.

    A text without values is looked up. Any other is compared with what begins as it
    does: a thousand answers of a test beside a thousand questions would be a million comparisons.
    """

    def __init__(self) -> None:
        self.written: set[str] = set()
        self._known: set[str] = set()
        self._by_start: dict[str, list[TextPattern]] = {}
        self._lengths: set[int] = set()

    def append(self, pattern: TextPattern) -> None:
        """Take one more text in."""
        self.written.add(pattern.written)
        known = [piece for piece in pattern.pieces if piece is not None]
        if len(known) == len(pattern.pieces):
            self._known.add("".join(known).strip())
            return
        start = (pattern.pieces[0] or "").lstrip()[:_START]
        self._lengths.add(len(start))
        self._by_start.setdefault(start, []).append(pattern)

    def matches(self, text: str) -> bool:
        """Whether a run can come to `text`; white space around it does not count."""
        text = text.strip()
        if text in self._known:
            return True
        starts = {text[:length] for length in self._lengths}
        alike = [self._by_start[start] for start in starts if start in self._by_start]
        return any(
            len(patterns) > _COMPARED or any(pattern.matches(text) for pattern in patterns)
            for patterns in alike
        )


_ANYTHING = TextPattern("", (None,))


class RunTexts:
    """The texts of a run.

    `questions` has those that it asks, by the word that an answer has in a test; `aborts` and
    `finishes` hold the reasons for which it can end.
    """

    def __init__(self) -> None:
        self.questions = {SEES: TextPatterns(), EXPECT: TextPatterns()}
        self.aborts = TextPatterns()
        self.finishes = TextPatterns()


def texts_of_run(program: Program, body: ast.Block) -> RunTexts:
    """The texts of a body and of every task that it calls."""
    found = RunTexts()
    pending = [body]
    seen = {body}
    while pending:
        for statement in program.statements(pending.pop()):
            _collect(program, statement, found)
            if isinstance(statement, ast.CallStmt) and statement in program.calls:
                called = program.calls[statement].declaration.body
                if called not in seen:
                    seen.add(called)
                    pending.append(called)
    return found


def _collect(program: Program, statement: ast.Stmt, found: RunTexts) -> None:
    """Add the texts of one statement."""
    match statement:
        case ast.IfStmt(branches=branches):
            for branch in branches:
                _collect_sees(program, branch.condition, found)
        case ast.RepeatStmt(until=until, otherwise=otherwise):
            _collect_sees(program, until, found)
            own = until.text if isinstance(until, ast.SeesExpr) else None
            _collect_end(program, otherwise, own, found)
        case ast.ExpectStmt(condition=text, otherwise=otherwise):
            found.questions[EXPECT].append(_pattern(program, text))
            _collect_end(program, otherwise, text, found)
        case (
            ast.WaitUntilStmt(condition=text, otherwise=otherwise)
            | ast.ChooseStmt(target=text, otherwise=otherwise)
        ):
            for asked in found.questions.values():
                asked.append(_pattern(program, text))
            _collect_end(program, otherwise, text, found)
        case (
            ast.ExtractStmt(source=text, otherwise=otherwise)
            | ast.CopyStmt(source=text, otherwise=otherwise)
        ):
            _collect_end(program, otherwise, text, found)
        case ast.RunStmt(otherwise=ast.Otherwise() as otherwise):
            _collect_end(program, otherwise, None, found)
        case ast.ForStmt(iterable=iterable):
            symbol = program.values.get(iterable) if isinstance(iterable, ast.Ref) else None
            if symbol is not None and symbol.kind == RUNTIME:
                # A list that is read on the screen may have more entries than its bound.
                found.aborts.append(_ANYTHING)
        case ast.FailStmt() | ast.AbortStmt() | ast.FinishStmt():
            _collect_reason(program, statement, found)
        case _:
            pass


def _collect_sees(program: Program, condition: ast.Condition, found: RunTexts) -> None:
    for node in walk(condition):
        if isinstance(node, ast.SeesExpr):
            found.questions[SEES].append(_pattern(program, node.text))


def _collect_end(
    program: Program, otherwise: ast.Otherwise | None, own: ast.Text | None, found: RunTexts
) -> None:
    """Collect how a statement that does not succeed ends a run.

    That is by its `else`; without one, with its text `own` behind some words, or with anything when
    `own` is None.
    """
    if otherwise is None:
        if own is None:
            found.aborts.append(_ANYTHING)
        else:
            pattern = _pattern(program, own)
            found.aborts.append(TextPattern(f"… {pattern.written}", (None, *pattern.pieces)))
    elif not isinstance(otherwise.action, ast.Block):
        _collect_reason(program, otherwise.action, found)


def _collect_reason(
    program: Program, leaving: ast.FailStmt | ast.AbortStmt | ast.FinishStmt, found: RunTexts
) -> None:
    reasons = found.finishes if isinstance(leaving, ast.FinishStmt) else found.aborts
    reasons.append(_pattern(program, leaving.reason))


def _pattern(program: Program, text: ast.Text) -> TextPattern:
    pieces: list[str | None] = []
    written: list[str] = []
    for part in text.parts:
        if isinstance(part, ast.TextLiteral):
            pieces.append(part.value)
            written.append(part.value)
        elif isinstance(part, ast.Ref):
            known = part in program.constants
            pieces.append(spell(program.constants[part]) if known else None)
            written.append(pieces[-1] or f"{{{part.name.text}}}")
    return TextPattern("".join(written), tuple(pieces))
