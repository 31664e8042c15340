"""Fixtures that tests give: their values and rows against the inputs, and what `with` changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..declarations.text_files import held_rows
from ..model import RowsFile, ValueSymbol
from ..names.scopes import ValueScope, known_names
from ..program import Program
from ..types import FieldType, RecordOf, strip_optional
from ..values.expressions import check_value, infer, key_text
from ..values.fitting import check_fit, check_known, unknown_fields
from ..values.tables import rows_of
from .values import GIVEN_WORDS, known_field, take_words

Named: TypeAlias = tuple[str, Span | None]
"""An input that a fixture gives, with its place; None for one that `with` leaves out."""


def check_fixture(
    program: Program,
    scope: ValueScope,
    section: ast.FixtureSection,
    fields: tuple[FieldType, ...] | None,
    secrets: Collection[str],
) -> list[Named] | None:
    """Check a fixture against the inputs; returns each input that it gives, with its place.

    What `with` changes is checked where it stands. None where there is no such fixture. Names of
    `secrets` are left to whoever takes the inputs. The rows of files are kept with the constants.
    """
    span = section.fixture.span(scope.module.source)
    infer(program, scope, section.fixture, places.TEST_VALUE)
    symbol = program.values.get(section.fixture)
    if symbol is None:
        return None
    if not isinstance(strip_optional(symbol.type), RecordOf):
        name = section.fixture.name.name.text
        program.sink.report(errors.NO_FIXTURE, span, name=name)
        return None
    return _Fixture(program, scope, section, symbol, fields, secrets).named()


class _Fixture:
    """A fixture where a test gives it. `rows` are those of files, by the names of the inputs."""

    def __init__(
        self,
        program: Program,
        scope: ValueScope,
        section: ast.FixtureSection,
        symbol: ValueSymbol,
        fields: tuple[FieldType, ...] | None,
        secrets: Collection[str],
    ) -> None:
        self._program = program
        self._scope = scope
        self._section = section
        self._symbol = symbol
        self._fields = fields
        self._secrets = secrets
        self._place = section.fixture.span(scope.module.source)
        self._rows: dict[str, Any] = {}

    def named(self) -> list[Named]:
        """Each input that is given; what is changed goes before what the fixture holds."""
        found: list[Named] = [*self._changed_values(), *self._changed_rows()]
        changed = {name for name, _ in found}
        found += self._held_rows(changed)
        found += self._held_values(changed)
        self._program.constants[self._section] = self._rows
        return found

    def _field(self, name: str, place: Span, *, held: bool = False) -> FieldType | None:
        """The input of a name; None, reported, where there is none."""
        if name in self._secrets:
            return None
        labels = (Label(self._symbol.span, "the fixture"),) if held else ()
        return known_field(self._program, self._fields, name, place, labels=labels)

    # Behind `with`

    def _changed_values(self) -> Iterator[Named]:
        program, scope, changes = self._program, self._scope, self._section.changes
        for pair in () if changes is None else changes.pairs:
            name, place = key_text(pair.key), pair.key.span(scope.module.source)
            field = self._field(name, place)
            if _is_missing(program, scope, pair.value):
                yield name, None
                continue
            yield name, place
            if field is not None:
                what = f"input `{name}`"
                check_value(program, scope, pair.value, field.type, places.TEST_VALUE, what, field)
            else:
                infer(program, scope, pair.value, places.TEST_VALUE)

    def _changed_rows(self) -> Iterator[Named]:
        section, module = self._section, self._scope.module
        at = {each.name.text: each.name.span(module.source) for each in section.rows}
        for name, file in held_rows(self._program, module, section.changes, section.rows):
            yield name, at[name]
            field = self._field(name, at[name])
            if field is not None and file is not None:
                self._rows[name] = rows_of(self._program, file, field)

    # In the fixture

    def _held_rows(self, changed: Collection[str]) -> Iterator[Named]:
        for name, file in self._symbol.rows:
            if name in changed:
                continue
            yield name, self._place
            field = self._field(name, self._place, held=True)
            if field is not None and file is not None:
                self._rows[name] = self._rows_for(file, field)

    def _rows_for(self, file: RowsFile, field: FieldType) -> list[Any] | None:
        """The rows of a file for an input; read once, and reported once."""
        known = self._program.read_rows
        if (file, field) not in known:
            labels = (Label(self._place, f"given to input `{field.name}` here"),)
            known[file, field] = rows_of(self._program, file, field, labels)
        return known[file, field]

    def _held_values(self, changed: Collection[str]) -> Iterator[Named]:
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
                check_fit(self._program, self._scope, node, have, wanted, places.TEST_VALUE, what)

    def _check_known(self, value: Any, field: FieldType) -> None:
        """Check a value that is known, which may have no fields that its input does not have."""
        unknown = dict(unknown_fields(value, field.type))
        for name, record in unknown.items():
            names = [each.name for each in record.fields]
            self._program.sink.report(
                errors.UNKNOWN_FIELD,
                self._place,
                owner=record.name or f"input {field.name}",
                name=name,
                help=known_names("field", names, name),
                labels=(Label(self._symbol.span, "the fixture"),),
            )
        if not unknown:
            what, wanted = f"input `{field.name}`", field.type
            check_known(self._program, self._place, value, wanted, places.TEST_VALUE, what, field)


def _is_missing(program: Program, scope: ValueScope, value: ast.Expr) -> bool:
    take_words(program, scope, value, GIVEN_WORDS)
    if not isinstance(value, ast.ConstRef) or value not in program.words:
        return False
    infer(program, scope, value, places.TEST_VALUE)
    return True
