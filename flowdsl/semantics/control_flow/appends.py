"""Entries that a further attempt, or an `on failure` block, would append to a list twice.

A `retry` repeats its attempt after a failure. Entries that the failed attempt has appended stay in
the list, so nothing after a `+=` may fail:

    retry 3 {
      choose "the row"            an attempt that fails here has added nothing
      emit rows += "a"            error, because of the next line
      expect "the row is open"
    }

A loop inside the attempt returns to its beginning, so all of its body comes after a `+=` in it. A
`repeat` does not repeat a failed pass.

A `for` with `on failure` does not repeat a failed entry, but the block may append to the same list:

    for row in rows {
      emit done += row            warning: where the next line fails, `row` is in the list twice
      expect "the row is saved"
    } on failure {
      emit done += "failed"
    }
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span

from .. import errors
from ..calls.summaries import Summaries
from ..program import Program
from ..traversal import inner_blocks, statements
from .leaving import first_failure


def report_repeated_appends(
    program: Program, source: SourceFile, body: ast.Block, summaries: Summaries
) -> None:
    """Report each `+=` of a body after which its attempt, or its loop entry, may fail."""
    if any(_appends(each) for each in program.statements(body)):
        _AppendWalk(program, source, summaries).block(body, None)


class _AppendWalk:
    """Walks a body backwards; `behind` is the next place that may fail in the same attempt, if any.

    An attempt is one of a `retry`, or one entry of a `for`; in the latter case `added_again` has
    the lists to which the `on failure` block appends. `attempt` is the keyword of the innermost
    attempt, if any; `is_caught` says that a statement inside it handles failures.
    """

    def __init__(
        self,
        program: Program,
        source: SourceFile,
        summaries: Summaries,
        entry: Span | None = None,
        added_again: Mapping[str, ast.Name] | None = None,
    ) -> None:
        self.program = program
        self.source = source
        self.summaries = summaries
        self.attempt = entry
        self.added_again = added_again
        self.is_caught = False

    def block(self, block: ast.Block, behind: Span | None) -> None:
        for statement in reversed(block.statements):
            self.statement(statement, behind)
            behind = self._failure(statement) or behind

    def _failure(self, statement: ast.Stmt) -> Span | None:
        """Return what may fail in a statement and end the current attempt; None outside of any."""
        if self.attempt is None or self.is_caught:
            return None
        return first_failure(self.program, self.source, statement, self.summaries)

    def statement(self, statement: ast.Stmt, behind: Span | None) -> None:
        match statement:
            case ast.EmitStmt(append=True, name=name):
                self._report_append(name, "emit", behind)
            case ast.KeepStmt(append=True, name=name):
                self._report_append(name, "keep it", behind)
            case ast.RetryStmt(body=body, otherwise=otherwise):
                if otherwise is not None:
                    self.block(otherwise, behind)
                self._attempts(statement, body, behind)
            case ast.ForStmt(failure=failure) if failure is not None:
                self._entries(statement, failure, behind)
            case ast.ForStmt() | ast.WhileStmt() | ast.RepeatStmt():
                self._loop(statement, behind)
            case ast.AnnotatedStmt(statement=annotated):
                self.statement(annotated, behind)
            case _:
                for inner in inner_blocks(statement):
                    self.block(inner.block, behind)

    def _attempts(self, statement: ast.RetryStmt, body: ast.Block, behind: Span | None) -> None:
        """Check the body of a `retry`; a failure in it does not end an entry around the `retry`."""
        around = self.attempt, self.is_caught
        if self.added_again is None:
            self.attempt, self.is_caught = keyword_span(statement, self.source), False
        else:
            self.is_caught = True
        self.block(body, behind)
        self.attempt, self.is_caught = around

    def _loop(
        self, statement: ast.ForStmt | ast.WhileStmt | ast.RepeatStmt, behind: Span | None
    ) -> None:
        for inner in inner_blocks(statement):
            again = self._failure(statement) if inner.may_repeat else None
            self.block(inner.block, again or behind)

    def _entries(self, statement: ast.ForStmt, failure: ast.Block, behind: Span | None) -> None:
        """Check a `for` with `on failure`: only a failure in that block leaves the `for`."""
        behind = self._failure(statement) or behind
        self.block(failure, behind)
        around, self.is_caught = self.is_caught, True
        self.block(statement.body, behind)
        self.is_caught = around
        if self.added_again is None and (added := _lists_added_to(failure)):
            entry = keyword_span(statement, self.source)
            walk = _AppendWalk(self.program, self.source, self.summaries, entry, added)
            walk.block(statement.body, None)

    def _report_append(self, name: ast.Name, way: str, behind: Span | None) -> None:
        """Report a `+=` after which the attempt may fail."""
        if behind is None or self.attempt is None:
            return
        labels = [Label(behind, "may fail behind it")]
        at, report = name.span(self.source), self.program.sink.report
        if self.added_again is None:
            labels.insert(0, Label(self.attempt, "the `retry`"))
            report(errors.APPEND_REPEATED, at, name=name.text, way=way, labels=tuple(labels))
        elif name.text in self.added_again:
            again = self.added_again[name.text].span(self.source)
            labels.append(Label(again, "added to here, where the entry has failed"))
            report(errors.ENTRY_ADDED_TWICE, at, name=name.text, labels=tuple(labels))


def _lists_added_to(block: ast.Block) -> dict[str, ast.Name]:
    """Return the lists to which a block appends, each with the last name that does so."""
    return {each.name.text: each.name for each in statements(block) if _appends(each)}


def _appends(statement: ast.Stmt) -> TypeGuard[ast.EmitStmt | ast.KeepStmt]:
    return isinstance(statement, ast.EmitStmt | ast.KeepStmt) and statement.append
