"""Where statements stand: the run, and the variables of the workflow or of one call of a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowdsl.semantics.model import SemanticModel
from flowdsl.semantics.traversal import statements
from flowdsl.semantics.types import FieldType
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by

from ..trace import Recorder
from ..world import Question
from .errors import TooLong
from .values import Value

MAX_STEPS = 100_000
"""The most statements, passes and rounds of a run. A program that is right needs fewer."""


class Run:
    """One run of a workflow.

    `inputs` are by their names on the wire, `environment` the `vars` of an environment.
    """

    def __init__(
        self,
        model: SemanticModel,
        recorder: Recorder,
        inputs: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> None:
        self.model = model
        self.recorder = recorder
        self.inputs = inputs
        self.environment = environment
        self._steps = 0

    def count(self) -> None:
        """Count a statement, a pass or a round."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TooLong(MAX_STEPS)


class Frame:
    """What the statements of a workflow, or of one call of a task, can name and fill.

    - `names`: the values of parameters, loop variables and runtime variables.
    - `fields`: the outputs of the workflow or the fields of the task's result, by name.
    - `emitted`: those that have a value, by name.
    """

    def __init__(
        self,
        run: Run,
        source: SourceFile,
        body: ast.Block,
        fields: Iterable[FieldType],
        arguments: Mapping[str, Value],
    ) -> None:
        self.run = run
        self.source = source
        self.names: dict[str, Value] = dict(arguments)
        self.fields = {field.name: field for field in fields}
        self.emitted: dict[str, Value] = {
            each.name.text: Value([])
            for each in statements(body)
            if isinstance(each, ast.EmitStmt) and each.append
        }

    def at(self, node: ast.Node) -> None:
        """What happens next comes from `node`."""
        self.run.recorder.place = node.span(self.source)

    def take(self, value: Value) -> Any:
        """The JSON of a value on which something depends: what it answers was used."""
        for _, (question, position) in value.origins:
            self.run.recorder.use(question, position)
        return value.data

    def holds(self, question: Question) -> bool:
        """The answer to a question of yes or no, which is used at once."""
        answer = self.run.recorder.ask(question)
        self.run.recorder.use(question)
        return bool(answer)

    def begin(self, body: ast.Block) -> None:
        """Begin a pass, a round or an attempt: the variables that it sets are missing."""
        self.run.count()
        for statement in statements(body):
            name = variable_set_by(statement)
            if name is not None:
                self.names.pop(name.text, None)

    def kept(self) -> tuple[dict[str, Value], dict[str, Value]]:
        """What `restore` takes back."""
        return dict(self.names), dict(self.emitted)

    def restore(self, kept: tuple[dict[str, Value], dict[str, Value]]) -> None:
        """Forget every value that was set and emitted since `kept`."""
        self.names, self.emitted = dict(kept[0]), dict(kept[1])
