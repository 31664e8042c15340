"""Decides where each output of a workflow gets its value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import assert_never

from flowdsl.semantics import model as semantic
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.source.record import Record
from flowdsl.syntax import ast


class Emission(Record):
    """An `emit` and its block; whether it may be skipped, and whether it may run more than once."""

    statement: ast.EmitStmt
    block: ast.Block
    conditional: bool
    repeated: bool


class OutputPlan(Record):
    """Where an output comes from. `kind` is that of `ir.nodes.OutputSource`.

    `emission` is the first `emit`; `append` says that some `emit` adds an entry.
    """

    field: str
    kind: str
    emission: Emission | None
    append: bool


def plan_outputs(
    workflow: semantic.WorkflowSymbol, model: semantic.SemanticModel, body: ast.Block
) -> dict[str, OutputPlan]:
    """The plan of every output by field name; with `outputs from`, of every field that is emitted.

    An output needs no `Store` only if one place alone decides it: a single `emit` of a background
    reading, of a constant, or of a runtime variable that is set once, and is set whenever it is
    emitted.
    """
    emissions: dict[str, list[Emission]] = {}
    for emission in _emissions(body, conditional=False, repeated=False):
        emissions.setdefault(emission.statement.name.text, []).append(emission)
    settings = _Settings(body)
    names = dict.fromkeys([*(field.name for field in workflow.outputs), *emissions])
    return {name: _plan(name, emissions.get(name, []), settings, model) for name in names}


class _Settings:
    """Where the statements of a workflow itself set each runtime variable."""

    def __init__(self, body: ast.Block) -> None:
        self.count: Counter[str] = Counter()
        self.backgrounds: set[str] = set()
        self._direct: dict[str, ast.Block] = {}
        self._visit(body)

    def _visit(self, block: ast.Block) -> None:
        for statement in block.statements:
            if (name := _sets(statement)) is not None:
                self.count[name] += 1
                self._direct[name] = block
                if isinstance(statement, ast.ExtractStmt) and statement.background:
                    self.backgrounds.add(name)
            for inner in inner_blocks(statement):
                self._visit(inner.block)

    def stand_beside(self, name: str, block: ast.Block) -> bool:
        """Whether the only statement that sets `name` stands in `block` itself."""
        return self.count[name] == 1 and self._direct[name] is block


def _sets(statement: ast.Stmt) -> str | None:
    match statement:
        case ast.ExtractStmt() | ast.CopyStmt():
            return statement.name.text
        case ast.RunStmt() if statement.name is not None:
            return statement.name.text
        case ast.CallStmt() if statement.result is not None:
            return statement.result.text
        case _:
            return None


def _plan(
    field: str, emissions: list[Emission], settings: _Settings, model: semantic.SemanticModel
) -> OutputPlan:
    if not emissions:
        return OutputPlan(field, "none", None, False)
    first = emissions[0]
    append = any(emission.statement.append for emission in emissions)
    if len(emissions) > 1 or append or first.repeated:
        return OutputPlan(field, "stored", first, append)
    return OutputPlan(field, _single(first, settings, model), first, append)


def _single(emission: Emission, settings: _Settings, model: semantic.SemanticModel) -> str:
    value = emission.statement.value
    if isinstance(value, ast.Ref) and value.sigil == ast.RUNTIME:
        name = value.name.text
        if name in settings.backgrounds:
            return "background"
        if settings.stand_beside(name, emission.block):
            return "runtime"
        return "runtime" if not emission.conditional and settings.count[name] == 1 else "stored"
    return "const" if not emission.conditional and _is_constant(value, model) else "stored"


def _is_constant(value: ast.Expr, model: semantic.SemanticModel) -> bool:
    match value:
        case ast.IntLit() | ast.NumberLit() | ast.BoolLit() | ast.NullLit() | ast.ConstRef():
            return True
        case ast.Text():
            refs = [part for part in value.parts if isinstance(part, ast.Ref)]
            return all(_is_compile_time(ref, model) for ref in refs)
        case ast.Ref():
            return _is_compile_time(value, model)
        case ast.ListExpr():
            return all(_is_constant(item, model) for item in value.items)
        case ast.ObjectExpr():
            return all(_is_constant(pair.value, model) for pair in value.pairs)
        case _:
            assert_never(value)


def _is_compile_time(ref: ast.Ref, model: semantic.SemanticModel) -> bool:
    return model.values[ref].kind in (semantic.CONST, semantic.ENVIRONMENT)


def _emissions(body: ast.Block, conditional: bool, repeated: bool) -> Iterator[Emission]:
    for statement in body.statements:
        if isinstance(statement, ast.EmitStmt):
            yield Emission(statement, body, conditional, repeated)
        for inner in inner_blocks(statement):
            yield from _emissions(
                inner.block, conditional or inner.may_skip, repeated or inner.may_repeat
            )
