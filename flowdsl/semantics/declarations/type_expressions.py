"""Resolves type expressions, and the fields of sections."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.diagnostics.diagnostic import Edit, Fix, Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.errors import NESTING_TOO_DEEP

from .. import errors, places
from ..names.scopes import ValueScope, find_declaration
from ..program import MAX_CHAIN, Entry, ModuleScope, Program
from ..types import (
    ANY,
    NO_CONSTRAINTS,
    PRIMITIVE,
    UNKNOWN,
    Enum,
    FieldType,
    ListOf,
    Optional,
    RecordOf,
    Type,
    Unknown,
)
from ..values.annotations import AnnotationContext, field_constraints
from ..values.expressions import check_value
from .constants import constant_json
from .days import check_day, names_day

RECORD = "record"
INPUTS = "inputs"
SECRETS = "secrets"
OUTPUTS = "outputs"
CHAIN_INPUTS = "chain inputs"
CHAIN_SECRETS = "chain secrets"


def resolve_type(scope: ModuleScope, expr: ast.TypeExpr) -> Type:
    """Resolve `expr` to a type, which is kept in `program.declared_types`."""
    known = scope.program.declared_types.get(expr)
    if known is None:
        known = scope.program.declared_types[expr] = _resolve_expression(scope, expr)
    return known


def _resolve_expression(scope: ModuleScope, expr: ast.TypeExpr) -> Type:
    match expr:
        case ast.NamedType(name=dotted):
            if dotted.namespace is None and dotted.name.text in PRIMITIVE:
                return PRIMITIVE[dotted.name.text]
            entry = find_declaration(scope, dotted, "type")
            return UNKNOWN if entry is None else _resolve_named_type(scope, dotted, entry)
        case ast.ObjectType(fields=fields):
            if not fields:
                scope.report(errors.EMPTY_RECORD, expr)
            return RecordOf(None, resolve_fields(scope, fields, RECORD))
        case ast.EnumType():
            return _resolve_enum(scope, expr)
        case ast.ListType(element=element):
            return ListOf(resolve_type(scope, element))
        case ast.OptionalType(inner=inner):
            type_ = resolve_type(scope, inner)
            return type_ if isinstance(type_, Optional | Unknown) else Optional(type_)


def _resolve_named_type(scope: ModuleScope, used: ast.Dotted, entry: Entry) -> Type:
    program = scope.program
    declaration = entry.declaration
    assert isinstance(declaration, ast.RecordDecl | ast.AliasDecl)
    if declaration in program.resolving:
        cycle = [*program.resolving[program.resolving.index(declaration) :], declaration]
        names = " -> ".join(
            step.name.text for step in cycle if isinstance(step, ast.RecordDecl | ast.AliasDecl)
        )
        scope.report(errors.RECURSIVE_TYPE, used, cycle=names)
        return UNKNOWN
    if len(program.resolving) >= MAX_CHAIN and declaration not in program.named_types:
        scope.report(NESTING_TOO_DEEP, used, what="types", limit=MAX_CHAIN)
        return UNKNOWN
    return resolve_declared_type(program.scopes[entry.home], declaration)


def resolve_declared_type(home: ModuleScope, declaration: ast.RecordDecl | ast.AliasDecl) -> Type:
    """Resolve a type declaration: one object for each, since records are equal by identity."""
    program = home.program
    known = program.named_types.get(declaration)
    if known is not None:
        return known
    program.resolving.append(declaration)
    name = declaration.name.text
    type_: Type
    if isinstance(declaration, ast.RecordDecl):
        if not declaration.fields:
            home.report(errors.EMPTY_RECORD, declaration.name)
        type_ = RecordOf(name, resolve_fields(home, declaration.fields, RECORD))
    else:
        type_ = resolve_type(home, declaration.type)
        if isinstance(type_, Enum):
            type_ = Enum(type_.values, type_.name or name, type_.open)
        elif isinstance(type_, RecordOf) and type_.name is None:
            type_ = RecordOf(name, type_.fields)
    program.resolving.pop()
    program.named_types[declaration] = type_
    return type_


def _resolve_enum(scope: ModuleScope, expr: ast.EnumType) -> Type:
    """Return the enum of some values; UNKNOWN, with a report, if texts and numbers are mixed."""
    first: dict[str | int, ast.Node] = {}
    kinds: dict[type, ast.Node] = {}
    for literal in expr.values:
        if literal.value in first:
            label = Label(first[literal.value].span(scope.source), "first listed here")
            scope.report(errors.DUPLICATE_ENUM_VALUE, literal, value=literal.value, labels=(label,))
        first.setdefault(literal.value, literal)
        kinds.setdefault(type(literal), literal)
    if len(kinds) > 1 or (expr.open and ast.IntLit in kinds):
        number = kinds[ast.IntLit].span(scope.source)
        scope.report(
            errors.MIXED_ENUM,
            number,
            written=number.text,
            labels=()
            if expr.open and len(kinds) == 1
            else (Label(kinds[ast.StringLit].span(scope.source), "this one is a text"),),
        )
        return UNKNOWN
    return Enum(tuple(first), open=expr.open)


def resolve_fields(
    scope: ModuleScope, fields: tuple[ast.Field, ...], section: str, *, days: bool = False
) -> tuple[FieldType, ...]:
    """Resolve the fields of a record or section.

    A second field of the same name, or with the same name in JSON, is reported and left out.
    `days`: whether FlowDSL's runner computes dates as defaults.
    """
    resolved: list[FieldType] = []
    others: dict[str, FieldType | None] = {field.name.text: None for field in fields}
    first: dict[str, ast.Name] = {}
    wire: dict[str, ast.Name] = {}
    spec = errors.DUPLICATE_FIELD
    for field in fields:
        if not scope.is_first(first, field.name.text, field.name, spec, "declared"):
            continue
        del others[field.name.text]
        type_ = _resolve_field(scope, field, section, others if days else None)
        others[type_.name] = type_
        if scope.is_first(wire, type_.wire_name, field.name, spec, "declared"):
            resolved.append(type_)
            scope.program.field_places[type_] = (scope.source, field.name)
    return tuple(resolved)


def _resolve_field(
    scope: ModuleScope,
    field: ast.Field,
    section: str,
    others: Mapping[str, FieldType | None] | None,
) -> FieldType:
    """Resolve one field to its type, and check its annotations and its default.

    `others` maps the other inputs to their types, None for those declared further down; `others`
    itself is None if a date cannot be the default.
    """
    name = field.name.text
    type_ = resolve_type(scope, field.type)
    if field.absent:
        _check_absent(scope, field, type_)
    # `any` also accepts null.
    absent = field.absent and not isinstance(type_, Optional | Unknown) and type_ != ANY
    if field.absent and not isinstance(type_, Optional | Unknown):
        type_ = Optional(type_)
    constraints = NO_CONSTRAINTS
    if field.annotations:
        context = AnnotationContext(scope, name, type_, section)
        constraints = field_constraints(context, field.annotations)
    default = None
    has_default = field.default is not None
    if field.default is not None:
        span = field.default.span(scope.source)
        if section in (SECRETS, CHAIN_SECRETS):
            removal = Edit(Span(span.source, field.type.end, span.end), "")
            fixes = (Fix("remove the default", (removal,)),)
            scope.report(errors.SECRET_WITH_DEFAULT, span, name=name, fixes=fixes)
            has_default = False
        elif constraints.machine:
            scope.report(errors.MACHINE_INPUT_WITH_DEFAULT, span, name=name)
        if names_day(scope, field.default, others or {}):
            assert isinstance(field.default, ast.ConstRef | ast.DayExpr)
            day = None
            if not field.absent and section not in (SECRETS, CHAIN_SECRETS):  # reported already
                day = check_day(scope, field.default, type_, others)
            return FieldType(name, type_, constraints, day is None, doc=field.doc, day=day)
        assert not isinstance(field.default, ast.DayExpr)
        what = f"the default of `{name}`"
        bounded = FieldType(name, type_, constraints)
        check_value(ValueScope(scope), field.default, type_, places.CONSTANT, what, bounded)
        default = constant_json(scope.program, field.default)
        # An undeclared name has been reported, and may be intended as null.
        if has_default and not (
            field.absent or default is None or isinstance(default, ast.ConstRef)
        ):
            type_ = _never_missing(scope, field, type_)
    return FieldType(name, type_, constraints, has_default, default, field.doc, absent)


def _check_absent(scope: ModuleScope, field: ast.Field, type_: Type) -> None:
    """Report a field `name?:` whose type is already optional, or that has a default."""
    name, source = field.name.text, scope.source
    written = source.text[field.type.start : field.type.end]
    mark = Span(source, field.name.end, source.text.index(":", field.name.end))
    problem = None
    if isinstance(type_, Optional):
        problem = f"and its type `{written}` both say that it may be missing"
        help = f"write `{name}: {written}` for what may be left out or null"
    elif field.default is not None:
        problem = "has a default, so that it is never missing"
        help = f"write `{name}: {written}`, or leave out the default"
    if problem is not None:
        fixes = (Fix("remove the `?` behind the name", (Edit(mark, ""),)),)
        scope.report(
            errors.CONTRADICTORY_OPTIONAL, mark, name=name, problem=problem, help=help, fixes=fixes
        )


def _never_missing(scope: ModuleScope, field: ast.Field, type_: Type) -> Type:
    """Return the type of a field with a default; one that may be missing is reported."""
    if not isinstance(type_, Optional):
        return type_
    source = scope.source
    fixes: tuple[Fix, ...] = ()
    if source.text[field.type.end - 1] == "?":
        mark = Span(source, field.type.end - 1, field.type.end)
        fixes = (Fix("remove the `?`", (Edit(mark, ""),), "safe"),)
    scope.report(errors.DEFAULT_OF_OPTIONAL, field.type, name=field.name.text, fixes=fixes)
    return type_.inner


def resolve_declared_types(program: Program) -> None:
    """Resolve every type declaration, whether used or not."""
    for module in program.sources.modules:
        scope = program.scopes[module]
        for declaration in module.declarations:
            if isinstance(declaration, ast.RecordDecl | ast.AliasDecl):
                resolve_declared_type(scope, declaration)
