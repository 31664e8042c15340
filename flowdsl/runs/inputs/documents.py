"""Files that hold inputs: JSON, YAML or TOML for one run, CSV or JSON lines for many. Pure.

Each value keeps its line and column; a cell of a table keeps its column and its row, counted as in
a spreadsheet with the header as row 1.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from json.decoder import scanstring  # type: ignore[attr-defined]  # absent from the stubs
from typing import Any

from flowdsl.config.positions import locate_keys
from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.runs.inputs.places import (
    Given,
    InputsRefused,
    Path,
    Problem,
    cut_reader_words,
    format_given_name,
    make_refusal,
)
from flowdsl.runs.inputs.yaml_file import read_yaml
from flowdsl.source.toml_text import UnreadableToml, read_toml

ONE_RUN = (".json", ".yaml", ".yml", ".toml")
MANY_RUNS = (".csv", ".tsv", ".jsonl", ".ndjson")
"""File extensions for one run, and those for a run in each row."""

MAX_ROWS = 10_000
MAX_COLUMNS = 1_000
MAX_CELLS = 500_000


@dataclass(frozen=True, slots=True)
class Header:
    """The places of the columns of a table, by their names.

    `problems` are independent of the workflow. `empty` are columns without a value in several rows.
    """

    places: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    empty: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class InputRow:
    """One run of a table of many.

    `place` names it, as `rows.csv:3`, and `table` the whole. With `problems` it cannot be read, and
    no other problems of it are reported. Only a table with columns has a `header`.
    """

    number: int
    place: str
    given: tuple[Given, ...]
    table: str
    header: Header | None = None
    problems: tuple[Problem, ...] = ()

    def place_of_missing(self, name: str) -> str:
        """Return where a missing value is reported: the whole table, if no row has one."""
        if self.header is None:
            return self.place
        column = self.header.places.get(name)
        if column is None or name in self.header.empty:
            return self.table
        return f"{self.place}:{column.rpartition(':')[2]}"


def is_table(name: str) -> bool:
    """Whether a file of this name holds a run in each row."""
    return name.lower().endswith(MANY_RUNS)


def read_one(name: str, content: bytes) -> tuple[Given, ...]:
    """Return the inputs in a file of one run; raises `InputsRefused`."""
    ending = next((each for each in ONE_RUN if name.lower().endswith(each)), None)
    if ending is None:
        known = ", ".join(f"`{each}`" for each in (*ONE_RUN, *MANY_RUNS))
        raise make_refusal(name, "its ending does not say what is in it", f"known are {known}")
    text = _decode_text(name, content).replace("\r\n", "\n")
    if ending == ".json":
        return _read_json_object(name, text)
    values, offsets = _read_toml(name, text) if ending == ".toml" else read_yaml(name, text)
    return _place_inputs(name, text, values, offsets)


def read_rows(name: str, content: bytes) -> tuple[InputRow, ...]:
    """Return the runs in a file of many, one for each row; raises `InputsRefused`.

    Problems of single rows and columns are stored in them, so that they are reported with the rest.
    """
    text = _decode_text(name, content)
    lowered = name.lower()
    read = _read_lines if lowered.endswith((".jsonl", ".ndjson")) else _read_table
    rows = read(name, text)
    if not rows:
        raise make_refusal(name, "it holds no run", "write one in each row")
    return rows


def _decode_text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise make_refusal(f"{name}:{line}", "it is not UTF-8 text") from None


class _PlacesOfParts(Mapping[Path, str]):
    """The places of the parts of a value, formatted on demand.

    `offsets` are those of the parts, and `line_starts` those of the lines of the text, whose first
    line has the number `first_line`.
    """

    def __init__(
        self, name: str, line_starts: Sequence[int], offsets: Mapping[Path, int], first_line: int
    ) -> None:
        self._name, self._line_starts = name, line_starts
        self._offsets, self._first_line = offsets, first_line

    def __getitem__(self, path: Path) -> str:
        offset = self._offsets[path]
        line = bisect_right(self._line_starts, offset)
        column = offset - self._line_starts[line - 1] + 1
        return f"{self._name}:{line + self._first_line - 1}:{column}"

    def __iter__(self) -> Iterator[Path]:
        return iter(self._offsets)

    def __len__(self) -> int:
        return len(self._offsets)


def _place_inputs(
    name: str,
    text: str,
    values: Mapping[str, Any],
    offsets: Mapping[Path, int],
    row: int | None = None,
) -> tuple[Given, ...]:
    """Return the inputs of one run, each with the places of its parts.

    `offsets` are those of the parts of `values` in `text`, as far as known. `row` is the line of
    the file that `text` is, None if it is the whole file. Raises `InputsRefused` for more inputs
    than any workflow takes.
    """
    if len(values) > MAX_COLUMNS:
        place = name if row is None else f"{name}:{row}"
        most = f"a run has {MAX_COLUMNS:,} at most"
        raise make_refusal(place, f"it gives {len(values):,} inputs", most)
    by_input: dict[str | int, dict[Path, int]] = {key: {} for key in values}
    for path, offset in offsets.items():
        if path and path[0] in by_input:
            by_input[path[0]][path[1:]] = offset
    line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
    inputs: list[Given] = []
    for key, value in values.items():
        inside = _PlacesOfParts(name, line_starts, by_input[key], row or 1)
        inputs.append(Given(key, value, inside.get((), name), inside=inside))
    return tuple(inputs)


# JSON


def _read_lines(name: str, text: str) -> tuple[InputRow, ...]:
    rows: list[InputRow] = []
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        given: tuple[Given, ...] = ()
        problems: tuple[Problem, ...] = ()
        try:
            given = _read_json_object(name, line, number)
        except InputsRefused as refused:
            problems = refused.problems
        rows.append(InputRow(len(rows) + 1, f"{name}:{number}", given, name, problems=problems))
        count += len(given)
        _check_table_size(name, len(rows), count)
    return tuple(rows)


def _read_json_object(name: str, text: str, row: int | None = None) -> tuple[Given, ...]:
    """Parse the inputs of a JSON object, which is a whole file, or its line `row`."""
    line = row or 1
    try:
        value = read_json(text)
    except UnreadableJson as unreadable:
        raise _explain_bad_json(name, text, line, str(unreadable)) from None
    if isinstance(value, list):
        raise make_refusal(
            f"{name}:{line}:1",
            "it holds a list, and one run is an object of inputs",
            "for many runs, write one object a line into a `.jsonl` file",
        )
    if not isinstance(value, dict):
        raise make_refusal(f"{name}:{line}:1", "it holds no object of inputs")
    offsets: dict[Path, int] = {}
    _JsonPlaces(text, offsets).read(())
    return _place_inputs(name, text, value, offsets, row)


def _explain_bad_json(name: str, text: str, line: int, why: str) -> InputsRefused:
    import json

    place = f"{name}:{line}"
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{name}:{line + error.lineno - 1}:{error.colno}"
        why = f"it is no JSON here: {error.msg[:1].lower()}{error.msg[1:]}"
    except (ValueError, RecursionError):
        pass
    return make_refusal(place, cut_reader_words(why) or "it is no JSON")


class _JsonPlaces:
    """Finds where each value begins in a JSON text that `json` has parsed."""

    def __init__(self, text: str, offsets: dict[Path, int]) -> None:
        self._text, self._offsets, self._at = text, offsets, 0

    def read(self, path: Path) -> None:
        self._blanks()
        self._offsets[path] = self._at
        match self._text[self._at]:
            case "{":
                self._scan_members(path, "}")
            case "[":
                self._scan_members(path, "]")
            case '"':
                _, self._at = scanstring(self._text, self._at + 1)
            case _:
                while self._at < len(self._text) and self._text[self._at] not in ",]} \t\r\n":
                    self._at += 1

    def _scan_members(self, path: Path, end: str) -> None:
        self._at += 1
        index = 0
        while True:
            self._blanks()
            if self._text[self._at] in ",":
                self._at += 1
                continue
            if self._text[self._at] == end:
                self._at += 1
                return
            step: str | int = index
            if end == "}":
                step, self._at = scanstring(self._text, self._at + 1)
                self._at = self._text.index(":", self._at) + 1
            self.read((*path, step))
            index += 1

    def _blanks(self) -> None:
        while self._text[self._at] in " \t\r\n\ufeff":
            self._at += 1


# TOML


def _read_toml(name: str, text: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Return the values of a document, and the offsets of their parts."""
    try:
        values = read_toml(text)
        offsets = {path: found.value_start for path, found in locate_keys(text).items()}
        return {key: _convert_toml_value(value) for key, value in values.items()}, offsets
    except UnreadableToml as error:
        if error.reason is None:
            raise make_refusal(name, "it nests too deep") from None
        line = text.count("\n", 0, error.offset) + 1
        place = f"{name}:{line}:{error.offset - text.rfind(chr(10), 0, error.offset)}"
        raise make_refusal(place, f"it is no TOML here: {cut_reader_words(error.reason)}") from None
    except RecursionError:
        raise make_refusal(name, "it nests too deep") from None


