"""What `[lint]` of the project file means for findings and rules.

Which findings are enabled where, how severe they are, and the options of rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from flowdsl.config.project import Forbidden, Lint
from flowdsl.diagnostics.diagnostic import (
    CATEGORY_SEVERITY,
    ERROR,
    Diagnostic,
    DiagnosticSpec,
)
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.source.globs import translate_glob
from flowdsl.source.record import replace

from . import errors
from .rule import Rule

ALL = "all"


class LintOptions:
    """The decisions of one project.

    Without a project, everything is enabled at its own severity.
    """

    def __init__(self, lint: Lint | None = None) -> None:
        self._lint = lint
        self._off_by_file: dict[str, frozenset[str]] = {}
        self._per_file: list[tuple[Callable[[str], object], tuple[str, ...]]] | None = None
        self._severities: dict[DiagnosticSpec, DiagnosticSpec] = {}

    @property
    def all_enabled(self) -> bool:
        """Whether nothing is switched off anywhere."""
        lint = self._lint
        return lint is None or (lint.select == (ALL,) and not lint.ignore and not lint.per_file)

    def is_enabled(self, spec: DiagnosticSpec, path: str) -> bool:
        """Whether findings of `spec` in the file at `path` are reported; errors always are."""
        lint = self._lint
        if lint is None or spec.severity == ERROR:
            return True
        names = (spec.name, spec.category, ALL)
        if not any(name in lint.select for name in names):
            return False
        off = self._find_rules_off(lint, path)
        return spec.name not in off and spec.category not in off and ALL not in off

    def _find_rules_off(self, lint: Lint, path: str) -> frozenset[str]:
        found = self._off_by_file.get(path)
        if found is None:
            names = set(lint.ignore)
            if self._per_file is None:
                globs = ((translate_glob(glob), more) for glob, more in lint.per_file)
                self._per_file = [(re.compile(glob).fullmatch, more) for glob, more in globs]
            for fits, more in self._per_file:
                if fits(path):
                    names.update(more)
            found = self._off_by_file[path] = frozenset(names)
        return found

    def value(self, rule: str, name: str, default: int) -> int:
        """The value of the option `name` of a rule, or else `default`."""
        given = self._lint.rules.get(rule, {}) if self._lint is not None else {}
        value = given.get(name, default)
        return value if isinstance(value, int) else default

    @property
    def forbid_entries(self) -> tuple[Forbidden, ...]:
        """The entries of `[[lint.forbid]]`."""
        return self._lint.forbid if self._lint is not None else ()

    def adjust_severity(self, found: Diagnostic) -> Diagnostic:
        """The finding with the severity that the project gives its rule."""
        wanted = self._lint.severity.get(found.name) if self._lint is not None else None
        if wanted is None or wanted == found.severity or found.spec.severity == ERROR:
            return found
        spec = self._severities.get(found.spec)
        if spec is None:
            spec = self._severities[found.spec] = replace(found.spec, severity_override=wanted)
        return replace(found, spec=spec)


def read_lint_table(
    lint: Lint | None,
    rules: tuple[Rule, ...],
    known: Callable[[], Mapping[str, DiagnosticSpec]],
    sink: Sink,
) -> LintOptions:
    """The decisions of a project.

    An unknown name in its `[lint]` is reported. `known` gives all diagnostics by name.
    """
    if lint is not None and lint.is_set:
        _check_lint_table(lint, known(), {rule.name: rule for rule in rules}, sink)
    return LintOptions(lint)


def _check_lint_table(
    lint: Lint, known: Mapping[str, DiagnosticSpec], rules: Mapping[str, Rule], sink: Sink
) -> None:
    for key, names in (("select", lint.select), ("ignore", lint.ignore)):
        for index, name in enumerate(names):
            _check_name(lint, (key, index), name, known, sink, off=key == "ignore")
    for glob, names in lint.per_file:
        for index, name in enumerate(names):
            _check_name(lint, ("per-file", glob, index), name, known, sink, off=True)
    for name, severity in lint.severity.items():
        lower = severity != ERROR
        _check_name(lint, ("severity", name), name, known, sink, off=lower, only_names=True)
    for name, values in lint.rules.items():
        _check_options(lint, name, values, rules.get(name), known, sink)
    for index, entry in enumerate(lint.forbid):
        problem = _find_entry_problem(entry)
        if problem is not None:
            sink.report(errors.INVALID_FORBIDDEN, lint.place("forbid", index), problem=problem)


def _check_name(
    lint: Lint,
    path: tuple[str | int, ...],
    name: str,
    known: Mapping[str, DiagnosticSpec],
    sink: Sink,
    *,
    off: bool,
    only_names: bool = False,
) -> None:
    if not only_names and (name == ALL or name in CATEGORY_SEVERITY):
        return
    spec = known.get(name)
    if spec is None:
        names = {*known} if only_names else {*known, *CATEGORY_SEVERITY, ALL}
        near = find_closest_name(name, names)
        help = f"a diagnostic named `{near}` exists" if near else "`flowdsl rules` lists them"
        sink.report(errors.UNKNOWN_RULE, lint.place(*path), name=name, help=help)
    elif off and spec.severity == ERROR:
        sink.report(errors.ERROR_SWITCHED_OFF, lint.place(*path), name=name)


def _check_options(
    lint: Lint,
    rule: str,
    values: Mapping[str, Any],
    declared: Rule | None,
    known: Mapping[str, DiagnosticSpec],
    sink: Sink,
) -> None:
    if declared is None and rule not in known:
        _check_name(lint, ("rules", rule), rule, known, sink, off=False, only_names=True)
        return
    options = {} if declared is None else declared.load().options
    for name, value in values.items():
        place = lint.place("rules", rule, name)
        if name not in options:
            help = f"its options are {join_names(options)}" if options else "it has no options"
            sink.report(errors.UNKNOWN_RULE_OPTION, place, rule=rule, name=name, help=help)
        elif not isinstance(value, int) or isinstance(value, bool) or value < 0:
            sink.report(errors.WRONG_RULE_OPTION, place, rule=rule, name=name, found=f"`{value}`")


def _find_entry_problem(entry: Forbidden) -> str | None:
    if (entry.text is None) == (entry.pattern is None):
        return (
            "has neither words nor a pattern" if entry.text is None else "has words and a pattern"
        )
    if entry.pattern is not None:
        from flowdsl.source.patterns import run_problem  # few projects have one

        problem = run_problem(entry.pattern)
        if problem is not None:
            return f"has a pattern that cannot be searched for: {problem}"
    return None
