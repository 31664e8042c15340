"""Walking over statements and the references in them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.statements import HOLDING, LEAVES, WITH_ELSE, else_of, variable_set_by
from flowdsl.syntax.visit import node_fields

from .types import STRING, UNKNOWN, FieldType, Type

_WITHOUT_REFS = frozenset(
    (
        "Name",
        "Name | None",
        "Dotted",
        "StringLit",
        "StringLit | None",
        "IntLit | None",
        "Duration",
        "Duration | None",
        "TypeExpr",
        "TypeExpr | None",
        "Block",
        "Block | None",
        "tuple[PathPart, ...]",
        "tuple[Annotation, ...]",
    )
)
"""The type annotations of node fields that contain no reference, or contain it in a block."""
_REF_FIELDS: dict[type, tuple[str, ...]] = {}


def refs_outside_blocks(node: ast.Node | None) -> list[ast.Ref]:
    """Return the references below `node` that are not in a block of statements, in source order."""
    found: list[ast.Ref] = []
    if node is not None and not isinstance(node, ast.Block):
        _collect_refs(node, found)
    return found


def _collect_refs(node: ast.Node, found: list[ast.Ref]) -> None:
    class_ = type(node)
    if class_ is ast.Text:
        for part in node.parts:  # type: ignore[attr-defined]
            if type(part) is ast.Ref:
                found.append(part)
        return
    if class_ is ast.Ref:
        found.append(node)  # type: ignore[arg-type]
        return
    names = _REF_FIELDS.get(class_)
    if names is None:
        names = _REF_FIELDS[class_] = node_fields(class_, _WITHOUT_REFS)
    for name in names:
        value = getattr(node, name)
        if isinstance(value, tuple):
            for child in value:
                _collect_refs(child, found)
        elif (value is not None and class_ is not ast.Otherwise) or (
            value is not None and not isinstance(value, ast.Block)
        ):
            _collect_refs(value, found)


class RefIndex:
    """Some references of one file, sorted, so that those in a node are found without a walk."""

    __slots__ = ("_refs", "_starts")

    def __init__(self, refs: Iterable[ast.Ref]) -> None:
        self._refs = sorted(refs, key=lambda ref: ref.start)
        self._starts = [ref.start for ref in self._refs]

    def within(self, node: ast.Node) -> Sequence[ast.Ref]:
        """Return the references in a node, including its blocks, in source order."""
        starts = self._starts
        first = bisect_left(starts, node.start)
        if first == len(starts) or starts[first] >= node.end:
            return ()
        return self._refs[first : bisect_left(starts, node.end, first)]


NO_REFS = RefIndex(())

_ONLY_ELSE = WITH_ELSE - HOLDING
"""Statements whose only block is that of their `else`, which most of them do not have."""


def statements(block: ast.Block) -> list[ast.Stmt]:
    """Return every statement of `block` and of the blocks inside it, in pre-order.

    The bodies of called tasks are not included.
    """
    found: list[ast.Stmt] = []
    _collect_statements(block, found)
    return found


def _collect_statements(block: ast.Block, found: list[ast.Stmt]) -> None:
    for statement in block.statements:
        found.append(statement)
        class_ = type(statement)
        if class_ in LEAVES:
            continue
        if class_ in _ONLY_ELSE:
            otherwise = statement.otherwise  # type: ignore[union-attr]
            if otherwise is not None and type(otherwise.action) is ast.Block:  # type: ignore[union-attr]
                _collect_statements(otherwise.action, found)  # type: ignore[union-attr]
            continue
        if isinstance(statement, ast.StepStmt):
            _collect_statements(statement.body, found)
            continue
        if isinstance(statement, ast.AnnotatedStmt):
            found.append(statement.statement)
        for inner in inner_blocks(statement):
            _collect_statements(inner.block, found)


def output_set_by(
    statement: ast.Stmt, set_outputs: Mapping[ast.Stmt, FieldType]
) -> ast.Name | None:
    """Return the name of the output, or of the field of a task's result, that a statement sets.

    `set_outputs` is the table of that name.
    """
    if isinstance(statement, ast.EmitStmt):
        return statement.name
    return variable_set_by(statement) if statement in set_outputs else None


def own_variable_set_by(
    statement: ast.Stmt, set_outputs: Mapping[ast.Stmt, FieldType]
) -> ast.Name | None:
    """Return the name of the runtime variable that a statement sets, unless it is an output."""
    return None if statement in set_outputs else variable_set_by(statement)


class ReadingTables(Protocol):
    """The tables of `Program` and of `SemanticModel` that say what a reading reads."""

    @property
    def declared_types(self) -> dict[ast.TypeExpr, Type]: ...

    @property
    def set_outputs(self) -> dict[ast.Stmt, FieldType]: ...


READINGS = (ast.ExtractStmt, ast.CopyStmt, ast.RunStmt)
"""The statements that read a value into a variable."""


def type_read_by(
    statement: ast.ExtractStmt | ast.CopyStmt | ast.RunStmt, tables: ReadingTables
) -> Type:
    """Return the type of what a statement reads: its own, or that of the output that it sets.

    A command whose output is not kept reads a text. UNKNOWN after an error.
    """
    if statement.type is not None:
        return tables.declared_types.get(statement.type, UNKNOWN)
    field = tables.set_outputs.get(statement)
    return STRING if field is None else field.type


class KeptVariables:
    """The declarations `keep name: type = value` of the statements of one body."""

    __slots__ = ("_declared",)

    def __init__(self, statements: Iterable[ast.Stmt]) -> None:
        self._declared: dict[str, list[int]] = {}
        for statement in statements:
            if type(statement) is ast.KeepStmt and statement.type is not None:
                self._declared.setdefault(statement.name.text, []).append(statement.start)

    def outlives(self, name: str, passes: ast.Block) -> bool:
        """Whether a variable keeps its value between passes: it is declared outside of them."""
        declared = self._declared.get(name, ())
        return any(not passes.start <= at < passes.end for at in declared)


class InnerBlock(Record):
    """A block of a statement.

    `may_skip`: it does not always run. `may_repeat`: it can run more than once.
    """

    block: ast.Block
    may_skip: bool
    may_repeat: bool


def inner_blocks(statement: ast.Stmt) -> tuple[InnerBlock, ...]:
    """Return the blocks directly inside a statement, in source order."""
    class_ = type(statement)
    if class_ in LEAVES or (class_ in _ONLY_ELSE and statement.otherwise is None):  # type: ignore[union-attr]
        return ()
    return tuple(_inner_blocks(statement))


def _inner_blocks(statement: ast.Stmt) -> Iterator[InnerBlock]:
    match statement:
        case ast.AnnotatedStmt():
            yield from inner_blocks(statement.statement)
        case ast.StepStmt():
            yield InnerBlock(statement.body, False, False)
        case ast.IfStmt() | ast.MatchStmt():
            for branch in statement.branches:
                yield InnerBlock(branch.body, True, False)
            if statement.otherwise is not None:
                yield InnerBlock(statement.otherwise, True, False)
        case ast.ForStmt():
            yield InnerBlock(statement.body, True, True)
            if statement.failure is not None:
                yield InnerBlock(statement.failure, True, True)
        case ast.RetryStmt():
            yield InnerBlock(statement.body, True, True)
            if statement.otherwise is not None:
                yield InnerBlock(statement.otherwise, True, False)
        case ast.WhileStmt() | ast.RepeatStmt():
            yield InnerBlock(statement.body, isinstance(statement, ast.WhileStmt), True)
            yield from _otherwise(statement.otherwise)
        case _:
            yield from _otherwise(else_of(statement))


def _otherwise(otherwise: ast.Otherwise | None) -> Iterator[InnerBlock]:
    if otherwise is not None and isinstance(otherwise.action, ast.Block):
        yield InnerBlock(otherwise.action, True, False)
