"""`flowdsl test --explore`: list the paths of a program, and generate tests for uncovered ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flowdsl.compiler.collector import keep_what_is_there
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.suggest import Names, find_closest_name, join_names
from flowdsl.semantics.model import ChainSymbol, TaskSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.interpreter.errors import NotAProgram
from flowdsl.simulate.trace import SUCCESS
from flowdsl.source.files import spell_flow_path
from flowdsl.testing.cases import cases_of
from flowdsl.testing.explore import MOST_PATHS
from flowdsl.testing.explore.findings import Findings, Found, find_paths
from flowdsl.testing.explore.running import Path
from flowdsl.testing.explore.samples import NoSample
from flowdsl.testing.telling import ending_lines, shorten_line
from flowdsl.testing.wrapping import describe_refusal, wrapper_names

from ...runtime.console import UsageError
from ...runtime.exit_codes import FINDINGS
from ...runtime.exit_codes import SUCCESS as WELL
from ...views.table import object_json
from .compiling import TestTarget


def explore_paths(tests: TestTarget) -> int:
    """List the paths on standard error, and print tests for some of them on standard output."""
    arguments, console, model = tests.arguments, tests.console, tests.model
    subject, task = _find_subject(model, arguments.explore)
    most = arguments.paths_at_most or MOST_PATHS
    keep_what_is_there()
    try:
        found = find_paths(tests.suite(), subject, task, cases_of(model), most)
    except NotAProgram as problem:
        raise UsageError(str(problem)) from None
    except NoSample as problem:
        raise UsageError(
            f"no value can be made up for `{problem}` that keeps its annotations: give one, as in "
            '`@example("...")`, or in a test'
        ) from None
    name = arguments.explore
    if found.exploration.refused:
        raise UsageError(
            f"the service refuses the inputs that are made up for `{name}`: "
            f"{found.exploration.refused}; a test of it that gives inputs shows some that it takes"
        )
    if arguments.json:
        console.out(_as_json(name, found))
    else:
        for line in _describe_findings(name, found, most, tests.target.show_path):
            console.err(make_printable(shorten_line(line)))
        texts = [each.test for each in found.paths if each.test is not None]
        if texts:
            console.out("\n".join(texts).rstrip("\n"))
    return WELL if found.is_right else FINDINGS


def _find_subject(
    model: SemanticModel, name: str
) -> tuple[WorkflowSymbol | ChainSymbol, TaskSymbol | None]:
    """Find the workflow or chain to run, and the task that it wraps."""
    own: dict[str, WorkflowSymbol | ChainSymbol] = {each.name: each for each in model.workflows}
    own |= {chain.name: chain for chain in model.chains}
    if name in own:
        return own[name], None
    around = wrapper_names(model)
    tasks = [task for task in model.tasks if task.name == name]
    if not tasks:
        known = Names({*own.keys() - set(around.values())})
        near = find_closest_name(name, Names({*known, *(task.name for task in model.tasks)}))
        help = f"there is `{near}`" if near else f"there are {join_names(known)}" if known else ""
        help = help or "there is none in these flows"
        raise UsageError(f"no workflow, no chain and no task is named `{name}`; {help}")
    if len(tasks) > 1:
        paths = join_names(spell_flow_path(task.module.source.path) for task in tasks)
        raise UsageError(f"several tasks are named `{name}`: name one of the files, {paths}")
    (task,) = tasks
    return own[around[task.module.source.path, task.name]], task


# Output for people


def _describe_findings(
    name: str, found: Findings, most: int, show_path: Callable[[str], str]
) -> Iterator[str]:
    for each in found.paths:
        yield from _describe_path(each, show_path)
    untaken = sum(not each.taken_by for each in found.paths)
    paths = format_count(len(found.paths), "path")
    yield f"{paths} of `{name}`, {untaken} of them taken by no test"
    if not found.exploration.is_whole:
        yield f"there may be more: --at-most {most * 2} looks for them"


def _describe_path(found: Found, show_path: Callable[[str], str]) -> Iterator[str]:
    yield f"path {found.number}: {_describe_ending(found.path)}"
    for branch in found.unusual:
        yield f"  {show_path(branch.path)}:{branch.line}: {branch.words}"
    for answer in found.answers:
        yield f"  {answer}"
    for run in found.path.runs:
        yield from (f"  fails check {name}" for name in run.failed_checks)
    for sentence in found.path.wrong:
        yield f"  never right: {sentence}"
    if found.taken_by:
        yield f"  taken by {join_names(found.taken_by)}"


def _describe_ending(path: Path) -> str:
    if path.ending is None:
        return f"cannot be carried out: {path.problem}"
    refused = path.runs[-1].refused
    if refused is not None:
        return f"outputs refused: {describe_refusal(refused)}"
    line = next(ending_lines(path.ending))
    is_chain = bool(path.runs[0].step)
    names = [name for name, value in path.outputs.items() if value is not None and not is_chain]
    return f"{line} with {join_names(names)}" if path.ending.status == SUCCESS and names else line


def _as_json(name: str, found: Findings) -> str:
    head = {
        "subject": name,
        "runs": found.exploration.runs,
        "is_whole": found.exploration.is_whole,
    }
    return object_json({**head, "items": [_path_item(each) for each in found.paths]})


def _path_item(found: Found) -> dict[str, Any]:
    path = found.path
    return {
        "number": found.number,
        "ends": "broken" if path.ending is None else path.ending.status,
        "reason": path.problem if path.ending is None else path.ending.reason,
        "outputs": dict(path.outputs),
        "branches": [
            {"path": branch.path, "line": branch.line, "words": branch.words}
            for branch in found.unusual
        ],
        "inputs": dict(path.inputs),
        "answers": list(found.answers),
        "refused": path.runs[-1].refused,
        "failed_checks": [name for run in path.runs for name in run.failed_checks],
        "wrong": list(path.wrong),
        "taken_by": list(found.taken_by),
        "test": found.test,
    }
