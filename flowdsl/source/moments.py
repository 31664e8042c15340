"""The only parser of moments (dates with a time) that people, services and files write."""

from __future__ import annotations

from datetime import UTC, datetime

_LONGEST = 40
"""Characters of a moment in ISO 8601, with microseconds and offset, and some to spare."""


def read_moment(value: object) -> datetime | None:
    """The moment that an ISO 8601 text names, in UTC; None for anything else.

    Without an offset it is UTC. A moment whose year in UTC is not from 1 to 9999 gives None.
    """
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def spell_moment(moment: datetime) -> str:
    """A moment in UTC as the service writes it, so that such moments compare as texts."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
