"""The state of an execution: the run, and the variables of the workflow or of one task call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from flowdsl.semantics import types
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import statements
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by

from ..trace import Recorder
from ..world import Question
from .budget import Budget, json_weight
from .errors import TooLong
from .values import Value
from .watching import NOBODY, Watcher

Known: TypeAlias = Callable[[Sequence[str | int]], bool]
"""Whether the part of a value at a path is known at compile time."""


class Run:
    """One run of a workflow.

    `inputs` are by wire name, `given` the values passed for them, `environment` the `vars` of an
    environment. `watcher` is notified of the position. `loops` are the loops the run is in,
    outermost first. `types_what_it_read` is the result of the function of that name in
    `statements.spelling`.
    """

    types_what_it_read = False

    def __init__(
        self,
        model: SemanticModel,
        recorder: Recorder,
        inputs: Mapping[str, Any],
        environment: Mapping[str, str],
        watcher: Watcher = NOBODY,
        budget: Budget | None = None,
    ) -> None:
        self.watcher = watcher
        self.model = model
        self.recorder = recorder
        self.inputs = inputs
        self.given: Mapping[str, Any] = {}
        self.environment = environment
        self.loops: list[Span] = []
        self._budget = Budget() if budget is None else budget

    def count(self) -> None:
        """Count a statement, a pass, a round or an attempt; raises `TooLong`."""
        budget = self._budget
        budget.left -= 1
        if budget.left < 0:
            raise TooLong(f"takes more than {budget.steps:,} steps", self.loops)

    def fill(self, characters: int) -> None:
        """Count the characters of a text that is filled in; raises `TooLong`."""
        budget = self._budget
        budget.characters_left -= characters
        if budget.characters_left < 0:
            takes = f"fills in and keeps more than {budget.characters:,} characters"
            raise TooLong(takes, self.loops)

    def count_size(self, data: Any) -> None:
        """Count the size of a value that is read, kept or passed; raises `TooLong`."""
        self.fill(json_weight(data, self._budget.characters_left))


class Frame:
    """The variables and outputs of a workflow, or of one call of a task.

    - `names`: the values of parameters, loop variables and runtime variables.
    - `fields`: the outputs of the workflow or the fields of the task's result, by name.
    - `emitted`: those that have a value, by name.
    - `makers`: the statement that set each of them last.
    - `known`: for each parameter, whether the part of its argument at a path is known at compile
      time.
    """

    def __init__(
        self,
        run: Run,
        source: SourceFile,
        body: ast.Block,
        fields: Iterable[types.FieldType],
        arguments: Mapping[str, Value],
    ) -> None:
        self.run = run
        self.source = source
        self.names: dict[str, Value] = dict(arguments)
        self.known: Mapping[str, Known] = {}
        self.fields = {field.name: field for field in fields}
        self.emitted: dict[str, Value] = {
            each.name.text: Value([])
            for each in statements(body)
            if isinstance(each, ast.EmitStmt) and each.append
        }
        self.makers: dict[str, ast.Stmt] = {}
        self._setters: list[tuple[str, ast.Stmt]] = [
            (name.text, each)
            for each in statements(body)
            if (name := variable_set_by(each)) is not None and each not in run.model.set_outputs
        ]

    def store(self, statement: ast.Stmt, name: str, value: Value) -> None:
        """Set the variable or the output that a reading or a call names."""
        if statement in self.run.model.set_outputs:
            self.makers[name] = statement
            self.emitted[name] = value
        else:
            self.names[name] = value

    def at(self, node: ast.Node) -> None:
        """Record that the next events come from `node`."""
        self.run.recorder.place = node.span(self.source)

    def asks(self, node: ast.Node) -> None:
        """Record that the next question is that of `node`."""
        self.run.watcher.asks(self.source, node)

    def takes(self, node: ast.Node, way: str) -> None:
        """Record that `node` takes one of its branches, which `watching` names."""
        self.run.watcher.takes(self.source, node, way)

    def holds(self, question: Question) -> bool:
        """Return the answer to a yes/no question."""
        return bool(self.run.recorder.ask(question))

    @contextmanager
    def loop(self, statement: ast.Stmt) -> Iterator[None]:
        """Return a context in which the passes, rounds or attempts of a statement are executed."""
        loops = self.run.loops
        loops.append(statement.span(self.source))
        try:
            yield
        finally:
            loops.pop()

    def begin(self, body: ast.Block) -> None:
        """Begin a pass or a round: variables that it sets on some paths only become missing.

        Variables that a `keep` outside of it declares are retained.
        """
        self.run.count()
        self._forget(body, set(_certainly_set(body)))

    def attempt(self, body: ast.Block) -> dict[str, Value]:
        """Begin an attempt: its variables become missing. Return the state for `fail`."""
        self.run.count()
        self._forget(body, set())
        return dict(self.emitted)

    def forget(self, body: ast.Block) -> None:
        """End a body that failed: all variables that it sets become missing."""
        self._forget(body, set())

    def fail(self, body: ast.Block, emitted: dict[str, Value]) -> None:
        """End a failed attempt: its variables become missing, and its outputs are rolled back."""
        self._forget(body, set())
        self.emitted = dict(emitted)

    def _forget(self, body: ast.Block, certain: set[str]) -> None:
        for name, statement in self._setters:
            inside = _stands_in(statement, body) and name not in certain
            if inside and not self._outlives(name, body):
                self.names.pop(name, None)

    def _outlives(self, name: str, body: ast.Block) -> bool:
        return any(
            isinstance(each, ast.KeepStmt) and each.type is not None and not _stands_in(each, body)
            for variable, each in self._setters
            if variable == name
        )

    def type_of(self, name: str) -> types.Type:
        """Return the type of a runtime variable that a `keep` sets."""
        declared = self.run.model.declared_types
        typed = (
            getattr(each, "type", None) for variable, each in self._setters if variable == name
        )
        return next((declared[each] for each in typed if each is not None), types.ANY)


def _certainly_set(body: ast.Block) -> Iterator[str]:
    """Yield the variables that every path through a body sets, unless it leaves the body."""
    for statement in body.statements:
        name = variable_set_by(statement)
        if name is not None and not isinstance(statement, ast.ForStmt):
            yield name.text
        if isinstance(statement, ast.StepStmt):
            yield from _certainly_set(statement.body)


def _stands_in(statement: ast.Stmt, block: ast.Block) -> bool:
    return block.start <= statement.start < block.end
