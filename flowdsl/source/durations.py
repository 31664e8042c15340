"""Lengths of time as people write them: `500ms`, `30s`, `10m`, `2h`."""

from __future__ import annotations

import re

_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", re.ASCII)
_SCALE = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float | None:
    """The seconds of `text`; None where it has another form."""
    match = _FORM.fullmatch(text)
    return None if match is None else float(match[1]) * _SCALE[match[2]]
