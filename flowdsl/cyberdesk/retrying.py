"""The rules for sending a failed request again. Names of headers are in lower case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the SDK's retry loop repeats a request.

It also repeats after 409 while an earlier attempt with the same key still runs.
"""

MIN_DELAY_SECONDS = 0.25
MAX_DELAY_SECONDS = 8.0
"""Bounds of full jitter, from the SDK's defaults."""

_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


def is_in_progress(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an earlier attempt with the same idempotency key still runs.

    Source: the SDK's retry loop.
    """
    return status == 409 and headers.get("idempotency-status", "").lower() == "in_progress"


def may_repeat(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a read, or a write with an idempotency key, may be sent again after this answer."""
    return status in RETRIED_STATUSES or is_in_progress(status, headers)


def may_have_run(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a write that got this answer, not a 2xx, may have been carried out all the same."""
    return not 400 <= status < 500 or status == 408 or is_in_progress(status, headers)


def delay_before(
    attempt: int, retry_after: float | None, *, ceiling: float, chance: float
) -> float | None:
    """Seconds to wait after `attempt` (from 0); None when the service asks for more than `ceiling`.

    `Retry-After` is waited out in full, plus a little jitter, so that workers that were told the
    same second do not return together. Beyond the ceiling there is no further attempt, since an
    earlier one would be refused as well. `chance` is a random number from 0 to 1.
    """
    if retry_after is None:
        return chance * min(MAX_DELAY_SECONDS, MIN_DELAY_SECONDS * 2.0**attempt)
    if retry_after > ceiling:
        return None
    return retry_after + chance * MIN_DELAY_SECONDS


def parse_seconds(value: str) -> float | None:
    """The seconds that a header gives as a whole or fractional number; None for anything else."""
    text = value.strip()
    return float(text) if _SECONDS.fullmatch(text) else None


def parse_date(value: str) -> float | None:
    """An HTTP date as Unix time in seconds; None for anything else."""
    try:
        moment = parsedate_to_datetime(value.strip())
        # A date without a zone, and "-0000", are read as UTC: HTTP has no local times.
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def parse_retry_after(value: str, now: float) -> float | None:
    """Seconds to wait, 0 or more, from seconds or an HTTP date; None when `value` is neither.

    `now` is Unix time in seconds.
    """
    seconds = parse_seconds(value)
    if seconds is not None:
        return seconds
    moment = parse_date(value)
    return None if moment is None else max(0.0, moment - now)
