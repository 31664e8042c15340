"""Lengths of time as people write them: `500ms`, `30s`, `10m`, `2h`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

LONGEST_SECONDS = 86_400.0
"""A day: nothing that is rehearsed takes longer."""

_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SCALE = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float | None:
    """The seconds of `text`; None where it has another form."""
    match = _FORM.fullmatch(text)
    return None if match is None else float(match[1]) * _SCALE[match[2]]


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    seconds = parse_duration(value)
    if seconds is None:
        raise ValueError("a duration is a number of seconds or a text as in `500ms` or `30s`")
    return seconds


Seconds = Annotated[
    float, BeforeValidator(_seconds), Field(ge=0, le=LONGEST_SECONDS, allow_inf_nan=False)
]
"""A number of seconds, or a text with a unit."""
