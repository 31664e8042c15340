"""Completion and descriptions in `flowdsl.toml`, from the table that validates it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.config.keys import PROJECT_FILE, ArrayOf, Flag, KeyTable, Shape, TableOf, TextRule

from .items import SETTING, VALUE, Item

_HEADER = re.compile(r"^[ \t]*\[+[ \t]*([^\]\r\n]*?)[ \t]*\]", re.MULTILINE)
_KEY = re.compile(r"^[ \t]*([A-Za-z0-9_-]+)[ \t]*=", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z0-9_-]*\Z")


def complete_project_file(text: str, offset: int) -> tuple[int, list[Item]]:
    """Return where the word at an offset begins, and the tables, keys or values that fit there."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    found = _WORD.search(line)
    start = offset - (len(found[0]) if found else 0)
    if line.lstrip().startswith("["):
        header = line.lstrip().lstrip("[").rpartition(".")[0]
        return start, list(_complete_header(header))
    headers = list(_HEADER.finditer(text, 0, offset))
    path = _split_path(headers[-1][1]) if headers else []
    shape = _find_shape(path)
    if not isinstance(shape, KeyTable):
        return start, []
    if "=" in line:
        key = shape.key(line.partition("=")[0].strip())
        return start, [] if key is None else list(_complete_value(key.shape, line))
    begin = headers[-1].end() if headers else 0
    following = _HEADER.search(text, offset)
    known = set(_KEY.findall(text[begin : following.start() if following else len(text)]))
    return start, [
        Item(key.name, SETTING, _name_shape(key.shape), key.description, f"{key.name} = ")
        for key in shape.keys
        if key.name not in known and not isinstance(key.shape, KeyTable | TableOf | ArrayOf)
    ]


def describe_key(text: str, offset: int) -> tuple[int, int, str] | None:
    """Return the key or table at an offset, as its range and what it is for; None elsewhere."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : len(text) if end < 0 else end]
    header = _HEADER.match(line)
    headers = list(_HEADER.finditer(text, 0, start))
    if header is not None:
        path, (first, last) = _split_path(header[1]), header.span(1)
    else:
        found = _KEY.match(line)
        if found is None:
            return None
        path, (first, last) = _split_path(headers[-1][1]) if headers else [], found.span(1)
        path = [*path, found[1]]
    table = _find_shape(path[:-1])
    key = table.key(path[-1]) if isinstance(table, KeyTable) and path else None
    if key is None or not start + first <= offset <= start + last:
        return None
    shape = _name_shape(key.shape)
    return (
        start + first,
        start + last,
        f"`{key.name}`{f' ({shape})' if shape else ''}: {key.description}",
    )


def _complete_header(path: str) -> Iterator[Item]:
    shape = _find_shape(_split_path(path) if path else [])
    for key in shape.keys if isinstance(shape, KeyTable) else ():
        if isinstance(key.shape, KeyTable | TableOf | ArrayOf):
            yield Item(key.name, SETTING, _name_shape(key.shape), key.description)


def _complete_value(shape: Shape, line: str) -> Iterator[Item]:
    if isinstance(shape, Flag):
        yield from (Item(word, VALUE) for word in ("true", "false"))
    elif isinstance(shape, TextRule):
        quote = "" if '"' in line else '"'
        for choice in shape.choices:
            yield Item(choice, VALUE, insert=f"{quote}{choice}{quote}")


def _split_path(written: str) -> list[str]:
    """Return the parts of `env."a.b"`."""
    return [each[0] or each[1] for each in re.findall(r'"([^"]*)"|([^."\s]+)', written)]


def _find_shape(path: list[str]) -> Shape | None:
    shape: Shape = PROJECT_FILE
    for name in path:
        if isinstance(shape, KeyTable):
            key = shape.key(name)
            if key is None:
                return None
            shape = key.shape
        elif isinstance(shape, TableOf):
            shape = shape.of
        else:
            return None
        if isinstance(shape, ArrayOf):
            shape = shape.of
    return shape


def _name_shape(shape: Shape) -> str:
    match shape:
        case TextRule(described=described):
            return described
        case Flag():
            return "true or false"
        case KeyTable() | TableOf():
            return "a table"
        case ArrayOf():
            return "tables"
        case _:
            return ""
