"""Every program of the corpus gives the diagnostics it says, and no others."""

from __future__ import annotations

from typing import Any

from flowdsl import catalog
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.diagnostics.diagnostic import INFO
from flowdsl.source.files import MemoryFiles
from tests.support.flows.expectations import CORPUS, Case, differences, expectations_of, find_cases
from tests.support.rows import for_rows

SPECS = catalog.diagnostics()


def each(folder: str, **how: Any) -> Any:
    """The test of one case as the test of all below a folder of the corpus."""
    return for_rows(lambda: find_cases(CORPUS / folder), name=lambda case: case.id, **how)


@each("invalid", parts=4, fewest=250)
def test_invalid_program_gives_what_it_expects(case: Case) -> None:
    assert differences(case, case.all_diagnostics()) == []


@each("invalid", fewest=250)
def test_invalid_program_is_filed_under_what_it_expects(case: Case) -> None:
    _, category, name, _ = case.id.split("/")
    assert name in {expectation.name for expectation in expectations_of(case)}
    assert SPECS[name].category == category


@each("valid", parts=2, fewest=7)
def test_valid_program_is_clean_and_compiles(case: Case) -> None:
    compilation = compile_project(MemoryFiles(case.files), case.entries, CompileOptions())
    assert [
        (found.span.path, found.span.first, found.message)
        for found in (*case.diagnostics(), *compilation.analysis.diagnostics)
        if found.severity != INFO
    ] == []
    assert compilation.bundle is not None


@each("crashers", parts=2, fewest=5)
def test_what_is_hard_to_read_gives_places_and_no_exception(case: Case) -> None:
    for found in case.all_diagnostics():
        assert found.span.path in case.files
        assert 0 <= found.span.start <= found.span.end <= len(found.span.source.text)
