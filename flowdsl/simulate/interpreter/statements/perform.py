"""Dispatch statements to the functions that execute them."""

from __future__ import annotations

from typing import assert_never

from flowdsl.semantics import types
from flowdsl.syntax import ast

from ... import trace
from ..conditions import is_condition_met
from ..expressions import evaluate_expression, render_line, resolve_reference
from ..fields import type_at
from ..frames import Frame
from ..values import MISSING, Value, append_entries, append_entry
from ..watching import HOLDS, OTHERWISE
from . import asking, leaving
from .acting import act, do, press, show, type_in
from .calls import call
from .leaving import Abort, Fail, Finish
from .repeating import (
    bounding_input,
    for_each,
    perform_attempts,
    perform_repeat,
    perform_while,
    resolve_bound,
)


def perform_block(block: ast.Block, frame: Frame) -> None:
    """Execute the statements of a block, in order."""
    for statement in block.statements:
        execute_statement(statement, frame)


def execute_statement(statement: ast.Stmt, frame: Frame) -> None:
    """Execute one statement."""
    frame.run.count()
    frame.at(statement)
    frame.asks(statement)
    match statement:
        case ast.AnnotatedStmt(statement=annotated):
            execute_statement(annotated, frame)
        case ast.StepStmt(title=title, body=body):
            frame.run.watcher.begins_step(frame.source, statement, render_line(frame, title))
            perform_block(body, frame)
        case ast.DoStmt():
            do(frame, statement)
        case ast.ChooseStmt(otherwise=otherwise):
            _handle_unmet(frame, statement, asking.choose(frame, statement), otherwise)
        case ast.TypeStmt() if statement in frame.run.model.typed_days:
            _handle_unmet(frame, statement, asking.type_day(frame, statement), None)
        case ast.TypeStmt():
            type_in(frame, statement)
        case ast.ClearStmt(target=target):
            act(frame, trace.CLEAR, render_line(frame, target))
        case ast.PressStmt():
            press(frame, statement)
        case ast.WaitStmt(duration=duration):
            act(frame, trace.PAUSE, str(duration.milliseconds))
        case ast.WaitUntilStmt(otherwise=otherwise):
            _handle_unmet(frame, statement, asking.wait_until(frame, statement), otherwise)
        case ast.ExtractStmt(otherwise=otherwise):
            _handle_unmet(frame, statement, asking.extract(frame, statement), otherwise)
        case ast.CopyStmt(otherwise=otherwise):
            _handle_unmet(frame, statement, asking.copy(frame, statement), otherwise)
        case ast.EmitStmt():
            _execute_emit(frame, statement)
        case ast.KeepStmt():
            _execute_keep(frame, statement)
        case ast.ExpectStmt(otherwise=otherwise):
            _handle_unmet(frame, statement, asking.expect(frame, statement), otherwise)
        case ast.CaptureStmt(file=file):
            act(frame, trace.CAPTURE, render_line(frame, file))
        case ast.ExportStmt(file=file):
            act(frame, trace.EXPORT, render_line(frame, file))
        case ast.ImageStmt():
            show(frame, statement)
        case ast.RunStmt(otherwise=otherwise):
            _handle_unmet(frame, statement, asking.run(frame, statement), otherwise)
        case ast.IfStmt():
            _execute_if(frame, statement)
        case ast.MatchStmt():
            _execute_match(frame, statement)
        case ast.ForStmt():
            with frame.loop(statement):
                for_each(frame, statement, perform_block)
        case ast.WhileStmt():
            with frame.loop(statement):
                is_over = perform_while(frame, statement, perform_block)
            _end_rounds(frame, statement, is_over=is_over)
        case ast.RepeatStmt():
            with frame.loop(statement):
                is_over = perform_repeat(frame, statement, perform_block)
            _end_rounds(frame, statement, is_over=is_over)
        case ast.RetryStmt():
            _execute_retry(frame, statement)
        case ast.CallStmt():
            call(frame, statement, perform_block)
        case ast.FailStmt(reason=reason):
            raise Fail(render_line(frame, reason))
        case ast.AbortStmt(reason=reason):
            raise Abort(render_line(frame, reason))
        case ast.FinishStmt(reason=reason):
            raise Finish(render_line(frame, reason))
        case _:
            assert_never(statement)


