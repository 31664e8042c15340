"""The list of diagnostics and rules."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from flowdsl.diagnostics.diagnostic import DiagnosticSpec

FORMAT_VERSION = 1


def as_text(specs: Sequence[DiagnosticSpec], rules: Collection[str]) -> str:
    """A line each: severity, category, name; rules of lint are marked."""
    width = max((len(spec.category) for spec in specs), default=0)
    lines = [
        f"{spec.severity:<7}  {spec.category:<{width}}  {spec.name}{' (lint)' * (spec.name in rules)}"
        for spec in specs
    ]
    return "\n".join([*lines, "", "`flowdsl explain NAME` shows the page of one."])


def as_json(specs: Sequence[DiagnosticSpec], rules: Collection[str]) -> str:
    """One object; `lint` says whether `[lint]` of the project file selects it."""
    items = [
        {
            "name": spec.name,
            "category": spec.category,
            "severity": spec.severity,
            "lint": spec.name in rules,
            "message": spec.message,
            "help": spec.help,
        }
        for spec in specs
    ]
    whole = {"format_version": FORMAT_VERSION, "items": items, "total": len(items)}
    return json.dumps(whole, indent=2)
