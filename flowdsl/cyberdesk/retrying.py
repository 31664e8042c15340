"""The rules for retrying a failed request. Names of headers are in lower case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the SDK's retry loop sends a request again.

It also does so after 409 while an earlier attempt with the same key is still running.
"""

MIN_DELAY_SECONDS = 0.25
MAX_DELAY_SECONDS = 8.0
"""Bounds of the full jitter, from the SDK's defaults."""

_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


def is_in_progress(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an earlier attempt with the same idempotency key is still running.

    Source: the SDK's retry loop.
    """
    return status == 409 and headers.get("idempotency-status", "").lower() == "in_progress"


def may_repeat(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a read, or a write with an idempotency key, may be sent again after this response."""
    return status in RETRIED_STATUSES or is_in_progress(status, headers)


def may_have_run(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a write with this response, which is not 2xx, may have been executed all the same."""
    return not 400 <= status < 500 or status == 408 or is_in_progress(status, headers)


def delay_before(
    attempt: int, retry_after: float | None, *, ceiling: float, chance: float
) -> float | None:
    """Return the seconds to wait after `attempt` (from 0); None if `Retry-After` exceeds `ceiling`.

    The wait is never shorter than `Retry-After`; a little jitter keeps workers with the same
    `Retry-After` from returning together. Above the ceiling there is no further attempt, since an
    earlier one would be refused as well. `chance` is a random number from 0 to 1.
    """
    if retry_after is None:
        return chance * min(MAX_DELAY_SECONDS, MIN_DELAY_SECONDS * 2.0**attempt)
    if retry_after > ceiling:
        return None
    return retry_after + chance * MIN_DELAY_SECONDS


def parse_seconds(value: str) -> float | None:
    """Parse the seconds in a header, an integer or a decimal number; None for anything else."""
    text = value.strip()
    return float(text) if _SECONDS.fullmatch(text) else None


def parse_date(value: str) -> float | None:
    """Parse an HTTP date into Unix time in seconds; None for anything else."""
    try:
        moment = parsedate_to_datetime(value.strip())
        # A date without a zone, and "-0000", are read as UTC: HTTP has no local times.
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def parse_retry_after(value: str, now: float) -> float | None:
    """Return the seconds to wait, 0 or more, from seconds or an HTTP date; None for anything else.

    `now` is Unix time in seconds, by the clock of the service if that is known.
    """
    seconds = parse_seconds(value)
    if seconds is not None:
        return seconds
    moment = parse_date(value)
    return None if moment is None else max(0.0, moment - now)