def _convert_toml_value(value: Any) -> Any:
    """Convert a TOML value to JSON: times become texts as the language spells them."""
    match value:
        case dict():
            return {key: _convert_toml_value(inner) for key, inner in value.items()}
        case list():
            return [_convert_toml_value(inner) for inner in value]
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case _:
            return value


# Tables


def _read_table(name: str, text: str) -> tuple[InputRow, ...]:
    """Return the rows of a table with a header; empty cells and empty rows are ignored.

    Columns are separated by commas, in a `.tsv` by tabs, and by semicolons if the header has
    semicolons and no comma, as spreadsheets write it in many countries.
    """
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    if name.lower().endswith(".tsv"):
        delimiter = "\t"
    records = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header, columns = Header({}), list[str]()
    rows: list[InputRow] = []
    number = cells = too_long = 0
    while True:
        number += 1
        try:
            record = next(records, None)
        except csv.Error as error:
            why = f"it is no table here: {cut_reader_words(str(error))}"
            unreadable = Problem(f"{name}:{number}", why)
            rows.append(InputRow(number, f"{name}:{number}", (), name, problems=(unreadable,)))
            break
        if record is None:
            break
        if number == 1:
            header, columns = _parse_header(name, record)
        elif any(record):
            rows.append(_parse_row(name, number, columns, record))
            cells += len(record)
            too_long += len(record) > len(columns)
            _check_table_size(name, len(rows), cells)
    if too_long == len(rows) > 1:
        # Then the header is too short.
        wrong = f"every row has more cells than the {len(columns)} columns of the header"
        every = Problem(f"{name}:1", wrong, "name the input of each column")
        return tuple(replace(row, header=header, problems=(every,)) for row in rows)
    readable = [row for row in rows if not row.problems]
    if len(readable) > 1:
        filled = {given.name for row in readable for given in row.given}
        header = replace(header, empty=frozenset(header.places.keys() - filled))
    return tuple(replace(row, header=header) for row in rows)


