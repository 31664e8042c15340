"""What each statement of the language means."""

from __future__ import annotations

from typing import assert_never

from flowdsl.semantics import types
from flowdsl.syntax import ast

from ... import trace
from ..conditions import holds
from ..expressions import line, reference, value
from ..fields import type_at
from ..frames import Frame
from ..values import MISSING, appended
from ..watching import HOLDS, OTHERWISE
from . import asking, leaving
from .acting import act, do, press, show, type_in
from .calls import call
from .leaving import Abort, Fail, Finish
from .repeating import attempts, for_each, rounds


def perform(block: ast.Block, frame: Frame) -> None:
    """The statements of a block, in order."""
    for statement in block.statements:
        execute(statement, frame)


def execute(statement: ast.Stmt, frame: Frame) -> None:
    """One statement."""
    frame.run.count()
    frame.at(statement)
    frame.asks(statement)
    match statement:
        case ast.AnnotatedStmt(statement=annotated):
            execute(annotated, frame)
        case ast.StepStmt(title=title, body=body):
            frame.run.watcher.begins_step(frame.source, statement, line(frame, title))
            perform(body, frame)
        case ast.DoStmt():
            do(frame, statement)
        case ast.ChooseStmt(otherwise=otherwise):
            _unless(frame, statement, asking.choose(frame, statement), otherwise)
        case ast.TypeStmt() if statement in frame.run.model.typed_days:
            _unless(frame, statement, asking.type_day(frame, statement), None)
        case ast.TypeStmt():
            type_in(frame, statement)
        case ast.ClearStmt(target=target):
            act(frame, trace.CLEAR, line(frame, target))
        case ast.PressStmt():
            press(frame, statement)
        case ast.WaitStmt(duration=duration):
            act(frame, trace.PAUSE, str(duration.milliseconds))
        case ast.WaitUntilStmt(otherwise=otherwise):
            _unless(frame, statement, asking.wait_until(frame, statement), otherwise)
        case ast.ExtractStmt(otherwise=otherwise):
            _unless(frame, statement, asking.extract(frame, statement), otherwise)
        case ast.CopyStmt(otherwise=otherwise):
            _unless(frame, statement, asking.copy(frame, statement), otherwise)
        case ast.EmitStmt():
            _emit(frame, statement)
        case ast.KeepStmt():
            _keep(frame, statement)
        case ast.ExpectStmt(otherwise=otherwise):
            _unless(frame, statement, asking.expect(frame, statement), otherwise)
        case ast.CaptureStmt(file=file):
            act(frame, trace.CAPTURE, line(frame, file))
        case ast.ExportStmt(file=file):
            act(frame, trace.EXPORT, line(frame, file))
        case ast.ImageStmt():
            show(frame, statement)
        case ast.RunStmt(otherwise=otherwise):
            _unless(frame, statement, asking.run(frame, statement), otherwise)
        case ast.IfStmt():
            _if(frame, statement)
        case ast.MatchStmt():
            _match(frame, statement)
        case ast.ForStmt():
            with frame.loop(statement):
                for_each(frame, statement, perform)
        case ast.RepeatStmt():
            _repeat(frame, statement)
        case ast.RetryStmt():
            _retry(frame, statement)
        case ast.CallStmt():
            call(frame, statement, perform)
        case ast.FailStmt(reason=reason):
            raise Fail(line(frame, reason))
        case ast.AbortStmt(reason=reason):
            raise Abort(line(frame, reason))
        case ast.FinishStmt(reason=reason):
            raise Finish(line(frame, reason))
        case _:
            assert_never(statement)


def _unless(
    frame: Frame, statement: ast.Stmt, unmet: str | None, otherwise: ast.Otherwise | None
) -> None:
    """The `else` of a statement that came to nothing; without one it fails, with that reason."""
    frame.takes(statement, HOLDS if unmet is None else OTHERWISE)
    if unmet is None:
        return
    if otherwise is None:
        raise Fail(unmet)
    if isinstance(otherwise.action, ast.Block):
        perform(otherwise.action, frame)
    else:
        execute(otherwise.action, frame)


# Keeping


def _emit(frame: Frame, statement: ast.EmitStmt) -> None:
    """`emit`: an output, or a field of the task's result, gets a value or one entry more."""
    name = statement.name.text
    frame.makers[name] = statement
    field = frame.fields.get(name)
    type_ = types.ANY if field is None else field.type
    if statement.append:
        entry = value(frame, statement.value, type_at(type_, None))
        frame.run.hold(entry.data)
        frame.emitted[name] = appended(frame.emitted.get(name, MISSING), entry)
    else:
        frame.emitted[name] = emitted = value(frame, statement.value, type_)
        frame.run.hold(emitted.data)


def _keep(frame: Frame, statement: ast.KeepStmt) -> None:
    """`keep`: a variable gets a value, or its list one entry more."""
    name = statement.name.text
    type_ = frame.type_of(name)
    if statement.append:
        entry = value(frame, statement.value, type_at(type_, None))
        frame.run.hold(entry.data)
        frame.names[name] = appended(frame.names.get(name, MISSING), entry)
    else:
        frame.names[name] = kept = value(frame, statement.value, type_)
        frame.run.hold(kept.data)


# Deciding and repeating


def _if(frame: Frame, statement: ast.IfStmt) -> None:
    """`if`: the first branch whose condition holds, else the last."""
    for branch in statement.branches:
        if holds(frame, branch.condition):
            frame.takes(branch, HOLDS)
            return perform(branch.body, frame)
    frame.takes(statement, OTHERWISE)
    if statement.otherwise is not None:
        perform(statement.otherwise, frame)
    return None


def _match(frame: Frame, statement: ast.MatchStmt) -> None:
    """`match`: the branch that names the value, else the last; a missing value is named nowhere."""
    asked = frame.take(reference(frame, statement.operand))
    for branch in statement.branches:
        if any(asked == each.value for each in branch.values):
            frame.takes(branch, HOLDS)
            return perform(branch.body, frame)
    frame.takes(statement, OTHERWISE)
    if statement.otherwise is not None:
        perform(statement.otherwise, frame)
    return None


def _repeat(frame: Frame, statement: ast.RepeatStmt) -> None:
    """`repeat`: rounds, and the `else` where they came to no end."""
    with frame.loop(statement):
        is_over = rounds(frame, statement, perform)
    if is_over:
        frame.takes(statement, HOLDS)
        return
    until = statement.until
    if isinstance(until, ast.SeesExpr):
        reason = leaving.UNMET.format(line(frame, until.text))
    else:
        reason = leaving.NOT_REACHED
    _unless(frame, statement, reason, statement.otherwise)


def _retry(frame: Frame, statement: ast.RetryStmt) -> None:
    """`retry`: attempts; where all failed its `else`, without one the last failure goes on."""
    with frame.loop(statement):
        failed = attempts(frame, statement, perform)
    frame.takes(statement, HOLDS if failed is None else OTHERWISE)
    if failed is None:
        return
    if statement.otherwise is None:
        raise failed
    perform(statement.otherwise, frame)
