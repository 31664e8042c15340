"""Statements that execute their body more than once.

`perform` executes a block in a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeAlias

from flowdsl.semantics import types
from flowdsl.semantics.model import INPUT
from flowdsl.syntax import ast

from ...trace import PAUSE
from ..conditions import is_condition_met
from ..expressions import evaluate_expression, resolve_constant
from ..fields import type_at, wire_step
from ..frames import Frame
from ..values import Value, value_as_given
from ..watching import ENTERED, OTHERWISE, SKIPPED
from .leaving import TOO_MANY, Abort, Fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..watching import Loop

Perform: TypeAlias = Callable[[ast.Block, Frame], None]


def for_each(frame: Frame, statement: ast.ForStmt, perform: Perform) -> None:
    """Execute `for`: the body for each entry; more entries than the bound abort the run.

    The schema of the inputs refuses an input with more entries before a run begins.
    """
    whole = evaluate_expression(frame, statement.iterable, types.ANY)
    entries = _list_entries(frame, statement.iterable, whole.data)
    limit = _find_entry_limit(frame, statement)
    if limit is not None and len(entries) > limit:
        raise Abort(TOO_MANY.format(limit))
    name = statement.variable.text
    frame.takes(statement, ENTERED if entries else SKIPPED)
    for number, entry in enumerate(entries, 1):
        frame.begin(statement.body)
        given = entry if whole.given is None else whole.given[number - 1]
        frame.names[name] = value_as_given(entry, given)
        with _pass_of(frame, statement, number, entry):
            _perform_entry(frame, statement, perform)
    frame.names.pop(name, None)


@contextmanager
def _pass_of(frame: Frame, statement: Loop, number: int, entry: Any = None) -> Iterator[None]:
    """Announce a pass to the watcher of the run, and its end, however it ends."""
    watcher = frame.run.watcher
    watcher.begins_entry(frame.source, statement, number, entry)
    try:
        yield
    finally:
        watcher.ends_entry()


def _perform_entry(frame: Frame, statement: ast.ForStmt, perform: Perform) -> None:
    """Execute one pass; if its body fails, execute `on failure` without the variables of the body.

    Values that the body has emitted are kept.
    """
    try:
        perform(statement.body, frame)
    except Fail as failure:
        if statement.failure is None:
            raise
        frame.takes(statement, OTHERWISE)
        frame.forget(statement.body)
        if statement.reason is not None:
            frame.names[statement.reason.text] = Value(failure.reason)
    else:
        return
    assert statement.failure is not None
    perform(statement.failure, frame)


def _list_entries(frame: Frame, iterable: ast.Expr, listed: Any) -> Sequence[Any]:
    """Return the entries of a list, none if it is missing; of a count, the numbers from 0.

    A value of the type `any` that is no list has none, whatever it is.
    """
    of_any = (
        isinstance(iterable, ast.Ref)
        and types.strip_optional(frame.run.model.ref_types[iterable]) == types.ANY
    )
    if isinstance(listed, int) and not of_any:
        return range(listed)
    return listed if isinstance(listed, list) else ()


def _find_entry_limit(frame: Frame, statement: ast.ForStmt) -> int | None:
    """Return the bound of a `for`: its own, or else that of the field that holds the list."""
    if statement.limit is not None:
        return resolve_bound(frame, statement.limit)
    if not isinstance(statement.iterable, ast.Ref):
        return None
    symbol = frame.run.model.values[statement.iterable]
    field, type_ = symbol.field, symbol.type
    for part in statement.iterable.path:
        _, field = wire_step(type_, part.index if isinstance(part, ast.IndexAccess) else part.name)
        type_ = type_at(type_, field)
    return None if field is None else field.constraints.max_items


def resolve_bound(frame: Frame, limit: ast.IntLit | ast.ConstRef | None) -> int:
    """Return a number of rounds, entries or attempts."""
    assert limit is not None, "the check wants a bound"
    field = bounding_input(frame, limit)
    if field is not None:
        return int(frame.run.inputs[field.wire_name])
    return int(resolve_constant(frame, limit))


def bounding_input(frame: Frame, limit: ast.IntLit | ast.ConstRef | None) -> types.FieldType | None:
    """Return the input that is a bound; None if the bound is known before a run."""
    symbol = frame.run.model.values.get(limit) if isinstance(limit, ast.ConstRef) else None
    return symbol.field if symbol is not None and symbol.kind == INPUT else None


def perform_while(frame: Frame, statement: ast.WhileStmt, perform: Perform) -> bool:
    """Execute `while`: a look, then up to N rounds, each followed by a wait and another look.

    Returns whether the condition has come to its end.
    """
    for number in count(1):
        with _pass_of(frame, statement, number):
            goes_on = is_condition_met(frame, statement.condition)
            if number == 1:
                frame.takes(statement, ENTERED if goes_on else SKIPPED)
            if not goes_on:
                return True
            if number > resolve_bound(frame, statement.limit):
                return False
            frame.begin(statement.body)
            perform(statement.body, frame)
            _wait_in_rounds(frame, statement)
    raise AssertionError("rounds are counted without end")


def perform_repeat(frame: Frame, statement: ast.RepeatStmt, perform: Perform) -> bool:
    """Execute `repeat`: up to N rounds, each followed by a look; the wait precedes a further round.

    Returns whether the condition of `until` has come to hold.
    """
    for number in range(1, resolve_bound(frame, statement.limit) + 1):
        with _pass_of(frame, statement, number):
            if number > 1:
                _wait_in_rounds(frame, statement)
            frame.begin(statement.body)
            perform(statement.body, frame)
            if is_condition_met(frame, statement.condition):
                return True
    return False


def _wait_in_rounds(frame: Frame, statement: ast.WhileStmt | ast.RepeatStmt) -> None:
    if statement.delay is not None:
        frame.at(statement)
        frame.run.recorder.act(PAUSE, str(statement.delay.milliseconds))


def perform_attempts(frame: Frame, statement: ast.RetryStmt, perform: Perform) -> Fail | None:
    """Execute `retry`: attempts until one does not fail; a failed one keeps no value.

    Returns the `fail` of the last attempt if all failed.
    """
    failed: Fail | None = None
    for number in range(1, resolve_bound(frame, statement.attempts) + 1):
        with _pass_of(frame, statement, number):
            if failed is not None and statement.delay is not None:
                frame.at(statement)
                frame.run.recorder.act(PAUSE, str(statement.delay.milliseconds))
            emitted = frame.attempt(statement.body)
            try:
                perform(statement.body, frame)
            except Fail as failure:
                frame.fail(statement.body, emitted)
                failed = failure
            else:
                return None
    return failed
