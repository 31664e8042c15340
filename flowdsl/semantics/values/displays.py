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
    "mm": "minute",
    "ss": "second",
}
"""The parts of date and time formats, and what each shows."""

_SHOWN_OF = {
    "date": frozenset(("year", "month", "day", "weekday")),
    "time": frozenset(("hour", "minute", "second")),
    "datetime": frozenset(PARTS.values()),
}

_COMMON = {
    "date": ("yyyy-MM-dd", "dd.MM.yyyy", "MM/dd/yyyy", "dd/MM/yyyy", "dd-MMM-yyyy", "d MMMM yyyy"),
    "time": ("HH:mm", "HH:mm:ss"),
    "datetime": ("yyyy-MM-dd HH:mm", "dd.MM.yyyy HH:mm", "MM/dd/yyyy HH:mm:ss"),
    "int": ("0", "#,##0"),
    "number": ("0.00", "#,##0.00", "0", "#,##0"),
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
_NUMBER = re.compile(r"(0|#,##0)(\.0{1,12})?")


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
        return None if _NUMBER.fullmatch(display) else "it is no pattern of a number"
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
    if "HH:MM" in display:
        return "`MM` behind the hour is the month"
    return None if seen else "it has no part of one"


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
    """In a datetime, read `MM` or `mm` directly after the hour as minutes, elsewhere as months."""
    if type_name != "datetime":
        return pieces
    hours = [index for index, piece in enumerate(pieces) if piece == "HH"]
    behind = hours[0] + 2 if hours else -1
    told = {index: "mm" if index == behind else "MM" for index in range(len(pieces))}
    return [told[at] if piece in ("mm", "MM") else piece for at, piece in enumerate(pieces)]


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
    python = re.search(r"\.([0-9])f", display)
    tail = re.search(r"[.,]([0#]*)$", display)
    grouped = bool(re.search(r"#[,.'’ ]#|[0#][,.'’ ][0#]{3}[.,]", display)) or ",." in display
    decimals = int(python[1]) if python else len(tail[1]) if tail and len(tail[1]) != 3 else 0
    if not python and not tail and "0" not in display and "#" not in display:
        return example_formats(type_name)[0]
    return ("#,##0" if grouped else "0") + ("." + "0" * decimals if decimals else "")


def _find_nearest_format(type_name: str, display: str) -> str:
    return min(_COMMON[type_name], key=lambda each: edit_distance(each, display, len(display) + 20))
