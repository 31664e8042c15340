"""Evaluate references, texts and expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, assert_never

from flowdsl.semantics import model as semantic
from flowdsl.semantics import types
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import has_lines, on_one_line

from .errors import MissingInText
from .fields import convert_field_names, find_field_of_key, type_at, wire_step
from .frames import Frame
from .reading import Constant, default_of, field_of, fill_in_field_defaults
from .values import (
    MISSING,
    Secret,
    Value,
    json_number,
    list_of,
    made_value,
    record_of,
    spell_value,
    value_as_given,
)

# References


def resolve_reference(frame: Frame, ref: ast.Ref) -> Value:
    """Return the value at the end of a reference; a path through a missing value is missing."""
    if ref.counted is not None:
        return _count_entries(frame, ref.counted)
    symbol = frame.run.model.values[ref]
    path = ref.path
    if symbol.kind == semantic.ENVIRONMENT:
        return Value(frame.run.environment[str(_path_step(path[0]))])
    if symbol.kind == semantic.CONST and "." in symbol.name:
        path = path[1:]  # after the name of the file comes that of the const
    found, type_ = _resolve_root(frame, symbol), symbol.type
    for part in path:
        step, field = wire_step(type_, _path_step(part))
        inner = found.at(step)
        if inner.data is None and field is not None and isinstance(found.data, dict):
            filled = field_of(found.data, field, constant_in(frame))
            inner = Value(filled, inner.given)
        found, type_ = inner, type_at(type_, field)
    return found


def _resolve_root(frame: Frame, symbol: semantic.ValueSymbol) -> Value:
    """Return the value of a name."""
    wire = symbol.field.wire_name if symbol.field is not None else symbol.name
    match symbol.kind:
        case semantic.INPUT:
            data = frame.run.inputs.get(wire)
            return value_as_given(data, frame.run.given.get(wire, data))
        case semantic.SECRET if symbol.name not in frame.names:
            return Value(Secret(wire))
        case semantic.CONST:
            return made_value(resolve_constant(frame, symbol.literal or symbol.value))
        case semantic.RUNTIME if symbol.is_output:
            return frame.emitted.get(symbol.name, MISSING)
        case _:
            return frame.names.get(symbol.name, MISSING)


def _path_step(part: ast.PathPart) -> str | int:
    return part.index if isinstance(part, ast.IndexAccess) else part.name


def _count_entries(frame: Frame, counted: ast.Ref) -> Value:
    """Return the number of entries of a list; a missing one has none."""
    return Value(len(resolve_reference(frame, counted).data or []))


# Texts


def render_exact_text(frame: Frame, text: ast.Text) -> str:
    """Render a text with its values filled in."""
    return "".join(_render_part(frame, part) for part in text.parts)


def render_line(frame: Frame, text: ast.Text) -> str:
    """Render a text with its values filled in, on one line; line ends inside values are kept."""
    return render_laid_out_text(frame, text, on_one_line)


def render_laid_out_text(
    frame: Frame, text: ast.Text, layout: Callable[[str], str], missing: str | None = None
) -> str:
    """Render a text, applying `layout` to the author's own characters, with its values filled in.

    `missing` replaces a missing value; if it is None, a missing value raises `MissingInText`.
    """
    own: list[str] = []
    values: list[str] = []
    for part in text.parts:
        piece = _render_part(frame, part, missing)
        # A multi-line value that the compiler knows is laid out like literal text.
        long = isinstance(part, ast.Ref) and has_lines(piece) and is_known(frame, part)
        if isinstance(part, ast.Ref) and not long:
            values.append(piece)
            piece = _PLACE
        own.append(piece)
    first, *rest = layout("".join(own)).split(_PLACE)
    return first + "".join(value + each for value, each in zip(values, rest, strict=True))


def is_known(frame: Frame, expr: ast.Expr, path: Sequence[str | int] = ()) -> bool:
    """Whether the part of a value at a path is known at compile time.

    It is if it consists only of consts, `env` and arguments that are known.
    """
    match expr:
        case ast.Ref():
            symbol = frame.run.model.values[expr]
            if symbol.kind in (semantic.CONST, semantic.ENVIRONMENT):
                return True
            known = frame.known.get(symbol.name)
            return known is not None and known((*map(_path_step, expr.path), *path))
        case ast.Text(parts=parts):
            return all(is_known(frame, part) for part in parts if isinstance(part, ast.Ref))
        case ast.ListExpr(items=items):
            named = [item for index, item in enumerate(items) if path[:1] in ((), (index,))]
            return all(is_known(frame, item, path[1:]) for item in named)
        case ast.ObjectExpr(pairs=pairs):
            fields = [pair for pair in pairs if path[:1] in ((), (_pair_name(pair),))]
            return all(is_known(frame, pair.value, path[1:]) for pair in fields)
        case _:
            return True


def _pair_name(pair: ast.Pair) -> str:
    return pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value


_PLACE = "\0"
"""Placeholder for a value while the characters around it are laid out; no text contains it."""


def render_typed_text(frame: Frame, value: ast.Ref | ast.Text) -> str:
    """Return the exact text to type; empty if it is a single missing value."""
    ref = value if isinstance(value, ast.Ref) else _only_reference(value)
    if ref is None:
        assert isinstance(value, ast.Text)
        return render_exact_text(frame, value)
    data = resolve_reference(frame, ref).data
    return "" if data is None else spell_value(data)


def _render_part(frame: Frame, part: ast.TextPart, missing: str | None = None) -> str:
    match part:
        case ast.TextLiteral(value=value):
            frame.run.fill(len(value))
            return value
        case ast.TextComment():
            return ""
        case ast.Ref():
            found = resolve_reference(frame, part)
            data = found.data
            if types.holds_any(frame.run.model.ref_types[part]) and data is not None:
                data = found.shown  # as JSON, in which parts may be missing
            elif missing is None and _has_missing_part(data):
                raise MissingInText(part.span(frame.source))
            if missing is not None:
                return missing if data is None else spell_value(data)
            if not isinstance(data, list | dict):
                written = spell_value(data)
                frame.run.fill(len(written))
                return written
            frame.run.count_size(data)
            return spell_value(data)
        case _:
            assert_never(part)


def _has_missing_part(data: Any) -> bool:
    """Whether a value, or a part of it, is missing, so that no text can express it."""
    match data:
        case list():
            return any(map(_has_missing_part, data))
        case dict():
            return any(map(_has_missing_part, data.values()))
        case _:
            return data is None


def _only_reference(text: ast.Text) -> ast.Ref | None:
    """Return the reference that is the whole text, or None."""
    parts = [part for part in text.parts if not isinstance(part, ast.TextComment)]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], ast.Ref) else None


# Values


def evaluate_expression(frame: Frame, expr: ast.Expr, type_: types.Type) -> Value:
    """Return the value of an expression where a value of type `type_` is expected."""
    match expr:
        case ast.Ref():
            found = _fit_type(
                resolve_reference(frame, expr), frame.run.model.ref_types[expr], type_
            )
            return _complete_fields(frame, found, type_)
        case ast.CountExpr(counted=counted):
            return _count_entries(frame, counted)
        case ast.Text():
            return _text_value(frame, expr)
        case ast.ListExpr(items=items):
            element = type_at(type_, None)
            return list_of(evaluate_expression(frame, item, element) for item in items)
        case ast.ObjectExpr(pairs=pairs):
            whole = record_of(dict(_evaluate_pair(frame, pair, type_) for pair in pairs))
            return _complete_fields(frame, whole, type_)
        case ast.IntLit() | ast.NumberLit() | ast.BoolLit() | ast.NullLit():
            return Value(_literal_value(expr))
        case ast.ConstRef():  # inside a literal, whose fields get their wire names as a whole
            return made_value(resolve_constant(frame, expr))
        case _:
            assert_never(expr)


def _fit_type(found: Value, have: types.Type, wanted: types.Type) -> Value:
    """Convert a value of type `have` to the wanted type."""
    data = convert_field_names(found.data, have, wanted)
    if data == found.data:
        return found
    return value_as_given(data, convert_field_names(found.shown, have, wanted))


def _complete_fields(frame: Frame, found: Value, type_: types.Type) -> Value:
    """Return a value with the defaults of the fields that it lacks, for an expected `type_`."""
    known = constant_in(frame)
    data, shown = (fill_in_field_defaults(each, type_, known) for each in (found.data, found.shown))
    return value_as_given(data, shown)


def _text_value(frame: Frame, text: ast.Text) -> Value:
    """Return the value of a text: missing if it is a single missing value."""
    ref = _only_reference(text)
    if ref is None:
        return Value(render_exact_text(frame, text))
    found = resolve_reference(frame, ref)
    return found if found.data is None else Value(spell_value(found.data))


def _evaluate_pair(frame: Frame, pair: ast.Pair, type_: types.Type) -> tuple[str, Value]:
    field = find_field_of_key(type_, _pair_key(pair))
    wanted = types.ANY if field is None else field.type
    return _pair_key(pair) if field is None else field.wire_name, evaluate_expression(
        frame, pair.value, wanted
    )


def _pair_key(pair: ast.Pair) -> str:
    return pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value


def _literal_value(expr: ast.IntLit | ast.NumberLit | ast.BoolLit | ast.NullLit) -> Any:
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


def begin_with_defaults(frame: Frame) -> None:
    """Set outputs, or the fields of a result, to their initial defaults."""
    for name, field in frame.fields.items():
        if field.has_default:
            frame.emitted.setdefault(name, made_value(default_of(field, constant_in(frame))))


def resolve_constant(frame: Frame, known: Any) -> Any:
    """Return the JSON of a constant of the side tables, which may contain `env` as tree nodes."""
    match known:
        case Decimal():
            return json_number(known)
        case list():
            return [resolve_constant(frame, each) for each in known]
        case dict():
            return {name: resolve_constant(frame, each) for name, each in known.items()}
        case ast.ConstRef():
            symbol = frame.run.model.values[known]
            return resolve_constant(frame, symbol.literal or symbol.value)
        case ast.Node():
            return evaluate_expression(frame, known, types.ANY).data  # type: ignore[arg-type]
        case _:
            return known


def constant_in(frame: Frame) -> Constant:
    """Return `resolve_constant` bound to a frame."""
    return partial(resolve_constant, frame)
