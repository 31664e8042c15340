"""The command with which a day of the desktop is typed: it sets the clipboard.

    today - 7d as "MM/dd/yyyy"
    $d = (Get-Date).Date; Set-Clipboard -Value ($d.AddDays(-7).ToString('MM/dd/yyyy', …))

It reads the clock once, and is right in Windows PowerShell and in PowerShell 7. No brace stands in
it, which the platform could read as a variable. `read_command` takes back what `command_of` writes.
"""

from __future__ import annotations

import re

from . import nodes

ISO = "yyyy-MM-dd"
"""The format of a day that is typed without one."""

_BEGIN = {
    "today": "",
    "week": ".AddDays(-(([int]$d.DayOfWeek + 6) % 7))",
    "month": ".AddDays(1 - $d.Day)",
    "quarter": ".AddDays(1 - $d.Day).AddMonths(-(($d.Month - 1) % 3))",
    "year": ".AddDays(1 - $d.DayOfYear)",
}
"""The first day of what today is in, from the day `$d`."""

_STEPS = {"d": ("AddDays", 1), "w": ("AddDays", 7), "mo": ("AddMonths", 1), "y": ("AddYears", 1)}

_WEEKDAY = re.compile("E{3,4}")
_DOTNET_WEEKDAY = re.compile("d{3,4}")


def command_of(day: nodes.Day, display: str) -> str:
    """The command for a day that counts from today, in a format of dates."""
    steps = "".join(_step(count, unit) for count, unit in day.shifts)
    shown = f".ToString('{_dotnet(display)}', [cultureinfo]::InvariantCulture)"
    return f"$d = (Get-Date).Date; Set-Clipboard -Value ($d{_BEGIN[day.base]}{steps}{shown})"


def _step(count: int, unit: str) -> str:
    name, length = _STEPS[unit]
    return f".{name}({count * length})"


def _dotnet(display: str) -> str:
    """A format as .NET writes it, where a single letter alone would name another one."""
    written = _WEEKDAY.sub(lambda found: "d" * len(found[0]), display)
    return f"%{written}" if len(written) == 1 else written


def shown_words(display: str) -> str:
    """What the field of a typed day has to do."""
    return f" shows a date in the form {display}"


_COMMAND = re.compile(
    r"\$d = \(Get-Date\)\.Date; Set-Clipboard -Value \(\$d(?P<begin>.*?)"
    r"(?P<steps>(?:\.Add(?:Days|Months|Years)\(-?[0-9]{1,7}\))*)"
    r"\.ToString\('(?P<shown>[^']*)', \[cultureinfo\]::InvariantCulture\)\)"
)
_STEP = re.compile(r"\.(Add[A-Za-z]+)\((-?[0-9]+)\)")


def read_command(command: str) -> tuple[nodes.Day, str] | None:
    """The day and the format of such a command; None for another one."""
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
