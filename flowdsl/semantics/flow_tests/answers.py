"""Whether the value of an answer in a test is a single answer, or a list with one per question.

reads { total = [1, 2] }          1 the first time, 2 the second
reads { names = ["Ann", "Bo"] }   the one answer, where `names` is a list
reads { names = [["Ann"], []] }   a list for each time
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..types import ListOf, Optional, Type, strip_optional

LIST = "list"
NULL = "null"
VALUE = "value"


def kind_of(value: Any) -> list[str] | None:
    """Return the kinds of the entries of a JSON list; None if the value is not a list."""
    if not isinstance(value, list):
        return None
    return [LIST if isinstance(each, list) else NULL if each is None else VALUE for each in value]


def answers_in_turn(entries: Sequence[str] | None, wanted: Type) -> bool:
    """Whether a value with entries of these kinds is a list with one answer for each time."""
    inner = strip_optional(wanted)
    if entries is None or not isinstance(inner, ListOf):
        return entries is not None
    # `[null]` may be a list whose entry is missing.
    nested = (LIST,) if isinstance(inner.element, Optional) else (LIST, NULL)
    return bool(entries) and all(entry in nested for entry in entries)
