"""One run of an exploration, in which every answer is a recorded choice."""

from __future__ import annotations

from datetime import date
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.interpreter.fields import on_the_wire
from flowdsl.simulate.world import CHECK, DAY, SOME_DAY, Question
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.testing.explore.samples import Choices

from ..following import VALUES, RunFollower
from .deciding import Deciding
from .samples import Samples


class Answered(Record):
    """A question of a run with its answer.

    - `path`: for a value, the calls that lead to its variable, then the variable.
    - `type`: the type of the answer.
    - `usual`: the default, which a test may leave out: a boolean, or None for an optional value;
      `...` if the test must answer.
    """

    question: Question
    path: tuple[str, ...]
    type: types.Type
    answer: Any
    usual: Any


class Explorer(RunFollower):
    """Answer the questions of one run by choices.

    A repeated question gets its previous answer, unless a new one is chosen: a run in which
    something never appears differs by one choice from the default run. `step` is the chain step
    that is executed, on the day `today`.
    """

    def __init__(
        self,
        model: SemanticModel,
        steps: ast.Block,
        deciding: Deciding,
        choices: Choices,
        outer_calls: int = 0,
        step: str = "",
        today: date | None = None,
    ) -> None:
        super().__init__(model, outer_calls)
        self._bodies = [steps]
        self._deciding = deciding
        self._choices = choices
        self._step = step
        self._today = today
        self._last: dict[ast.Node, Any] = {}
        self.asked: list[Answered] = []

    def answer(self, question: Question, position: int) -> Any:
        """Return the answer to a question, as a world does."""
        if question.kind == CHECK:
            return True  # the verdict of a model on a check does not affect control flow
        if question.kind == DAY:
            return SOME_DAY if self._today is None else self._today.isoformat()
        type_ = self.type(question)
        usual: Any = ...
        if question.kind not in VALUES:
            usual = self.usually(question)
            answer = self._yes_or_no(usual=usual)
        else:
            answer = self._value(type_)
            if isinstance(type_, types.Optional):
                usual = None
        self.asked.append(Answered(question, self.path(question), type_, answer, usual))
        return answer

    def takes(self, source: SourceFile, node: ast.Node, branch: str) -> None:
        super().takes(source, node, branch)
        self._choices.record_branch((self._step, node, branch))

    def begins_call(self, source: SourceFile, call: ast.CallStmt) -> None:
        super().begins_call(source, call)
        self._bodies.append(self.model.calls[call].declaration.body)

    def ends_call(self) -> None:
        super().ends_call()
        self._bodies.pop()

    def _yes_or_no(self, *, usual: bool) -> bool:
        assert self.node is not None, "somebody asks"
        asked_before = self.node in self._last
        expected = bool(self._last.get(self.node, usual))
        is_other = self._choices.choose(2, (self.node, asked_before))
        answer = self._last[self.node] = not expected if is_other else expected
        return answer

    def _value(self, type_: types.Type) -> Any:
        assert self.node is not None, "somebody asks"
        if self.node in self._last and not self._choices.choose(2, (self.node, True)):
            return self._last[self.node]
        answer = self._last[self.node] = self._fresh(type_)
        return answer

    def _fresh(self, type_: types.Type) -> Any:
        """Return a value for a read; one that is required may be unreadable."""
        name = getattr(self.node, "name", None)
        assert isinstance(name, ast.Name), "what is read is saved"
        # Background reads are evaluated after the run has ended.
        has_to_be = not isinstance(type_, types.Optional)
        is_looked_at = has_to_be and not getattr(self.node, "background", False)
        if is_looked_at and self._choices.choose(2, (self.node, False)):
            return None
        return on_the_wire(self._samples().value(type_, (name.text,)), type_)

    def _samples(self) -> Samples:
        return Samples(self._choices, self._deciding, self._bodies[-1])
