"""Reads the tables of tests: CSV with a header, or a JSON list.

A cell is a text that is converted to the type of its field; lists and objects, such as `[1, 2]` and
`{"a": 1}`, are JSON in a cell. An empty cell gives no value.

    key,n
    C1,3        ->  { key: "C1", n: 3 }
    C2,         ->  { key: "C2" }
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import spell_flow_path
from flowdsl.source.record import Record
from flowdsl.source.text import Span

from .. import errors, places
from ..model import RowsFile
from ..program import Program
from ..types import (
    ANY,
    DESCRIBED,
    UNKNOWN,
    Enum,
    FieldType,
    ListOf,
    Primitive,
    RecordOf,
    Type,
    Unknown,
    describe_type,
    strip_optional,
)
from .bounds import check_bounds, make_quotable
from .fitting import check_known, unknown_fields
from .json_text import read_json
from .spelling import spell_constant

MAX_ROWS = 10_000
_MOST_LEVELS = 64


class MalformedTable(Exception):
    """A file that is not a table; the message says why and where."""


def rows_of(
    program: Program, file: RowsFile, field: FieldType, labels: tuple[Label, ...] = ()
) -> list[Any] | None:
    """Read the rows of a file as entries of an input; None, with a report at the file's name.

    `labels` are further places that a report shows.
    """
    span, path, text = file.span, file.path, program.texts[file.path]
    wanted, what = field.type, f"input `{field.name}`"
    inner = strip_optional(wanted)
    if isinstance(inner, Unknown):
        return None  # reported where the type is named
    if not isinstance(inner, ListOf):
        program.sink.report(
            errors.TYPE_MISMATCH,
            span,
            what=what,
            wanted=describe_type(wanted),
            found=describe_type(ListOf(ANY)),
            labels=labels,
        )
        return None
    if inner.element == UNKNOWN:
        return None  # reported where the type is named

    def report(problem: str) -> None:
        help = f"each row is {_describe_row_type(inner.element)}"
        program.sink.report(
            errors.MALFORMED_ROWS,
            span,
            path=spell_flow_path(path),
            what="rows",
            problem=problem,
            labels=labels,
            help=help,
        )

    is_json = path.endswith(".json")
    try:
        rows = enumerate(_json_rows(text), 1) if is_json else _table_rows(text, inner.element)
        numbered = list(rows)
    except MalformedTable as problem:
        report(str(problem))
        return None
    noun = "entry" if is_json else "row"
    for number, row in numbered:
        for wrong in _wrong_cells(program, span, row, inner.element):
            report(f"{noun} {number}{wrong}")
    found = [row for _, row in numbered]
    check_bounds(program, span, None, found, field)
    return found


def _describe_row_type(element: Type) -> str:
    """Describe the required type of a row, for a help."""
    record = strip_optional(element)
    if not isinstance(record, RecordOf):
        return f"`{describe_type(element)}`"
    fields = (
        f"{field.name}{'?' if field.absent else ''}: {describe_type(field.type)}"
        for field in record.fields[:DESCRIBED]
    )
    return f"`{{ {', '.join(fields)} }}`"


def _wrong_cells(program: Program, span: Span, row: Any, element: Type) -> Iterator[str]:
    """Yield the errors in a row, with the column and the value of each."""
    record = strip_optional(element)
    if not (isinstance(record, RecordOf) and isinstance(row, dict)):
        yield from find_value_problems(program, span, row, element, " holds", "the value")
        return
    unknown = dict(unknown_fields(row, record))
    for name, owner in unknown.items():
        known = ", ".join(f"`{each.name}`" for each in owner.fields)
        yield f" has a field `{make_quotable(name)}`, which is none of {known}"
    for field in record.fields:
        name = field.name if field.name in row else field.wire_name
        if name in row:
            held = f", column `{name}`, holds"
            yield from find_value_problems(
                program, span, row[name], field.type, held, f"`{name}`", field
            )
        elif field.required and not unknown:
            yield f" has no value for `{field.name}`, which has to have one"


def find_value_problems(
    program: Program,
    span: Span,
    value: Any,
    wanted: Type,
    held: str,
    what: str,
    field: FieldType | None = None,
) -> Iterator[str]:
    """Yield the errors in a value of a row, after the name of its column, `held`.

    They come from the general checks of values, which know nothing of the file.
    """
    sink, program.sink = program.sink, Sink()
    try:
        check_known(program, span, value, wanted, places.TEST_VALUE, what, field)
        found = program.sink.findings_in_order()
    finally:
        program.sink = sink
    for each in found:
        yield f"{held} `{make_quotable(spell_constant(value))}`: {each.message}"


def _exact(value: Any, depth: int = 0) -> Any:
    """Parse JSON as constants have it: a number with a fraction is a decimal.

    Raises `ValueError` for JSON that is deeper than any type.
    """
    if depth > _MOST_LEVELS:
        raise ValueError("it is nested too deeply")
    match value:
        case float():
            from decimal import Decimal

            return Decimal(repr(value))
        case list():
            return [_exact(each, depth + 1) for each in value]
        case dict():
            return {name: _exact(each, depth + 1) for name, each in value.items()}
        case _:
            return value


def _json_rows(text: str) -> list[Any]:
    try:
        rows = _exact(read_json(text))
    except ValueError as error:
        line = getattr(error, "lineno", None)
        at = "" if line is None else f" at line {line}, column {getattr(error, 'colno', 1)}"
        problem = f"it is no JSON{at}" if text.strip() else "it is empty"
        raise MalformedTable(problem if at or not text.strip() else str(error)) from None
    if not isinstance(rows, list):
        raise MalformedTable("it holds no JSON list")
    return rows


class Table(Record):
    """The rows of a file, each with its number: its values by column, without empty cells.

    A value is the text of a cell, or JSON; `noun` is what a row is called there.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, Any]], ...]
    noun: str