def _parse_header(name: str, record: list[str]) -> tuple[Header, list[str]]:
    """Return the header, and the name of each column; empty for one without a unique name."""
    if len(record) > MAX_COLUMNS:
        most = f"a table has {MAX_COLUMNS:,} at most"
        raise make_refusal(f"{name}:1", f"the header has {len(record):,} columns", most)
    columns = [cell.strip() for cell in record]
    if not any(columns):
        help = "write the name of the input into the first row of each column"
        raise make_refusal(f"{name}:1", "the header names no column", help)
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for at, column in enumerate(columns, 1):
        place = f"{name}:1:{at}"
        if not column:
            problems.append(Problem(place, "the column has no name", "name the input it is for"))
        elif column in places:
            first = places[column].rpartition(":")[2]
            twice = f"column `{format_given_name(column)}` is there twice"
            problems.append(Problem(place, twice, f"it stands in column {first}, too"))
            columns[at - 1] = ""
        else:
            places[column] = place
    return Header(places, tuple(problems)), columns


def _parse_row(name: str, number: int, columns: list[str], record: list[str]) -> InputRow:
    place = f"{name}:{number}"
    if len(record) > len(columns):
        # It is not known which cell is extra, so the others may be in wrong columns.
        counts = f"the row has {len(record)} cells under {len(columns)} columns"
        problem = Problem(f"{place}:{len(columns) + 1}", counts)
        return InputRow(number, place, (), name, problems=(problem,))
    given = (
        Given(column, cell, f"{place}:{at}", is_text=True, named_at=f"{name}:1:{at}")
        for at, (column, cell) in enumerate(zip(columns, record, strict=False), 1)
        if column and cell != ""
    )
    return InputRow(number, place, tuple(given), name)


def _check_table_size(name: str, rows: int, values: int) -> None:
    if rows > MAX_ROWS:
        raise make_refusal(name, f"it holds more than {MAX_ROWS:,} runs", "split the file")
    if values > MAX_CELLS:
        raise make_refusal(name, f"it holds more than {MAX_CELLS:,} values", "split the file")
