"""Annotations: which exist, where they are allowed, and what their arguments mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.diagnostics.suggest import find_closest_name, join_names, rename_fix
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..names.scopes import ValueScope
from ..program import ModuleScope, Program
from ..types import (
    Constraints,
    Enum,
    FieldType,
    ListOf,
    Primitive,
    Type,
    Unknown,
    describe_type,
    strip_optional,
)
from .assignability import NUMERIC, TEXTUAL
from .bounds import check_bounds, is_number, parse_bound
from .expressions import check_value, infer_type

Reader: TypeAlias = "Callable[[AnnotationContext, ast.Annotation], Any]"
Applies: TypeAlias = Callable[[Type], bool]


class AnnotationContext(Record):
    """The field that an annotation belongs to: its scope, name, type, and kind of section."""

    scope: ModuleScope
    field: str
    type: Type
    section: str


class FieldAnnotation(Record):
    """A field annotation.

    `constraint` is the field of `Constraints` that it sets; `goes_with` and `applies` are the types
    it applies to, in words and as a predicate. `read` parses its one argument; None if it has none.
    `sections` are the kinds of section where it is allowed, empty for all of them.
    """

    constraint: str
    goes_with: str
    applies: Applies
    read: Reader | None = None
    repeats: bool = False
    sections: tuple[str, ...] = ()


def _is_text(type_: Type) -> bool:
    if isinstance(type_, Enum):
        return type_.open
    return isinstance(type_, Primitive) and type_.name in TEXTUAL


def _is_number(type_: Type) -> bool:
    return isinstance(type_, Primitive) and type_.name in NUMERIC


def _is_list(type_: Type) -> bool:
    return isinstance(type_, ListOf)


def _any_type(type_: Type) -> bool:
    return True


def _read_number(context: AnnotationContext, annotation: ast.Annotation) -> Any:
    """Parse an `int`, or the decimal spelling as `str`."""
    value = _constant(context, annotation)
    if not is_number(value):
        return _report_wrong_argument(context, annotation, "a number")
    return value if isinstance(value, int) else format(value, "f")


_MOST_DIGITS = 100
"""The maximum number of digits of a count."""


def _read_count(context: AnnotationContext, annotation: ast.Annotation) -> Any:
    value = _constant(context, annotation)
    if is_number(value) and value >= 0 and value == int(value) and value < 10**_MOST_DIGITS:
        return int(value)  # one that is too long for an integer literal is written as a decimal
    return _report_wrong_argument(context, annotation, "a whole number, 0 or more")


def _read_text(context: AnnotationContext, annotation: ast.Annotation) -> Any:
    value = _constant(context, annotation)
    return (
        value if isinstance(value, str) else _report_wrong_argument(context, annotation, "a text")
    )


def _read_wire(context: AnnotationContext, annotation: ast.Annotation) -> Any:
    value = _read_text(context, annotation)
    if isinstance(value, str) and not (value.isascii() and value.isidentifier()):
        from ..names.wire_names import check_wire_name  # most names in JSON are plain words

        span = annotation.arguments[0].span(context.scope.source)
        check_wire_name(context.scope.program, span, value, context.field, context.section)
    return value


def _read_pattern(context: AnnotationContext, annotation: ast.Annotation) -> Any:
    value = _read_text(context, annotation)
    if isinstance(value, str):
        check_pattern(
            context.scope.program, annotation.arguments[0].span(context.scope.source), value
        )
    return value


def _read_example(context: AnnotationContext, annotation: ast.Annotation) -> Any:
    argument = annotation.arguments[0]
    what = f"an example of `{context.field}`"
    check_value(ValueScope(context.scope), argument, context.type, places.CONSTANT, what)
    return context.scope.program.constants.get(argument)


def _constant(context: AnnotationContext, annotation: ast.Annotation) -> Any:
    argument = annotation.arguments[0]
    infer_type(ValueScope(context.scope), argument, places.CONSTANT)
    return context.scope.program.constants.get(argument)


def _report_wrong_argument(
    context: AnnotationContext, annotation: ast.Annotation, wanted: str
) -> None:
    """Report an argument of the wrong kind, unless an error in it is reported already."""
    program = context.scope.program
    argument = annotation.arguments[0]
    refs = argument.parts if isinstance(argument, ast.Text) else ()
    resolved = all(ref in program.values for ref in refs if isinstance(ref, ast.Ref))
    if resolved and (argument in program.constants or not isinstance(argument, ast.ConstRef)):
        name = annotation.name.text
        context.scope.report(errors.WRONG_ANNOTATION_ARGUMENT, argument, name=name, wanted=wanted)


def check_pattern(program: Program, span: Span, pattern: str) -> None:
    """Report a regular expression that no dialect accepts, or that is too large to check."""
    from flowdsl.source.patterns import syntax_problem  # few programs have a pattern

    problem = syntax_problem(pattern)
    if problem is not None:
        program.sink.report(errors.INVALID_PATTERN, span, problem=problem)


def check_runnable_pattern(program: Program, span: Span, pattern: str) -> None:
    """Report a regular expression that FlowDSL itself has to run, and cannot."""
    from flowdsl.source.patterns import run_problem  # few programs have a pattern

    problem = run_problem(pattern)
    if problem is not None:
        program.sink.report(errors.INVALID_PATTERN, span, problem=problem)


FIELD_ANNOTATIONS = {
    "min": FieldAnnotation("minimum", "numbers", _is_number, _read_number),
    "max": FieldAnnotation("maximum", "numbers", _is_number, _read_number),
    "pattern": FieldAnnotation("pattern", "text", _is_text, _read_pattern),
    "format": FieldAnnotation("format", "text", _is_text, _read_text),
    "min_length": FieldAnnotation("min_length", "text", _is_text, _read_count),
    "max_length": FieldAnnotation("max_length", "text", _is_text, _read_count),
    "min_items": FieldAnnotation("min_items", "lists", _is_list, _read_count),
    "max_items": FieldAnnotation("max_items", "lists", _is_list, _read_count),
    "example": FieldAnnotation("examples", "any type", _any_type, _read_example, repeats=True),
    "deprecated": FieldAnnotation("deprecated", "any type", _any_type),
    "machine": FieldAnnotation(
        "machine", "inputs of a workflow", _any_type, sections=("inputs", "secrets")
    ),
    "untrusted": FieldAnnotation("untrusted", "any type", _any_type),
    "wire": FieldAnnotation("wire", "any type", _any_type, _read_wire),
}
DECLARATION_ANNOTATIONS = ("owner", "deprecated")


def field_constraints(
    context: AnnotationContext, annotations: tuple[ast.Annotation, ...]
) -> Constraints:
    """Evaluate the annotations of a field; one with an error sets nothing."""
    program = context.scope.program
    values: dict[str, Any] = {}
    first: dict[str, Span] = {}
    for annotation in annotations:
        name = annotation.name.text
        span = annotation.span(context.scope.source)
        known = FIELD_ANNOTATIONS.get(name)
        if known is None:
            _report_unknown(context.scope, annotation, tuple(FIELD_ANNOTATIONS))
            continue
        if known.repeats:
            first.setdefault(name, span)
        elif not context.scope.is_first(first, name, span, errors.DUPLICATE_ANNOTATION, "set"):
            continue
        value = _field_value(context, annotation, known)
        if value is not None and known.repeats:
            values[known.constraint] = (*values.get(known.constraint, ()), value)
        elif value is not None:
            values[known.constraint] = value
    if len(values) > 1:
        _check_range(program, values, first)
    constraints = Constraints(**values)
    program.bound_places[constraints] = first
    if constraints.examples:
        _check_examples(context, annotations, constraints)
    return constraints


def _check_examples(
    context: AnnotationContext, annotations: tuple[ast.Annotation, ...], constraints: Constraints
) -> None:
    """Report examples that the other annotations of the field exclude, in whatever order."""
    field = FieldType(context.field, context.type, constraints)
    for annotation in annotations:
        if annotation.name.text == "example" and len(annotation.arguments) == 1:
            example = annotation.arguments[0]
            value = context.scope.program.constants.get(example)
            check_bounds(
                context.scope.program, example.span(context.scope.source), example, value, field
            )


def _field_value(
    context: AnnotationContext, annotation: ast.Annotation, known: FieldAnnotation
) -> Any:
    inner = strip_optional(context.type)
    misplaced = known.sections and context.section not in known.sections
    if misplaced or not (isinstance(inner, Unknown) or known.applies(inner)):
        context.scope.report(
            errors.MISPLACED_ANNOTATION,
            annotation,
            name=annotation.name.text,
            goes_with=known.goes_with,
            type=describe_type(context.type),
            field=context.field,
        )
        return None
    wanted = 0 if known.read is None else 1
    if not _has_arguments(context.scope, annotation, wanted, wanted):
        return None
    return True if known.read is None else known.read(context, annotation)


def _has_arguments(scope: ModuleScope, annotation: ast.Annotation, least: int, most: int) -> bool:
    count = len(annotation.arguments)
    if annotation.named or not least <= count <= most:
        shown = "no argument" if most == 0 else "one argument, without a name"
        scope.report(
            errors.WRONG_ANNOTATION_ARGUMENT, annotation, name=annotation.name.text, wanted=shown
        )
        return False
    return True


def _check_range(program: Program, values: dict[str, Any], spans: dict[str, Span]) -> None:
    for low, high, least, most in (
        ("minimum", "maximum", "min", "max"),
        ("min_length", "max_length", "min_length", "max_length"),
        ("min_items", "max_items", "min_items", "max_items"),
    ):
        bounds = [parse_bound(values[each]) for each in (low, high) if each in values]
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            program.sink.report(
                errors.EMPTY_RANGE,
                spans[most],
                low=f"@{least}",
                high=f"@{most}",
                labels=(Label(spans[least], "the lower bound"),),
            )


def check_declaration_annotations(
    scope: ModuleScope, annotations: tuple[ast.Annotation, ...]
) -> None:
    """Check the annotations of a declaration: `@owner("team")`, `@deprecated` and its reason."""
    seen: dict[str, Span] = {}
    for annotation in annotations:
        name = annotation.name.text
        span = annotation.span(scope.source)
        if name not in DECLARATION_ANNOTATIONS:
            _report_unknown(scope, annotation, DECLARATION_ANNOTATIONS)
            continue
        if not scope.is_first(seen, name, span, errors.DUPLICATE_ANNOTATION, "set"):
            continue
        least = 1 if name == "owner" else 0
        if _has_arguments(scope, annotation, least, 1) and annotation.arguments:
            context = AnnotationContext(scope, name, Unknown(), "declaration")
            _read_text(context, annotation)


def check_statement_annotations(
    scope: ModuleScope, annotations: tuple[ast.Annotation, ...]
) -> None:
    """Report the annotations of a statement: edition 1 has none for statements."""
    for annotation in annotations:
        _report_unknown(scope, annotation, ())


def _report_unknown(scope: ModuleScope, annotation: ast.Annotation, known: tuple[str, ...]) -> None:
    name = annotation.name.text
    near = find_closest_name(name, known)
    shown = join_names((f"@{other}" for other in known), limit=12)
    if near is not None:
        help = f"an annotation named `@{near}` exists"
    elif not known:
        help = "statements have no annotations"
    elif name in FIELD_ANNOTATIONS or name in DECLARATION_ANNOTATIONS:
        there = "fields" if name in FIELD_ANNOTATIONS else "declarations"
        help = f"`@{name}` goes with {there}; known here: {shown}"
    else:
        help = f"known here: {shown}"
    scope.report(
        errors.UNKNOWN_ANNOTATION,
        annotation.name,
        name=name,
        help=help,
        fixes=rename_fix(annotation.name.span(scope.source), known),
    )
