"""Checks a parsed project file against the table of keys."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from typing import Any

from flowdsl.diagnostics.suggest import find_closest_name, join_names

from . import errors
from .keys import (
    ArrayOf,
    Flag,
    JsonTable,
    KeyReference,
    KeyTable,
    Number,
    Shape,
    TableOf,
    TextList,
    TextRule,
)
from .report import ProjectFileReport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .positions import Path

_KINDS: dict[type[Shape], tuple[type, str]] = {
    KeyTable: (dict, "a table"),
    TableOf: (dict, "a table"),
    JsonTable: (dict, "a table"),
    ArrayOf: (list, "an array of tables"),
    TextList: (list, "an array of strings"),
    Flag: (bool, "true or false"),
}
"""The Python type of each shape's values, and its name in a message."""


def validate_value(value: Any, shape: Shape, path: Path, report: ProjectFileReport) -> None:
    """Report everything in `value` that `shape` does not allow."""
    expected_kind = _KINDS.get(type(shape))
    if expected_kind is not None and not isinstance(value, expected_kind[0]):
        _wrong_type(value, expected_kind[1], path, report)
        return
    match shape:
        case KeyTable(keys=keys):
            _check_keys(value, shape, path, report)
            for key in keys:
                if key.name in value:
                    validate_value(value[key.name], key.shape, (*path, key.name), report)
        case TableOf(of=inner, names=names):
            for name, element in value.items():
                if _check_name(names, (*path, name), report):
                    validate_value(element, inner, (*path, name), report)
        case KeyReference():
            _check_key_reference(value, path, report)
        case ArrayOf(of=table):
            for index, element in enumerate(value):
                validate_value(element, table, (*path, index), report)
        case TextList(of=inner):
            for index, element in enumerate(value):
                validate_value(element, inner, (*path, index), report)
        case TextRule():
            _check_text(value, shape, path, report)
        case Flag():
            pass  # any bool is valid
        case Number():
            _check_number(value, shape, path, report)
        case JsonTable():
            _check_json(value, path, report)


def _check_keys(
    value: dict[str, Any], table: KeyTable, path: Path, report: ProjectFileReport
) -> None:
    for name in value:
        if table.key(name) is None:
            names = [key.name for key in table.keys]
            nearest = find_closest_name(name, names)
            help = (
                f"a key named `{nearest}` exists"
                if nearest
                else f"the keys are {join_names(names)}"
            )
            report.at_key(
                errors.UNKNOWN_KEY,
                (*path, name),
                help=help,
                key=name,
                table=format_table_name(path),
            )
    for key in table.keys:
        if key.required and key.name not in value:
            report.at_key(
                errors.MISSING_KEY,
                path,
                table=format_table_name(path),
                key=key.name,
                description=key.description,
            )


def _check_key_reference(value: Any, path: Path, report: ProjectFileReport) -> None:
    if isinstance(value, str):
        report.at_value(errors.KEY_IN_FILE, path, key=path[-1])
        return
    expected = '`{ env = "NAME" }` or `{ file = "PATH" }`'
    if not isinstance(value, dict):
        _wrong_type(value, expected, path, report)
        return
    for name in value:
        if name not in ("env", "file"):
            report.at_key(
                errors.UNKNOWN_KEY,
                (*path, name),
                help="the keys are `env` and `file`",
                key=name,
                table=format_table_name(path),
            )
            return
    if len(value) != 1:
        report.at_value(errors.INVALID_VALUE, path, key=format_key_path(path), expected=expected)
    for name, element in value.items():
        if not isinstance(element, str):
            _wrong_type(element, "a string", (*path, name), report)
        elif not element.strip() or "\0" in element or ("=" in element and name == "env"):
            expected = "the name of an environment variable" if name == "env" else "a path"
            report.at_value(
                errors.INVALID_VALUE,
                (*path, name),
                key=format_key_path((*path, name)),
                expected=expected,
            )


def _check_number(value: Any, shape: Number, path: Path, report: ProjectFileReport) -> None:
    kind = "a whole number" if shape.whole else "a number"
    if isinstance(value, bool) or not isinstance(value, int if shape.whole else int | float):
        _wrong_type(value, kind, path, report)
    elif not abs(value) < math.inf or (shape.low is not None and value < shape.low):
        bound = "" if shape.low is None else f" of at least {shape.low:g}"
        report.at_value(
            errors.INVALID_VALUE, path, key=format_key_path(path), expected=f"{kind}{bound}"
        )


def _check_json(value: Any, path: Path, report: ProjectFileReport) -> None:
    """Report dates and infinite numbers: the service is sent JSON, which does not have them."""
    pending: list[tuple[Path, Any]] = [(path, value)]
    while pending:
        here, inner = pending.pop()
        if isinstance(inner, dict):
            pending += [((*here, name), element) for name, element in inner.items()]
        elif isinstance(inner, list):
            pending += [((*here, index), element) for index, element in enumerate(inner)]
        elif isinstance(inner, (date, datetime, time)) or (
            isinstance(inner, float) and not math.isfinite(inner)
        ):
            report.at_value(
                errors.INVALID_VALUE,
                here,
                key=format_key_path(here),
                expected="a value that JSON has",
            )


def _is_accepted_text(shape: TextRule, value: str) -> bool:
    if shape.choices:
        return value in shape.choices
    if shape.pattern is not None and re.fullmatch(shape.pattern, value) is None:
        return False
    return shape.shortest <= len(value) and (shape.longest is None or len(value) <= shape.longest)


def _check_name(names: TextRule, path: Path, report: ProjectFileReport) -> bool:
    """Whether the table allows the last key of `path` as a name; if not, it is reported."""
    if _is_accepted_text(names, str(path[-1])):
        return True
    report.at_key(
        errors.INVALID_VALUE, path, key=format_key_path(path[-1:]), expected=names.described
    )
    return False


def _check_text(value: Any, shape: TextRule, path: Path, report: ProjectFileReport) -> None:
    if not isinstance(value, str):
        _wrong_type(value, "a string", path, report)
    elif not _is_accepted_text(shape, value):
        nearest = find_closest_name(value, shape.choices)
        report.at_value(
            errors.INVALID_VALUE,
            path,
            help=f"a value `{nearest}` exists" if nearest else shape.instead,
            key=format_key_path(path),
            expected=f"one of {join_names(shape.choices)}" if shape.choices else shape.described,
        )


def _wrong_type(value: Any, expected: str, path: Path, report: ProjectFileReport) -> None:
    report.at_value(
        errors.WRONG_TYPE,
        path,
        key=format_key_path(path),
        found=_describe_kind(value),
        expected=expected,
    )


def _describe_kind(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def format_key_path(path: Path) -> str:
    """Format a path as people write it: `env.prod.api`, an element as `flows[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"'
            text += f".{name}" if text else name
    return text


def format_table_name(path: Path) -> str:
    """Return the name of the table at `path`, for a sentence."""
    if not path:
        return "the project file"
    if isinstance(path[-1], int):
        return f"`[[{format_key_path(path[:-1])}]]`"
    return f"`[{format_key_path(path)}]`"
