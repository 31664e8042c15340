"""Dates that FlowDSL's runner fills in for inputs that are not given."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from . import nodes


class NoDay(Exception):
    """The default date of an input cannot be computed; `why` is a clause that follows its name."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"`{name}` {why}")
        self.name, self.why = name, why


def fill_in_days(
    fields: Iterable[nodes.FieldSpec], given: Mapping[str, Any], today: date | None
) -> dict[str, Any]:
    """Return `given` with the default dates of the other inputs added; raises `NoDay`."""
    found = dict(given)
    for field in fields:
        if field.day is not None and field.name not in found:
            found[field.name] = day_of(field, found, today)
    return found


def day_of(field: nodes.FieldSpec, given: Mapping[str, Any], today: date | None) -> str:
    """Compute the date that the default of `field` means, as `2026-03-01`; `field` must have one.

    `given` are the inputs so far. A day that a month does not have becomes its last one: a month
    after the 31st of January is the end of February. Raises `NoDay`, also if the result depends on
    `today` and that is None.
    """
    day = field.day
    assert day is not None
    found = _resolve_base_day(field.name, day, given, today)
    try:
        for count, unit in day.shifts:
            found = _shift_date(found, count, unit)
    except (OverflowError, ValueError):
        raise NoDay(field.name, "counts beyond the years 1 to 9999") from None
    return found.isoformat()


def _resolve_base_day(
    name: str, day: nodes.Day, given: Mapping[str, Any], today: date | None
) -> date:
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


def _shift_date(found: date, count: int, unit: str) -> date:
    if unit in ("d", "w"):
        return found + timedelta(days=count * (7 if unit == "w" else 1))
    months = found.year * 12 + found.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(found.day, last))


# The command that computes a typed date on the desktop and copies it to the clipboard.
#
#     today - 7d as "MM/dd/yyyy"
#     $d = (Get-Date).Date; Set-Clipboard -Value ($d.AddDays(-7).ToString('MM/dd/yyyy', …))
#
# It reads the clock once, and is right in Windows PowerShell and in PowerShell 7. No brace stands
# in it, which the platform could read as a variable. `read_command` takes back what `command_of`
# writes.

ISO = "yyyy-MM-dd"
"""The format of a day that is typed without one."""

_BEGIN = {
    "today": "",
    "week": ".AddDays(-(([int]$d.DayOfWeek + 6) % 7))",
    "month": ".AddDays(1 - $d.Day)",
    "quarter": ".AddDays(1 - $d.Day).AddMonths(-(($d.Month - 1) % 3))",
    "year": ".AddDays(1 - $d.DayOfYear)",
}
""".NET calls that turn the day `$d` into the first day of its week, month, quarter or year."""

_STEPS = {"d": ("AddDays", 1), "w": ("AddDays", 7), "mo": ("AddMonths", 1), "y": ("AddYears", 1)}

_WEEKDAY = re.compile("E{3,4}")
_DOTNET_WEEKDAY = re.compile("d{3,4}")


def command_of(day: nodes.Day, display: str) -> str:
    """Return the command for a date relative to today, in a date format."""
    steps = "".join(_format_day_step(count, unit) for count, unit in day.shifts)
    shown = f".ToString('{_format_for_dotnet(display)}', [cultureinfo]::InvariantCulture)"
    return f"$d = (Get-Date).Date; Set-Clipboard -Value ($d{_BEGIN[day.base]}{steps}{shown})"


def _format_day_step(count: int, unit: str) -> str:
    name, length = _STEPS[unit]
    return f".{name}({count * length})"


def _format_for_dotnet(display: str) -> str:
    """Translate a format to .NET, where a single letter alone would name a standard format."""
    written = _WEEKDAY.sub(lambda found: "d" * len(found[0]), display)
    return f"%{written}" if len(written) == 1 else written


def day_format_words(display: str) -> str:
    """Return the words that tell an agent how the field of a typed date must read."""
    return f" shows a date in the form {display}"


_COMMAND = re.compile(
    r"\$d = \(Get-Date\)\.Date; Set-Clipboard -Value \(\$d(?P<begin>.*?)"
    r"(?P<steps>(?:\.Add(?:Days|Months|Years)\(-?[0-9]{1,7}\))*)"
    r"\.ToString\('(?P<shown>[^']*)', \[cultureinfo\]::InvariantCulture\)\)"
)
_STEP = re.compile(r"\.(Add[A-Za-z]+)\((-?[0-9]+)\)")


def read_command(command: str) -> tuple[nodes.Day, str] | None:
    """Parse the day and the format from a command that `command_of` wrote; None for any other."""
    found = _COMMAND.fullmatch(command)
    if found is None:
        return None
    units = {name: unit for unit, (name, length) in _STEPS.items() if length == 1}
    shifts = tuple((int(count), units[name]) for name, count in _STEP.findall(found["steps"]))
    display = _DOTNET_WEEKDAY.sub(lambda part: "E" * len(part[0]), found["shown"].lstrip("%"))
    for base, begin in _BEGIN.items():
        if begin == found["begin"]:
            day = nodes.Day(base=base, name="", shifts=shifts)
            return (day, display) if command_of(day, display) == command else None
    return None
