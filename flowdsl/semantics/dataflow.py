"""What holds on every path: runtime variables that are set, outputs that are emitted, statements that are reached.

A forward analysis. The state after a statement is None where no path goes on. Paths meet in the intersection of what each has
done. A `for` body runs zero times unless its list is known to hold something, a `repeat` body may run zero times; after a
`retry` its body has run to the end or its `else` has, which starts where an attempt failed: at a `fail`, or in front of anything
that can fail by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from . import errors
from .model import LOOP, RUNTIME, TaskSymbol, ValueSymbol
from .paths import field_of
from .program import Program
from .runtime import variable_set_by
from .traversal import refs_outside_blocks, statements
from .types import FieldType


class Done(Record):
    """What every path to a place has done: runtime variables set, outputs emitted."""

    variables: frozenset[str]
    outputs: frozenset[str]

    def set(self, name: str) -> Done:
        return Done(self.variables | {name}, self.outputs)

    def emit(self, name: str) -> Done:
        return Done(self.variables, self.outputs | {name})


State: TypeAlias = Done | None


def meet(states: Iterable[State]) -> State:
    """What holds whichever of the paths was taken; paths that do not go on do not count."""
    result: State = None
    for state in states:
        if result is None:
            result = state
        elif state is not None:
            result = Done(result.variables & state.variables, result.outputs & state.outputs)
    return result


def _set_in(body: ast.Block) -> frozenset[str]:
    """The runtime variables that a body sets."""
    names = map(variable_set_by, statements(body))
    return frozenset(name.text for name in names if name is not None)


class Follower:
    """Follows the paths of one body. `leaving` are the tasks that never return."""

    def __init__(
        self, program: Program, module: ast.Module, body: ast.Block, leaving: set[TaskSymbol]
    ) -> None:
        self.program = program
        self.source = module.source
        self.leaving = leaving
        self.set_at: dict[str, list[Span]] = {}
        self.emitted_at: dict[str, list[Span]] = {}
        self.appended: set[str] = set()
        self.emptied: frozenset[str] = frozenset()
        self.failed: State = None
        self.quiet = False
        for statement in statements(body):
            variable = variable_set_by(statement)
            if variable is not None:
                self.set_at.setdefault(variable.text, []).append(variable.span(self.source))
            if isinstance(statement, ast.EmitStmt):
                span = statement.name.span(self.source)
                self.emitted_at.setdefault(statement.name.text, []).append(span)
                if statement.append:
                    self.appended.add(statement.name.text)

    def follow(self, body: ast.Block) -> State:
        """What has been done when the body ends, reads of unset variables and dead statements reported."""
        start = Done(frozenset(), frozenset(self.appended))
        return self._block(body, start)

    def _block(self, block: ast.Block, state: State) -> State:
        previous: ast.Stmt | None = None
        for statement in block.statements:
            if state is None:
                ended = (
                    () if previous is None else (Label(self._keyword(previous), "no path goes on"),)
                )
                if not self.quiet:
                    at = self._keyword(statement)
                    self.program.sink.report(errors.UNREACHABLE, at, labels=ended)
                return None
            state = self._statement(statement, state)
            previous = statement
        return state

    def _keyword(self, statement: ast.Stmt) -> Span:
        """The word that a statement opens with."""
        if isinstance(statement, ast.AnnotatedStmt):
            return self._keyword(statement.statement)
        start = end = statement.start
        while self.source.text[end : end + 1].isalpha():
            end += 1
        return Span(self.source, start, end)

    def _statement(self, statement: ast.Stmt, state: Done) -> State:
        match statement:
            case ast.AnnotatedStmt(statement=inner):
                return self._statement(inner, state)
            case ast.StepStmt(title=title, body=body):
                self._read(title, state)
                return self._block(body, state)
            case (
                ast.DoStmt()
                | ast.TypeStmt()
                | ast.ClearStmt()
                | ast.PressStmt()
                | ast.WaitStmt()
                | ast.CaptureStmt()
                | ast.ExportStmt()
                | ast.ImageStmt()
            ):
                self._read(statement, state)
                return state
            case (
                ast.ChooseStmt(target=text, otherwise=otherwise)
                | ast.WaitUntilStmt(condition=text, otherwise=otherwise)
                | ast.ExpectStmt(condition=text, otherwise=otherwise)
            ):
                self._read(text, state)
                return self._else(otherwise, state, state)
            case (
                ast.ExtractStmt(source=text, otherwise=otherwise, name=name)
                | ast.CopyStmt(source=text, otherwise=otherwise, name=name)
            ):
                self._read(text, state)
                return self._else(otherwise, state, state.set(name.text))
            case ast.RunStmt(command=text, otherwise=otherwise, name=variable):
                self._read(text, state)
                done = state if variable is None else state.set(variable.text)
                return self._else(otherwise, state, done)
            case ast.EmitStmt(name=name, value=value):
                self._read(value, state)
                return state.emit(name.text)
            case ast.IfStmt():
                return self._if(statement, state)
            case ast.ForStmt():
                return self._for(statement, state)
            case ast.RepeatStmt():
                return self._repeat(statement, state)
            case ast.RetryStmt():
                return self._retry(statement, state)
            case ast.CallStmt():
                return self._call(statement, state)
            case ast.FailStmt():
                self._read(statement, state)
                self._fail(state)
                return None
            case ast.AbortStmt() | ast.FinishStmt():
                self._read(statement, state)
                return None

    def _else(self, otherwise: ast.Otherwise | None, before: Done, after: Done) -> State:
        """The state after a statement that succeeds with `after` or takes its `else`; without one it leaves."""
        if otherwise is None:
            self._fail(before)
            return after
        action = otherwise.action
        if isinstance(action, ast.Block):
            return meet((after, self._block(action, before)))
        return meet((after, self._statement(action, before)))

    def _if(self, statement: ast.IfStmt, state: Done) -> State:
        ends = []
        for branch in statement.branches:
            self._read(branch.condition, state)
            ends.append(self._block(branch.body, state))
        last = state if statement.otherwise is None else self._block(statement.otherwise, state)
        return meet((*ends, last))

    def _for(self, statement: ast.ForStmt, state: Done) -> State:
        self._read(statement.iterable, state)
        # Each pass starts with the variables of the body emptied, so that no item reads what an earlier one left.
        own = _set_in(statement.body)
        self.emptied = state.variables & own
        end = self._block(statement.body, Done(state.variables - own, state.outputs))
        self.emptied = frozenset()
        return end if self._runs(statement.iterable) else meet((end, state))

    def _fail(self, state: State) -> None:
        """A path goes from here to the `else` of the innermost `retry`."""
        self.failed = meet((self.failed, state))

    def _swap_failed(self, state: State) -> State:
        """Start collecting failing paths anew from `state`; returns what was collected before."""
        collected, self.failed = self.failed, state
        return collected

    def _repeat(self, statement: ast.RepeatStmt, state: Done) -> State:
        start, _, failed = self._passes(statement.body, state, after_failure=False)
        self._fail(failed)
        self._read(statement.until, start)
        return self._else(statement.otherwise, start, start)

    def _retry(self, statement: ast.RetryStmt, state: Done) -> State:
        start, end, failed = self._passes(statement.body, state, after_failure=True)
        if statement.otherwise is None:
            self._fail(failed)
            return end
        return meet((end, self._block(statement.otherwise, failed or start)))

    def _passes(
        self, body: ast.Block, state: Done, *, after_failure: bool
    ) -> tuple[Done, State, State]:
        """What holds before every pass of a body, after the last one, and where a pass fails.

        Another pass follows one that ended, or (`after_failure`) one that failed. Passes are followed in silence until what
        holds before them is settled; a loop inside can empty what the first pass found.
        """
        outside = self._swap_failed(None)
        quiet, self.quiet = self.quiet, True
        while True:
            end = self._block(body, state)
            failed = self._swap_failed(None)
            start = meet((state, failed if after_failure else end)) or state
            if start.variables == state.variables:
                break
            state = start
        self.quiet = quiet
        if not quiet:
            end = self._block(body, state)
        self._swap_failed(outside)
        return state, end, failed

    def _runs(self, iterable: ast.Ref | ast.IntLit | ast.ListExpr) -> bool:
        """Whether the list is known to hold something."""
        if isinstance(iterable, ast.ListExpr):
            return bool(iterable.items)
        if isinstance(iterable, ast.IntLit):
            return iterable.value > 0
        value = self.program.constants.get(iterable)
        if value is not None:
            return value > 0 if isinstance(value, int) else bool(value)
        symbol = self.program.values.get(iterable)
        if symbol is None:
            return True  # reported already: what the loop sets is not blamed on it, too
        if symbol.kind in (RUNTIME, LOOP):
            return False
        field = field_of(self.program, iterable)
        return field is not None and field.required and bool(field.constraints.min_items)

    def _call(self, statement: ast.CallStmt, state: Done) -> State:
        self._read(statement, state)
        self._fail(state)
        task = self.program.calls.get(statement)
        if task is not None and task in self.leaving:
            return None
        return state if statement.result is None else state.set(statement.result.text)

    def _read(self, node: ast.Node, state: Done) -> None:
        for ref in refs_outside_blocks(node):
            symbol = self.program.values.get(ref)
            if symbol is None or symbol.kind != RUNTIME:
                continue
            if symbol.name not in state.variables and not self.quiet:
                self._report_unset(ref, symbol)

    def _report_unset(self, ref: ast.Ref, symbol: ValueSymbol) -> None:
        span = ref.span(self.source)
        before = [at for at in self.set_at.get(symbol.name, ()) if at.start < span.start]
        after = [at for at in self.set_at.get(symbol.name, ()) if at.start > span.start]
        if symbol.name in self.emptied:
            why = "is emptied when a pass of the loop starts, and read before it is set again"
            labels = tuple(Label(at, "set here, for the passes before") for at in after)
        elif before:
            why = "is not set on every path to here"
            labels = tuple(Label(at, "set here, but not on every path") for at in before)
        else:
            why = "is read before it is set"
            labels = tuple(Label(at, "set here, later") for at in after)
        self.program.sink.report(
            errors.UNSET_RUNTIME_VARIABLE, span, name=symbol.name, why=why, labels=labels
        )

    def report_missing_outputs(
        self, end: State, fields: tuple[FieldType, ...], places: dict[str, Span], noun: str
    ) -> None:
        """Report the required fields that are not emitted on every path to `end`, each at its place in `places`."""
        if end is None:
            return
        for field in fields:
            if not field.required or field.name in end.outputs:
                continue
            emitted = self.emitted_at.get(field.name, [])
            how = "is not emitted on every path" if emitted else "is never emitted"
            self.program.sink.report(
                errors.MISSING_EMIT,
                places[field.name],
                name=field.name,
                noun=noun,
                how=how,
                labels=tuple(Label(at, "emitted here, but not on every path") for at in emitted),
            )
