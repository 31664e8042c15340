"""Parses JSON from a service defensively: the text may be malicious."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from flowdsl.cyberdesk.limits import (
    BYTES_PER_VALUE,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    VALUES_PER_OBJECT,
)

_WEIGHTS = {"[": 1, "{": VALUES_PER_OBJECT, ",": 1}
# Possessive quantifiers: a backtracking pattern would store a position for every character of a
# long text.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class UnreadableJson(ValueError):
    """The text has no usable value.

    The message is a part of a sentence, and empty for a text that is not JSON at all.
    """


def read_json(body: bytes | bytearray | str) -> Any:
    """Parse a JSON text in UTF-8; raises `UnreadableJson`.

    An accepted text is unambiguous: it has no duplicate keys, no unpaired surrogates and no numbers
    out of range. Its value takes a bounded multiple of the text's size in memory, which is checked
    before anything is built.
    """
    try:
        text = body if isinstance(body, str) else body.decode()
    except UnicodeDecodeError as error:
        raise UnreadableJson(f"it is not UTF-8 at byte {error.start}") from None
    if is_crowded(text):
        raise UnreadableJson(
            f"it has more than {MAX_VALUES} values and more than one in {BYTES_PER_VALUE} bytes"
        )
    try:
        value = _DECODER.decode(text.removeprefix("\ufeff"))
        if is_deep(text, value, MAX_DEPTH):
            raise RecursionError
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except UnreadableJson:
        raise
    except RecursionError:
        raise UnreadableJson(f"it nests deeper than {MAX_DEPTH} levels") from None
    except UnicodeEncodeError:
        raise UnreadableJson("it holds half of a surrogate pair") from None
    except ValueError:
        raise UnreadableJson from None
    return value


def is_crowded(text: str) -> bool:
    """Whether a text has too many values.

    They are counted without parsing: each value is the first of a list or an object, or follows a
    comma. An object counts as `VALUES_PER_OBJECT` values, since it takes more memory.
    """
    if len(text) * VALUES_PER_OBJECT <= MAX_VALUES:
        return False
    most = max(MAX_VALUES, len(text) // BYTES_PER_VALUE)
    if sum(weight * text.count(mark) for mark, weight in _WEIGHTS.items()) <= most:
        return False
    # Strings contain such characters, too. Excluding strings is slow, but few replies need it.
    found = 0
    for token in _TOKEN.finditer(text):
        found += _WEIGHTS.get(text[token.start()], 0)
        if found > most:
            return True
    return False


def is_deep(text: str, value: Any, levels: int) -> bool:
    """Whether lists and objects are nested deeper than `levels` in `value`, read from `text`."""
    if text.count("[") + text.count("{") <= levels:
        return False
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise UnreadableJson(f"it has the key `{twice}` twice in one object")
    return found


def _parse_whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise UnreadableJson(f"it holds a whole number of {len(digits)} digits")
    return int(digits)


def _parse_finite_number(written: str) -> float:
    value = float(written)
    if math.isinf(value):
        raise UnreadableJson("it holds a number that is too large")
    return value


def _refuse_constant(constant: str) -> NoReturn:
    raise UnreadableJson(f"it holds `{constant}`, which is no number of JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_refuse_repeated_keys,
    parse_int=_parse_whole_number,
    parse_float=_parse_finite_number,
    parse_constant=_refuse_constant,
)
