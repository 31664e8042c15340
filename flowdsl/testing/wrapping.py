"""Wrapper workflows, so that a task is tested alone in the form in which it is compiled and run.

A test for a task runs a workflow that only calls it, appended to the file of the task. Positions in
the author's text do not change.

    task open_chart(mrn: string) -> Patient { ... }

    workflow tests_of_open_chart_3f2a91c0 {
      title = "task open_chart"
      inputs { mrn: string }
      outputs { flowdsl_result: Patient }
      steps { call open_chart(mrn: mrn) as flowdsl_result emit flowdsl_result = flowdsl_result }
    }
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zlib import crc32

from flowdsl.semantics.flow_tests.items import runs_of
from flowdsl.semantics.model import SECRET, ChainSymbol, TaskSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.syntax import ast

from .selecting import Selection

RESULT = "flowdsl_result"
"""The output of the wrapper workflow: the result of the call."""


def describe_refusal(reason: str) -> str:
    """Return why outputs are refused; the outputs of a task are fields of its result."""
    return reason.replace(f"the output `{RESULT}.", "the result field `")


def wrapper_names(model: SemanticModel) -> dict[tuple[str, str], str]:
    """Return the name of the wrapper of each task, by the file and the name of the task."""
    return {key: _wrapper_name(*key) for key in map(_key, model.tasks)}


def select_tested_tasks(model: SemanticModel, words: str = "") -> list[TaskSymbol]:
    """Return the tasks whose tests are selected by `words`; if none is, all tested tasks."""
    selection = Selection(words)
    subjects = [
        (module, test, model.tested[test]) for module, test in model.tests if test in model.tested
    ]
    meant = [
        subject
        for module, test, subject in subjects
        if any(
            selection.selects(subject.name, title, module.source.path)
            for title in _titles_of(model, test)
        )
    ]
    every = [subject for _, _, subject in subjects]
    tested = {_key(each) for each in meant or every if isinstance(each, TaskSymbol)}
    return [task for task in model.tasks if _key(task) in tested]


def _titles_of(model: SemanticModel, test: ast.TestDecl) -> Iterator[str]:
    return (whole_title(test, title) for title, _ in runs_of(test, model.table_cases))


def whole_title(test: ast.TestDecl, case: ast.StringLit) -> str:
    """Return the title of a test, followed by that of the case, which may be the same node."""
    return test.title.value if case is test.title else f"{test.title.value}: {case.value}"


def files_of(subject: WorkflowSymbol | TaskSymbol | ChainSymbol) -> Iterator[str]:
    """Yield the files that define the subject of a test, and the workflows that it runs."""
    yield subject.module.source.path
    for _, workflow in subject.steps if isinstance(subject, ChainSymbol) else ():
        if workflow is not None:
            yield workflow.module.source.path


def render_wrapped_files(tasks: Iterable[TaskSymbol]) -> dict[str, bytes]:
    """Return the files of some tasks, each with the wrapper workflows appended."""
    found: dict[str, str] = {}
    for task in tasks:
        path = task.module.source.path
        text = found.get(path, task.module.source.text)
        found[path] = f"{text}\n{_render_workflow(_wrapper_name(*_key(task)), task)}"
    return {path: text.encode() for path, text in found.items()}


def _key(task: TaskSymbol) -> tuple[str, str]:
    return task.module.source.path, task.name


def _wrapper_name(path: str, name: str) -> str:
    """Return a wrapper name that no other file has for a task of the same name."""
    return f"tests_of_{name}_{crc32(path.encode()):08x}"


def _render_workflow(name: str, task: TaskSymbol) -> str:
    """Render a workflow that calls a task with inputs and secrets of its own."""
    source, declaration = task.module.source, task.declaration

    def written(node: ast.Node) -> str:
        return source.text[node.start : node.end]

    kinds = {parameter.name: parameter.kind for parameter in task.params}
    inputs, secrets, arguments = [], [], []
    for param in declaration.params:
        own = param.name.text
        field = f"{own}: {written(param.type)}"
        if kinds[own] == SECRET:
            secrets.append(field)
            arguments.append(f"{own}: ${own}")
        else:
            inputs.append(field + (f" = {written(param.default)}" if param.default else ""))
            arguments.append(f"{own}: {own}")
    call = f"call {task.name}({', '.join(arguments)})"
    outputs = ""
    if declaration.result is not None:
        outputs = f"outputs {{ {RESULT}: {written(declaration.result)} }}"
        call += f" as {RESULT} emit {RESULT} = {RESULT}"
    return (
        f'workflow {name} {{ title = "task {task.name}" '
        f"inputs {{ {', '.join(inputs)} }} secrets {{ {', '.join(secrets)} }} "
        f"{outputs} steps {{ {call} }} }}\n"
    )
