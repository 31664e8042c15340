"""Runs the tests of workflows before and after a pull, and describes those that it breaks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from flowdsl.decompile.pulling.workspace import Built
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.testing.cases import Case, cases_of
from flowdsl.testing.outcome import Result
from flowdsl.testing.run import run_test
from flowdsl.testing.suite import Suite

from ...runtime.target import CommandTarget
from ..test.kept import read_kept_snapshots


def find_broken_tests(
    target: CommandTarget,
    variables: Mapping[str, str],
    before: Built,
    after: Built,
    workflows: Collection[str],
) -> list[Result]:
    """Return the results, after a pull, of the tests that pass before it and fail after it.

    `workflows` are the names of those whose tests are run, `variables` those of the environment.
    Tests of tasks are not run.
    """
    passing = {
        _key(case)
        for case, result in _run_tests(target, variables, before, workflows, None)
        if result.passed
    }
    if not passing:
        return []
    results = _run_tests(target, variables, after, workflows, passing)
    return [result for _, result in results if not result.passed]


def describe_errors_of_tests(after: Built, show_path: Callable[[str], str]) -> list[str]:
    places = (
        f"warning: {show_path(each.span.path)}:{each.span.first.line}: a test will no longer "
        f"check: {make_printable(each.message)}"
        for each in after.broken_tests
    )
    return list(dict.fromkeys(places))


def describe_broken_test(result: Result) -> str:
    (problem, *_) = result.problems
    title, words = make_printable(result.title), make_printable(problem.message.split("\n")[0])
    return f"warning: the test `{title}` of `{result.subject}` passes now and will fail: {words}"


def _run_tests(
    target: CommandTarget,
    variables: Mapping[str, str],
    built: Built,
    workflows: Collection[str],
    keys: Collection[tuple[str, str, str]] | None,
) -> Iterator[tuple[Case, Result]]:
    """Yield the cases of workflows with their results; with `keys`, only of these cases."""
    cases = [
        case
        for case in cases_of(built.model)
        if case.task is None and case.workflow.name in workflows
        if keys is None or _key(case) in keys
    ]
    if cases:
        kept = read_kept_snapshots(target, cases)
        suite = Suite(built.model, built.bundle, variables, target.show_path, *kept)
        yield from ((case, run_test(suite, case)) for case in cases)


def _key(case: Case) -> tuple[str, str, str]:
    return case.module.source.path, case.subject, case.title
