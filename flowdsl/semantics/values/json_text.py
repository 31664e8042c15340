"""Reads JSON files that the source names, strictly enough to write them again."""

from __future__ import annotations

from typing import Any, NoReturn


def read_json(text: str) -> Any:
    """Parse a JSON text.

    Raises `ValueError` for invalid JSON, and for values that could not be written as JSON again;
    its message completes a sentence that names the file.
    """
    import json  # only programs with such files need it

    try:
        value = json.loads(text, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair") from None
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"`{constant}` is no number of JSON")
