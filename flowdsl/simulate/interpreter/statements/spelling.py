"""Escape texts that spell the placeholder of a secret: `{$pin}` on screen is not `pin`.

The service replaces a placeholder whenever it is typed, whatever its source. So a workflow that has
secrets and types text that it has read inserts a blank into such text when it is read:

    extract memo: string from "the memo"       the screen shows   {$pin}
    type memo into "the field"                 what is typed      { $pin}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from flowdsl.semantics import types
from flowdsl.semantics.model import TaskSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import refs_outside_blocks, statements, type_read_by
from flowdsl.syntax import ast

Owner: TypeAlias = TaskSymbol | None
"""The task that is the scope of a name; None for the workflow itself."""
Place: TypeAlias = tuple[Owner, str]

_OPENING = re.compile(r"\{(?=[{$])")
_TEXTS = frozenset(("string", "any", "email", "url", "file"))
_RESULT = " "
"""The key for the result of a task among its names."""
_OUTPUT = "="
"""In front of the name of an output, which an input may have, too."""


def has_live_braces(text: object) -> bool:
    """Whether a text has a `{` that begins a placeholder: before another `{` or a `$`."""
    return isinstance(text, str) and _OPENING.search(text) is not None


def separate_braces(data: Any) -> Any:
    """Return JSON with a blank after each such brace in its texts."""
    match data:
        case str():
            return _OPENING.sub("{ ", data)
        case list():
            return [separate_braces(each) for each in data]
        case dict():
            return {name: separate_braces(each) for name, each in data.items()}
        case _:
            return data


@lru_cache(maxsize=4)
def types_what_it_read(model: SemanticModel, workflow: WorkflowSymbol, body: ast.Block) -> bool:
    """Whether a workflow has secrets, and text that was read may be typed in it.

    Instructions of `do` count as typed, and so do commands and file names, since they are passed to
    a tool.
    """
    return bool(workflow.secrets) and _Reads(model, body).reach_a_tool()


class _Reads:
    """The variables that may hold text that was read, in a body and the tasks it calls."""

    def __init__(self, model: SemanticModel, body: ast.Block) -> None:
        self._model = model
        self._known: set[Place] = set()
        self._bodies: list[tuple[Owner, ast.Block]] = []
        self._add_body(None, body)

    def _add_body(self, owner: Owner, body: ast.Block) -> None:
        self._bodies.append((owner, body))
        for each in statements(body):
            if isinstance(each, ast.CallStmt):
                task = self._model.calls[each]
                if all(task is not other for other, _ in self._bodies):
                    self._add_body(task, task.declaration.body)

    def reach_a_tool(self) -> bool:
        """Whether text that was read is typed, run or used as a file name."""
        before = -1
        while before < len(self._known):
            before = len(self._known)
            for owner, body in self._bodies:
                for each in statements(body):
                    self._known.update(self._named(owner, each))
        return any(
            self._has_read_text(owner, node)
            for owner, body in self._bodies
            for each in statements(body)
            for node in _find_tool_texts(each)
        )

    def _named(self, owner: Owner, each: ast.Stmt) -> Iterator[Place]:
        """Yield the names that a statement gives to text that was read."""
        match each:
            case (
                ast.ExtractStmt(name=ast.Name() as name)
                | ast.CopyStmt(name=ast.Name() as name)
                | ast.RunStmt(name=ast.Name() as name)
            ):
                if _has_text(type_read_by(each, self._model)):
                    yield from self._set(owner, each, name)
            case ast.KeepStmt(name=name, value=value) if self._has_read_text(owner, value):
                yield owner, name.text
            case ast.EmitStmt(value=value) if self._has_read_text(owner, value):
                yield owner, _RESULT
                yield owner, _OUTPUT + each.name.text
            case ast.ForStmt(variable=name, iterable=iterable) if self._has_read_text(
                owner, iterable
            ):
                yield owner, name.text
            case ast.CallStmt(arguments=arguments, result=result):
                task = self._model.calls[each]
                for given in arguments:
                    if self._has_read_text(owner, given.value):
                        yield task, given.name.text
                if result is not None and (task, _RESULT) in self._known:
                    yield from self._set(owner, each, result)
            case _:
                pass

    def _has_read_text(self, owner: Owner, node: ast.Node) -> bool:
        return any((owner, self._key_of(each)) in self._known for each in refs_outside_blocks(node))

    def _set(self, owner: Owner, each: ast.Stmt, name: ast.Name) -> Iterator[Place]:
        """Yield the names of what a reading or a call sets: a variable or an output."""
        if each in self._model.set_outputs:
            yield owner, _RESULT
            yield owner, _OUTPUT + name.text
        else:
            yield owner, name.text

    def _key_of(self, ref: ast.Ref) -> str:
        symbol = self._model.values.get(ref)
        is_output = symbol is not None and symbol.is_output
        return _OUTPUT + ref.name.text if is_output else ref.name.text


def _find_tool_texts(each: ast.Stmt) -> Iterator[ast.Node]:
    match each:
        case ast.TypeStmt(value=node) | ast.DoStmt(text=node) | ast.RunStmt(command=node):
            yield node
        case ast.CaptureStmt(file=node) | ast.ExportStmt(file=node):
            yield node
        case _:
            pass


def _has_text(type_: types.Type) -> bool:
    """Whether a value of a type may contain a text of any characters."""
    match type_:
        case types.Primitive(name):
            return name in _TEXTS
        case types.Enum():
            return type_.open
        case types.ListOf(inner) | types.Optional(inner):
            return _has_text(inner)
        case types.RecordOf(_, fields):
            return any(_has_text(field.type) for field in fields)
        case _:
            return False
