"""The inputs of prompts with pictures, which are HTML, so that no text may hold markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flowdsl.diagnostics.suggest import listed
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..model import TaskSymbol, WorkflowSymbol
from ..program import Program
from ..types import Enum, FieldType, ListOf, Optional, Primitive, RecordOf, Type

_LOOSE = frozenset(("string", "url", "file", "email"))
"""Types of texts that may hold an ampersand or a bracket of HTML."""


def report_picture_inputs(program: Program, ordered: Iterable[TaskSymbol]) -> None:
    """Say of each workflow with a picture and inputs of text what these may not hold.

    `ordered` are the tasks, each behind those that it calls.
    """
    pictured: set[TaskSymbol] = set()
    for task in ordered:
        if _picture(program, task.declaration.body, pictured) is not None:
            pictured.add(task)
    for workflow in program.workflows.values():
        for item in workflow.declaration.items:
            if isinstance(item, ast.StepsSection):
                statement = _picture(program, item.body, pictured)
                if statement is not None:
                    _report(program, workflow, statement)


def _picture(
    program: Program, body: ast.Block, pictured: set[TaskSymbol]
) -> ast.ImageStmt | ast.CallStmt | None:
    """The first statement of a body that puts a picture into the prompt."""
    for statement in program.statements(body):
        if isinstance(statement, ast.ImageStmt):
            return statement
        if isinstance(statement, ast.CallStmt) and program.calls.get(statement) in pictured:
            return statement
    return None


def _report(
    program: Program, workflow: WorkflowSymbol, statement: ast.ImageStmt | ast.CallStmt
) -> None:
    fields = program.workflow_fields[workflow.declaration].inputs or ()
    names = [field.name for field in fields if any(_loose_texts(field.type, field))]
    if names:
        node = statement.path if isinstance(statement, ast.ImageStmt) else statement.task
        program.sink.report(
            errors.PICTURE_LIMITS_INPUTS,
            Span(workflow.module.source, node.start, node.end),
            name=workflow.name,
            inputs=f"its input{'s' if len(names) > 1 else ''} {listed(names)}",
        )


def _loose_texts(type_: Type, field: FieldType) -> Iterator[bool]:
    """One entry for each text in a type that may hold markup."""
    match type_:
        case Optional(inner=inner):
            yield from _loose_texts(inner, field)
        case ListOf(element=element):
            yield from _loose_texts(element, field)
        case RecordOf(fields=fields):
            for each in fields:
                yield from _loose_texts(each.type, each)
        case Primitive(name=name) if name in _LOOSE:
            pattern = field.constraints.pattern
            # A pattern of letters, digits and other signs says already that it holds none.
            if pattern is None or re.search(r"[<&.^]|\\[SDWx]", pattern.removeprefix("^")):
                yield True
        case Enum(open=True):
            yield True
        case _:
            pass
