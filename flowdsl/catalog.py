"""Every diagnostic of the program, collected from the layers and rules that declare them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.rule import Rule
from flowdsl.lint.rules import RULES

LAYERS = ("config", "syntax", "semantics", "lint")
"""The packages that declare diagnostics, each in its `errors.py`."""


class _Catalog(Mapping[str, DiagnosticSpec]):
    """All specs by name, sorted; the module of a rule is imported when its spec is asked for."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        declared = _declared()
        self._rules: dict[str, Rule] = {}
        for rule in rules:
            if self._rules.setdefault(rule.name, rule) is not rule or rule.name in declared:
                raise ValueError(f"two diagnostics are named `{rule.name}`")
        self._names = tuple(sorted((*declared, *self._rules)))

    def __getitem__(self, name: str) -> DiagnosticSpec:
        rule = self._rules.get(name)
        return _declared()[name] if rule is None else rule.load().spec

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@cache
def diagnostics(rules: tuple[Rule, ...] = RULES) -> Mapping[str, DiagnosticSpec]:
    """All specs by name, sorted, with those of `rules`.

    Raises `ValueError` for a name that two specs have.
    """
    return _Catalog(rules)


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
