"""Tables that a test takes its rows from: CSV with a header, or a JSON list.

A cell is a text, and becomes a value of the type of its field; `[1, 2]` and `{"a": 1}` stand in
cells as JSON. An empty cell gives no value.

    key,n
    C1,3        ->  { key: "C1", n: 3 }
    C2,         ->  { key: "C2" }
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import written_path
from flowdsl.source.text import Span

from .. import errors, places
from ..program import Program
from ..types import (
    ANY,
    UNKNOWN,
    Enum,
    FieldType,
    ListOf,
    Primitive,
    RecordOf,
    Type,
    describe,
    strip_optional,
)
from .bounds import quotable
from .fitting import check_known
from .json_text import read_json
from .spelling import spell

MAX_ROWS = 10_000


class _Malformed(Exception):
    """A file that is no table; the message says why and where."""


def rows_of(
    program: Program, span: Span, path: str, text: str, wanted: Type, what: str
) -> list[Any] | None:
    """The rows of a file as entries of a list of the type `wanted`; None, reported at `span`."""
    inner = strip_optional(wanted)
    if not isinstance(inner, ListOf):
        program.sink.report(
            errors.TYPE_MISMATCH,
            span,
            what=what,
            wanted=describe(wanted),
            found=describe(ListOf(ANY)),
        )
        return None
    if inner.element == UNKNOWN:
        return None  # said where the type is named
    try:
        if path.endswith(".json"):
            rows = _json_rows(text)
            numbered = list(enumerate(rows, 1))
            noun = "entry"
        else:
            numbered = list(_table_rows(text, inner.element))
            noun = "row"
    except _Malformed as problem:
        program.sink.report(
            errors.MALFORMED_ROWS, span, path=written_path(path), problem=str(problem)
        )
        return None
    for number, row in numbered:
        for wrong in _wrong_cells(program, span, row, inner.element):
            where = f"{noun} {number}{wrong}"
            program.sink.report(errors.MALFORMED_ROWS, span, path=written_path(path), problem=where)
    return [row for _, row in numbered]


def _wrong_cells(program: Program, span: Span, row: Any, element: Type) -> Iterator[str]:
    """What is wrong with a row, with the column and what stands there."""
    record = strip_optional(element)
    if not (isinstance(record, RecordOf) and isinstance(row, dict)):
        yield from _wrong(program, span, row, element, " holds", "the value")
        return
    for field in record.fields:
        name = field.name if field.name in row else field.wire_name
        if name in row:
            held = f", column `{name}`, holds"
            yield from _wrong(program, span, row[name], field.type, held, f"`{name}`", field)
        elif field.required:
            yield f" has no value for `{field.name}`, which has to have one"


def _wrong(
    program: Program,
    span: Span,
    value: Any,
    wanted: Type,
    held: str,
    what: str,
    field: FieldType | None = None,
) -> Iterator[str]:
    """What is wrong with a value of a row, behind where it is `held`.

    The checks of values report it in their words, which know nothing of the file.
    """
    sink, program.sink = program.sink, Sink()
    try:
        check_known(program, span, value, wanted, places.TEST_VALUE, what, field)
        found = program.sink.sorted()
    finally:
        program.sink = sink
    for each in found:
        yield f"{held} `{quotable(spell(value))}`: {each.message}"


def _exact(value: Any) -> Any:
    """JSON as constants have it: a number with a fraction is decimal."""
    match value:
        case float():
            from decimal import Decimal

            return Decimal(repr(value))
        case list():
            return [_exact(each) for each in value]
        case dict():
            return {name: _exact(each) for name, each in value.items()}
        case _:
            return value


def _json_rows(text: str) -> list[Any]:
    try:
        rows = _exact(read_json(text))
    except ValueError as error:
        raise _Malformed(str(error)) from None
    if not isinstance(rows, list):
        raise _Malformed("it holds no JSON list")
    return rows


def _table_rows(text: str, element: Type) -> Iterator[tuple[int, Any]]:
    """Each row with its number, counted as a spreadsheet does with the header as row 1."""
    import csv
    from io import StringIO

    record = strip_optional(element)
    records = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    header: list[FieldType | None] = []
    number = 0
    try:
        for number, cells in enumerate(records, 1):
            if number == 1:
                header = _header([cell.strip() for cell in cells], record)
            elif any(cells):
                if len(cells) != len(header):
                    raise _Malformed(
                        f"row {number} has {len(cells)} cells under {len(header)} columns"
                    )
                if number > MAX_ROWS:
                    raise _Malformed(f"it has more than {MAX_ROWS:,} rows")
                yield number, _row(cells, header, element)
    except csv.Error as error:
        raise _Malformed(f"row {number + 1} is no CSV: {error}") from None
    if not number:
        raise _Malformed("it has no header")


def _header(names: list[str], record: Type) -> list[FieldType | None]:
    """The field of each column; a list of scalars has one column, whatever its name is."""
    if not isinstance(record, RecordOf):
        if len(names) != 1:
            raise _Malformed(f"it has {len(names)} columns, and `{describe(record)}` takes one")
        return [None]
    found: list[FieldType | None] = []
    for at, name in enumerate(names, 1):
        field = record.by_either_name(name)
        if field is None:
            known = ", ".join(f"`{each.name}`" for each in record.fields)
            raise _Malformed(f"column {at}, `{name}`, is none of the fields {known}")
        if field in found:
            raise _Malformed(f"column {at}, `{name}`, is there twice")
        found.append(field)
    columns = [each for each in found if each is not None]
    for each in record.fields:
        if each.required and each not in columns:
            raise _Malformed(f"it has no column `{each.name}`")
    return found


def _row(cells: list[str], header: list[FieldType | None], element: Type) -> Any:
    if header == [None]:
        return _cell(cells[0], element)
    return {
        field.name: _cell(cell, field.type)
        for cell, field in zip(cells, header, strict=True)
        if cell and field is not None
    }


def _cell(cell: str, wanted: Type) -> Any:
    """The value that a cell holds; its text where it is none of the type."""
    inner = strip_optional(wanted)
    match inner:
        case Enum() if not inner.numeric:
            return cell
        case Primitive(name="int" | "number" | "bool" | "any") | Enum() | ListOf() | RecordOf():
            try:
                return _exact(read_json(cell))
            except ValueError:
                return cell
        case _:
            return cell
