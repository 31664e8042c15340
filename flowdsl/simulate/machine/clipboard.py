"""Parse the one PowerShell command that the machine understands: it copies a date.

    $d = (Get-Date).Date; Set-Clipboard -Value ($d.AddDays(-7).ToString('MM/dd/yyyy', …))

Date arithmetic follows .NET's `System.DateTime`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta

CLOCK = "$d = (Get-Date).Date; "
SETS = "Set-Clipboard -Value ($d"
INVARIANT = ", [cultureinfo]::InvariantCulture))"

_CALL = re.compile(r"\.(AddDays|AddMonths|AddYears)\(")
_SHOWN = re.compile(r"\.ToString\('([^']+)'")

_NUMBERS: dict[str, Callable[[date], int]] = {
    "1 - $d.Day": lambda day: 1 - day.day,
    "1 - $d.DayOfYear": lambda day: 1 - day.timetuple().tm_yday,
    # Sunday is 0 in .NET, and Monday 0 here.
    "-(([int]$d.DayOfWeek + 6) % 7)": lambda day: -(((day.weekday() + 1) % 7 + 6) % 7),
    "-(($d.Month - 1) % 3)": lambda day: -((day.month - 1) % 3),
}
"""The arguments that a method may have besides a whole number, computed from the day `$d`."""


def parse_copied_date(command: str, today: date) -> tuple[date, str] | None:
    """Return the date that a command copies to the clipboard, and its .NET format.

    None for any other command, and for a date outside the .NET calendar.
    """
    if not command.startswith(CLOCK + SETS) or not command.endswith(INVARIANT):
        return None
    rest = command.removeprefix(CLOCK + SETS).removesuffix(INVARIANT)
    found = today
    while (call := _CALL.match(rest)) is not None:
        end = _find_closing_bracket(rest, call.end())
        number = _parse_number(rest[call.end() : end], today)
        try:
            moved = None if number is None else _shift_date(found, call[1], number)
        except (OverflowError, ValueError):
            return None
        if moved is None:
            return None
        found, rest = moved, rest[end + 1 :]
    shown = _SHOWN.fullmatch(rest)
    return None if shown is None else (found, shown[1])


def _find_closing_bracket(text: str, at: int) -> int:
    """Return the offset of the bracket that closes the one opened before `at`."""
    depth = 1
    for index in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if not depth:
            return index
    return len(text)


def _parse_number(written: str, today: date) -> int | None:
    if re.fullmatch(r"-?[0-9]+", written):
        return int(written)
    known = _NUMBERS.get(written)
    return None if known is None else known(today)


def _shift_date(day: date, method: str, count: int) -> date:
    if method == "AddDays":
        return day + timedelta(days=count)
    months = day.year * 12 + day.month - 1 + (count * 12 if method == "AddYears" else count)
    last = calendar.monthrange(months // 12, months % 12 + 1)[1]
    return date(months // 12, months % 12 + 1, min(day.day, last))


def display_of(shown: str) -> str:
    """Translate a .NET format to that of `type … as`; `%` marks a format of a single letter."""
    weekdays = {"dddd": "EEEE", "ddd": "EEE"}
    return re.sub("d{3,4}", lambda part: weekdays[part[0]], shown.removeprefix("%"))
