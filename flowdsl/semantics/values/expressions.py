"""Types and constants of expressions: literals, texts, lists, objects and references."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.suggest import Names, rename_fix, suggest_known_names
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..model import CONST, ENVIRONMENT
from ..names.references import check_counted, resolve_ref
from ..names.scopes import ValueScope, find_declaration
from ..places import COMMAND, Place
from ..program import Program
from ..types import (
    ANY,
    BOOL,
    INT,
    NO_CONSTRAINTS,
    NUMBER,
    STRING,
    UNKNOWN,
    Enum,
    FieldType,
    ListOf,
    Optional,
    Primitive,
    RecordOf,
    Type,
    strip_optional,
)
from .assignability import TEXTUAL, is_assignable, may_misread
from .bounds import check_bounds
from .fitting import check_fit, report_null
from .spelling import spell_constant

NULL = Optional(UNKNOWN)
"""The type of `null`: a missing value of any type."""

_ESCAPED = r"\\\{(\{[ \t]*|\$)?([A-Za-z_]\w*)(?:[.\[][^{}\n]*)?[ \t]*\}"
_SPACED = r"(?<!\\)\{[ \t]+(\$?)([A-Za-z_]\w*)[ \t]*\}"


def check_text(scope: ValueScope, text: ast.Text, place: Place) -> None:
    """Resolve the variables of `text`, and report braces that only look like a variable.

    A text of constants gets its value in `constants`; one that the platform could misread is kept
    in `joined_texts`.
    """
    program = scope.program
    pieces: list[str | None] = []
    constants = program.constants
    is_known = True
    # Nothing in a simple text could be misread, alone or combined with its neighbour.
    is_simple = place is not COMMAND
    for part in text.parts:
        if type(part) is ast.TextLiteral:
            value = part.value
            if "{" in value:
                is_simple = False
                if text.form != ast.RAW:
                    _check_braces(scope, part, place)
            elif "\\" in value:
                is_simple = False
            pieces.append(value)
        elif type(part) is ast.Ref:
            resolve_ref(scope, part, place, in_text=True)
            if part in constants:
                is_simple = False
                pieces.append(spell_constant(constants[part]))
            else:
                is_simple = is_simple and not (pieces and pieces[-1] is None)
                pieces.append(None)
                is_known = False
        else:
            pieces.append("")
    if is_known:
        characters = constants[text] = "".join(filter(None, pieces))
        if "{" not in characters and place is not COMMAND:
            return
    if not is_simple and may_misread(program, text, place, pieces):
        program.joined_texts.append((scope.module.module, text, place))


def _check_braces(scope: ValueScope, literal: ast.TextLiteral, place: Place) -> None:
    """Report braces that hide a variable behind a backslash or blanks.

    Where only constants are allowed, a name of another kind is not a variable.
    """
    source = scope.source
    constant = place.allowed <= {CONST, ENVIRONMENT}
    written = source.text[literal.start : literal.end]
    for found in (*re.finditer(_ESCAPED, written), *re.finditer(_SPACED, written)):
        kind = scope.kind_of(found[2])
        if kind is None or (constant and kind not in place.allowed):
            continue
        span = Span(source, literal.start + found.start(), literal.start + found.end())
        if found[0].startswith("\\"):
            scope.report(errors.ESCAPED_VARIABLE, span, name=found[2], kind=kind)
        else:
            right = f"{{{found[1]}{found[2]}}}"
            scope.report(
                errors.SPACE_IN_BRACES,
                span,
                name=found[2],
                right=right,
                fixes=(Fix(f"write `{right}`", (Edit(span, right),)),),
            )


def infer_type(scope: ValueScope, expr: ast.Expr, place: Place) -> Type:
    """Infer the type of `expr`, and resolve its variables.

    Literals get their entry in `constants`.
    """
    program = scope.program
    match expr:
        case ast.Ref():
            return resolve_ref(scope, expr, place)
        case ast.Text():
            check_text(scope, expr, place)
            return _type_of_text(program, expr)
        case ast.IntLit(value=value):
            program.constants[expr] = value
            return INT
        case ast.NumberLit(value=spelling):
            program.constants[expr] = _decimal(spelling)
            return NUMBER
        case ast.BoolLit(value=truth):
            program.constants[expr] = truth
            return BOOL
        case ast.NullLit():
            program.constants[expr] = None
            return NULL
        case ast.ConstRef():
            return _const(scope, expr)
        case ast.CountExpr(counted=counted):
            return _check_count(scope, expr, counted, place)
        case ast.ListExpr(items=items):
            types = [infer_type(scope, item, place) for item in items]
            _fold_list(program, expr)
            return ListOf(_find_common_type(types))
        case ast.ObjectExpr(pairs=pairs):
            check_duplicate_keys(scope, pairs)
            fields = tuple(
                FieldType(key_text(pair.key), infer_type(scope, pair.value, place))
                for pair in pairs
            )
            _fold_object(program, expr)
            return RecordOf(None, fields)


def _check_count(scope: ValueScope, expr: ast.CountExpr, counted: ast.Ref, place: Place) -> Type:
    """Check what `count of` counts; the number of a known list is a constant."""
    program = scope.program
    type_ = resolve_ref(scope, counted, place)
    if counted in program.constants:
        program.constants[expr] = len(program.constants[counted] or ())
    return check_counted(scope, counted, type_)


def _decimal(spelling: str) -> Any:
    from decimal import Decimal  # most programs have no decimal number, and the import is slow

    return Decimal(spelling)


def _type_of_text(program: Program, text: ast.Text) -> Type:
    """Return the type of a text: its value's type for a single textual variable, else `string`."""
    if any(isinstance(part, ast.Ref) and part not in program.ref_types for part in text.parts):
        return UNKNOWN
    if len(text.parts) == 1 and isinstance(text.parts[0], ast.Ref):
        type_ = program.ref_types.get(text.parts[0], UNKNOWN)
        inner = strip_optional(type_)
        textual = isinstance(inner, Enum) and not inner.numeric
        if textual or (isinstance(inner, Primitive) and inner.name in TEXTUAL):
            return type_
    return STRING


