"""What the compiler has made of a program can be written as a program that it makes the same of."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles
from tests.support.effort import examples
from tests.support.flows.compiling import PROJECTS, compile_folder
from tests.support.flows.decompile.writing import check_all
from tests.support.flows.expectations import CORPUS, find_cases
from tests.support.flows.generated.task_programs import task_programs
from tests.support.flows.generated.workflows import workflows

CASES = [case for case in find_cases(CORPUS / "valid") if not case.environments]


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_shipped_program_is_written(folder) -> None:  # type: ignore[no-untyped-def]
    check_all(compile_folder(folder))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_valid_program_is_written(case) -> None:  # type: ignore[no-untyped-def]
    if "samples" not in case.id:
        check_all(compile_project(MemoryFiles(case.files), case.entries, CompileOptions()))


def compile_source(source: str) -> Compilation:
    compilation = compile_project(MemoryFiles({"a.flow": source}), ["a.flow"], CompileOptions())
    assume(compilation.bundle is not None)
    return compilation


@settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(workflows())
def test_a_random_workflow_is_written(source: str) -> None:
    check_all(compile_source(source))


@settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(task_programs())
def test_a_random_program_of_tasks_is_written(source: str) -> None:
    check_all(compile_source(source))
