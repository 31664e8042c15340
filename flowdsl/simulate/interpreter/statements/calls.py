"""Calls of tasks: their variables and their results."""

from __future__ import annotations

from functools import partial

from flowdsl.semantics import types
from flowdsl.semantics.model import TaskSymbol
from flowdsl.syntax import ast

from ..expressions import begin_with_defaults, constant_in, evaluate_expression, is_known
from ..frames import Frame
from ..reading import default_of
from ..values import MISSING, Value, made_value, record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..frames import Known
    from .repeating import Perform


def call(frame: Frame, statement: ast.CallStmt, perform: Perform) -> None:
    """Execute `call`: run the task with its own variables.

    At every call the fields of its result begin with their defaults, or else missing.
    """
    task = frame.run.model.calls[statement]
    body = task.declaration.body
    inner = Frame(
        frame.run,
        task.module.source,
        body,
        _result_fields(task),
        _evaluate_arguments(frame, statement, task),
    )
    inner.known = _find_known_parts(frame, statement, task)
    begin_with_defaults(inner)
    watcher = frame.run.watcher
    watcher.begins_call(frame.source, statement)
    try:
        perform(body, inner)
    finally:
        watcher.ends_call()
    if statement.result is not None:
        frame.store(statement, statement.result.text, _collect_result(inner))


def _evaluate_arguments(
    frame: Frame, statement: ast.CallStmt, task: TaskSymbol
) -> dict[str, Value]:
    """Return the values of the parameters at the beginning of the call."""
    given = {argument.name.text: argument.value for argument in statement.arguments}
    found: dict[str, Value] = {}
    for parameter in task.params:
        if parameter.name in given:
            argument = evaluate_expression(frame, given[parameter.name], parameter.type)
            passed = Value(argument.data, given=argument.given)
        else:
            assert parameter.field is not None
            passed = made_value(default_of(parameter.field, constant_in(frame)))
        frame.run.count_size(passed.data)
        found[parameter.name] = passed
    return found


def _find_known_parts(frame: Frame, statement: ast.CallStmt, task: TaskSymbol) -> dict[str, Known]:
    """Return, for each parameter, which parts of its argument are known at compile time."""
    given = {argument.name.text: argument.value for argument in statement.arguments}
    return {
        parameter.name: partial(is_known, frame, given[parameter.name])
        if parameter.name in given
        else lambda _: True
        for parameter in task.params
    }


def _result_fields(task: TaskSymbol) -> tuple[types.FieldType, ...]:
    return task.result.fields if isinstance(task.result, types.RecordOf) else ()


def _collect_result(frame: Frame) -> Value:
    """Return the record of the emitted fields of a call; other fields are missing."""
    return record_of(
        {field.wire_name: frame.emitted.get(name, MISSING) for name, field in frame.fields.items()}
    )
