"""Unites two tasks that differ in a few words and values into one with parameters for these.

The idea: the tasks are walked side by side. Where they agree, the union has what both have. Where
words or constants differ, and for every variable from outside, it has a parameter, a *hole*, with
the value that either task has there. Runtime variables of the tasks themselves must correspond one
to one. Any other difference means that no parameters make one task of the two.

An example:

    one      do "Open the Labs tab of {mrn}."     extract open_date: date from "the date"
    other    do "Open the Visits tab of {mrn}."   extract open_date_2: date from "the date"
    union    do "Open the {what} tab of {mrn}."   extract open_date: date from "the date"
    holes    what: "Labs" or "Visits"   mrn: {mrn} or {mrn}
    names    open_date is open_date_2

In a text one hole takes all between the words that both have at the beginning and at the end, so
that a text never gets holes for accidental words in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.lower_values import LOOP_ITEM, joined, select, single_variable, text_of
from flowdsl.ir.walk import field_names, walk
from flowdsl.source.record import Record

from ..lines import LOOP_KEY, Call, Emit, Key, Line, Node, Param, Task
from ..value_types import ANY, STRING, join, type_at, type_of
from .parameter_extraction import plain_type
from .results import joined_records

Arguments: TypeAlias = tuple[tuple[Key, nodes.Value], ...]
_Unit: TypeAlias = "str | nodes.Variable"
_SKIPPED = frozenset(("origin", "resets", "body", "otherwise", "branches"))


class United(Record):
    """One task for the calls of two.

    `one` and `other` give its parameters in terms of the parameters of the two. `places` has, for
    each variable of the union, the index of that variable in the second task's `own`; None if only
    the first task has it.
    """

    task: Task
    one: Arguments
    other: Arguments
    places: tuple[int | None, ...]


class _Different(Exception):
    """Raised where no parameters make one task of the two."""


def united(one: Task, other: Task) -> United | None:
    """One task for two; None if they differ in more than words and values."""
    if len(one.own) != len(other.own):
        return None
    if (one.result is None) != (other.result is None):
        return None
    union = _Union(one, other)
    try:
        body = union.lines(one.body, other.body)
        places = tuple(other.own.index(union.names[name]) for name in one.own)
    except (_Different, KeyError):
        return None
    task = Task(body, one.attempt or other.attempt, one.result)
    task.own = list(one.own)
    task.params = {key: param for key, (param, _, _) in union.holes.items()}
    task.record = joined_records(one.record, other.record)
    return United(
        task,
        tuple((key, value) for key, (_, value, _) in union.holes.items()),
        tuple((key, value) for key, (_, _, value) in union.holes.items()),
        places,
    )


class _Union:
    """Walks two tasks side by side.

    `names` has the variables of the second task by those of the first. `holes` are the parameters
    found, each with the value in either task.
    """

    def __init__(self, one: Task, other: Task) -> None:
        self._one = one
        self._other = other
        self.names: dict[str, str] = {}
        self.holes: dict[Key, tuple[Param, nodes.Value, nodes.Value]] = {}
        self._keys: dict[str, Key] = {}
        self._own = (frozenset(one.own), frozenset(other.own))
        self._in_loop = False

    def lines(self, one: list[Line], other: list[Line]) -> list[Line]:
        if len(one) != len(other):
            raise _Different
        return [self._line(mine, theirs) for mine, theirs in zip(one, other, strict=True)]

    def _line(self, one: Line, other: Line) -> Line:
        if len(one.bodies) != len(other.bodies):
            raise _Different
        node = self._node(one.node, other.node)
        around, self._in_loop = self._in_loop, self._in_loop or isinstance(node, nodes.Loop)
        bodies = [self.lines(a, b) for a, b in zip(one.bodies, other.bodies, strict=True)]
        self._in_loop = around
        return Line(node, bodies)

    def _node(self, one: Node, other: Node) -> Node:
        if isinstance(one, Emit):
            if (
                not isinstance(other, Emit)
                or (one.field, one.append) != (other.field, other.append)
                or (one.variable, other.variable) != (self._one.result, self._other.result)
            ):
                raise _Different
            return Emit(one.field, self._value(one.value, other.value), one.append, one.variable)
        if isinstance(one, Call):
            if not isinstance(other, Call) or one.task is not other.task:
                raise _Different
            given = dict(other.arguments)
            arguments = tuple((key, self._value(v, given[key])) for key, v in one.arguments)
            self._variable(one.result, other.result)
            return Call(one.task, arguments, one.result)
        if isinstance(other, Emit | Call) or type(one) is not type(other):
            raise _Different
        if isinstance(one, nodes.Leave) and isinstance(other, nodes.Leave):
            actions = {one.action, other.action}
            if self._one.attempt != self._other.attempt and actions == {"abort", "retry"}:
                one, other = replace(one, action="retry"), replace(other, action="retry")
        changes: dict[str, Any] = {}
        for name in field_names(type(one)):
            mine, theirs = getattr(one, name), getattr(other, name)
            if name == "branches":
                changes[name] = tuple(
                    replace(a, condition=self._any(a.condition, b.condition))
                    for a, b in zip(mine, theirs, strict=True)
                )
            elif name == "variable" and not isinstance(one, nodes.Loop):
                self._variable(mine, theirs)
            elif name not in _SKIPPED and name != "variable":
                changes[name] = self._any(mine, theirs)
        return replace(one, **changes)

    def _variable(self, one: str | None, other: str | None) -> None:
        """Notes that two variables of the tasks correspond."""
        if one is None or other is None:
            if one is not other:
                raise _Different
            return
        if self.names.setdefault(one, other) != other:
            raise _Different
        if list(self.names.values()).count(other) > 1:
            raise _Different

    def _any(self, one: Any, other: Any) -> Any:
        if isinstance(one, tuple) and isinstance(other, tuple):
            if all(isinstance(each, nodes.TextPiece | nodes.Variable) for each in (*one, *other)):
                return self._text(one, other)
            if len(one) != len(other):
                raise _Different
            return tuple(self._any(a, b) for a, b in zip(one, other, strict=True))
        if isinstance(one, _VALUES) and isinstance(other, _VALUES):
            return self._value(one, other)
        if isinstance(one, _CONDITIONS) and type(one) is type(other):
            changes = {
                name: self._any(getattr(one, name), getattr(other, name))
                for name in field_names(type(one))
            }
            return replace(one, **changes)
        if one != other:
            raise _Different
        return one

    # Values

    def _value(self, one: nodes.Value, other: nodes.Value) -> nodes.Value:
        match one, other:
            case nodes.TextValue(), nodes.TextValue():
                both = single_variable(one) is not None, single_variable(other) is not None
                if both == (True, True) or both == (False, False):
                    return nodes.TextValue(text=self._text(one.text, other.text))
            case nodes.ListValue(items=mine), nodes.ListValue(items=theirs):
                if len(mine) == len(theirs):
                    items = (self._value(a, b) for a, b in zip(mine, theirs, strict=True))
                    return nodes.ListValue(items=tuple(items))
            case nodes.ObjectValue(fields=mine), nodes.ObjectValue(fields=theirs):
                if [name for name, _ in mine] == [name for name, _ in theirs]:
                    fields = (
                        (name, self._value(a, b))
                        for (name, a), (_, b) in zip(mine, theirs, strict=True)
                    )
                    return nodes.ObjectValue(fields=tuple(fields))
            case nodes.ConstantValue(), nodes.ConstantValue():
                if one == other and type(one.value) is type(other.value):
                    return one
            case _:
                pass
        return nodes.TextValue(text=(self._hole(one, other, "value"),))

    def _text(self, one: nodes.Text, other: nodes.Text) -> nodes.Text:
        """A text, with one hole for all between the first and the last difference."""
        mine, theirs = _units(one), _units(other)
        head: list[_Unit] = []
        while mine and theirs and (unit := self._same(mine[0], theirs[0])) is not None:
            head.append(unit)
            del mine[0], theirs[0]
        tail: list[_Unit] = []
        while mine and theirs and (unit := self._same(mine[-1], theirs[-1])) is not None:
            tail.insert(0, unit)
            del mine[-1], theirs[-1]
        if mine or theirs:
            head.append(self._hole(_value_of(mine), _value_of(theirs), "what"))
        return _text_of([*head, *tail])

    def _same(self, one: _Unit, other: _Unit) -> _Unit | None:
        """What stands for two equal words or corresponding variables.

        None if they need a hole for text.
        """
        if isinstance(one, str) or isinstance(other, str):
            return one if one == other else None
        own = self._is_own(one, 0), self._is_own(other, 1)
        if own == (True, True):
            names = {**self.names, LOOP_ITEM: LOOP_ITEM}
            known = names.get(one.name) == other.name and one.path == other.path
            return one if known else None
        if any(own) or (one.sigil == "secret") != (other.sigil == "secret"):
            return None
        if one.path == other.path:
            whole = [replace(each, path=(), quoted=False) for each in (one, other)]
            found = self._hole(alone(whole[0]), alone(whole[1]), one.name)
            return replace(found, path=one.path, quoted=one.quoted)
        parts = [replace(each, quoted=False) for each in (one, other)]
        found = self._hole(alone(parts[0]), alone(parts[1]), one.name)
        return replace(found, quoted=one.quoted)

    def _is_own(self, variable: nodes.Variable, side: int) -> bool:
        if (variable.sigil, variable.name) == LOOP_KEY:
            return self._in_loop
        return variable.sigil == "runtime" and variable.name in self._own[side]

    def _hole(self, one: nodes.Value, other: nodes.Value, wanted: str) -> nodes.Variable:
        """The variable of the parameter for two values; equal pairs of values share one."""
        for side, value in enumerate((one, other)):
            for variable in walk(value):
                if isinstance(variable, nodes.Variable) and self._is_own(variable, side):
                    raise _Different
        secrets = [_is_secret(one), _is_secret(other)]
        if secrets[0] != secrets[1]:
            raise _Different
        place = repr((one, other))
        key = self._keys.get(place)
        if key is None:
            name = self._name_of(one, wanted)
            key = ("secret" if secrets[0] else "input", f"{name} {len(self.holes)}")
            types = _type(one, self._one), _type(other, self._other)
            param = Param(name, plain_type(join(*types)), secrets[0])
            self.holes[key] = (param, one, other)
            self._keys[place] = key
        return nodes.Variable(sigil="secret" if secrets[0] else "input", name=key[1])

    def _name_of(self, value: nodes.Value, wanted: str) -> str:
        variable = single_variable(value)
        if variable is None:
            return wanted
        param = self._one.params.get((variable.sigil, variable.name))
        if variable.path and isinstance(variable.path[-1], str):
            return variable.path[-1]
        return param.name if param is not None else wanted


_VALUES = nodes.TextValue | nodes.ConstantValue | nodes.ListValue | nodes.ObjectValue
_CONDITIONS = (
    nodes.AllOf
    | nodes.AnyOf
    | nodes.Not
    | nodes.Compare
    | nodes.IsEmpty
    | nodes.IsTrue
    | nodes.Sees
)


def alone(variable: nodes.Variable) -> nodes.Value:
    """A variable as a value."""
    return nodes.TextValue(text=(variable,))


def _type(value: nodes.Value, task: Task) -> nodes.Type:
    types = {key: param.type for key, param in task.params.items()}
    variable = single_variable(value)
    if variable is not None:
        return type_at(types.get((variable.sigil, variable.name), ANY), variable.path)
    return STRING if isinstance(value, nodes.TextValue) else type_of(value, types)


def _is_secret(value: nodes.Value) -> bool:
    found = [each for each in walk(value) if isinstance(each, nodes.Variable)]
    if not any(variable.sigil == "secret" for variable in found):
        return False
    if single_variable(value) is None:
        raise _Different
    return True


def _units(text: nodes.Text) -> list[_Unit]:
    """A text split into words, blanks, signs and variables."""
    units: list[_Unit] = []
    for piece in text:
        if isinstance(piece, nodes.TextPiece):
            units += re.findall(r"\s+|\w+|[^\w\s]", piece.value)
        else:
            units.append(piece)
    return units


def _text_of(units: Iterable[_Unit]) -> nodes.Text:
    return joined(nodes.TextPiece(value=unit) if isinstance(unit, str) else unit for unit in units)


def _value_of(units: list[_Unit]) -> nodes.Value:
    text = _text_of(units)
    if any(isinstance(piece, nodes.Variable) for piece in text):
        return nodes.TextValue(text=text)
    return nodes.ConstantValue(value="".join(map(str, units)))


# Arguments


def substituted(arguments: Arguments, given: Arguments) -> Arguments:
    """Arguments in terms of parameters, with the values `given` for these put in."""
    values = dict(given)
    return tuple((key, _put_in(value, values)) for key, value in arguments)


def _put_in(value: nodes.Value, values: dict[Key, nodes.Value]) -> nodes.Value:
    match value:
        case nodes.TextValue(text=text):
            variable = single_variable(value)
            if variable is not None:
                return select(values[variable.sigil, variable.name], variable.path)
            pieces: list[nodes.TextPiece | nodes.Variable] = []
            for piece in text:
                if isinstance(piece, nodes.Variable):
                    pieces += text_of(select(values[piece.sigil, piece.name], piece.path))
                else:
                    pieces.append(piece)
            return nodes.TextValue(text=joined(pieces))
        case nodes.ListValue(items=items):
            return nodes.ListValue(items=tuple(_put_in(item, values) for item in items))
        case nodes.ObjectValue(fields=fields):
            return nodes.ObjectValue(
                fields=tuple((name, _put_in(item, values)) for name, item in fields)
            )
        case _:
            return value