def _const(scope: ValueScope, expr: ast.ConstRef) -> Type:
    program = scope.program
    word = program.words.get(expr)
    if word is not None:
        program.values[expr] = word
        program.constants[expr] = word.value
        return word.type
    entry = find_declaration(scope.module, expr.name, "const")
    if entry is None or not isinstance(entry.declaration, ast.ConstDecl):
        return UNKNOWN
    symbol = program.consts.get(entry.declaration)
    if symbol is None:
        return UNKNOWN
    program.values[expr] = symbol
    if symbol.literal is None:
        program.constants[expr] = symbol.value
    return symbol.type


def _find_common_type(types: list[Type]) -> Type:
    """Return the one of `types` that all others are assignable to; `any` if there is none."""
    if not types:
        return UNKNOWN
    for candidate in types:
        if all(is_assignable(type_, candidate) for type_ in types):
            return candidate
    return ANY


def _fold_list(program: Program, expr: ast.ListExpr) -> None:
    if all(item in program.constants for item in expr.items):
        program.constants[expr] = [program.constants[item] for item in expr.items]


def _fold_object(program: Program, expr: ast.ObjectExpr) -> None:
    if all(pair.value in program.constants for pair in expr.pairs):
        program.constants[expr] = {
            key_text(pair.key): program.constants[pair.value] for pair in expr.pairs
        }


def key_text(key: ast.Name | ast.StringLit) -> str:
    """Return the key of a pair, whether it is a name or a quoted text."""
    return key.text if isinstance(key, ast.Name) else key.value


def check_duplicate_keys(scope: ValueScope, pairs: Iterable[ast.Pair]) -> None:
    """Report repeated keys of an object."""
    first: dict[str, ast.Name | ast.StringLit] = {}
    for pair in pairs:
        scope.module.is_first(first, key_text(pair.key), pair.key, errors.DUPLICATE_FIELD, "set")


def check_value(
    scope: ValueScope,
    expr: ast.Expr,
    wanted: Type,
    place: Place,
    what: str,
    field: FieldType | None = None,
) -> None:
    """Resolve `expr` and report it if it is not a value of `wanted`.

    `what` names its destination in a sentence. `field` is the field that takes the value as a
    whole: its annotations are checked as well.
    """
    program = scope.program
    inner = strip_optional(wanted)
    if isinstance(expr, ast.ListExpr) and isinstance(inner, ListOf):
        program.wanted_types[expr] = inner
        for item in expr.items:
            check_value(scope, item, inner.element, place, f"an entry of {what}")
        _fold_list(program, expr)
    elif isinstance(expr, ast.ObjectExpr) and isinstance(inner, RecordOf):
        program.wanted_types[expr] = inner
        _check_record(scope, expr, inner, place, what)
    else:
        found = infer_type(scope, expr, place)
        check_fit(scope, expr, found, wanted, place, what)
        if isinstance(inner, RecordOf | ListOf) and found is not wanted:
            program.wanted_types[expr] = inner
        if field is not None and field.absent and program.constants.get(expr, field) is None:
            report_null(program, expr.span(scope.source), what, field)
    if field is not None and field.constraints is not NO_CONSTRAINTS:
        value = program.constants.get(expr)
        check_bounds(program, expr.span(scope.source), expr, value, field)


def _check_record(
    scope: ValueScope, expr: ast.ObjectExpr, record: RecordOf, place: Place, what: str
) -> None:
    """Check an object literal against a record: unknown, repeated and missing fields."""
    program = scope.program
    check_duplicate_keys(scope, expr.pairs)
    given = set()
    unknown = 0
    free: Names | None = None
    for pair in expr.pairs:
        key = key_text(pair.key)
        field = record.by_wire_name.get(key) or record.by_name.get(key)
        if field is None:
            names = program.names_of(record, lambda: (field.name for field in record.fields))
            if free is None:
                known = record.by_name.keys() | record.by_wire_name.keys()
                free = Names(known - {key_text(pair.key) for pair in expr.pairs})
            span = pair.key.span(scope.source)
            scope.report(
                errors.UNKNOWN_FIELD,
                span,
                owner=record.name or what.replace("`", ""),
                name=key,
                help=suggest_known_names("field", names, key),
                fixes=rename_fix(span, free),
            )
            infer_type(scope, pair.value, place)
            unknown += 1
            continue
        given.add(field.name)
        if key != field.wire_name:
            program.wire_names[pair] = field.wire_name
        what_field = f"field `{field.name}`"
        check_value(scope, pair.value, field.type, place, what_field, field)
    missing = [f.name for f in record.fields if f.required and f.name not in given]
    # A misspelt name is reported, and the field it stands for is not reported as missing.
    for name in missing if len(missing) > unknown else ():
        scope.report(errors.MISSING_FIELD, expr, name=name, what=what)
    _fold_object(program, expr)
