"""Every program of the corpus gives the diagnostics it says, and no others."""

from __future__ import annotations

import pytest

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.semantics import errors
from tests.support.expectations import CORPUS, Case, differences, expectations_of, find_cases

INVALID = find_cases(CORPUS / "invalid")
VALID = find_cases(CORPUS / "valid")
SPECS = {spec.name: spec for spec in vars(errors).values() if isinstance(spec, DiagnosticSpec)}


def identity(case: Case) -> str:
    return case.id


@pytest.mark.parametrize("case", INVALID, ids=identity)
def test_invalid_program_gives_what_it_expects(case: Case) -> None:
    assert differences(case, case.diagnostics()) == []


@pytest.mark.parametrize("case", INVALID, ids=identity)
def test_invalid_program_expects_the_diagnostic_it_is_filed_under(case: Case) -> None:
    _, category, name, _ = case.id.split("/")
    assert name in {expectation.name for expectation in expectations_of(case)}
    if name in SPECS:
        assert SPECS[name].category == category


@pytest.mark.parametrize("case", VALID, ids=identity)
def test_valid_program_is_clean(case: Case) -> None:
    assert [(d.span.path, d.span.first, d.message) for d in case.diagnostics()] == []


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_semantic_diagnostic_has_a_case(name: str) -> None:
    assert any(f"/{name}/" in case.id for case in INVALID)


def test_every_spec_has_a_name_of_its_own() -> None:
    declared = [spec for spec in vars(errors).values() if isinstance(spec, DiagnosticSpec)]
    assert len(SPECS) == len(declared)
