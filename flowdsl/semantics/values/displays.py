"""The formats in which `type ... as` writes a value, and suggestions for invalid ones."""

from __future__ import annotations

import re

from flowdsl.diagnostics.suggest import edit_distance
from flowdsl.source.record import Record

PARTS = {
    "yyyy": "year",
    "yy": "year",
    "MMMM": "month",
    "MMM": "month",
    "MM": "month",
    "M": "month",
    "dd": "day",
    "d": "day",
    "EEEE": "weekday",
    "EEE": "weekday",
    "HH": "hour",
    "hh": "hour",
    "h": "hour",
    "mm": "minute",
    "ss": "second",
    "a": "half of the day",
}
"""The parts of date and time formats, and what each shows."""

_SHOWN_OF = {
    "date": frozenset(("year", "month", "day", "weekday")),
    "time": frozenset(("hour", "minute", "second", "half of the day")),
    "datetime": frozenset(PARTS.values()),
}

_COMMON = {
    "date": ("yyyy-MM-dd", "dd.MM.yyyy", "MM/dd/yyyy", "dd/MM/yyyy", "dd-MMM-yyyy", "d MMMM yyyy"),
    "time": ("HH:mm", "HH:mm:ss", "hh:mm a", "h:mm a"),
    "datetime": ("yyyy-MM-dd HH:mm", "dd.MM.yyyy HH:mm", "MM/dd/yyyy HH:mm:ss"),
    "int": ("0", "#,##0", "# ##0", "00000"),
    "number": ("0.00", "#,##0.00", "0", "#,##0", "0,00", "#.##0,00", "# ##0,00"),
}
"""Common formats of each type that has formats; the first two are shown as examples."""

_SAME = {
    "YYYY": "yyyy",
    "YY": "yy",
    "JJJJ": "yyyy",
    "JJ": "yy",
    "%Y": "yyyy",
    "%y": "yy",
    "Month": "MMMM",
    "%B": "MMMM",
    "%b": "MMM",
    "Mon": "MMM",
    "MON": "MMM",
    "%m": "MM",
    "%-m": "M",
    "DD": "dd",
    "%d": "dd",
    "%-d": "d",
    "dddd": "EEEE",
    "ddd": "EEE",
    "%A": "EEEE",
    "%a": "EEE",
    "%H": "HH",
    "%I": "hh",
    "%-I": "h",
    "%p": "a",
    "tt": "a",
    "aa": "a",
    "A": "a",
    "%M": "mm",
    "SS": "ss",
    "%S": "ss",
}
"""Parts of the formats of other programs, each with the exact equivalent here. J and T are the
German letters for year and day."""
_SAME_OF = {
    "date": {"mmmm": "MMMM", "mmm": "MMM", "mm": "MM", "m": "M", "TT": "dd", "T": "d"},
    "time": {"MM": "mm"},
    "datetime": {"mmmm": "MMMM", "mmm": "MMM"},
}
_LIKE = {
    "hh": "HH",
    "H": "HH",
    "h": "HH",
    "s": "ss",
    "E": "EEE",
    "EE": "EEE",
    "y": "yyyy",
    "D": "d",
}
"""Parts that only resemble one of ours."""

_PIECE = re.compile(r"%-?[A-Za-z]|[A-Za-z]+|[ ./:,_-]+|[^A-Za-z ./:,_-]")
_LETTERS = re.compile(r"(.)\1*")
_SEPARATORS = re.compile(r"[ ./:,_-]+")
_NUMBER = re.compile(r"(0|#,##0)(\.0{1,12})?|(0|#\.##0|# ##0),0{1,12}|# ##0")
_PADDED = re.compile(r"0{2,12}")
_TWO_READINGS = {
    "0,000": ("#,##0", "#.##0,000"),
    "#.##0": ("# ##0", "#,##0.000"),
}
"""Patterns that may mean groups of three or decimals, with a pattern that surely means each."""
_HALVES = frozenset(("hh", "h"))
_MONTH_AS_MINUTE = re.compile(r"(?:HH|hh?)[.:_-]?MM")


class Meant(Record):
    """A valid format suggested in place of an invalid one.

    `certain` if it means exactly the same.
    """

    display: str
    certain: bool


def has_displays(type_name: str) -> bool:
    """Whether values of a primitive type can be written in a format."""
    return type_name in _COMMON


def example_formats(type_name: str) -> tuple[str, str]:
    """Return two formats of a type that has formats."""
    first, second, *_ = _COMMON[type_name]
    return first, second


