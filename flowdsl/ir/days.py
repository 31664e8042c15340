"""The days that FlowDSL's runner fills in where an input is not given."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from . import nodes


class NoDay(Exception):
    """The day of an input that cannot be worked out; `why` is a clause behind its name."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"`{name}` {why}")
        self.name, self.why = name, why


def with_days(
    fields: Iterable[nodes.FieldSpec], given: Mapping[str, Any], today: date | None
) -> dict[str, Any]:
    """What is given, with the days of the inputs that are not; raises `NoDay`."""
    found = dict(given)
    for field in fields:
        if field.day is not None and field.name not in found:
            found[field.name] = day_of(field, found, today)
    return found


def day_of(field: nodes.FieldSpec, given: Mapping[str, Any], today: date | None) -> str:
    """The day that the default of an input means, as `2026-03-01`; it has one.

    `given` are the inputs so far. A month that is too short ends with its last day: a month after
    the 31st of January is the end of February. Raises `NoDay`, also where nobody says which day is
    `today` and that decides.
    """
    day = field.day
    assert day is not None
    found = _base(field.name, day, given, today)
    try:
        for count, unit in day.shifts:
            found = _shifted(found, count, unit)
    except (OverflowError, ValueError):
        raise NoDay(field.name, "counts beyond the years 1 to 9999") from None
    return found.isoformat()


def _base(name: str, day: nodes.Day, given: Mapping[str, Any], today: date | None) -> date:
    if day.base == "fixed":
        return date.fromisoformat(day.name)
    if day.base == "input":
        try:
            return date.fromisoformat(given[day.name])
        except (KeyError, TypeError, ValueError):
            why = f"counts from `{day.name}`, which is no date before the run begins"
            raise NoDay(name, why) from None
    if today is None:
        raise NoDay(name, "depends on the day of the run")
    match day.base:
        case "week":
            return today - timedelta(days=today.weekday())
        case "month":
            return today.replace(day=1)
        case "quarter":
            return today.replace(month=today.month - (today.month - 1) % 3, day=1)
        case "year":
            return today.replace(month=1, day=1)
        case _:
            return today


def _shifted(found: date, count: int, unit: str) -> date:
    if unit in ("d", "w"):
        return found + timedelta(days=count * (7 if unit == "w" else 1))
    months = found.year * 12 + found.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(found.day, last))
