"""Reads JSON files that the source names, strictly enough to write them again."""

from __future__ import annotations

from typing import Any, NoReturn

_MOST_LEVELS = 200
_MOST_DIGITS = 1_000


def read_json(text: str) -> Any:
    """Parse a JSON text.

    Raises `ValueError` for invalid JSON, for values that could not be written as JSON again, and
    for objects with a key twice, of which one would be lost; its message completes a sentence that
    names the file.
    """
    import json  # only programs with such files need it

    try:
        value = json.loads(
            text,
            parse_constant=_refuse,
            parse_int=_parse_int,
            object_pairs_hook=_make_object,
        )
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair") from None
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level:
        depth += 1
        inside = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for values in inside for each in values if isinstance(each, dict | list)]
    if depth > _MOST_LEVELS:
        raise ValueError("it is nested too deeply")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"`{constant}` is no number of JSON")


def _parse_int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"it holds a number of {len(digits):,} digits")
    return int(digits)


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        again = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"an object in it has the key `{again}` twice")
    return made
