"""Compile-time values, given the arguments of one call.

A call `report(urgent: true)` makes the parameter `urgent` of the task `Known(True)` for that call,
so that an `if urgent` in it is decided at compile time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from ..model import CONST, ENVIRONMENT, PARAMETER, TaskSymbol
from ..names.paths import path_of, step_of
from ..program import Program
from ..types import ANY, ListOf, RecordOf, Type, strip_optional
from ..values.expressions import key_text
from ..values.spelling import has_pattern, has_text, spell_constant


class Known(Record, eq=True):
    """A constant, in JSON form."""

    value: Any


class Parts(Record):
    """A list or object literal: its entries by position or key.

    The literal as a whole is not constant, but some of its entries may be.
    """

    entries: dict[str | int, Value]


Value: TypeAlias = "Known | Parts | None"
"""The compile-time value of an expression; None when it is known only during a run."""


class Variables:
    """The `vars` of one environment.

    `used` says whether any variable has been read: if not, the result is the same in all
    environments.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.used = False

    def get(self, name: str) -> str | None:
        self.used = True
        return self._values.get(name)


class Frame(Record):
    """The context of the statements of one body.

    `source` is their file, `arguments` holds what is known about the parameters, and `call` is the
    call that binds them. `call` is None in a workflow, and in a task that is checked on its own.
    """

    source: SourceFile
    variables: Variables
    arguments: Mapping[str, Value]
    call: Span | None = None


def bind_parameters(
    program: Program, task: TaskSymbol, call: ast.CallStmt, frame: Frame
) -> dict[str, Value]:
    """Return the compile-time value of each parameter of `task` in one call.

    `frame` is the context that contains the call.
    """
    given = {argument.name.text: argument.value for argument in call.arguments}
    bound: dict[str, Value] = {}
    for param in task.params:
        if param.name in given:
            bound[param.name] = value_of(program, given[param.name], frame)
        else:
            bound[param.name] = default_of(program, task, param.name, frame.variables)
    return bound


def default_of(program: Program, task: TaskSymbol, name: str, variables: Variables) -> Value:
    """Return the compile-time value of the default of a parameter that a call leaves out."""
    default = task.defaults.get(name)
    if isinstance(default, ast.Node):
        return value_of(program, default, Frame(task.module.source, variables, {}))
    return Known(default)


def value_of(program: Program, expr: ast.Node, frame: Frame) -> Value:
    """Return the compile-time value of `expr` in a body with the given frame."""
    match expr:
        case ast.Text():
            return _value_of_text(program, expr, frame)
        case ast.ListExpr(items=items):
            return Parts({at: value_of(program, item, frame) for at, item in enumerate(items)})
        case ast.ObjectExpr(pairs=pairs):
            return Parts({key_text(p.key): value_of(program, p.value, frame) for p in pairs})
        case _ if expr in program.constants:
            return Known(program.constants[expr])
        case ast.CountExpr(counted=counted):
            return _count_entries(value_of(program, counted, frame))
        case ast.Ref() | ast.ConstRef():
            return _value_of_reference(program, expr, frame)
        case _:
            return None


def _count_entries(listed: Value) -> Value:
    """Return the number of entries of a list, which has none if it is missing."""
    if isinstance(listed, Parts):
        return Known(len(listed.entries))
    return None if listed is None else Known(len(listed.value or ()))


def _value_of_text(program: Program, text: ast.Text, frame: Frame) -> Value:
    pieces: list[str] = []
    for part in text.parts:
        if isinstance(part, ast.TextLiteral):
            pieces.append(part.value)
        elif isinstance(part, ast.Ref):
            value = value_of(program, part, frame)
            if not isinstance(value, Known):
                return None
            pieces.append(spell_constant(value.value))
    whole = "".join(pieces)
    return Known(whole.lstrip("\n").rstrip(" \n") if text.form == ast.BLOCK else whole)


def _value_of_reference(program: Program, node: ast.Ref | ast.ConstRef, frame: Frame) -> Value:
    symbol = program.values.get(node)
    if symbol is None:
        return None
    value: Value = None
    if isinstance(node, ast.Ref) and node.counted is not None:
        return _count_entries(value_of(program, node.counted, frame))
    if symbol.kind == PARAMETER:
        value = frame.arguments.get(symbol.name)
    elif symbol.kind == ENVIRONMENT and isinstance(node, ast.Ref) and node.path:
        content = frame.variables.get(str(step_of(node.path[0])))
        return None if content is None else Known(content)
    elif symbol.kind == CONST and symbol.literal is not None:
        value = value_of(program, symbol.literal, frame)
    if isinstance(node, ast.Ref):
        steps = map(step_of, path_of(node, symbol))
        value = part_of(program, value, symbol.type, steps, frame)
    return value


