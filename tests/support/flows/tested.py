"""Running the tests that stand in a source.

assert messages(WORKFLOW + 'test "t" for w { aborts }') == ["the run does not abort, it ..."]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.source.files import MemoryFiles, library_of
from flowdsl.testing.cases import cases_of
from flowdsl.testing.outcome import Result
from flowdsl.testing.run import run_test
from flowdsl.testing.suite import Suite
from flowdsl.testing.wrapping import render_wrapped_files, select_tested_tasks


def suite_of(files: str | Mapping[str, str | bytes], **options: Any) -> Suite:
    """The suite of one source text, or of several files; fails the test on any error."""
    given = {"main.flow": "flow 1\n" + files} if isinstance(files, str) else dict(files)
    entries = sorted(name for name in given if name.endswith(".flow") and library_of(name) is None)
    compilation = compile_project(MemoryFiles(given), entries, CompileOptions(**options))
    assert compilation.bundle is not None, [
        f"{found.span.path}:{found.span.first.line}: {found.name}: {found.message}"
        for found in compilation.analysis.diagnostics
        if found.severity == ERROR
    ]
    wrapped = render_wrapped_files(select_tested_tasks(compilation.analysis.model))
    if wrapped:
        entries = sorted({*entries, *wrapped})
        compilation = compile_project(
            MemoryFiles({**given, **wrapped}), entries, CompileOptions(**options)
        )
        assert compilation.bundle is not None, compilation.analysis.diagnostics
    environment = options.get("environment")
    variables = {} if environment is None else environment.vars
    return Suite(compilation.analysis.model, compilation.bundle, variables)


def results(files: str | Mapping[str, str | bytes], **options: Any) -> list[Result]:
    """The result of every test of a program, in order."""
    suite = suite_of(files, **options)
    found = [run_test(suite, test) for test in cases_of(suite.model)]
    for result in found:
        check_words(result)
    return found


_REPR = re.compile(r"\b_?[A-Z]\w*\((?:\w+=|['\"]|\))")
"""How Python writes an object: `Question(kind='sees', ...`."""


def check_words(result: Result) -> None:
    """Fail where a message holds an object of FlowDSL as Python writes it, or the name of a class.

    All tests of the layer go through here, so that all its messages do.
    """
    for problem in result.problems:
        for text in (problem.message, problem.answer, *problem.shown):
            assert not _REPR.search(text), text
            assert not re.search(r"\b(?:Defect|LiveSecret|NotAsked|None|True|False)\b", text), text


def problems(files: str | Mapping[str, str | bytes], **options: Any) -> list[str]:
    """The problems of every test, each with its line."""
    return [
        f"{problem.place.line}: {problem.message}"
        for result in results(files, **options)
        for problem in result.problems
    ]
