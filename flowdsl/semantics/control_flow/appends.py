"""Entries that a further attempt would add to a list again.

A `retry` makes its attempt anew where something fails. What an attempt has added to a list before
that is in it already, so that nothing behind a `+=` may fail:

    retry 3 {
      choose "the row"            an attempt that fails here has added nothing
      emit rows += "a"            error, because of the next line
      expect "the row is open"
    }

A loop inside the attempt comes back to its own beginning: all of its body stands behind a `+=` in
it. A `repeat` makes no round again.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span

from .. import errors
from ..calls.summaries import Summaries
from ..program import Program
from ..traversal import inner_blocks
from .failing import first_failure


def report_repeated_appends(
    program: Program, source: SourceFile, body: ast.Block, summaries: Summaries
) -> None:
    """Report each `+=` of a body behind which its attempt may fail."""
    _Walk(program, source, summaries).block(body, None)


class _Walk:
    """Walks a body; `behind` is what may fail behind a place in the same attempt, if anything."""

    def __init__(self, program: Program, source: SourceFile, summaries: Summaries) -> None:
        self.program = program
        self.source = source
        self.summaries = summaries
        self.retry: Span | None = None

    def block(self, block: ast.Block, behind: Span | None) -> None:
        for statement in reversed(block.statements):
            self._statement(statement, behind)
            behind = self._failure(statement) or behind

    def _failure(self, statement: ast.Stmt) -> Span | None:
        """What may fail in a statement and end the attempt around it; None outside of any."""
        if self.retry is None:
            return None
        return first_failure(self.program, self.source, statement, self.summaries)

    def _statement(self, statement: ast.Stmt, behind: Span | None) -> None:
        match statement:
            case ast.EmitStmt(append=True, name=name):
                self._append(name, "emit", behind)
            case ast.KeepStmt(append=True, name=name):
                self._append(name, "keep it", behind)
            case ast.RetryStmt(body=body, otherwise=otherwise):
                if otherwise is not None:
                    self.block(otherwise, behind)
                around, self.retry = self.retry, keyword_span(statement, self.source)
                self.block(body, behind)
                self.retry = around
            case ast.ForStmt() | ast.RepeatStmt():
                self._loop(statement, behind)
            case ast.AnnotatedStmt(statement=annotated):
                self._statement(annotated, behind)
            case _:
                for inner in inner_blocks(statement):
                    self.block(inner.block, behind)

    def _loop(self, statement: ast.ForStmt | ast.RepeatStmt, behind: Span | None) -> None:
        for inner in inner_blocks(statement):
            again = self._failure(statement) if inner.may_repeat else None
            self.block(inner.block, again or behind)

    def _append(self, name: ast.Name, way: str, behind: Span | None) -> None:
        if behind is None or self.retry is None:
            return
        labels = (Label(self.retry, "the `retry`"), Label(behind, "may fail behind it"))
        self.program.sink.report(
            errors.APPEND_REPEATED,
            name.span(self.source),
            name=name.text,
            way=way,
            labels=labels,
        )
