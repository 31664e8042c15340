"""Every test that `--explore` writes passes as it is, whatever the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.semantics.model import ChainSymbol, WorkflowSymbol
from flowdsl.simulate.interpreter.errors import NotAProgram
from flowdsl.testing.cases import cases_of
from flowdsl.testing.explore.findings import find_paths
from flowdsl.testing.explore.samples import NoSample
from flowdsl.testing.run import run_test
from flowdsl.testing.suite import Suite
from tests.support.effort import THOROUGH
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.flows.tested import suite_of
from tests.support.meaning.checked import DOCUMENTED, checked_seed, files_of
from tests.support.meaning.generator.programs import FILES
from tests.support.rows import in_rows

MOST = 25 if THOROUGH else 4
"""Paths of each workflow that are looked for."""
SEEDS = range(60) if THOROUGH else (7, 13, 31)
"""Programs that are drawn; the first ones had a path whose test once failed."""
QUICK = ("tests", "files", "days")


def corpus() -> list[Case]:
    cases = find_cases(CORPUS / "valid")
    plain = (case for case in cases if not case.environments)
    cases = [case for case in plain if not any(name.startswith("@") for name in case.files)]
    return [case for case in cases if THOROUGH or case.id.removeprefix("valid/") in QUICK]


def written(suite: Suite, marked: str) -> Iterator[tuple[str, str]]:
    """The tests for the paths of every workflow and chain, each with the file it belongs to."""
    subjects: list[WorkflowSymbol | ChainSymbol] = [*suite.model.workflows, *suite.model.chains]
    for subject in subjects:
        if subject.name.startswith("tests_of_"):
            continue  # around a task
        try:
            found = find_paths(suite, subject, None, cases_of(suite.model), MOST)
        except (NotAProgram, NoSample):
            continue
        for each in found.paths:
            assert each.test is None or not (each.path.wrong or each.path.problem)
            if each.test is not None:
                path = subject.module.source.path
                yield path, each.test.replace('test "', f'test "{marked}{subject.name} ', 1)


MARK = "explored: "


def assert_they_pass(files: Mapping[str, str | bytes], **options: Any) -> int:
    """Write the tests of a program, run them, and say how many they are."""
    suite = suite_of(files, **options)
    more = dict(files)
    number = 0
    for path, text in written(suite, MARK):
        before = more[path]
        more[path] = (before if isinstance(before, str) else before.decode()) + "\n" + text
        number += 1
    if not number:
        return 0
    again = suite_of(more, **options)
    cases = [case for case in cases_of(again.model) if case.title.startswith(MARK)]
    assert len(cases) == number
    for case in cases:
        result = run_test(again, case)
        told = [(each.message, *each.shown) for each in result.problems]
        assert result.passed, (result.title, told)
    return number


@in_rows("case", corpus(), ids=lambda case: case.id)
def test_every_test_for_a_path_of_the_corpus_passes(case: Case) -> None:
    assert_they_pass(case.files)


@in_rows("seed", SEEDS)
def test_every_test_for_a_path_of_a_drawn_program_passes(seed: int) -> None:
    found = checked_seed(seed)
    if found is not None:
        options = {"project": DOCUMENTED.project, "environment": DOCUMENTED.environment}
        assert_they_pass({**FILES, **files_of(found.source)}, **options)
