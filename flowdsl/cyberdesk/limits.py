"""How much of what a service sends is taken in: every limit, in one table.

A reply beyond one of them is an error like any other reply that is not understood; nothing of it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one reply may cost: sizes in bytes, after unpacking; times in seconds, from sending the request to the last byte.

    Of a reply that is no 2xx, `error_bytes` are read and the rest is left. `download_seconds` is for files, whose largest size
    the caller names.
    """

    reply_bytes: int = 128 * MB
    error_bytes: int = MB
    reply_seconds: float = 300.0
    download_seconds: float = 3600.0


@dataclass(slots=True)
class Deadline:
    """When a command wants to have ended. Clients that share it share what it knows.

    `left` gives the seconds until then, None for ever. Reads end there with `words`, until something
    is written: from then on, what is under way is finished, and nobody but the caller stops it.
    """

    left: Callable[[], float | None]
    words: str
    has_written: bool = False

    def seconds(self) -> float | None:
        """How long a read may take; None without limit."""
        return None if self.has_written else self.left()


MAX_DEPTH = 100
"""Levels of lists and objects within each other; from some hundred on, what walks them runs out of stack."""

MAX_VALUES = 200_000
BYTES_PER_VALUE = 16
VALUES_PER_OBJECT = 3
"""A reply has at most `MAX_VALUES` values, and a large one no more than one in `BYTES_PER_VALUE` bytes; where an
object begins counts as `VALUES_PER_OBJECT`. An empty object of two bytes takes 72 in memory, and 900 where it becomes a model; the
objects of this API have hundreds of bytes.
"""

MAX_DIGITS = 20
"""Digits of a whole number, its sign among them."""

MAX_ITEMS = 10_000
"""Items of a list that becomes models, or of any other list that a model declares."""

MAX_PAGES = 1_000
MAX_ROWS = 100_000
MAX_LISTING_BYTES = 1024 * MB
"""What all pages of a listing may have together."""
