"""Find the values on which branches of a program depend, and the literals they are compared with.

if entry.status == "duplicate" { … }    the field `status` of `entry`, with "duplicate"
for invoice in invoices { … }               how many `invoices` there are
call enter(invoice: invoice) as entry       what decides in the task decides here

A value that becomes an output, or an input of a step, keeps the bounds of that field at its
source: the service refuses other values.

Values are identified by the name of their variable and the fields after it, not by entries. In a
chain, a value that decides in a step also decides at its source: an earlier step, or an input of
the chain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from flowdsl.semantics.model import ChainSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import output_set_by, statements
from flowdsl.semantics.types import (
    NO_CONSTRAINTS,
    Constraints,
    FieldType,
    ListOf,
    RecordOf,
    strip_optional,
)
from flowdsl.simulate.interpreter.chains import bindings_of_step
from flowdsl.simulate.interpreter.errors import NotAProgram
from flowdsl.source.matching_text import matching_text
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by
from flowdsl.syntax.visit import children

Path = tuple[str, ...]
"""The name of a variable of a body, then names of fields."""
Scope = ast.Block | ast.ChainDecl
"""The scope of a variable: a body, or a chain."""
Site = tuple[Scope, Path]


class Deciding:
    """The values on which the branches of some bodies, and of the tasks they call, depend.

    Each value is kept by its scope and path, with the literals that it is compared with. The bodies
    are those of one workflow, or of the steps of a `chain`. Raises NotAProgram for a workflow
    without steps.
    """

    def __init__(
        self,
        model: SemanticModel,
        workflows: Collection[WorkflowSymbol],
        chain: ChainSymbol | None = None,
    ) -> None:
        self._model = model
        self._chain = chain
        self._calls: dict[ast.Block, list[tuple[ast.Block, ast.CallStmt]]] = {}
        bodies = dict.fromkeys(map(steps_of, workflows))
        self._bodies = list(self._find_reached_bodies(bodies))
        self._found: dict[Site, list[Any]] = {}
        self._bounds: dict[Site, dict[Constraints, None]] = {}
        tested = [site for body in self._bodies for site in self._find_tested_values(body)]
        self._follow_origins([*tested, *self._refused()])
        for site, bounds in self._find_bounded_values(workflows):
            for source in self._origins(site):
                self._bounds.setdefault(source, {})[bounds] = None

    def bounds(self, scope: Scope, path: Path) -> Iterable[Constraints]:
        """Return the bounds of the outputs and inputs that a value flows into."""
        return self._bounds.get((scope, path), ())

    def literals(self, scope: Scope, path: Path) -> list[Any] | None:
        """Return the literals that a value is compared with; None if no branch depends on it."""
        return self._found.get((scope, path))

    def _find_reached_bodies(self, bodies: Iterable[ast.Block]) -> Iterator[ast.Block]:
        """Yield the bodies that a run can reach, and record their callers."""
        pending = [*bodies]
        seen = {*pending}
        while pending:
            body = pending.pop()
            yield body
            for statement in statements(body):
                if isinstance(statement, ast.CallStmt):
                    called = self._model.calls[statement].declaration.body
                    self._calls.setdefault(called, []).append((body, statement))
                    if called not in seen:
                        seen.add(called)
                        pending.append(called)

    def _find_tested_values(self, body: ast.Block) -> Iterator[tuple[Site, list[Any]]]:
        """Yield the values that the statements of a body test directly."""
        for statement in statements(body):
            match statement:
                case ast.IfStmt(branches=branches):
                    for branch in branches:
                        yield from self._in_condition(body, branch.condition)
                case ast.MatchStmt(operand=operand, branches=cases):
                    constants = self._model.constants
                    named = [constants[value] for each in cases for value in each.values]
                    yield (body, _path(operand)), named
                case ast.WhileStmt(condition=asked) | ast.RepeatStmt(condition=asked):
                    yield from self._in_condition(body, asked)
                case ast.ForStmt(iterable=ast.Ref() as iterable):
                    yield (body, _path(iterable)), []
                case _:
                    pass

    def _in_condition(
        self, body: ast.Block, condition: ast.Node
    ) -> Iterator[tuple[Site, list[Any]]]:
        """Yield the values in a condition, each with the other operand of its comparison."""
        match condition:
            case ast.SeesExpr():
                return
            case ast.OrExpr() | ast.AndExpr() | ast.NotExpr():
                for child in children(condition):
                    yield from self._in_condition(body, child)
            case ast.Ref():
                yield (body, _path(condition)), []
            case _:
                below = children(condition)
                constants = self._model.constants
                literals = [constants[node] for node in below if node in constants]
                for node in below:
                    if isinstance(node, ast.Ref):
                        yield (body, _path(node)), literals

    def _refused(self) -> Iterator[tuple[Site, list[Any]]]:
        """Yield values passed by a chain to a bounded input, with values that the input accepts."""
        for step, workflow in self._steps():
            for field in workflow.inputs:
                values = list(_generate_accepted_values(field.constraints))
                if values and field.name in self._bindings(step):
                    yield (steps_of(workflow), (field.name,)), values

    def _steps(self) -> Iterator[tuple[ast.ChainStep, WorkflowSymbol]]:
        for step, workflow in () if self._chain is None else self._chain.steps:
            if workflow is not None:
                yield step, workflow

    def _bindings(self, step: ast.ChainStep) -> Mapping[str, ast.Node]:
        return {} if self._chain is None else bindings_of_step(self._chain, step)

    def _follow_origins(self, pending: list[tuple[Site, list[Any]]]) -> None:
        """Follow values to their sources, until nothing new is found."""
        while pending:
            site, literals = pending.pop()
            known = self._found.get(site)
            fresh = [each for each in literals if known is None or each not in known]
            if known is not None and not fresh:
                continue
            self._found[site] = [*(known or ()), *fresh]
            pending += [(source, fresh) for source in self._sources(*site)]

    def _find_bounded_values(
        self, workflows: Collection[WorkflowSymbol]
    ) -> Iterator[tuple[Site, Constraints]]:
        """Find the values that become outputs, or inputs of a chain's steps, with their bounds."""
        for workflow in workflows:
            body = steps_of(workflow)
            for field in workflow.outputs:
                for path, bounds in _bounds_below(field):
                    for site in self._find_emitted_sources(body, list(path)):
                        yield site, bounds
        for step, workflow in self._steps():
            for field in workflow.inputs:
                if field.name in self._bindings(step):
                    for path, bounds in _bounds_below(field):
                        yield (steps_of(workflow), path), bounds

    def _origins(self, site: Site) -> Iterator[Site]:
        """Yield a value, and the variables that it comes from."""
        pending, seen = [site], {site}
        while pending:
            each = pending.pop()
            yield each
            fresh = [source for source in self._sources(*each) if source not in seen]
            seen.update(fresh)
            pending += fresh

    def _sources(self, scope: Scope, path: Path) -> Iterator[Site]:
        """Yield the variables that a value comes from."""
        if isinstance(scope, ast.ChainDecl):
            yield from self._of_step(path)
            return
        yield from self._find_handed_sources(scope, path)
        name, *rest = path
        for caller, call in self._calls.get(scope, ()):
            for argument in call.arguments:
                if argument.name.text == name:
                    yield from _find_named_variables(caller, argument.value, rest)
        for statement in statements(scope):
            match statement:
                case ast.ForStmt(variable=variable, iterable=iterable) if variable.text == name:
                    yield from _find_named_variables(scope, iterable, rest)
                case (
                    ast.KeepStmt(name=kept, value=value) | ast.EmitStmt(name=kept, value=value)
                ) if kept.text == name:
                    yield from _find_named_variables(scope, value, rest)
                case ast.CallStmt() if (
                    result := variable_set_by(statement)
                ) is not None and result.text == name:
                    body = self._model.calls[statement].declaration.body
                    yield from self._find_emitted_sources(body, rest)
                case _:
                    pass

    def _find_handed_sources(self, steps: ast.Block, path: Path) -> Iterator[Site]:
        """Yield the values that a chain passes as an input of a workflow."""
        for step, workflow in self._steps():
            value = self._bindings(step).get(path[0])
            if value is not None and steps_of(workflow) is steps:
                assert self._chain is not None, "it has steps"
                yield from _find_named_variables(self._chain.declaration, value, list(path[1:]))

    def _of_step(self, path: Path) -> Iterator[Site]:
        """Yield the source of a step's output, `export.outputs.file`; nothing for an input."""
        for step, workflow in self._steps():
            if path[:2] == (step.name.text, "outputs"):
                yield from self._find_emitted_sources(steps_of(workflow), list(path[2:]))

    def _find_emitted_sources(self, body: ast.Block, rest: list[str]) -> Iterator[Site]:
        """Yield the sources of the fields that a body sets; of all fields if `rest` is empty."""
        for statement in statements(body):
            name = output_set_by(statement, self._model.set_outputs)
            if name is None or rest[:1] not in ([], [name.text]):
                continue
            if isinstance(statement, ast.EmitStmt):
                yield from _find_named_variables(body, statement.value, rest[1:])
            else:
                yield body, (name.text, *rest[1:])