def part_of(
    program: Program, value: Value, type_: Type, path: Iterable[str | int], frame: Frame
) -> Value:
    """Return the compile-time value at `path` in a value; a missing field has its default."""
    for step in path:
        record = strip_optional(type_)
        field = None
        if isinstance(record, RecordOf):
            field = record.by_either_name(str(step))
        # A literal may name a field as JSON does, and a path as the type does.
        names = (step,) if field is None else dict.fromkeys((field.wire_name, field.name))
        entries = [entry_of(value, each) for each in names]
        value = next((each for each in entries if each != Known(None)), Known(None))
        if field is not None and field.has_default and value == Known(None):
            value = _value_of_default(program, field.default, frame)
        if field is not None:
            type_ = field.type
        else:
            type_ = record.element if isinstance(record, ListOf) else ANY
    return value


def _value_of_default(program: Program, default: Any, frame: Frame) -> Value:
    """Return the compile-time value of a default, which may contain `env` as AST nodes."""
    match default:
        case ast.Node():
            return value_of(program, default, Frame(frame.source, frame.variables, {}))
        case dict():
            return Parts(
                {key: _value_of_default(program, each, frame) for key, each in default.items()}
            )
        case _:
            return Known(default)


def entry_of(value: Value, step: str | int) -> Value:
    """Return an entry of a list or object; an entry that does not exist is the missing value."""
    match value:
        case Parts(entries=entries):
            return entries.get(step, Known(None))
        case Known(value=whole):
            try:
                return Known(whole[step])
            except (KeyError, IndexError, TypeError):
                return Known(None)
        case _:
            return None


# Conditions


def decide_condition(program: Program, condition: ast.Condition, frame: Frame) -> bool | None:
    """Whether a condition holds, if constants decide it; None if it depends on the run."""
    match condition:
        case ast.Ref():
            value = value_of(program, condition, frame)
            return value.value is True if isinstance(value, Known) else None
        case ast.EmptyExpr(operand=operand):
            return _is_empty(value_of(program, operand, frame))
        case ast.CompareExpr(left=left, right=right, operator=operator):
            return _compare_values(
                value_of(program, left, frame), operator, value_of(program, right, frame)
            )
        case ast.TextRelationExpr(left=left, relation=relation, right=right):
            whole, part = value_of(program, left, frame), value_of(program, right, frame)
            if not isinstance(whole, Known) or not isinstance(part, Known):
                return None
            return has_text(whole.value, relation, part.value)
        case ast.InExpr(operand=operand, values=ast.ListExpr(items=items)):
            return is_among(program, operand, items, frame)
        case ast.InExpr(operand=operand, values=entries):
            asked, listed = value_of(program, operand, frame), value_of(program, entries, frame)
            if not isinstance(asked, Known) or not isinstance(listed, Known):
                return None
            return asked.value in (listed.value or ())
        case ast.MatchesExpr(operand=operand, pattern=pattern):
            text = value_of(program, operand, frame)
            return has_pattern(text.value, pattern.value) if isinstance(text, Known) else None
        case ast.NotExpr(operand=operand):
            inner = decide_condition(program, operand, frame)
            return None if inner is None else not inner
        case ast.AndExpr(operands=operands):
            known = [decide_condition(program, each, frame) for each in operands]
            return False if False in known else None if None in known else True
        case ast.OrExpr(operands=operands):
            known = [decide_condition(program, each, frame) for each in operands]
            return True if True in known else None if None in known else False
        case ast.SeesExpr():
            return None


def is_among(
    program: Program, operand: ast.Node, values: Iterable[ast.Node], frame: Frame
) -> bool | None:
    """Whether a value equals one of several others; None if it depends on the run."""
    asked = value_of(program, operand, frame)
    equal = [_compare_values(asked, "==", value_of(program, each, frame)) for each in values]
    return True if True in equal else None if None in equal else False


def _is_empty(value: Value) -> bool | None:
    return value.value in (None, "", []) if isinstance(value, Known) else None


def _compare_values(left: Value, operator: str, right: Value) -> bool | None:
    if not isinstance(left, Known) or not isinstance(right, Known):
        return None
    if operator in ("==", "!="):
        return bool(left.value == right.value) == (operator == "==")
    if any(isinstance(side.value, str | list | dict | None) for side in (left, right)):
        return None
    match operator:
        case "<":
            return bool(left.value < right.value)
        case "<=":
            return bool(left.value <= right.value)
        case ">":
            return bool(left.value > right.value)
        case _:
            return bool(left.value >= right.value)
