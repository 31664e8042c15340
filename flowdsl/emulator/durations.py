"""Lengths of time as people write them: `500ms`, `30s`, `10m`, `2h`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from flowdsl.source.durations import parse_duration

LONGEST_SECONDS = 86_400.0
"""A day: nothing that is rehearsed takes longer."""


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
