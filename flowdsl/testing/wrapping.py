"""Workflows around tasks, so that a task is tested alone as it is compiled and carried out.

A test for a task runs a workflow that does nothing but call it, written behind the flow in which
the task stands. Its places are those of the author's text, which does not change.

    task open_chart(mrn: string) -> Patient { ... }

    workflow tests_of_open_chart_0 {
      inputs { mrn: string }
      outputs { flowdsl_result: Patient }
      steps { call open_chart(mrn: mrn) as flowdsl_result emit flowdsl_result = {{flowdsl_result}} }
    }
"""

from __future__ import annotations

from flowdsl.semantics.model import SECRET, SemanticModel, TaskSymbol
from flowdsl.syntax import ast

RESULT = "flowdsl_result"
"""The output of the workflow around a task: the result of the call."""


def wrapper_names(model: SemanticModel) -> dict[tuple[str, str], str]:
    """The workflow around each task that is tested, by the file and the name of the task."""
    tested = {
        (subject.module.source.path, subject.name)
        for subject in model.tested.values()
        if isinstance(subject, TaskSymbol)
    }
    return {key: f"tests_of_{key[1]}_{number}" for number, key in enumerate(sorted(tested))}


def wrapped_files(model: SemanticModel) -> dict[str, bytes]:
    """The files with tasks that are tested, each with the workflows around them behind it."""
    names = wrapper_names(model)
    found: dict[str, str] = {}
    for task in model.tasks:
        path = task.module.source.path
        name = names.get((path, task.name))
        if name is not None:
            text = found.get(path, task.module.source.text)
            found[path] = f"{text}\n{_workflow(name, task)}"
    return {path: text.encode() for path, text in found.items()}


def _workflow(name: str, task: TaskSymbol) -> str:
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
