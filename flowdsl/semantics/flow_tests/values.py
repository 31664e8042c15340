"""Values that only tests have: words for answers, and values that are partly open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeAlias

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .. import errors, places
from ..declarations.text_files import collect_rows_files
from ..model import CONST, RowsFile, ValueSymbol
from ..names.scopes import ValueScope
from ..program import Program
from ..types import (
    ANY,
    BOOL,
    PRIMITIVE,
    STRING,
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
from ..values.annotations import check_runnable_pattern
from ..values.expressions import (
    NULL,
    check_duplicate_keys,
    check_text,
    check_value,
    infer_type,
    key_text,
)
from ..values.fitting import check_fit, check_known, is_textual, unknown_fields
from ..values.spelling import spell_constant
from ..values.tables import rows_of

Words = Mapping[str, tuple[Type, Any]]
SCREEN_WORDS: Words = {"never": (BOOL, False)}
"""`never`: what is asked for does not appear."""
READ_WORDS: Words = {"unreadable": (NULL, None)}
"""`unreadable`: nothing can be read, or there is no value."""
COMMAND_WORDS: Words = {"failed": (BOOL, False)}
"""`failed`: the command did not succeed."""
GIVEN_WORDS: Words = {"missing": (NULL, None)}
"""`missing`: the input is left out."""


def take_words(scope: ValueScope, value: ast.Node, words: Words) -> None:
    """Resolve the words with a special meaning in a value.

    A const of the same name takes precedence.
    """
    for node in walk(value):
        if not isinstance(node, ast.ConstRef) or node.name.namespace is not None:
            continue
        word = node.name.name.text
        if word in words and word not in scope.module.names:
            type_, known = words[word]
            span = node.span(scope.source)
            scope.program.words[node] = ValueSymbol(CONST, word, type_, span, value=known)


def is_left_out(scope: ValueScope, value: ast.Expr) -> bool:
    """Whether a value of `given` is the word `missing`."""
    return (
        isinstance(value, ast.Ref)
        and not value.secret
        and not value.path
        and value.name.text in GIVEN_WORDS
        and value.name.text not in scope.module.names
    )


# Inputs


def find_known_field(
    program: Program,
    fields: tuple[FieldType, ...] | None,
    name: str,
    span: Span,
    noun: str = "input",
    labels: tuple[Label, ...] = (),
) -> FieldType | None:
    """Return the field `name`; None if it does not exist, which is reported, or all are unknown."""
    if fields is None:
        return None
    found = next((field for field in fields if field.name == name), None)
    if found is None:
        names = [field.name for field in fields]
        spec = errors.UNKNOWN_ARGUMENT
        program.report_unknown(spec, span, noun, names, name=name, noun=noun, labels=labels)
    return found


# Open values


def check_pattern(
    scope: ValueScope, value: ast.Pattern, wanted: Type, what: str, field: FieldType | None = None
) -> None:
    """Check an expected value of a test against the type of the value it is compared with."""
    inner = strip_optional(wanted)
    if not _is_open(value):
        assert not isinstance(value, _OPEN)
        check_value(scope, value, wanted, places.TEST_VALUE, what, field)
        return
    match value:
        case ast.PartText(text=text):
            check_text(scope, text, places.TEST_VALUE)
            textual = isinstance(inner, Enum) and not inner.numeric
            if not is_textual(inner) and not textual:
                check_fit(scope, text, STRING, wanted, places.TEST_VALUE, what)
        case ast.MatchingText(pattern=pattern):
            check_runnable_pattern(scope.program, pattern.span(scope.source), pattern.value)
            if not (is_textual(inner) or _is_any(inner) or isinstance(inner, Enum)):
                _report_open(scope, value, wanted, what, STRING)
        case ast.OtherValue(value=other):
            check_pattern(scope, other, Optional(inner), what, field)
        case ast.RangeOfValues(low=low, high=high):
            _check_range(scope, value, (low, high), wanted, what)
        case ast.OpenList(items=items) | ast.ListExpr(items=items):
            if isinstance(inner, ListOf) or _is_any(inner):
                element = inner.element if isinstance(inner, ListOf) else ANY
                for item in items:
                    if not isinstance(item, ast.Rest):
                        check_pattern(scope, item, element, f"an entry of {what}")
            else:
                _report_open(scope, value, wanted, what, ListOf(ANY))
        case ast.OpenObject(pairs=pairs) | ast.ObjectExpr(pairs=pairs):
            if isinstance(inner, RecordOf) or _is_any(inner):
                record = inner if isinstance(inner, RecordOf) else None
                _check_pairs(scope, value, pairs, record, what)
            else:
                _report_open(scope, value, wanted, what, RecordOf(None, ()))
        case _:
            raise AssertionError("only texts, lists and records are open")


_OPEN = (
    ast.OpenList,
    ast.OpenObject,
    ast.PartText,
    ast.MatchingText,
    ast.RangeOfValues,
    ast.OtherValue,
)
"""What only expected values have."""


def _is_open(value: ast.Pattern) -> bool:
    return any(isinstance(node, _OPEN) for node in walk(value))


def _check_range(
    scope: ValueScope,
    value: ast.RangeOfValues,
    bounds: tuple[ast.Expr | None, ast.Expr | None],
    wanted: Type,
    what: str,
) -> None:
    """Check the bounds of a range, which only numbers, days and times have."""
    inner = strip_optional(wanted)
    is_ordered = isinstance(inner, Primitive) and inner.name in _ORDERED
    if not (is_ordered or _is_any(inner)):
        _report_open(scope, value, wanted, what, PRIMITIVE["number"])
        return
    for bound in bounds:
        if bound is not None:
            check_value(scope, bound, inner, places.TEST_VALUE, f"a bound of {what}")
    low, high = (None if bound is None else scope.program.constants.get(bound) for bound in bounds)
    if low is None or high is None:
        return
    if isinstance(low, str) is isinstance(high, str) and low > high:
        span, written = value.span(scope.source), map(spell_constant, (low, high))
        least, most = written
        scope.report(errors.EMPTY_RANGE, span, low=least, high=most)


_ORDERED = frozenset(("int", "number", "date", "datetime", "time"))


def _is_any(type_: Type) -> bool:
    return type_ is ANY or isinstance(type_, Unknown)


def _report_open(
    scope: ValueScope, value: ast.Pattern, wanted: Type, what: str, found: Type
) -> None:
    scope.report(
        errors.TYPE_MISMATCH,
        value,
        what=what,
        wanted=describe_type(wanted),
        found=describe_type(found),
    )


def _check_pairs(
    scope: ValueScope,
    value: ast.Pattern,
    pairs: tuple[ast.Pair, ...],
    record: RecordOf | None,
    what: str,
) -> None:
    """Check the expected fields of a record; unless it is open, all fields are required."""
    source = scope.source
    check_duplicate_keys(scope, pairs)
    named: set[str] = set()
    for pair in pairs:
        name = key_text(pair.key)
        field = None
        if record is not None:
            field = record.by_either_name(name)
            if field is None:
                span = pair.key.span(source)
                names = [each.name for each in record.fields]
                owner = record.name or what.replace("`", "")
                spec = errors.UNKNOWN_FIELD
                scope.program.report_unknown(spec, span, "field", names, name=name, owner=owner)
        type_ = ANY if field is None else field.type
        named.add(name if field is None else field.name)
        check_pattern(scope, pair.value, type_, f"field `{name}`", field)
    if record is None or isinstance(value, ast.OpenObject):
        return
    for each in record.fields:
        if each.required and each.name not in named:
            span = value.span(source)
            scope.report(errors.MISSING_FIELD, span, name=each.name, what=what)


# Fixtures of tests: checks their values, rows and `with` changes against the inputs.

Named: TypeAlias = tuple[str, Span | None]
"""An input that a fixture gives, with its place; None for one that `with` removes."""


def check_fixture(
    scope: ValueScope,
    section: ast.FixtureSection,
    fields: tuple[FieldType, ...] | None,
    secrets: Collection[str],
) -> list[Named] | None:
    """Check a fixture against the inputs, and return each input that it gives, with its place.

    Changes in `with` are checked at their own place. Returns None if the fixture does not exist.
    Names of `secrets` are left to the caller. The rows of files are stored with the constants.
    """
    infer_type(scope, section.fixture, places.TEST_VALUE)
    symbol = scope.program.values.get(section.fixture)
    if symbol is None:
        return None
    if not isinstance(strip_optional(symbol.type), RecordOf):
        name = section.fixture.name.name.text
        scope.report(errors.NO_FIXTURE, section.fixture, name=name)
        return None
    return _Fixture(scope, section, symbol, fields, secrets).named()


class _Fixture:
    """A use of a fixture in a test. `rows` holds the rows of files, by the names of the inputs."""

    def __init__(
        self,
        scope: ValueScope,
        section: ast.FixtureSection,
        symbol: ValueSymbol,
        fields: tuple[FieldType, ...] | None,
        secrets: Collection[str],
    ) -> None:
        self._program = scope.program
        self._scope = scope
        self._section = section
        self._symbol = symbol
        self._fields = fields
        self._secrets = secrets
        self._place = section.fixture.span(scope.source)
        self._rows: dict[str, Any] = {}

    def named(self) -> list[Named]:
        """Return each input that is given; changes override the values of the fixture."""
        found: list[Named] = [*self._collect_changed_values(), *self._collect_changed_rows()]
        changed = {name for name, _ in found}
        found += self._collect_unchanged_rows(changed)
        found += self._collect_unchanged_values(changed)
        self._program.constants[self._section] = self._rows
        return found

    def _field(self, name: str, place: Span, *, held: bool = False) -> FieldType | None:
        """Return the input `name`; None for a secret, or, with a report, if it does not exist."""
        if name in self._secrets:
            return None
        labels = (Label(self._symbol.span, "the fixture"),) if held else ()
        return find_known_field(self._program, self._fields, name, place, labels=labels)

    # After `with`

    def _collect_changed_values(self) -> Iterator[Named]:
        scope, changes = self._scope, self._section.changes
        for pair in () if changes is None else changes.pairs:
            name, place = key_text(pair.key), pair.key.span(scope.source)
            field = self._field(name, place)
            if _is_missing(scope, pair.value):
                yield name, None
                continue
            yield name, place
            if field is not None:
                what = f"input `{name}`"
                check_value(scope, pair.value, field.type, places.TEST_VALUE, what, field)
            else:
                infer_type(scope, pair.value, places.TEST_VALUE)

    def _collect_changed_rows(self) -> Iterator[Named]:
        section, module = self._section, self._scope.module
        at = {each.name.text: each.name.span(module.source) for each in section.rows}
        for name, file in collect_rows_files(module, section.changes, section.rows):
            yield name, at[name]
            field = self._field(name, at[name])
            if field is not None and file is not None:
                self._rows[name] = rows_of(self._program, file, field)

    # In the fixture

    def _collect_unchanged_rows(self, changed: Collection[str]) -> Iterator[Named]:
        for name, file in self._symbol.rows:
            if name in changed:
                continue
            yield name, self._place
            field = self._field(name, self._place, held=True)
            if field is not None and file is not None:
                self._rows[name] = self._rows_for(file, field)

    def _rows_for(self, file: RowsFile, field: FieldType) -> list[Any] | None:
        """Return the rows of a file for an input; it is read, and its errors reported, once."""
        known = self._program.read_rows
        if (file, field) not in known:
            labels = (Label(self._place, f"given to input `{field.name}` here"),)
            known[file, field] = rows_of(self._program, file, field, labels)
        return known[file, field]

    def _collect_unchanged_values(self, changed: Collection[str]) -> Iterator[Named]:
        record = strip_optional(self._symbol.type)
        assert isinstance(record, RecordOf)
        for held in record.fields:
            if held.name in changed:
                continue
            yield held.name, self._place
            field = self._field(held.name, self._place, held=True)
            if field is None:
                continue
            if isinstance(self._symbol.value, dict):
                self._check_known(self._symbol.value[held.name], field)
            else:
                node, what = self._section.fixture, f"input `{held.name}`"
                have, wanted = held.type, field.type
                check_fit(self._scope, node, have, wanted, places.TEST_VALUE, what)

    def _check_known(self, value: Any, field: FieldType) -> None:
        """Check a known value, which may not have fields that its input does not have."""
        unknown = dict(unknown_fields(value, field.type))
        for name, record in unknown.items():
            names = [each.name for each in record.fields]
            spec, owner = errors.UNKNOWN_FIELD, record.name or f"input {field.name}"
            labels = (Label(self._symbol.span, "the fixture"),)
            self._program.report_unknown(
                spec, self._place, "field", names, name=name, owner=owner, labels=labels
            )
        if not unknown:
            what, wanted = f"input `{field.name}`", field.type
            check_known(self._program, self._place, value, wanted, places.TEST_VALUE, what, field)


def _is_missing(scope: ValueScope, value: ast.Expr) -> bool:
    take_words(scope, value, GIVEN_WORDS)
    if not isinstance(value, ast.ConstRef) or value not in scope.program.words:
        return False
    infer_type(scope, value, places.TEST_VALUE)
    return True
