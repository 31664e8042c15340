"""Resolves paths into values."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.suggest import join_names
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..model import CONST, INPUT, LOOP, STEP, ValueSymbol
from ..program import Program
from ..semantic_model import SemanticModel
from ..types import (
    ANY,
    INT,
    UNKNOWN,
    Enum,
    FieldType,
    ListOf,
    Optional,
    Primitive,
    RecordOf,
    Type,
    Unknown,
    describe_type,
    strip_optional,
)
from .scopes import PresenceKey, ValueScope


def presence_key(ref: ast.Ref) -> PresenceKey:
    """Return a key for the value of a reference: equal keys mean the same value in one body."""
    return (ref.name.text, tuple(step_of(part) for part in ref.path))


def step_of(part: ast.PathPart) -> str | int:
    """Return the key or position that a part of a path names."""
    return part.index if isinstance(part, ast.IndexAccess) else part.name


def path_of(ref: ast.Ref, symbol: ValueSymbol) -> tuple[ast.PathPart, ...]:
    """Return the path into the value of `symbol`.

    For the const of an imported file, `file.name`, that excludes the const's own name.
    """
    return ref.path[1:] if "." in symbol.name else ref.path


def steps_of(ref: ast.Ref, symbol: ValueSymbol) -> tuple[str | int, ...]:
    """Return the keys and positions of the path into the value."""
    return tuple(map(step_of, path_of(ref, symbol))) if ref.path else ()


def field_of(program: Program | SemanticModel, ref: ast.Ref) -> FieldType | None:
    """Return the declared field at the end of a resolved reference; None if there is none.

    Its annotations apply to the value.
    """
    symbol = program.values.get(ref)
    return None if symbol is None else _field_at(symbol, path_of(ref, symbol))


def _field_at(symbol: ValueSymbol, path: Sequence[ast.PathPart]) -> FieldType | None:
    field = symbol.field
    type_ = symbol.type
    for part in path:
        type_ = strip_optional(type_)
        if isinstance(type_, RecordOf) and isinstance(part, ast.FieldAccess):
            field = type_.by_either_name(part.name)
            type_ = field.type if field is not None else UNKNOWN
        elif isinstance(type_, ListOf):
            field, type_ = None, type_.element
        else:
            return None
    return field


def name_span(scope: ValueScope, part: ast.FieldAccess) -> Span:
    """Return the place of the name in `.name`; if it is quoted, that of the whole part."""
    span = part.span(scope.source)
    return Span(span.source, span.start + 1, span.end) if span.text.startswith(".") else span


def walk_path(scope: ValueScope, ref: ast.Ref, symbol: ValueSymbol) -> Type:
    """Return the type at the end of the path of `ref`.

    A path through an optional value, or through an entry by its number, may be missing as a whole,
    unless the value is known to be present.
    """
    type_ = symbol.type
    path = path_of(ref, symbol) if ref.path else ()
    optional = False
    for length in range(len(path) + 1):
        if length > 0:
            part = path[length - 1]
            is_entry = type(part) is ast.IndexAccess and isinstance(strip_optional(type_), ListOf)
            type_ = _resolve_member(scope, type_, ref, symbol, part)
            if type(type_) is Unknown:
                return UNKNOWN
            if is_entry and not optional:
                optional = not _has_entry(scope, ref, symbol, path[:length])
        if type(type_) is Optional:
            optional = True
            type_ = type_.inner
        if optional and scope.present:
            optional = not _is_present(scope, ref.name.text, tuple(map(step_of, path[:length])))
    return Optional(type_) if optional else type_


def entries_key(ref: ast.Ref, count: int) -> PresenceKey:
    """Return the key that says that the list of a reference has at least `count` entries."""
    name, steps = presence_key(ref)
    return (name, (*steps, -count))


def _is_present(scope: ValueScope, name: str, steps: tuple[str | int, ...]) -> bool:
    """Whether a value is known to be there, by itself or because a part of it is."""
    return (name, steps) in scope.present or any(
        name == root and steps == found[: len(steps)] for root, found in scope.present
    )


def _has_entry(
    scope: ValueScope, ref: ast.Ref, symbol: ValueSymbol, path: Sequence[ast.PathPart]
) -> bool:
    """Whether the list before the last step of `path` is known to have the entry of this number.

    That of a const is checked apart. An entry that may itself be missing has an optional type.
    """
    if symbol.kind == CONST:
        return True
    *before, index = map(step_of, path)
    assert isinstance(index, int)
    if index < count_certain_entries(scope.program, symbol, path[:-1]):
        return True
    for name, (*steps,) in scope.present:
        if name == ref.name.text and steps[: len(before)] == before and steps != before:
            number = steps[len(before)]
            if isinstance(number, int) and (number >= index or -number > index):
                return True
    return False


def count_certain_entries(
    program: Program, symbol: ValueSymbol, path: Sequence[ast.PathPart]
) -> int:
    """Return the least number of entries of the list at `path`, which is not missing.

    The service enforces `@min_items` on inputs, and hands on the outputs of a chain's steps.
    """
    field = _field_at(symbol, path)
    least = 0 if field is None else field.constraints.min_items
    return least if least and _is_checked_by_service(program, symbol) else 0


def _is_checked_by_service(program: Program, symbol: ValueSymbol) -> bool:
    """Whether a value is an input, an output of a chain's step, or an entry of a list of these."""
    iterable = program.iterables.get(symbol) if symbol.kind == LOOP else None
    if isinstance(iterable, ast.Ref):
        listed = program.values.get(iterable)
        return listed is not None and _is_checked_by_service(program, listed)
    return symbol.kind in (INPUT, STEP)