def problem_of(type_name: str, display: str) -> str | None:
    """Return why a value of the type cannot be written in this format; None if it can.

    The type must have formats.
    """
    if type_name not in _SHOWN_OF:
        return _problem_of_number(type_name, display)
    if display != display.strip():
        return "it begins or ends with a blank"
    pieces = _pieces(display)
    seen: set[str] = set()
    for piece in pieces:
        shown = PARTS.get(piece)
        if shown is None:
            if not _SEPARATORS.fullmatch(piece):
                return f"`{piece}` is no part of one"
        elif shown not in _SHOWN_OF[type_name]:
            return f"`{piece}` is the {shown}, which a `{type_name}` does not have"
        elif shown in seen:
            return f"it has the {shown} twice"
        else:
            seen.add(shown)
    if _MONTH_AS_MINUTE.search(display):
        return "`MM` behind the hour is the month"
    halved = next((piece for piece in pieces if piece in _HALVES), None)
    if halved is not None and "a" not in pieces:
        return f"`{halved}` needs `a`, which says whether it is before or after noon"
    if halved is None and "a" in pieces:
        return "`a` needs `hh` or `h`"
    return None if seen else "it has no part of one"


def _problem_of_number(type_name: str, display: str) -> str | None:
    """Return why a number cannot be written in this format; None if it can."""
    if display in _TWO_READINGS:
        groups, decimals = _TWO_READINGS[display]
        return f"it may mean groups of three, `{groups}`, or three decimals, `{decimals}`"
    if _PADDED.fullmatch(display):
        return None if type_name == "int" else "only an `int` has leading zeros"
    return None if _NUMBER.fullmatch(display) else "it is no pattern of a number"


def find_meant_format(type_name: str, display: str) -> Meant:
    """Return the most similar valid format for an invalid one."""
    if type_name not in _SHOWN_OF:
        return Meant(_number_near(type_name, display), False)
    same = _SAME | _SAME_OF[type_name]
    pieces = [same.get(piece, piece) for piece in _pieces(display)]
    certain = "".join(_minutes_told_from_months(type_name, pieces))
    if problem_of(type_name, certain) is None:
        return Meant(certain, True)
    like = _minutes_told_from_months(type_name, [_LIKE.get(piece, piece) for piece in pieces])
    near = _without_strangers(type_name, like)
    if problem_of(type_name, near) is not None:
        near = _find_nearest_format(type_name, certain)
    return Meant(near, False)


def _pieces(display: str) -> list[str]:
    """Split a format into its parts and the text between them."""
    found: list[str] = []
    for piece in _PIECE.findall(display):
        if piece in _SAME or not piece.isalpha():
            found.append(piece)
        else:
            found.extend(run[0] for run in _LETTERS.finditer(piece))
    return found


def _minutes_told_from_months(type_name: str, pieces: list[str]) -> list[str]:
    """In a datetime, read `MM` or `mm` directly after the hour as minutes, elsewhere as months.

    A separator may stand between the two.
    """
    if type_name != "datetime":
        return pieces
    told: list[str] = []
    before = ""
    for piece in pieces:
        is_minute = piece in ("mm", "MM") and PARTS.get(before) == "hour"
        told.append(("mm" if is_minute else "MM") if piece in ("mm", "MM") else piece)
        before = before if _SEPARATORS.fullmatch(piece) else piece
    return told


def _without_strangers(type_name: str, pieces: list[str]) -> str:
    """Keep the parts that the type has, each once, with one separator between two of them."""
    kept: list[str] = []
    seen: set[str] = set()
    between = ""
    for piece in pieces:
        shown = PARTS.get(piece)
        if shown is None:
            between = piece if _SEPARATORS.fullmatch(piece) else between or " "
        elif shown in _SHOWN_OF[type_name] and shown not in seen:
            seen.add(shown)
            kept += [between, piece] if kept else [piece]
            between = ""
    return "".join(kept)


def _number_near(type_name: str, display: str) -> str:
    """Return the number pattern with the decimals and thousands separators of `display`."""
    if display in _TWO_READINGS:
        return _TWO_READINGS[display][0]
    python = re.search(r"\.([0-9])f", display)
    tail = re.search(r"([.,])([0#]*)$", display)
    grouped = re.search(r"#([,.'’ ])#|[0#]([,.'’ ])[0#]{3}[.,]|(,)\.", display)
    if not python and not tail and "0" not in display and "#" not in display:
        return example_formats(type_name)[0]
    decimals = int(python[1]) if python else len(tail[2]) if tail and len(tail[2]) != 3 else 0
    comma = bool(tail and tail[1] == "," and decimals and not python)
    groups = "0"
    if grouped:
        apart = grouped[1] or grouped[2] or ","
        groups = ("# ##0" if apart == " " else "#.##0") if comma else "#,##0"
    return groups + (("," if comma else ".") + "0" * min(decimals, 12) if decimals else "")


def _find_nearest_format(type_name: str, display: str) -> str:
    return min(_COMMON[type_name], key=lambda each: edit_distance(each, display, len(display) + 20))
