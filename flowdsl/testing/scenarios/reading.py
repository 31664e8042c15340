"""A test of a workflow in the world that a rule of a scenario describes.

    "screen": {"~the list": false}         screen { "the list of Ann is open" = never }
                                           aborts "There is no list of Ann"

The workflow is carried out there, so that the test has the whole text of each question, and says
what the flow does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flowdsl.semantics.model import SemanticModel, WorkflowSymbol
from flowdsl.semantics.types import Optional, strip_optional
from flowdsl.simulate.executions import started_world
from flowdsl.simulate.interpreter.errors import MissingInText, NotAProgram, TooLong
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Refused, accepted_inputs
from flowdsl.simulate.world import Question, World

from ..explore.choices import Choices
from ..explore.exploring import Answered
from ..explore.running import PathRun, path_of
from ..explore.samples import NoSample, Samples
from ..explore.skeletons import path_test
from ..following import VALUES, Follower
from ..suite import Suite


class Answers(Protocol):
    """What a rule answers."""

    def __call__(
        self, question: Question, path: tuple[str, ...], entries: Sequence[int], usual: bool
    ) -> Any:
        """The answer to a question.

        `path` are the calls that lead to the variable that is read, and the variable; `entries` the
        passes of the loops around it, inner ones first; `usual` is what a screen shows where nobody
        says.
        """


class NoTest(Exception):
    """The workflow cannot be carried out in this world; the message says why."""


def written_test(
    suite: Suite,
    workflow: WorkflowSymbol,
    title: str,
    inputs: Mapping[str, Any],
    answers: Answers,
) -> str:
    """A test, laid out. Raises NoTest.

    `inputs` stand by their names on the wire; required ones that are missing there are made up.
    """
    given = {**_made_up(workflow, inputs), **inputs}
    reader = _Reader(suite.model, answers)
    world = World(given, reader.answer, {})
    payload = suite.payload(workflow)
    try:
        accepted_inputs(payload.input_schema, started_world(payload, world).inputs)
        ending = interpret(suite.model, workflow, world, suite.environment, reader).ending
    except Refused as refused:
        raise NoTest(f"the service refuses these inputs: {refused}") from None
    except MissingInText as missing:
        raise NoTest(f"`{missing.place.text}` stands in a text, and is missing") from None
    except NotAProgram:
        raise NoTest("it has no steps, but a prompt from a file") from None
    except TooLong as too_long:
        raise NoTest(str(too_long)) from None
    ways = tuple(reader.ways)
    key = frozenset(ways), ""
    run = PathRun("", workflow, key, ways, tuple(reader.asked), ending, "", ())
    text = path_test(path_of(given, (run,)), title, workflow)
    if text is None:
        raise NoTest("the language has no way to write one of its values")
    return text


def _made_up(workflow: WorkflowSymbol, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values for the inputs that a run has to be given and is not."""
    samples = Samples(Choices(), lambda path: None)
    made: dict[str, Any] = {}
    for field in workflow.inputs:
        is_needed = not field.has_default and not isinstance(field.type, Optional)
        if field.wire_name not in inputs and (is_needed or field.day is not None):
            type_ = strip_optional(field.type)
            try:
                made[field.wire_name] = samples.value(type_, (field.name,), field.constraints)
            except NoSample as problem:
                raise NoTest(f"nobody knows a value of `{problem}`: say one in `inputs`") from None
    return made


class _Reader(Follower):
    """Answers what one run asks by a rule, and writes it down."""

    def __init__(self, model: SemanticModel, answers: Answers) -> None:
        super().__init__(model)
        self._answers = answers
        self.asked: list[Answered] = []

    def answer(self, question: Question, position: int) -> Any:
        """The answer to a question, as a world gives it."""
        type_, path = self.type(question), self.path(question)
        usual: Any = ...
        is_value = question.kind in VALUES
        if not is_value:
            usual = self.usually(question)
        elif isinstance(type_, Optional):
            usual = None
        entries = [each.number for each in reversed(self.open)]
        answer = self._answers(question, path, entries, not is_value and usual)
        self.asked.append(Answered(question, path, type_, answer, usual))
        return answer
