"""Values that only tests have: words for answers, fixtures, and values of which a part is open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .. import errors, places
from ..declarations.text_files import held_rows
from ..model import CONST, RowsFile, ValueSymbol
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
    infer,
    key_text,
)
from ..values.fitting import check_fit, check_known, is_textual, unknown_fields
from ..values.tables import rows_of

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


# Fixtures


def check_fixture(
    program: Program,
    scope: ValueScope,
    section: ast.FixtureSection,
    fields: tuple[FieldType, ...] | None,
    secrets: Collection[str],
) -> list[tuple[str, Span | None]] | None:
    """Check a fixture against the inputs; returns each input that it gives, with its place.

    One that `with` leaves out has none. What `with` changes is checked where it stands. None where
    there is no such fixture. Names of `secrets` are left to whoever takes the inputs. The rows of
    files are kept with the constants.
    """
    source = scope.module.source
    span = section.fixture.span(source)
    infer(program, scope, section.fixture, places.TEST_VALUE)
    symbol = program.values.get(section.fixture)
    if symbol is None:
        return None
    if not isinstance(strip_optional(symbol.type), RecordOf):
        name = section.fixture.name.name.text
        program.sink.report(errors.NO_FIXTURE, span, name=name)
        return None
    return list(_given_by(program, scope, section, symbol, fields, secrets))


def _given_by(
    program: Program,
    scope: ValueScope,
    section: ast.FixtureSection,
    symbol: ValueSymbol,
    fields: tuple[FieldType, ...] | None,
    secrets: Collection[str],
) -> Iterator[tuple[str, Span | None]]:
    source = scope.module.source
    span = section.fixture.span(source)
    changed = set()
    for pair in () if section.changes is None else section.changes.pairs:
        name, place = key_text(pair.key), pair.key.span(source)
        changed.add(name)
        field = None if name in secrets else known_field(program, fields, name, place)
        if _is_missing(program, scope, pair.value):
            yield name, None
            continue
        yield name, place
        if field is not None:
            what = f"input `{name}`"
            check_value(program, scope, pair.value, field.type, places.TEST_VALUE, what, field)
        else:
            infer(program, scope, pair.value, places.TEST_VALUE)
    rows: dict[str, Any] = {}
    for name, file in held_rows(program, scope.module, section.changes, section.rows):
        changed.add(name)
        place = next(each.name for each in section.rows if each.name.text == name).span(source)
        yield name, place
        field = None if name in secrets else known_field(program, fields, name, place)
        if field is not None and file is not None:
            rows[name] = rows_of(program, file, field)
    record = strip_optional(symbol.type)
    assert isinstance(record, RecordOf)
    for name, file in symbol.rows:
        if name in changed:
            continue
        yield name, span
        field = None if name in secrets else known_field(program, fields, name, span)
        if field is not None and file is not None:
            rows[name] = _rows_for(program, file, field, span)
    program.constants[section] = rows
    for held in record.fields:
        if held.name in changed:
            continue
        yield held.name, span
        is_secret = held.name in secrets
        labels = (Label(symbol.span, "the fixture"),)
        field = None if is_secret else known_field(program, fields, held.name, span, labels=labels)
        if field is None:
            continue
        what = f"input `{held.name}`"
        if isinstance(symbol.value, dict):
            known = symbol.value[held.name]
            unknown = dict(unknown_fields(known, field.type))
            for name, record in unknown.items():
                owner = record.name or what.replace("`", "")
                names = [each.name for each in record.fields]
                program.sink.report(
                    errors.UNKNOWN_FIELD,
                    span,
                    owner=owner,
                    name=name,
                    help=known_names("field", names, name),
                    labels=(Label(symbol.span, "the fixture"),),
                )
            if not unknown:
                check_known(program, span, known, field.type, places.TEST_VALUE, what, field)
        else:
            check_fit(
                program,
                scope,
                section.fixture,
                held.type,
                field.type,
                places.TEST_VALUE,
                what,
            )


def _rows_for(program: Program, file: RowsFile, field: FieldType, span: Span) -> list[Any] | None:
    """The rows that a fixture gives to an input at `span`; read once, and reported once."""
    key = (file, field)
    if key not in program.read_rows:
        labels = (Label(span, f"given to input `{field.name}` here"),)
        program.read_rows[key] = rows_of(program, file, field, labels)
    return program.read_rows[key]


def _is_missing(program: Program, scope: ValueScope, value: ast.Expr) -> bool:
    take_words(program, scope, value, GIVEN_WORDS)
    if not isinstance(value, ast.ConstRef) or value not in program.words:
        return False
    infer(program, scope, value, places.TEST_VALUE)
    return True


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
