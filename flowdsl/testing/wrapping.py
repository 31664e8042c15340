"""Workflows around tasks, so that a task is tested alone as it is compiled and carried out.

A test for a task runs a workflow that does nothing but call it, written behind the flow in which
the task stands. Its places are those of the author's text, which does not change.

    task open_chart(mrn: string) -> Patient { ... }

    workflow tests_of_open_chart_3f2a91c0 {
      inputs { mrn: string }
      outputs { flowdsl_result: Patient }
      steps { call open_chart(mrn: mrn) as flowdsl_result emit flowdsl_result = {{flowdsl_result}} }
    }
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zlib import crc32

from flowdsl.semantics.model import SECRET, ChainSymbol, SemanticModel, TaskSymbol, WorkflowSymbol
from flowdsl.syntax import ast

RESULT = "flowdsl_result"
"""The output of the workflow around a task: the result of the call."""


def describe_refusal(reason: str) -> str:
    """Why outputs are refused; that of a task is a field of its result."""
    return reason.replace(f"the output `{RESULT}.", "the result field `")


def wrapper_names(model: SemanticModel) -> dict[tuple[str, str], str]:
    """The name of the workflow around each task, by the file and the name of the task."""
    return {key: _wrapper_name(*key) for key in map(_key, model.tasks)}


def select_tested_tasks(model: SemanticModel, words: str = "") -> list[TaskSymbol]:
    """The tasks that some test with all the words is for; if no test has them, that any is for."""
    meant = [each for test, each in model.tested.items() if _has_words(test, each.name, words)]
    tested = {_key(each) for each in meant or model.tested.values() if isinstance(each, TaskSymbol)}
    return [task for task in model.tasks if _key(task) in tested]


def _has_words(test: ast.TestDecl, subject: str, words: str) -> bool:
    cases = [item.title for item in test.items if isinstance(item, ast.TestCase)]
    titles = (whole_title(test, each) for each in cases or [test.title])
    return any(has_words(subject, title, words) for title in titles)


def has_words(subject: str, title: str, words: str) -> bool:
    """Whether what a test is for and its title have all the words, whatever their letters' case."""
    return all(word in f"{subject} {title}".casefold() for word in words.casefold().split())


def whole_title(test: ast.TestDecl, case: ast.StringLit) -> str:
    """The title of a test, with that of the case behind it, which may be the same node."""
    return test.title.value if case is test.title else f"{test.title.value}: {case.value}"


def files_of(subject: WorkflowSymbol | TaskSymbol | ChainSymbol) -> Iterator[str]:
    """The files that have what a test is for, and the workflows that it runs."""
    yield subject.module.source.path
    for _, workflow in subject.steps if isinstance(subject, ChainSymbol) else ():
        if workflow is not None:
            yield workflow.module.source.path


def render_wrapped_files(tasks: Iterable[TaskSymbol]) -> dict[str, bytes]:
    """The files of some tasks, each with the workflows around them behind it."""
    found: dict[str, str] = {}
    for task in tasks:
        path = task.module.source.path
        text = found.get(path, task.module.source.text)
        found[path] = f"{text}\n{_render_workflow(_wrapper_name(*_key(task)), task)}"
    return {path: text.encode() for path, text in found.items()}


def _key(task: TaskSymbol) -> tuple[str, str]:
    return task.module.source.path, task.name


def _wrapper_name(path: str, name: str) -> str:
    """A name that no other file has for a task of the same name."""
    return f"tests_of_{name}_{crc32(path.encode()):08x}"


def _render_workflow(name: str, task: TaskSymbol) -> str:
    """A workflow that calls a task with inputs and secrets of its own."""
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
        call += f" as {RESULT} emit {RESULT} = {{{{{RESULT}}}}}"
    return (
        f"workflow {name} {{ inputs {{ {', '.join(inputs)} }} secrets {{ {', '.join(secrets)} }} "
        f"{outputs} steps {{ {call} }} }}\n"
    )