def _resolve_member(
    scope: ValueScope, type_: Type, ref: ast.Ref, symbol: ValueSymbol, part: ast.PathPart
) -> Type:
    """Return the type of one part of the path of `ref`; UNKNOWN, with a report, if invalid."""
    program = scope.program
    if isinstance(type_, RecordOf) and isinstance(part, ast.FieldAccess):
        field = type_.by_either_name(part.name)
        if field is not None:
            return field.type
    span = part.span(scope.source)
    owner = _spell_leading_value(scope, ref, symbol, part)
    match type_:
        case Primitive(name="any"):
            return ANY
        case Unknown():
            return UNKNOWN
        case RecordOf():
            if isinstance(part, ast.IndexAccess):
                scope.report(
                    errors.WRONG_ACCESS,
                    span,
                    owner=owner,
                    kind="a record",
                    help=f"its fields are {join_names(field.name for field in type_.fields)}",
                )
                return UNKNOWN
            names = program.names_of(type_, lambda: (field.name for field in type_.fields))
            at = name_span(scope, part)
            program.report_unknown(
                errors.UNKNOWN_FIELD, at, "field", names, name=part.name, owner=owner
            )
            return UNKNOWN
        case ListOf(element):
            if isinstance(part, ast.FieldAccess):
                counts = part.name in _SIZES
                help = f"write `{owner}[0]{span.text}`, or take its entries with a `for`"
                scope.report(
                    errors.WRONG_ACCESS,
                    span,
                    owner=owner,
                    kind="a list",
                    help=f"write `count of {owner}`" if counts else help,
                    fixes=_write_count(owner, span) if counts else (),
                )
                return INT if counts else UNKNOWN
            if part.index < 0:
                scope.report(errors.NEGATIVE_INDEX, span)
                return UNKNOWN
            return element
        case Primitive() | Enum():
            scope.report(
                errors.PATH_INTO_SCALAR,
                span,
                owner=owner,
                type=describe_type(type_),
                part=span.text,
            )
            return UNKNOWN
        case Optional(inner):
            return _resolve_member(scope, inner, ref, symbol, part)


def _spell_leading_value(
    scope: ValueScope, ref: ast.Ref, symbol: ValueSymbol, part: ast.PathPart
) -> str:
    """Return the source text of the value that `part` accesses."""
    before = (each for each in path_of(ref, symbol) if each.start < part.start)
    return symbol.name + "".join(each.span(scope.source).text for each in before)


# Files that imports connect, and files that flows include, from the text of the flows alone.
#
# Findings in a file depend on no file outside its set, except that addresses are unique in a
# project. The text is used and not the tree, so that no parser is needed and the result is the same
# while a file has errors.


_SIZES = frozenset(("count", "len", "length", "size"))
"""Names for the number of entries of a list in other languages."""


def _write_count(owner: str, part: Span) -> tuple[Fix, ...]:
    """Return the fix that counts a list, where a value and no text is written."""
    whole = Span(part.source, part.start - len(owner), part.end)
    if not whole.text.startswith(owner):
        return ()
    return (Fix(f"write `count of {owner}`", (Edit(whole, f"count of {owner}"),), "unsafe"),)