def read_table(path: str, text: str, most: int) -> Table:
    """Read a table of `most` rows; raises `MalformedTable`."""
    if path.endswith(".json"):
        entries = _json_rows(text)
        if len(entries) > most:
            raise MalformedTable(f"it has more than {most:,} entries")
        for number, entry in enumerate(entries, 1):
            if not isinstance(entry, dict):
                raise MalformedTable(f"entry {number} is no object")
        columns = tuple(dict.fromkeys(name for entry in entries for name in entry))
        filled = ({k: v for k, v in entry.items() if v is not None} for entry in entries)
        return Table(columns, tuple(enumerate(filled, 1)), "entry")
    (_, header), *rows = _csv_records(text, most)
    for at, name in enumerate(header, 1):
        _check_column_name(at, name, header)
    named = (
        (number, {name: cell for name, cell in zip(header, cells, strict=True) if cell})
        for number, cells in rows
    )
    return Table(tuple(header), tuple(named), "row")


def _check_column_name(at: int, name: str, header: Sequence[str]) -> None:
    if not name:
        raise MalformedTable(f"column {at} has no name")
    if len(header) == 1 and (";" in name or "\t" in name):
        raise MalformedTable("its columns are not separated by commas")


def _table_rows(text: str, element: Type) -> Iterator[tuple[int, Any]]:
    """Yield each row as an entry of a list, with its number."""
    header: list[FieldType | None] = []
    for number, cells in _csv_records(text, MAX_ROWS):
        if number == 1:
            header = _resolve_header(cells, strip_optional(element))
        else:
            yield number, _read_row(cells, header, element)


def _csv_records(text: str, most: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with its number, counted as in a spreadsheet, where the header is row 1."""
    import csv
    from io import StringIO

    records = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    width = number = 0
    try:
        for number, cells in enumerate(records, 1):
            if number == 1:
                width = len(cells)
                yield number, [cell.strip() for cell in cells]
            elif any(cells):
                if len(cells) != width:
                    has = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
                    columns = "1 column" if width == 1 else f"{width} columns"
                    raise MalformedTable(f"row {number} has {has} under {columns}")
                if number > most:
                    raise MalformedTable(f"it has more than {most:,} rows")
                yield number, cells
    except csv.Error as error:
        raise MalformedTable(f"row {number + 1} is no CSV: {error}") from None
    if not number:
        raise MalformedTable("it has no header")


def _resolve_header(names: list[str], record: Type) -> list[FieldType | None]:
    """Return the field of each column; a list of scalars has one column with any name."""
    if not isinstance(record, RecordOf):
        if len(names) != 1:
            raise MalformedTable(
                f"it has {len(names)} columns, and `{describe_type(record)}` takes one"
            )
        return [None]
    found: list[FieldType | None] = []
    for at, name in enumerate(names, 1):
        field = record.by_either_name(name)
        if field is None:
            _check_column_name(at, name, names)
            known = ", ".join(f"`{each.name}`" for each in record.fields)
            raise MalformedTable(
                f"column {at}, `{make_quotable(name)}`, is none of the fields {known}"
            )
        if field in found:
            raise MalformedTable(f"column {at}, `{name}`, is there twice")
        found.append(field)
    columns = [each for each in found if each is not None]
    for each in record.fields:
        if each.required and each not in columns:
            raise MalformedTable(f"it has no column `{each.name}`")
    return found


def _read_row(cells: list[str], header: list[FieldType | None], element: Type) -> Any:
    if header == [None]:
        return read_cell(cells[0], element)
    return {
        field.name: read_cell(cell, field.type)
        for cell, field in zip(cells, header, strict=True)
        if cell and field is not None
    }


def read_cell(cell: str, wanted: Type) -> Any:
    """Parse the value of a cell; the text itself if it does not have the type."""
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
