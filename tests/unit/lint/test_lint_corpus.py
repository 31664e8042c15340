"""Every rule finds what its corpus cases say, on the line, and nothing in the clean ones."""

from __future__ import annotations

import pytest

from flowdsl.diagnostics.diagnostic import INFO
from flowdsl.lint.rules import RULES
from tests.support.expectations import CORPUS, Case, differences, expectations_of, find_cases

CASES = find_cases(CORPUS / "lint")


def rule_of(case: Case) -> str:
    return case.id.split("/")[1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_gives_what_it_expects(case: Case) -> None:
    """Findings of other rules that are mere information are no part of a case."""
    found = [each for each in case.linted() if each.name == rule_of(case) or each.severity != INFO]
    assert differences(case, found) == []


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_rule_has_cases_that_trigger_it_and_cases_that_do_not(name: str) -> None:
    triggers = {
        bool(any(wanted.name == name for wanted in expectations_of(case)))
        for case in CASES
        if rule_of(case) == name
    }
    assert triggers == {True, False}


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_rule_is_named_like_its_diagnostic_and_in_order(name: str) -> None:
    rule = next(rule for rule in RULES if rule.name == name)
    assert rule.load().spec.name == name
