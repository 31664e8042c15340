"""The spelling of literals of the textual types."""

from __future__ import annotations

import re

_DATE = r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?"
_SPELLINGS = {
    "date": (_DATE, "`2024-05-31`"),
    "time": (_TIME, "`14:30`"),
    "datetime": (rf"{_DATE}T{_TIME}(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?", "`2024-05-31T14:30:00Z`"),
    "email": (r"[^@\s]+@[^@\s]+", "`ann@clinic.test`"),
    "url": (r"[A-Za-z][A-Za-z0-9+.-]*:\S+", "`https://portal.test/`"),
}
"""The spelling of a literal of each textual type, and an example. The patterns are compiled at
first use: most programs hold no such literal."""

_DATED = frozenset(("date", "datetime"))
_SHORT_MONTHS = {"02": 29, "04": 30, "06": 30, "09": 30, "11": 30}

TYPE_OF_FORMAT = {
    "date": "date",
    "time": "time",
    "date-time": "datetime",
    "email": "email",
    "uri": "url",
}
"""The textual type for each `format` of JSON Schema; other formats are not checked."""


def has_spelling(type_name: str) -> bool:
    """Whether literals of this type have a special spelling."""
    return type_name in _SPELLINGS


def example_value(type_name: str) -> str:
    """Return an example of the type, in backticks."""
    return _SPELLINGS[type_name][1]


def is_spelled(type_name: str, value: str) -> bool:
    """Whether `value` is spelled as its type requires; the type must have a spelling."""
    found = re.fullmatch(_SPELLINGS[type_name][0], value, re.ASCII)
    if found is None:
        return False
    return type_name not in _DATED or _is_day(int(found[1]), found[2], int(found[3]))


def _is_day(year: int, month: str, day: int) -> bool:
    if year == 0:  # which no calendar of Python or JSON has
        return False
    if month == "02" and day == 29:
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= _SHORT_MONTHS.get(month, 31)
