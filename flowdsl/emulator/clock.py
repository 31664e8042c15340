"""The emulator's time format (UTC, microseconds, fixed width), and durations such as `500ms`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from flowdsl.source.durations import parse_duration

Clock = Callable[[], datetime]
"""Returns the current time as an aware datetime."""


UNKNOWN = "9999-12-31T23:59:59.999999Z"
"""The time of an attachment or recording whose run has no scheduled times yet."""


def system_clock() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)


def format_time(moment: datetime) -> str:
    """`2026-01-31T09:30:00.000000Z`: ISO 8601, UTC, always six digits, so it sorts as text.

    A time without offset counts as UTC, as the service's filters do.
    """
    try:
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        # A time at the edge of the calendar leaves it when converted to UTC.
        aware = moment
    return aware.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """The inverse of `format_time`."""
    return datetime.fromisoformat(text)


def next_time(previous: str | None, moment: datetime) -> str:
    """Return `moment`, or one microsecond past `previous` if the clock has not passed that."""
    text = format_time(moment)
    if previous is None or text > previous:
        return text
    return format_time(parse_time(previous) + timedelta(microseconds=1))


def time_after(time: str, milliseconds: int) -> str:
    """Return the time `milliseconds` after `time`, at most the latest representable time."""
    try:
        return format_time(parse_time(time) + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return format_time(datetime.max)


LONGEST_SECONDS = 86_400.0
"""One day, the longest duration that a scenario may use."""


def _parse_seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    seconds = parse_duration(value)
    if seconds is None:
        raise ValueError("a duration is a number of seconds or a text as in `500ms` or `30s`")
    return seconds


Seconds = Annotated[
    float, BeforeValidator(_parse_seconds), Field(ge=0, le=LONGEST_SECONDS, allow_inf_nan=False)
]
"""A number of seconds, or a text with a unit."""
