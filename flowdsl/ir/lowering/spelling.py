"""Decides whether text read from the screen may be typed in a workflow that has secrets.

The service replaces the placeholder of a secret wherever it is typed, so that a memo `{$pin}` would
be typed as the secret. In such a workflow the agent that reads text adds a space after the brace
(`rules.apart`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from flowdsl.semantics import model as semantic
from flowdsl.semantics import types
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import refs_outside_blocks, type_read_by
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by

Name: TypeAlias = tuple[semantic.TaskSymbol | None, str]
"""A name, with the task that it is used in, or None for the workflow."""

_TOOL: Name = (None, "a tool")
"""Stands for whatever is typed, run or named."""

_RESULT = "a result"
"""Stands for all that a task, or the workflow, emits."""

_OUTPUT = "output "
"""In front of the name of an output, which an input may have, too."""


def may_type_readings(
    workflow: semantic.WorkflowSymbol, body: ast.Block, model: SemanticModel
) -> bool:
    """Whether a workflow has secrets, and text that was read may flow into what it types."""
    if not workflow.secrets:
        return False
    edges: dict[Name, set[Name]] = {}
    reached: set[Name] = set()
    for task, block in _collect_bodies(None, body, model, set()):
        for statement in model.statements(block):
            if _reads_text(statement, model):
                reached.update(_names_set_by(statement, task, model))
            for names, into in _find_value_moves(statement, task, model):
                for name in names:
                    edges.setdefault(name, set()).add(into)
    pending = list(reached)
    while pending:
        for name in edges.get(pending.pop(), set()) - reached:
            reached.add(name)
            pending.append(name)
    return _TOOL in reached


def _collect_bodies(
    task: semantic.TaskSymbol | None,
    body: ast.Block,
    model: SemanticModel,
    known: set[semantic.TaskSymbol],
) -> Iterator[tuple[semantic.TaskSymbol | None, ast.Block]]:
    """Collect a body and those of all tasks called in it, directly or not, each once."""
    yield task, body
    for statement in model.statements(body):
        if isinstance(statement, ast.CallStmt) and model.calls[statement] not in known:
            called = model.calls[statement]
            known.add(called)
            yield from _collect_bodies(called, called.declaration.body, model, known)


def _reads_text(statement: ast.Stmt, model: SemanticModel) -> bool:
    if not isinstance(statement, ast.ExtractStmt | ast.CopyStmt | ast.RunStmt):
        return False
    if statement.name is None:
        return False
    return _is_text(type_read_by(statement, model))


def _find_value_moves(
    statement: ast.Stmt, task: semantic.TaskSymbol | None, model: SemanticModel
) -> Iterator[tuple[Iterable[Name], Name]]:
    """Yield the data flows of a statement: the name read, and the name that gets the value."""

    def names(node: ast.Node) -> Iterator[Name]:
        for ref in refs_outside_blocks(node):
            symbol = model.values.get(ref)
            output = symbol is not None and symbol.is_output
            yield task, _OUTPUT + ref.name.text if output else ref.name.text

    match statement:
        case ast.TypeStmt(value=node) | ast.DoStmt(text=node) | ast.RunStmt(command=node):
            yield names(node), _TOOL
        case ast.CaptureStmt(file=node) | ast.ExportStmt(file=node):
            yield names(node), _TOOL
        case ast.KeepStmt(name=name, value=value):
            yield names(value), (task, name.text)
        case ast.EmitStmt(name=name, value=value):
            yield names(value), (task, _OUTPUT + name.text)
            yield names(value), (task, _RESULT)
        case ast.ForStmt(variable=name, iterable=iterable):
            yield names(iterable), (task, name.text)
        case ast.CallStmt(arguments=arguments, result=result):
            called = model.calls[statement]
            for each in arguments:
                yield names(each.value), (called, each.name.text)
            if result is not None:
                for into in _names_set_by(statement, task, model):
                    yield ((called, _RESULT),), into
        case _:
            pass


def _names_set_by(
    statement: ast.Stmt, task: semantic.TaskSymbol | None, model: SemanticModel
) -> Iterable[Name]:
    """Return the names of what a reading or a call sets: a variable, or an output."""
    name = variable_set_by(statement)
    assert name is not None
    if statement in model.set_outputs:
        return (task, _RESULT), (task, _OUTPUT + name.text)
    return ((task, name.text),)


def _is_text(type_: types.Type) -> bool:
    """Whether a value of a type may be a text of any characters, or hold one."""
    match type_:
        case types.Enum():
            return type_.open
        case types.Primitive(name):
            return name not in ("int", "number", "bool", "date", "datetime", "time")
        case types.RecordOf(_, fields):
            return any(_is_text(field.type) for field in fields)
        case types.ListOf(inner) | types.Optional(inner):
            return _is_text(inner)
        case _:
            return False
