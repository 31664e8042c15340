"""Every program of the corpus gives the diagnostics it says, and no others."""

from __future__ import annotations

import pytest

from flowdsl import catalog
from flowdsl.diagnostics.diagnostic import INFO
from tests.support.expectations import CORPUS, Case, differences, expectations_of, find_cases

INVALID = find_cases(CORPUS / "invalid")
VALID = find_cases(CORPUS / "valid")
CRASHERS = find_cases(CORPUS / "crashers")
SPECS = catalog.diagnostics()


def identity(case: Case) -> str:
    return case.id


@pytest.mark.parametrize("case", INVALID, ids=identity)
def test_invalid_program_gives_what_it_expects(case: Case) -> None:
    assert differences(case, case.all_diagnostics()) == []


@pytest.mark.parametrize("case", INVALID, ids=identity)
def test_invalid_program_is_filed_under_what_it_expects(case: Case) -> None:
    _, category, name, _ = case.id.split("/")
    assert name in {expectation.name for expectation in expectations_of(case)}
    assert SPECS[name].category == category


@pytest.mark.parametrize("case", VALID, ids=identity)
def test_valid_program_is_clean(case: Case) -> None:
    assert [
        (found.span.path, found.span.first, found.message)
        for found in case.all_diagnostics()
        if found.severity != INFO
    ] == []


@pytest.mark.parametrize("case", CRASHERS, ids=identity)
def test_what_is_hard_to_read_gives_places_and_no_exception(case: Case) -> None:
    for found in case.all_diagnostics():
        assert found.span.path in case.files
        assert 0 <= found.span.start <= found.span.end <= len(found.span.source.text)
