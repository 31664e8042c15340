"""Values that only tests have: words for answers, and values of which a part is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .. import errors, places
from ..model import CONST, ValueSymbol
from ..names.scopes import ValueScope, known_names, rename_fix
from ..program import Program
from ..types import (
    ANY,
    BOOL,
    STRING,
    Enum,
    FieldType,
    ListOf,
    RecordOf,
    Type,
    Unknown,
    describe,
    strip_optional,
)
from ..values.annotations import check_runnable_pattern
from ..values.expressions import (
    NULL,
    check_duplicate_keys,
    check_text,
    check_value,
    key_text,
)
from ..values.fitting import check_fit, is_textual

Words = Mapping[str, tuple[Type, Any]]
SCREEN_WORDS: Words = {"never": (BOOL, False)}
"""`never`: what is asked for does not come, and is not there."""
READ_WORDS: Words = {"unreadable": (NULL, None)}
"""`unreadable`: nothing can be read, or nothing is there."""
COMMAND_WORDS: Words = {"failed": (BOOL, False)}
"""`failed`: the command did not do its work."""
GIVEN_WORDS: Words = {"missing": (NULL, None)}
"""`missing`: the input is left out."""


def take_words(program: Program, scope: ValueScope, value: ast.Node, words: Words) -> None:
    """Give the words that stand in a value their meaning.

    A const of the same name means itself.
    """
    for node in walk(value):
        if not isinstance(node, ast.ConstRef) or node.name.namespace is not None:
            continue
        word = node.name.name.text
        if word in words and word not in scope.module.names:
            type_, known = words[word]
            span = node.span(scope.module.source)
            program.words[node] = ValueSymbol(CONST, word, type_, span, value=known)


def is_left_out(scope: ValueScope, value: ast.Expr) -> bool:
    """Whether a value of `given` is the word `missing`."""
    return (
        isinstance(value, ast.Ref)
        and value.sigil == ast.INPUT
        and not value.path
        and value.name.text in GIVEN_WORDS
        and value.name.text not in scope.module.names
    )


# Inputs


def known_field(
    program: Program,
    fields: tuple[FieldType, ...] | None,
    name: str,
    span: Span,
    noun: str = "input",
    labels: tuple[Label, ...] = (),
) -> FieldType | None:
    """The field of a name; None where there is none, which is reported, or nobody knows them."""
    if fields is None:
        return None
    found = next((field for field in fields if field.name == name), None)
    if found is None:
        names = [field.name for field in fields]
        program.sink.report(
            errors.UNKNOWN_ARGUMENT,
            span,
            name=name,
            noun=noun,
            help=known_names(noun, names, name),
            fixes=rename_fix(span, names) if span.text == name else (),
            labels=labels,
        )
    return found


# Open values


def check_pattern(
    program: Program,
    scope: ValueScope,
    value: ast.Pattern,
    wanted: Type,
    what: str,
    field: FieldType | None = None,
) -> None:
    """Check a value that a test expects against the type of what it is held against."""
    inner = strip_optional(wanted)
    if not _is_open(value):
        assert not isinstance(
            value, ast.OpenList | ast.OpenObject | ast.PartText | ast.MatchingText
        )
        check_value(program, scope, value, wanted, places.TEST_VALUE, what, field)
        return
    match value:
        case ast.PartText(text=text):
            check_text(program, scope, text, places.TEST_VALUE)
            textual = isinstance(inner, Enum) and not inner.numeric
            if not is_textual(inner) and not textual:
                check_fit(program, scope, text, STRING, wanted, places.TEST_VALUE, what)
        case ast.MatchingText(pattern=pattern):
            check_runnable_pattern(program, pattern.span(scope.module.source), pattern.value)
            if not (is_textual(inner) or _is_any(inner) or isinstance(inner, Enum)):
                _report_open(program, scope, value, wanted, what, STRING)
        case ast.OpenList(items=items) | ast.ListExpr(items=items):
            if isinstance(inner, ListOf) or _is_any(inner):
                element = inner.element if isinstance(inner, ListOf) else ANY
                for item in items:
                    check_pattern(program, scope, item, element, f"an entry of {what}")
            else:
                _report_open(program, scope, value, wanted, what, ListOf(ANY))
        case ast.OpenObject(pairs=pairs) | ast.ObjectExpr(pairs=pairs):
            if isinstance(inner, RecordOf) or _is_any(inner):
                record = inner if isinstance(inner, RecordOf) else None
                _check_pairs(program, scope, value, pairs, record, what)
            else:
                _report_open(program, scope, value, wanted, what, RecordOf(None, ()))
        case _:
            raise AssertionError("only texts, lists and records are open")


def _is_open(value: ast.Pattern) -> bool:
    return any(
        isinstance(node, ast.OpenList | ast.OpenObject | ast.PartText | ast.MatchingText)
        for node in walk(value)
    )


def _is_any(type_: Type) -> bool:
    return type_ is ANY or isinstance(type_, Unknown)


def _report_open(
    program: Program, scope: ValueScope, value: ast.Pattern, wanted: Type, what: str, found: Type
) -> None:
    span = value.span(scope.module.source)
    program.sink.report(
        errors.TYPE_MISMATCH, span, what=what, wanted=describe(wanted), found=describe(found)
    )


def _check_pairs(
    program: Program,
    scope: ValueScope,
    value: ast.Pattern,
    pairs: tuple[ast.Pair, ...],
    record: RecordOf | None,
    what: str,
) -> None:
    """Check the fields that are expected of a record; one that is not open lacks none."""
    source = scope.module.source
    check_duplicate_keys(program, scope, pairs)
    named: set[str] = set()
    for pair in pairs:
        name = key_text(pair.key)
        field = None
        if record is not None:
            field = record.by_either_name(name)
            if field is None:
                span = pair.key.span(source)
                names = [each.name for each in record.fields]
                program.sink.report(
                    errors.UNKNOWN_FIELD,
                    span,
                    owner=record.name or what.replace("`", ""),
                    name=name,
                    help=known_names("field", names, name),
                    fixes=rename_fix(span, names),
                )
        type_ = ANY if field is None else field.type
        named.add(name if field is None else field.name)
        check_pattern(program, scope, pair.value, type_, f"field `{name}`", field)
    if record is None or isinstance(value, ast.OpenObject):
        return
    for each in record.fields:
        if each.required and each.name not in named:
            span = value.span(source)
            program.sink.report(errors.MISSING_FIELD, span, name=each.name, what=what)