def steps_of(workflow: WorkflowSymbol) -> ast.Block:
    """Return the steps of a workflow; raise NotAProgram if it has none."""
    steps = workflow.declaration.steps
    if steps is None:
        raise NotAProgram(workflow.name)
    return steps


def _bounds_below(field: FieldType, above: Path = ()) -> Iterator[tuple[Path, Constraints]]:
    """Yield the bounds of a field and of its inner fields, by their path of names."""
    path = (*above, field.name)
    if field.constraints is not NO_CONSTRAINTS:
        yield path, field.constraints
    inner = strip_optional(field.type)
    while isinstance(inner, ListOf):
        inner = strip_optional(inner.element)
    if isinstance(inner, RecordOf):
        for each in inner.fields:
            yield from _bounds_below(each, path)


def _generate_accepted_values(constraints: Constraints) -> Iterator[Any]:
    """Yield values that the service accepts for an input."""
    if constraints.pattern is not None:
        text = matching_text(constraints.pattern)
        if text is not None:
            yield text
    for number in (constraints.minimum, constraints.maximum):
        if number is not None:
            yield Decimal(str(number))


def _find_named_variables(scope: Scope, value: ast.Node, rest: list[str]) -> Iterator[Site]:
    """Yield the variables that a value names, at the end of a path into it."""
    match value:
        case ast.Ref():
            yield scope, (*_path(value), *rest)
        case ast.ObjectExpr(pairs=pairs):
            for pair in pairs:
                key = pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value
                if rest[:1] in ([], [key]):
                    yield from _find_named_variables(scope, pair.value, rest[1:])
        case ast.ListExpr(items=items):
            for item in items:
                yield from _find_named_variables(scope, item, rest)
        case _:
            pass


def _path(ref: ast.Ref) -> Path:
    fields = (part.name for part in ref.path if isinstance(part, ast.FieldAccess))
    return (ref.name.text, *fields)