def _handle_unmet(
    frame: Frame, statement: ast.Stmt, unmet: str | None, otherwise: ast.Otherwise | None
) -> None:
    """Execute the `else` of a failed statement; without an `else`, fail with that reason."""
    frame.takes(statement, HOLDS if unmet is None else OTHERWISE)
    if unmet is None:
        return
    if otherwise is None:
        raise Fail(unmet)
    if isinstance(otherwise.action, ast.Block):
        perform_block(otherwise.action, frame)
    else:
        execute_statement(otherwise.action, frame)


# Storing values


def _execute_emit(frame: Frame, statement: ast.EmitStmt) -> None:
    """Execute `emit`: set an output or a field of the task's result, or append to its list."""
    name = statement.name.text
    frame.makers[name] = statement
    field = frame.fields.get(name)
    type_ = types.ANY if field is None else field.type
    if statement.append:
        frame.emitted[name] = _append(frame, statement, frame.emitted.get(name, MISSING), type_)
    else:
        frame.emitted[name] = emitted = evaluate_expression(frame, statement.value, type_)
        frame.run.count_size(emitted.data)


def _execute_keep(frame: Frame, statement: ast.KeepStmt) -> None:
    """Execute `keep`: set a variable, or append to its list."""
    name = statement.name.text
    type_ = frame.type_of(name)
    if statement.append:
        frame.names[name] = _append(frame, statement, frame.names.get(name, MISSING), type_)
    else:
        frame.names[name] = kept = evaluate_expression(frame, statement.value, type_)
        frame.run.count_size(kept.data)


def _append(
    frame: Frame, statement: ast.EmitStmt | ast.KeepStmt, collected: Value, type_: types.Type
) -> Value:
    """Return a list with what `+=` adds to it: one entry, or every entry of another list."""
    whole = statement in frame.run.model.whole_appends
    wanted = type_ if whole else type_at(type_, None)
    added = evaluate_expression(frame, statement.value, wanted)
    frame.run.count_size(added.data)
    return append_entries(collected, added) if whole else append_entry(collected, added)


# Branches and repetition


def _execute_if(frame: Frame, statement: ast.IfStmt) -> None:
    """Execute `if`: the first branch whose condition holds, or else the last."""
    for branch in statement.branches:
        if is_condition_met(frame, branch.condition):
            frame.takes(branch, HOLDS)
            return perform_block(branch.body, frame)
    frame.takes(statement, OTHERWISE)
    if statement.otherwise is not None:
        perform_block(statement.otherwise, frame)
    return None


def _execute_match(frame: Frame, statement: ast.MatchStmt) -> None:
    """Execute `match`: the branch with the value, or else the last, as for a missing value."""
    asked = resolve_reference(frame, statement.operand).data
    for branch in statement.branches:
        if any(asked == each.value for each in branch.values):
            frame.takes(branch, HOLDS)
            return perform_block(branch.body, frame)
    frame.takes(statement, OTHERWISE)
    if statement.otherwise is not None:
        perform_block(statement.otherwise, frame)
    return None


def _end_rounds(frame: Frame, statement: ast.WhileStmt | ast.RepeatStmt, *, is_over: bool) -> None:
    """Execute the `else` of rounds that are used up; its default reason says what they were for."""
    if is_over:
        frame.takes(statement, HOLDS)
        return
    condition, negated = statement.condition, False
    while isinstance(condition, ast.NotExpr):
        condition, negated = condition.operand, not negated
    reaches, look = isinstance(statement, ast.RepeatStmt), None
    if isinstance(condition, ast.SeesExpr):
        reaches, look = reaches is not negated, render_line(frame, condition.text)
    if look is not None and reaches and isinstance(statement, ast.WhileStmt):
        reason = leaving.UNMET.format(look)
    else:
        number = resolve_bound(frame, statement.limit)
        words = leaving.NOT_REACHED if reaches else leaving.STILL_SO
        # The number that an input gives is put into words that are written before.
        one = number == 1 and bounding_input(frame, statement.limit) is None
        reason = words.format(number, "round" if one else "rounds")
        reason += "" if look is None else f": {look}"
    _handle_unmet(frame, statement, reason, statement.otherwise)


def _execute_retry(frame: Frame, statement: ast.RetryStmt) -> None:
    """Execute `retry`: attempts; if all fail, its `else`, or raise the last failure."""
    with frame.loop(statement):
        failed = perform_attempts(frame, statement, perform_block)
    frame.takes(statement, HOLDS if failed is None else OTHERWISE)
    if failed is None:
        return
    if statement.otherwise is None:
        raise failed
    perform_block(statement.otherwise, frame)
