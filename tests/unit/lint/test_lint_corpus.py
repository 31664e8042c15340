"""Every rule finds what its corpus cases say, on the line, and nothing in the clean ones."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from flowdsl.diagnostics.diagnostic import INFO
from flowdsl.lint import rules
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.rules import RULES
from tests.support.flows.expectations import CORPUS, Case, differences, expectations_of, find_cases
from tests.support.rows import for_rows


@cache
def cases() -> list[Case]:
    return find_cases(CORPUS / "lint")


def rule_of(case: Case) -> str:
    return case.id.split("/")[1]


@for_rows(cases, name=lambda case: case.id, fewest=70)
def test_case_gives_what_it_expects(case: Case) -> None:
    """Findings of other rules that are mere information are no part of a case."""
    found = [each for each in case.linted() if each.name == rule_of(case) or each.severity != INFO]
    assert differences(case, found) == []


@for_rows(lambda: [rule.name for rule in RULES])
def test_rule_has_cases_that_trigger_it_and_cases_that_do_not(name: str) -> None:
    triggers = {
        bool(any(wanted.name == name for wanted in expectations_of(case)))
        for case in cases()
        if rule_of(case) == name
    }
    assert triggers == {True, False}, f"{name} needs a case that triggers it and one that does not"


@for_rows(lambda: [rule.name for rule in RULES])
def test_rule_is_named_like_its_diagnostic_and_in_order(name: str) -> None:
    rule = next(rule for rule in RULES if rule.name == name)
    assert rule.load().spec.name == name


def test_every_rule_of_a_module_has_a_row_that_wakes_it() -> None:
    written: set[str] = set()
    for each in walk_packages(rules.__path__, f"{rules.__name__}."):
        module = import_module(each.name)
        several = [rule for rule in getattr(module, "RULES", ()) if isinstance(rule, LoadedRule)]
        written |= {rule.spec.name for rule in several}
        if hasattr(module, "check") and not several:
            written.add(module.SPEC.name)
    assert written == {rule.name for rule in RULES}, "give it a row in `lint.rules._RULES`"
