"""What references, texts and values stand for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, assert_never

from flowdsl.semantics import model as semantic
from flowdsl.semantics import types
from flowdsl.syntax import ast

from .errors import MissingInText
from .frames import Frame
from .lines import joined
from .reading import field_of
from .values import (
    MISSING,
    Secret,
    Value,
    json_number,
    list_of,
    on_the_wire,
    record_of,
    spelled,
    type_at,
    wire_step,
)

# References


def reference(frame: Frame, ref: ast.Ref) -> Value:
    """The value at the end of a reference; a path through a missing value is missing."""
    symbol = frame.run.model.values[ref]
    path = ref.path
    if symbol.kind == semantic.ENVIRONMENT:
        return Value(frame.run.environment[str(_step(path[0]))])
    if symbol.kind == semantic.CONST and "." in symbol.name:
        path = path[1:]  # behind the name of the file stands that of the const
    value, type_ = _root(frame, symbol), symbol.type
    for part in path:
        step, field = wire_step(type_, _step(part))
        if field is not None and isinstance(value.data, dict) and value.data.get(step) is None:
            value = Value(field_of(value.data, field, constant_in(frame)), value.at(step).origins)
        else:
            value = value.at(step)
        type_ = type_at(type_, field)
    return value


def _root(frame: Frame, symbol: semantic.ValueSymbol) -> Value:
    """The value of a name."""
    wire = symbol.field.wire_name if symbol.field is not None else symbol.name
    match symbol.kind:
        case semantic.INPUT:
            return Value(frame.run.inputs.get(wire))
        case semantic.SECRET if symbol.name not in frame.names:
            return Value(Secret(wire))
        case semantic.CONST:
            return Value(constant(frame, symbol.literal or symbol.value))
        case _:
            return frame.names.get(symbol.name, MISSING)


def _step(part: ast.PathPart) -> str | int:
    return part.index if isinstance(part, ast.IndexAccess) else part.name


# Texts


def exact(frame: Frame, text: ast.Text) -> str:
    """A text with its values filled in."""
    return "".join(_piece(frame, part) for part in text.parts)


def line(frame: Frame, text: ast.Text) -> str:
    """A text with its values filled in, on one line."""
    return joined(exact(frame, text))


def typed(frame: Frame, value: ast.Ref | ast.Text) -> str:
    """What is typed, to the last blank; empty where it is one value and that is missing."""
    ref = value if isinstance(value, ast.Ref) else _only_reference(value)
    if ref is None:
        assert isinstance(value, ast.Text)
        return exact(frame, value)
    data = frame.take(reference(frame, ref))
    return "" if data is None else spelled(data)


def _piece(frame: Frame, part: ast.TextPart) -> str:
    match part:
        case ast.TextLiteral(value=value):
            return value
        case ast.TextComment():
            return ""
        case ast.Ref():
            data = frame.take(reference(frame, part))
            if data is None:
                raise MissingInText(part.span(frame.source))
            return spelled(data)
        case _:
            assert_never(part)


def _only_reference(text: ast.Text) -> ast.Ref | None:
    """The reference that a text consists of."""
    parts = [part for part in text.parts if not isinstance(part, ast.TextComment)]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], ast.Ref) else None


# Values


def value(frame: Frame, expr: ast.Expr, type_: types.Type) -> Value:
    """The value of an expression that stands where a `type_` is wanted."""
    match expr:
        case ast.Ref():
            found = reference(frame, expr)
            return Value(on_the_wire(found.data, type_), found.origins)
        case ast.Text():
            return _text_value(frame, expr)
        case ast.ListExpr(items=items):
            element = type_at(type_, None)
            return list_of(value(frame, item, element) for item in items)
        case ast.ObjectExpr(pairs=pairs):
            return record_of(dict(_member(frame, pair, type_) for pair in pairs))
        case ast.IntLit() | ast.NumberLit() | ast.BoolLit() | ast.NullLit():
            return Value(_literal(expr))
        case ast.ConstRef():
            return Value(on_the_wire(constant(frame, expr), type_))
        case _:
            assert_never(expr)


def _text_value(frame: Frame, text: ast.Text) -> Value:
    """The value of a text: missing where it is one value and that is missing."""
    ref = _only_reference(text)
    if ref is None:
        return Value(exact(frame, text))
    found = reference(frame, ref)
    return found if found.data is None else Value(spelled(found.data), found.origins)


def _member(frame: Frame, pair: ast.Pair, type_: types.Type) -> tuple[str, Value]:
    name, field = wire_step(type_, _key(pair))
    return str(name), value(frame, pair.value, type_at(type_, field))


def _key(pair: ast.Pair) -> str:
    return pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value


def _literal(expr: ast.IntLit | ast.NumberLit | ast.BoolLit | ast.NullLit) -> Any:
    match expr:
        case ast.IntLit(value=number):
            return number
        case ast.NumberLit(value=spelling):
            return json_number(Decimal(spelling))
        case ast.BoolLit(value=truth):
            return truth
        case ast.NullLit():
            return None
        case _:
            assert_never(expr)


# Constants


def constant(frame: Frame, value_: Any) -> Any:
    """The JSON of a constant of the side tables, in which `env` may stand as nodes of the tree."""
    match value_:
        case Decimal():
            return json_number(value_)
        case list():
            return [constant(frame, each) for each in value_]
        case dict():
            return {name: constant(frame, each) for name, each in value_.items()}
        case ast.ConstRef():
            symbol = frame.run.model.values[value_]
            return constant(frame, symbol.literal or symbol.value)
        case ast.Node():
            return value(frame, value_, types.ANY).data  # type: ignore[arg-type]
        case _:
            return value_


def constant_in(frame: Frame) -> Any:
    """`constant` of one frame."""
    return lambda value_: constant(frame, value_)
