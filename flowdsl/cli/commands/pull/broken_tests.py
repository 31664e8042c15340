"""Runs the tests of workflows before and after a pull, and describes those that it breaks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Set

from flowdsl.decompile.pulling.workspace import Built, Workspace
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.semantics.model import TaskSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.files import decode_text
from flowdsl.syntax import ast
from flowdsl.testing.cases import Case, cases_of
from flowdsl.testing.outcome import Result
from flowdsl.testing.run import run_test
from flowdsl.testing.suite import Suite
from flowdsl.testing.wrapping import render_wrapped_files, select_tested_tasks

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

    `workflows` are the names of those whose tests are run, with chains that they are in and tasks
    that have a wrapper (`compile_with_tasks`). `variables` are those of the environment.
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


def compile_with_tasks(workspace: Workspace, built: Built, changed: Set[str]) -> Built:
    """Compile sources with wrappers of the tested tasks that lie in, or call into, changed files.

    A task that cannot be tested alone has none.
    """
    wrapped: dict[str, list[TaskSymbol]] = {}
    for task in select_tested_tasks(built.model):
        if not changed.isdisjoint(_files_of(built.model, task)):
            wrapped.setdefault(task.module.source.path, []).append(task)
    best = built
    chosen: list[TaskSymbol] = []
    for tasks in wrapped.values():
        files = render_wrapped_files([*chosen, *tasks])
        texts = built.texts | {path: decode_text(path, each) for path, each in files.items()}
        entries = sorted({*workspace.entries, *files})
        found = workspace.build_with_texts(texts, entries, breaks_tests=bool(built.broken_tests))
        if found is not None:
            best, chosen = found, [*chosen, *tasks]
    return best


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
        if case.task is not None or _names_of(case) & set(workflows)
        if keys is None or _key(case) in keys
    ]
    if cases:
        kept = read_kept_snapshots(target, cases)
        suite = Suite(built.model, built.bundle, variables, target.show_path, *kept)
        yield from ((case, run_test(suite, case)) for case in cases)


def _files_of(model: SemanticModel, task: TaskSymbol) -> set[str]:
    """Return the files of a task and of the tasks that it calls."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [task]
    while waiting:
        each = waiting.pop()
        path = each.module.source.path
        found.add(path)
        if f"{path} {each.name}" not in seen:
            seen.add(f"{path} {each.name}")
            body = model.bodies.get(each.declaration.body, ())
            calls = (model.calls.get(inner) for inner in body if isinstance(inner, ast.CallStmt))
            waiting += [called for called in calls if called is not None]
    return found


def _names_of(case: Case) -> set[str]:
    """Return the names of the workflows that a case runs."""
    steps = () if case.chain is None else case.chain.steps
    return {case.workflow.name, *(each.name for _, each in steps if each is not None)}


def _key(case: Case) -> tuple[str, str, str]:
    return case.module.source.path, case.subject, case.title
