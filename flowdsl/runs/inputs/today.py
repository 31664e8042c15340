"""The day of a run that starts now."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from flowdsl.cyberdesk.errors import make_printable
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.workspace.environments import UnusableProject


class UnknownTimezone(UnusableProject):
    """This computer does not know the time zone of the project."""


def today_in(timezone: str | None, now: datetime) -> date:
    """Return the date of `now`, which is aware, in a time zone given by its IANA name.

    Without one, the time zone of this computer is used. Raises `UnknownTimezone`.
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
            f"this computer knows: {known}"
        ) from None
    return now.astimezone(zone).date()
