"""The defaults of inputs, including dates that depend on the day of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from flowdsl.semantics import types

from .errors import UnknownDay
from .expressions import constant_in
from .frames import Frame
from .reading import default_of

ONE_DAY = timedelta(days=1)


def fill_in_defaults(
    frame: Frame,
    fields: Iterable[types.FieldType],
    given: Mapping[str, Any],
    today: date | None,
) -> dict[str, Any]:
    """Return the given inputs, by wire name, with the defaults of the others.

    Raises `UnknownDay`.
    """
    found = dict(given)
    for field in fields:
        if field.wire_name in found:
            continue
        if field.has_default:
            found[field.wire_name] = default_of(field, constant_in(frame))
        elif field.day is not None:
            found[field.wire_name] = day_default(field, found, today)
    return found


def day_default(field: types.FieldType, inputs: Mapping[str, Any], today: date | None) -> str:
    """Return the default of an input as `2026-03-01`; `inputs` are the earlier ones, by wire name.

    Raises `UnknownDay` if the default depends on the day of the run and that is not known, or if
    the date does not exist.
    """
    day = field.day
    assert day is not None
    if day.needs_today and today is None:
        raise UnknownDay(field.name)
    try:
        return resolve_day(day, inputs, today or date.min).isoformat()
    except (OverflowError, ValueError):
        raise UnknownDay(field.name) from None


def resolve_day(day: types.Day, inputs: Mapping[str, Any], today: date) -> date:
    """Return the date of a day, which may be relative to `inputs`; raises if there is none."""
    found = _find_base_date(day, inputs, today)
    for count, unit in day.shifts:
        found = _shift_date(found, count, unit)
    return found


def _find_base_date(day: types.Day, inputs: Mapping[str, Any], today: date) -> date:
    """Return the base date of a day; for the start of a period, step back from today day by day."""
    if day.base == types.FIXED:
        return date.fromisoformat(day.name)
    if day.base == types.INPUT:
        return date.fromisoformat(inputs[day.name])
    found = today
    while not _is_period_start(found, day.base):
        found -= ONE_DAY
    return found


def _is_period_start(found: date, what: str) -> bool:
    match what:
        case "week":
            return found.isoweekday() == 1
        case "month":
            return found.day == 1
        case "quarter":
            return found.day == 1 and found.month in (1, 4, 7, 10)
        case "year":
            return found.day == 1 and found.month == 1
        case _:
            return True


def _shift_date(found: date, count: int, unit: str) -> date:
    if unit == "d":
        return found + count * ONE_DAY
    if unit == "w":
        return found + count * 7 * ONE_DAY
    months = 12 * (found.year - 1) + found.month - 1 + (count * 12 if unit == "y" else count)
    first = date(1 + months // 12, 1 + months % 12, 1)
    following = first
    while following.month == first.month and following.day < found.day:
        following += ONE_DAY
    # The loop has gone one day too far if the month is shorter.
    return following if following.month == first.month else following - ONE_DAY
