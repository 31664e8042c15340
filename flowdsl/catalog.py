"""Every diagnostic of the program, collected from the layers that declare them."""

from __future__ import annotations

import importlib
from functools import cache

from flowdsl.diagnostics.diagnostic import DiagnosticSpec

LAYERS = ("config", "syntax", "semantics", "ir")
"""The packages that declare diagnostics, each in its `errors.py`."""


@cache
def diagnostics() -> dict[str, DiagnosticSpec]:
    """All specs by name, sorted; a name that stands twice raises `ValueError`."""
    found: dict[str, DiagnosticSpec] = {}
    for layer in LAYERS:
        module = importlib.import_module(f"flowdsl.{layer}.errors")
        for spec in vars(module).values():
            if not isinstance(spec, DiagnosticSpec):
                continue
            if found.setdefault(spec.name, spec) is not spec:
                raise ValueError(f"two diagnostics are named `{spec.name}`")
    return dict(sorted(found.items()))
