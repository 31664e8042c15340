"""Every diagnostic of the program, collected from the layers and rules that declare them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from functools import cache

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.rule import Rule
from flowdsl.lint.rules import RULES

LAYERS = ("config", "syntax", "semantics", "lint")
"""The packages that declare diagnostics, each in its `errors.py`."""


def diagnostics(rules: Iterable[Rule] = RULES) -> dict[str, DiagnosticSpec]:
    """All specs by name, sorted, with those of `rules`.

    Raises `ValueError` for a name that two specs have.
    """
    return dict(_collect(tuple(rules)))


@cache
def _collect(rules: tuple[Rule, ...]) -> dict[str, DiagnosticSpec]:
    found = dict(_declared())
    for rule in rules:
        spec = rule.load().spec
        if found.setdefault(spec.name, spec) is not spec:
            raise ValueError(f"two diagnostics are named `{spec.name}`")
    return dict(sorted(found.items()))


@cache
def _declared() -> dict[str, DiagnosticSpec]:
    """The specs that the layers declare."""
    found: dict[str, DiagnosticSpec] = {}
    for layer in LAYERS:
        module = importlib.import_module(f"flowdsl.{layer}.errors")
        for spec in vars(module).values():
            if not isinstance(spec, DiagnosticSpec):
                continue
            if found.setdefault(spec.name, spec) is not spec:
                raise ValueError(f"two diagnostics are named `{spec.name}`")
    return found
