"""Variables: paths into values, text with placeholders, and the sources of a run's values.

One source is a reference `{"$ref": "alias.outputs.path"}` in the inputs of a session's runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import JsonValue

EMPTY = "__EMPTY__"
"""Represents a value that was not given."""

Path = tuple[str | int, ...]
Values = Mapping[str, JsonValue]

_ROOT = r"[^\W\d]\w*"
_PART = r"""\.\w+|\[\d+\]|\['[^'\]]*'\]|\["[^"\]]*"\]"""
_PATH = re.compile(rf"\s*({_ROOT})((?:{_PART})*)\s*")
_PARTS = re.compile(_PART)
_TOKEN = re.compile(
    r"\\(?P<escaped>[{}])"
    rf"|\{{\{{(?P<runtime>{_ROOT}(?:{_PART})*)\}}\}}"
    rf"|\{{(?P<input>{_ROOT}(?:{_PART})*)\}}"
)
_SECRET = re.compile(rf"(?<!\\)\{{\$({_ROOT})")
_MAX_DIGITS = 9
_REFERENCE = "$ref"
_REFERENCE_FORM = "a reference is written `alias.outputs.path`"


class PathError(Exception):
    """A path continues into a value without members; the message names both."""


def parse_path(text: str) -> Path | None:
    """Parse `items[0].name` into `("items", 0, "name")`; None if it is not a path."""
    match = _PATH.fullmatch(text)
    if match is None:
        return None
    parts: list[str | int] = [match[1]]
    for part in _PARTS.findall(match[2]):
        if part.startswith("."):
            parts.append(part[1:])
        elif part[1] in "'\"":
            parts.append(part[2:-2])
        else:
            # A longer number is beyond the end of every list.
            parts.append(int(part[1:-1][:_MAX_DIGITS]))
    return tuple(parts)


def value_at(values: Values, path: Path) -> JsonValue:
    """Return the value at `path`, or `EMPTY` if there is none.

    Raises `PathError` if the path continues below a text, a number or a boolean.
    """
    root, *rest = path
    value = values.get(str(root), EMPTY)
    for part in rest:
        if value is None or value == EMPTY:
            return EMPTY
        if isinstance(value, dict):
            value = value.get(str(part), EMPTY)
        elif isinstance(value, list):
            value = value[part] if isinstance(part, int) and part < len(value) else EMPTY
        else:
            kind = "text" if isinstance(value, str) else "number"
            kind = "truth value" if isinstance(value, bool) else kind
            raise PathError(f"`{show_path(path)}` goes into `{root}`, where a {kind} stands")
    return EMPTY if _is_blank(value) else value


def show_path(path: Sequence[str | int]) -> str:
    """Render the path as it is written in a prompt."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif not shown:
            shown = part
        else:
            shown += f".{part}" if part.isidentifier() else f"['{part}']"
    return shown


def render_text(text: str, inputs: Values, runtime: Values | None = None) -> str:
    """Fill the `{inputs}` of `text`, and the `{{runtime}}` variables that `runtime` contains.

    Objects and lists become JSON. `\\{` is a brace, `{$secret}` stays. Raises `PathError`.
    """

    def replace(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match["escaped"]
        name = match["runtime"] or match["input"]
        path = parse_path(name)
        assert path is not None
        if match["runtime"] is None:
            return as_text(value_at(inputs, path))
        if runtime is None or path[0] not in runtime:
            return match[0]
        return as_text(value_at(runtime, path))

    return _TOKEN.sub(replace, text)


def input_names(text: str) -> set[str]:
    """Return the root names of the input variables in `text`."""
    names = (match["input"] for match in _TOKEN.finditer(text))
    return {str(path[0]) for path in map(parse_path, filter(None, names)) if path is not None}


def secret_names(text: str) -> set[str]:
    """Return the root names of the secrets in `text`."""
    return set(_SECRET.findall(text))


def as_text(value: JsonValue) -> str:
    """Render a value for a prompt."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def drop_empty_values(values: Values | None) -> dict[str, JsonValue]:
    """Return the values without null and the empty text; an explicit `EMPTY` is kept."""
    return {name: value for name, value in (values or {}).items() if not _is_blank(value)}


