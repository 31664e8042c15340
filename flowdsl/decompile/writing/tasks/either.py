"""Joins two tasks whose statements differ into one with a choice that each call makes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flowdsl.ir import nodes

from ...model import NOWHERE
from ..lines import Emit, Key, Line, Param, Task, all_lines, variable_of
from .results import joined_records
from .unify import United, alone


def either(one: Task, other: Task) -> United | None:
    """One task that does what either of two does, by a boolean parameter.

    Each call gives it as a constant, so it is decided at compile time. Parameters of the other task
    get blank values; None if one of them is a secret, which cannot be made up.
    """
    result = one.result or other.result
    attempt = one.attempt or other.attempt
    choice: Key = ("input", f"first {len(one.params)}")
    params = {**other.params, **one.params}
    own = [(key, alone(variable_of(key))) for key in one.params]
    theirs = [(key, alone(variable_of(key))) for key in other.params]
    for given, known in ((own, one.params), (theirs, other.params)):
        for key, param in params.items():
            if key not in known:
                if param.secret:
                    return None
                given.append((key, nodes.ConstantValue(value=_blank(param.type))))
    branch = nodes.Branch(
        origin=NOWHERE,
        condition=nodes.IsTrue(operand=nodes.TextValue(text=(variable_of(choice),))),
        body=(),
    )
    node = nodes.If(origin=NOWHERE, branches=(branch,), otherwise=())
    bodies = [_renamed(each, result, attempt=attempt) for each in (one, other)]
    record = joined_records(one.record, other.record)
    for body, each in zip(bodies, (one, other), strict=True):
        if each.result is None and record is not None:
            body[:0] = _blank_result(record, result)
    task = Task([Line(node, bodies)], attempt, result)
    task.own = [*one.own, *other.own]
    task.params = {**params, choice: Param("first", nodes.ScalarType(name="bool"))}
    task.record = record
    return United(
        task,
        (*own, (choice, nodes.ConstantValue(value=True))),
        (*theirs, (choice, nodes.ConstantValue(value=False))),
        (*(None for _ in one.own), *range(len(other.own))),
    )


def _renamed(task: Task, result: str | None, *, attempt: bool) -> list[Line]:
    """The lines of a task, made to fill another result.

    With `attempt` its failures become those inside a `retry`.
    """
    body = [line.copy() for line in task.body]
    for line in all_lines(body):
        node = line.node
        if isinstance(node, Emit) and node.variable == task.result:
            line.node = Emit(node.field, node.value, node.append, result)
        elif attempt and isinstance(node, nodes.Leave) and node.reason is None:
            line.node = replace(node, action="retry")
    return body


def _blank_result(record: nodes.RecordType, result: str | None) -> list[Line]:
    """Lines that fill a result which nobody reads, for the checker wants it filled."""
    return [
        Line(Emit(field.name, nodes.ConstantValue(value=_blank(field.type)), False, result))
        for field in record.fields
        if field.required
    ]


def _blank(type_: nodes.Type) -> Any:
    """Any value of a type."""
    match type_:
        case nodes.ScalarType(name=name):
            return _BLANK.get(name, "")
        case nodes.EnumType(values=values):
            return values[0]
        case nodes.ListType():
            return []
        case nodes.RecordType(fields=fields):
            return {field.name: _blank(field.type) for field in fields if field.required}
        case _:
            return None


_BLANK: dict[str, Any] = {
    "int": 0,
    "number": 0,
    "bool": False,
    "date": "2000-01-01",
    "datetime": "2000-01-01T00:00:00",
    "time": "00:00:00",
    "email": "a@b.test",
    "url": "https://a.test",
    "any": None,
}
