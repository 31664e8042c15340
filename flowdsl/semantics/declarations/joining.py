"""Statements that set a variable of the run and emit it unchanged, as the output of its name.

One statement does both:

    extract total: number from "the sum"      extract total from "the sum"
    emit total = total

A `keep` becomes an `emit`. The edits keep what a run does: where something between the two might
end the run, a pass or an attempt with another value of the output, there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from flowdsl.diagnostics.diagnostic import Edit
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import LEAVES

from ..control_flow.leaving import needs_value
from ..model import TaskSymbol
from ..traversal import READINGS, ReadingTables, inner_blocks
from ..types import STRING, UNKNOWN, FieldType, Type
from ..values.assignability import is_same_type

_MAY_FAIL = (*READINGS, ast.ExpectStmt, ast.ChooseStmt, ast.WaitUntilStmt)
_LEAVING = (ast.FinishStmt, ast.CallStmt)


class CallTables(ReadingTables, Protocol):
    """The tables of `Program` and of `SemanticModel` that say what a reading or a call sets."""

    @property
    def calls(self) -> dict[ast.CallStmt, TaskSymbol]: ...


class Joining:
    """The edits that join the statements of one body that set a variable, and those that emit it.

    `statements` are all of `body`, `setters` those of them that set the variable with the name of
    the output `field`, `emits` those that emit the output.
    """

    def __init__(
        self,
        tables: CallTables,
        source: SourceFile,
        body: ast.Block,
        statements: Sequence[ast.Stmt],
        field: FieldType,
        setters: Sequence[ast.Stmt],
        emits: Sequence[ast.EmitStmt],
    ) -> None:
        self.tables = tables
        self.source = source
        self.body = body
        self.statements = statements
        self.field = field
        self.setters = setters
        self.emits = emits

    def find_edits(self) -> list[Edit]:
        """Return the edits; none if a statement has to stay."""
        return self._join_readings() or self._emit_kept()

    # A reading and its `emit`

    def _join_readings(self) -> list[Edit]:
        """Return the edits that join every reading with its `emit`; none if one has to stay."""
        if not self._is_plain_field() or len(self.setters) != len(self.emits):
            return []
        edits: list[Edit] = []
        joined = 0
        for statements in self._sequences():
            for at, statement in enumerate(statements):
                if statement in self.setters:
                    emit = self._find_emit(statements[at + 1 :])
                    if emit is None or not self._has_type_of_output(statement):
                        return []
                    edits += self._leave_type_out(statement)
                    edits.append(remove_statement(self.source, emit))
                    joined += 1
        # A reading with an annotation is in no block itself, and stays as it is.
        return edits if joined == len(self.setters) else []

    def _is_plain_field(self) -> bool:
        """Whether a variable of the output's type is read and compared as the output is.

        What bounds the values of an output is the same wherever they come from.
        """
        said = self.field.constraints
        other = said.untrusted or said.machine or said.wire is not None
        counted = said.min_items is not None or said.max_items is not None
        return not (other or counted or self.field.has_default or self.field.absent)

    def _find_emit(self, behind: Sequence[ast.Stmt]) -> ast.EmitStmt | None:
        """Return the `emit` of the variable behind its reading, unless something may come between.

        Without an `on failure`, a failure takes back or loses what was emitted before it.
        """
        for statement in behind:
            if statement in self.emits:
                assert isinstance(statement, ast.EmitStmt)
                return statement if emits_itself(statement) else None
            if not self._is_harmless(statement):
                return None
        return None

    def _is_harmless(self, statement: ast.Stmt) -> bool:
        """Whether a run surely goes on behind a statement, or fails as a whole or an attempt."""
        if isinstance(statement, ast.IfStmt | ast.MatchStmt):
            return all(
                each not in self.emits and self._is_harmless(each)
                for inner in inner_blocks(statement)
                for each in inner.block.statements
            )
        if isinstance(statement, ast.AbortStmt):
            return True
        if isinstance(statement, ast.FailStmt):
            return not self._goes_on_after_failures
        if isinstance(statement, _MAY_FAIL):
            if statement.otherwise is not None:
                action = statement.otherwise.action
                return not isinstance(action, ast.Block) and self._is_harmless(action)
            fails = not isinstance(statement, ast.ExtractStmt | ast.CopyStmt) or needs_value(
                self.tables, statement
            )
            return not fails or not self._goes_on_after_failures
        return type(statement) in LEAVES and not isinstance(statement, _LEAVING)

    @property
    def _goes_on_after_failures(self) -> bool:
        """Whether an `on failure` of the body keeps what was emitted before a failure."""
        return any(
            isinstance(each, ast.ForStmt) and each.failure is not None for each in self.statements
        )

    def _has_type_of_output(self, statement: ast.Stmt) -> bool:
        type_: Type | None = None
        if isinstance(statement, ast.CallStmt):
            task = self.tables.calls.get(statement)
            type_ = None if task is None else task.result
        elif isinstance(statement, READINGS):
            type_ = (
                STRING if statement.type is None else self.tables.declared_types.get(statement.type)
            )
        return type_ not in (None, UNKNOWN) and is_same_type(type_, self.field.type)

    def _leave_type_out(self, statement: ast.Stmt) -> Iterator[Edit]:
        if isinstance(statement, READINGS) and statement.type is not None:
            assert statement.name is not None
            yield Edit(Span(self.source, statement.name.end, statement.type.end), "")

    # A `keep` of an output

    def _emit_kept(self) -> list[Edit]:
        """Return the edits that turn each `keep` into an `emit`, without the `emit` behind them.

        None if the value that is emitted there could be another one.
        """
        keeps = [each for each in self.setters if isinstance(each, ast.KeepStmt)]
        first, last = keeps[:1], self.emits[-1:]
        if len(keeps) != len(self.setters) or len(self.emits) != 1 or not first:
            return []
        if not self._is_plain_field() or not emits_itself(last[0]):
            return []
        type_ = first[0].type
        if type_ is None or sum(each.type is not None for each in keeps) != 1:
            return []
        known = self.tables.declared_types.get(type_)
        if known in (None, UNKNOWN) or not is_same_type(known, self.field.type):
            return []
        around = [each for each in self._sequences() if first[0] in each]
        if not around or last[0] not in around[0] or keeps[-1].start > last[0].start:
            return []
        between = (each for each in self.statements if first[0].start < each.start < last[0].start)
        if any(map(_may_lose, between)):
            return []
        edits = [Edit(Span(self.source, each.start, each.start + 4), "emit") for each in keeps]
        edits.append(Edit(Span(self.source, first[0].name.end, type_.end), ""))
        return [*edits, remove_statement(self.source, last[0])]

    def _sequences(self) -> Iterator[list[ast.Stmt]]:
        """Yield the statements of each block, with those of its steps, which always run."""
        yield _with_steps(self.body)
        for statement in self.statements:
            if not isinstance(statement, ast.StepStmt | ast.AnnotatedStmt):
                yield from (_with_steps(inner.block) for inner in inner_blocks(statement))


def emits_itself(emit: ast.EmitStmt) -> bool:
    """Whether a statement emits the value that has the name of the output."""
    value = emit.value
    return (
        isinstance(value, ast.Ref)
        and not value.path
        and not emit.append
        and value.name.text == emit.name.text
    )


def remove_statement(source: SourceFile, statement: ast.Stmt) -> Edit:
    """Return the edit that removes a statement, with its line if nothing else stands there."""
    text = source.text
    start, end = statement.start, statement.end
    line = text.rfind("\n", 0, start) + 1
    behind = text.find("\n", end)
    behind = len(text) if behind < 0 else behind + 1
    if not text[line:start].strip():
        rest = text[end:behind]
        if not rest.strip():
            return Edit(Span(source, line, behind), "")
        return Edit(Span(source, start, end + len(rest) - len(rest.lstrip(" \t"))), "")
    while text[start - 1 : start] in (" ", "\t"):
        start -= 1
    return Edit(Span(source, start, end), "")


def _with_steps(block: ast.Block) -> list[ast.Stmt]:
    found: list[ast.Stmt] = []
    for statement in block.statements:
        found += _with_steps(statement.body) if isinstance(statement, ast.StepStmt) else [statement]
    return found


def _may_lose(statement: ast.Stmt) -> bool:
    """Whether a run may go on after it loses, or ends with, a value that was emitted before."""
    return isinstance(statement, ast.FinishStmt | ast.RetryStmt | ast.CallStmt) or (
        isinstance(statement, ast.ForStmt) and statement.failure is not None
    )