def resolve_inputs(run: Values | None, defaults: Values) -> dict[str, JsonValue]:
    """Merge the run's values over `defaults` of machine and pools; blank ones become `EMPTY`."""
    blank: dict[str, JsonValue] = dict.fromkeys((*(run or {}), *defaults), EMPTY)
    return {**blank, **drop_empty_values(defaults), **drop_empty_values(run)}


def without_empty(value: JsonValue) -> JsonValue:
    """Return `value` as `input_schema` sees it, without properties and items that are `EMPTY`."""
    if isinstance(value, dict):
        return {name: without_empty(item) for name, item in value.items() if item != EMPTY}
    if isinstance(value, list):
        return [without_empty(item) for item in value if item != EMPTY]
    return value


def set_at(root: dict[str, JsonValue], path: Path, value: JsonValue) -> None:
    """Set `value` at `path`, creating objects along the path; an index must exist."""
    target: JsonValue = root
    for part, following in pairwise(path):
        if isinstance(target, list) and isinstance(part, int) and part < len(target):
            target = target[part]
        elif isinstance(target, dict):
            found = target.get(str(part))
            if not isinstance(found, list if isinstance(following, int) else dict):
                found = target[str(part)] = {}
            target = found
        else:
            return
    last = path[-1]
    if isinstance(target, list) and isinstance(last, int) and last < len(target):
        target[last] = value
    elif isinstance(target, dict):
        target[str(last)] = value


def _is_blank(value: JsonValue) -> bool:
    return value is None or value == ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference in inputs: its place, the alias of the run it reads, and the path in its outputs.

    `alias` is empty if `text` is not a valid reference.
    """

    place: Path
    text: str
    alias: str
    path: Path


class UnresolvedError(Exception):
    """A reference has no value; the message explains why."""


def find_references(values: JsonValue | Values, place: Path = ()) -> Iterator[Reference]:
    """Yield every reference in `values`, in order."""
    if isinstance(values, Mapping):
        text = _reference_text(values)
        if text is not None:
            yield _parse_reference(text, place)
            return
        for name, value in values.items():
            yield from find_references(value, (*place, name))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from find_references(value, (*place, index))


def resolved(values: Values, outputs_of: Callable[[str], Values]) -> dict[str, JsonValue]:
    """Return `values` with every reference replaced; a path that does not exist gives `EMPTY`.

    `outputs_of` returns the outputs of an alias and raises `UnresolvedError`; so does this
    function, for an invalid reference or one that continues into a text or a number.
    """

    def replace(value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            text = _reference_text(value)
            if text is None:
                return {name: replace(item) for name, item in value.items()}
            reference = _parse_reference(text, ())
            if not reference.alias:
                raise UnresolvedError(f"`{text}` is no reference: {_REFERENCE_FORM}")
            outputs = outputs_of(reference.alias)
            try:
                return value_at(outputs, reference.path) if reference.path else dict(outputs)
            except PathError as error:
                raise UnresolvedError(str(error)) from None
        if isinstance(value, list):
            return [replace(item) for item in value]
        return value

    return {name: replace(value) for name, value in values.items()}


def _reference_text(value: Values) -> str | None:
    text = value.get(_REFERENCE)
    return text if isinstance(text, str) and len(value) == 1 else None


def _parse_reference(text: str, place: Path) -> Reference:
    alias, _, rest = text.partition(".")
    path = parse_path(rest)
    if not alias.strip() or path is None or path[0] != "outputs":
        return Reference(place, text, "", ())
    return Reference(place, text, alias.strip(), path[1:])
