"""The day of a run that is begun now."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from flowdsl.cyberdesk.errors import make_printable
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.workspace.environments import UnusableProject


class UnknownTimezone(UnusableProject):
    """The time zone of the project is none that this computer knows."""


def today_in(timezone: str | None, now: datetime) -> date:
    """The day of the moment `now`, which is aware, in a time zone by its IANA name.

    Without one, in the time zone of this computer. Raises `UnknownTimezone`.
    """
    if timezone is None:
        return now.astimezone().date()
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = find_closest_name(timezone, available_timezones())
        known = f"`{near}` exists" if near else "names are such as `Europe/Berlin` and `UTC`"
        raise UnknownTimezone(
            f"`{make_printable(timezone)}`, the `timezone` of the project, is no time zone that "
            "this "
            f"computer knows: {known}"
        ) from None
    return now.astimezone(zone).date()
