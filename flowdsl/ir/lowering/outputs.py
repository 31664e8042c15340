"""Decides where each output of a workflow gets its value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set
from typing import assert_never

from flowdsl.semantics import model as semantic
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import inner_blocks, refs_outside_blocks
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.statements import LEAVES, leaving_else, name_set_by


class Emission(Record):
    """A statement that sets an output, and its block.

    The flags say whether it may be skipped, whether it may run more than once, and whether the run
    may have finished before.
    """

    statement: ast.Stmt
    block: ast.Block
    conditional: bool
    repeated: bool
    late: bool


class OutputPlan(Record):
    """Where an output comes from. `kind` is that of `ir.nodes.OutputSource`.

    `emission` is the first statement that sets it; `append` says that some `emit` adds an entry.
    """

    field: str
    kind: str
    emission: Emission | None
    append: bool


def find_used_outputs(
    symbols: Collection[semantic.ValueSymbol],
    body: ast.Block,
    model: SemanticModel,
    read: Set[str],
    others: Iterable[ast.Node] = (),
) -> frozenset[str]:
    """Return the outputs that a body or one of `others` reads, or sets other than by `emit`.

    Each needs a variable of its own, with its name. `symbols` are those of the body, `read` the
    names of all outputs that something reads anywhere.
    """
    if not any(symbol.is_output for symbol in symbols):
        return frozenset()
    every, fields = model.statements(body), model.set_outputs
    found = {fields[each].name for each in every if each in fields}
    if read.isdisjoint([symbol.name for symbol in symbols if symbol.is_output]):
        return frozenset(found)
    for ref in (ref for node in (*every, *others) for ref in refs_outside_blocks(node)):
        symbol = model.values.get(ref)
        if symbol is not None and symbol.is_output:
            found.add(symbol.name)
    return frozenset(found)


def plan_outputs(
    workflow: semantic.WorkflowSymbol,
    model: SemanticModel,
    body: ast.Block,
    used: frozenset[str],
) -> dict[str, OutputPlan]:
    """Plan every output, by field name; with `outputs from`, every field that is emitted.

    Those in `used` are variables of the run. Any other output needs no `Store` only if a single
    `emit` determines it: of a background extraction, of a constant, or of a runtime variable that
    is set whenever it is emitted and never set afterwards. An output with a default needs a `Store`
    if it may not be emitted.
    """
    emissions: dict[str, list[Emission]] = {}
    for emission in _Emissions(model).of(body, conditional=False, repeated=False):
        name = name_set_by(emission.statement)
        assert name is not None
        emissions.setdefault(name.text, []).append(emission)
    given = [field.name for field in workflow.outputs if field.has_default and field.name in used]
    settings = _Setters(body, model.statements(body), used, given)
    fields = [field.name for field in workflow.outputs]
    plans = {
        name: _plan_variable(name, emissions.get(name, []), settings)
        if name in used
        else _plan_output(name, emissions.get(name, []), settings, model)
        for name in dict.fromkeys([*fields, *emissions])
    }
    for field in workflow.outputs:
        first = plans[field.name].emission
        if field.default is not None and first and (first.conditional or first.late):
            append = plans[field.name].append
            plans[field.name] = OutputPlan(field.name, "stored", first, append)
    if workflow.outputs_from is None:
        return plans
    # A verbatim schema names no sources, so each variable must have the name of its output.
    return {name: _by_name(plan) for name, plan in plans.items()}


def _by_name(plan: OutputPlan) -> OutputPlan:
    """Change a plan so that the value is stored in a variable with the name of the output."""
    if plan.emission is None or plan.kind in ("background", "none"):
        return plan
    statement = plan.emission.statement
    assert isinstance(statement, ast.EmitStmt), "outputs of a schema file are only emitted"
    value = statement.value
    bare = isinstance(value, ast.Ref) and not value.path and value.name.text == plan.field
    if bare and plan.kind == "runtime":
        return plan
    return OutputPlan(plan.field, "stored", plan.emission, plan.append)


class _Setters:
    """Where the workflow's own statements (not those of tasks) set each variable and output.

    The outputs `given` have a default, which is there before the first statement.
    """

    def __init__(
        self,
        body: ast.Block,
        statements: Iterable[ast.Stmt],
        used: frozenset[str],
        given: Iterable[str],
    ) -> None:
        self.places: dict[str, list[int]] = {name: [body.start] for name in given}
        self.backgrounds: set[str] = set()
        self.results: set[str] = set()
        for statement in statements:
            name = name_set_by(statement)
            if isinstance(statement, ast.EmitStmt) and statement.name.text not in used:
                continue
            if name is not None:
                self.places.setdefault(name.text, []).append(name.start)
                if isinstance(statement, ast.CallStmt):
                    self.results.add(name.text)
                elif isinstance(statement, ast.ExtractStmt) and statement.background:
                    self.backgrounds.add(name.text)

    def is_emitted_as_it_ends(self, name: str, emission: Emission) -> bool:
        """Whether an emitted output equals the final value of `name` at the end of a run.

        That holds if every statement that sets the variable is before the `emit`, and in the same
        block as the `emit` if that may be skipped, and if no run ends before the `emit`.
        """
        places = self.places[name]
        if emission.conditional and not emission.block.start <= min(places):
            return False
        return max(places) < emission.statement.start


def _plan_variable(field: str, emissions: list[Emission], settings: _Setters) -> OutputPlan:
    """Plan an output that is a variable of the run."""
    kind = "background" if field in settings.backgrounds else "stored"
    append = any(_is_appending(emission) for emission in emissions)
    return OutputPlan(field, kind, emissions[0] if emissions else None, append)


def _is_appending(emission: Emission) -> bool:
    return isinstance(emission.statement, ast.EmitStmt) and emission.statement.append


def _plan_output(
    field: str, emissions: list[Emission], settings: _Setters, model: SemanticModel
) -> OutputPlan:
    if not emissions:
        return OutputPlan(field, "none", None, False)
    first = emissions[0]
    append = any(map(_is_appending, emissions))
    if len(emissions) > 1 or append or first.repeated:
        return OutputPlan(field, "stored", first, append)
    return OutputPlan(field, _classify_single_emission(first, settings, model), first, append)


def _classify_single_emission(emission: Emission, settings: _Setters, model: SemanticModel) -> str:
    assert isinstance(emission.statement, ast.EmitStmt), "any other sets a used output"
    value = emission.statement.value
    if isinstance(value, ast.Ref) and model.values[value].kind == semantic.RUNTIME:
        name = value.name.text
        if name in settings.backgrounds:
            return "background"
        if emission.late or (name in settings.results and not value.path):
            return "stored"  # not always emitted, or a record with a variable for each field
        return "runtime" if settings.is_emitted_as_it_ends(name, emission) else "stored"
    certain = not emission.conditional and not emission.late
    return "const" if certain and _is_constant(value, model) else "stored"


def _is_constant(value: ast.Expr, model: SemanticModel) -> bool:
    match value:
        case ast.IntLit() | ast.NumberLit() | ast.BoolLit() | ast.NullLit() | ast.ConstRef():
            return True
        case ast.Text():
            refs = [part for part in value.parts if isinstance(part, ast.Ref)]
            return all(_is_compile_time(ref, model) for ref in refs)
        case ast.Ref():
            return _is_compile_time(value, model)
        case ast.CountExpr(counted=counted):
            return _is_compile_time(counted, model)
        case ast.ListExpr():
            return all(_is_constant(item, model) for item in value.items)
        case ast.ObjectExpr():
            return all(_is_constant(pair.value, model) for pair in value.pairs)
        case _:
            assert_never(value)


def _is_compile_time(ref: ast.Ref, model: SemanticModel) -> bool:
    return model.values[ref].kind in (semantic.CONST, semantic.ENVIRONMENT)


class _Emissions:
    """Finds what sets outputs in a body, in order, and records which may follow a `finish`."""

    def __init__(self, model: SemanticModel) -> None:
        self._model = model
        self._finishing: dict[ast.Block | ast.Stmt, bool] = {}
        self._late = False

    def of(self, body: ast.Block, conditional: bool, repeated: bool) -> Iterator[Emission]:
        for statement in body.statements:
            if isinstance(statement, ast.EmitStmt) or statement in self._model.set_outputs:
                yield Emission(statement, body, conditional, repeated, self._late)
            for inner in inner_blocks(statement):
                yield from self.of(
                    inner.block, conditional or inner.may_skip, repeated or inner.may_repeat
                )
            self._late = self._late or self._may_finish_run(statement)

    def _may_finish_run(self, statement: ast.Stmt) -> bool:
        """Whether a statement may finish the run, itself or in a task that it calls."""
        if type(statement) in _STAYING:
            return False
        if statement not in self._finishing:
            self._finishing[statement] = self._find_finish(statement)
        return self._finishing[statement]

    def _find_finish(self, statement: ast.Stmt) -> bool:
        match statement:
            case ast.FinishStmt():
                return True
            case ast.CallStmt():
                return self._task_finishes(self._model.calls[statement])
            case _:
                pass
        if isinstance(leaving_else(statement), ast.FinishStmt):
            return True
        blocks = (inner.block for inner in inner_blocks(statement))
        return any(self._may_finish_run(each) for block in blocks for each in block.statements)

    def _task_finishes(self, task: semantic.TaskSymbol) -> bool:
        body = task.declaration.body
        if body not in self._finishing:
            self._finishing[body] = any(map(self._may_finish_run, body.statements))
        return self._finishing[body]


_STAYING = LEAVES - {ast.FinishStmt, ast.CallStmt}
"""Statements after which a run goes on, or which have failed it."""
