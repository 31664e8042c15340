"""Every fix of the corpus does what it says.

It applies whole, mends its finding and breaks nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import product

import pytest

from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic, Fix
from flowdsl.diagnostics.fixes import SAFE, UNSAFE, apply_fixes
from tests.support.effort import THOROUGH, every
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.rows import for_rows

ROUNDS = 10


def cases() -> list[Case]:
    return [*every(8, find_cases(CORPUS / "invalid")), *every(8, find_cases(CORPUS / "lint"))]


def alone(found: Diagnostic, fix: Fix) -> Diagnostic:
    """The finding with only one of its fixes."""
    return Diagnostic(found.spec, found.span, found.message, fixes=(fix,))


def with_texts(case: Case, texts: dict[str, str]) -> Case:
    return case._replace(files=case.files | texts)


def named(found: Iterable[Diagnostic]) -> Counter[str]:
    return Counter(each.name for each in found)


def errors(found: Iterable[Diagnostic], category: str | None = None) -> int:
    return sum(each.severity == ERROR and category in (None, each.spec.category) for each in found)


@for_rows(cases, name=lambda case: case.id, parts=2, fewest=300 if THOROUGH else 37)
def test_each_fix_by_itself(case: Case) -> None:
    before = case.linted()
    for found in before:
        for fix in found.fixes:
            applied = apply_fixes([alone(found, fix)], (fix.applicability,))
            assert applied.count == 1, (found.message, fix.title)
            after = with_texts(case, applied.texts).linted()
            assert errors(after, "syntax") <= errors(before, "syntax"), (found.message, fix.title)
            if fix.applicability == SAFE:
                assert errors(after) <= errors(before), (found.message, fix.title)
                assert named(after)[found.name] < named(before)[found.name]


@for_rows(
    lambda: product(cases(), [(SAFE,), (SAFE, UNSAFE)]),
    name=lambda row: f"{row[0].id} {'+'.join(row[1])}",
    parts=4,
    fewest=600 if THOROUGH else 60,
)
def test_fixing_comes_to_an_end(row: tuple[Case, tuple[str, ...]]) -> None:
    case, applicable = row
    for _ in range(ROUNDS):
        applied = apply_fixes(case.linted(), applicable)
        if not applied.texts:
            return
        case = with_texts(case, applied.texts)
    pytest.fail(f"fixes go on after {ROUNDS} rounds")
