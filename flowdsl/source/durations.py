"""Lengths of time as people write them: `500ms`, `30s`, `10m`, `2h`."""

from __future__ import annotations

import re

_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", re.ASCII)
_SCALE = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float | None:
    """The length in seconds of a time such as `1.5h`; None for a text of any other form."""
    match = _FORM.fullmatch(text)
    return None if match is None else float(match[1]) * _SCALE[match[2]]
