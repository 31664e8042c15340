"""A test of a workflow or a chain in the world that rules of a scenario describe.

    "screen": {"~the list": false}         screen { "the list of Ann is open" = never }
                                           aborts "There is no list of Ann"

It is carried out there, so that the test has the whole text of each question, and says what the
flow does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from flowdsl.ir.days import NoDay
from flowdsl.semantics import types
from flowdsl.semantics.model import ChainSymbol, SemanticModel, WorkflowSymbol
from flowdsl.simulate.executions import on_its_day, started_world
from flowdsl.simulate.interpreter.chains import ChainRun
from flowdsl.simulate.interpreter.errors import MissingInText, NotAProgram, TooLong
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Refused, accepted_inputs
from flowdsl.simulate.world import CHECK, Question, World
from flowdsl.syntax import ast

from ..explore.choices import Choices
from ..explore.exploring import Answered
from ..explore.running import (
    PathRun,
    after,
    inputs_of_chain,
    needs_today,
    path_of,
    path_run,
)
from ..explore.samples import NoSample, Samples
from ..explore.skeletons import path_test
from ..following import VALUES, Follower
from ..suite import Suite, check_names

SOME_DAY = date(2026, 1, 31)
"""The day of a chain whose steps depend on it, which no scenario says."""


class Answers(Protocol):
    """What a rule answers; to the statement of a post-run check by the name of that."""

    def __call__(
        self, question: Question, path: tuple[str, ...], entries: Sequence[int], usual: bool
    ) -> Any:
        """The answer to a question.

        `path` are the calls that lead to the variable that is read, and the variable; `entries` the
        passes of the loops around it, inner ones first; `usual` is what a screen shows where nobody
        says.
        """


class NoTest(Exception):
    """It cannot be carried out in this world; the message says why."""


def written_test(
    suite: Suite,
    workflow: WorkflowSymbol,
    title: str,
    inputs: Mapping[str, Any],
    answers: Answers,
) -> str:
    """A test of a workflow, laid out. Raises NoTest.

    `inputs` stand by their names on the wire; required ones that are missing there are made up.
    """
    given = {**dict(_made_up(workflow.inputs, inputs)), **inputs}
    run = _carried_out(suite, workflow, given, answers)
    return _laid_out(given, [run], title, workflow)


def written_chain_test(
    suite: Suite,
    chain: ChainSymbol,
    title: str,
    rule_for: Callable[[WorkflowSymbol], Answers | None],
) -> str:
    """A test of a chain, laid out. Raises NoTest, also where a step runs for which no rule is.

    Its inputs are made up: a scenario names none of a chain.
    """
    fields = inputs_of_chain(chain)
    given, today = dict(_made_up(fields, {})), None
    if needs_today(chain):
        today = SOME_DAY
    run = ChainRun(suite.model, chain, given, suite.environment, today)
    done: list[PathRun] = []
    for step, workflow in chain.steps:
        assert workflow is not None, "the check found the workflow of every step"
        answers = rule_for(workflow)
        if answers is None:
            raise NoTest(f"no rule is for step `{step.name.text}`")
        name, inputs = step.name.text, run.given(step, workflow)
        done.append(_carried_out(suite, workflow, inputs, answers, name, today))
        ending = done[-1].ending
        if ending is None or not done[-1].goes_on:
            break
        run.ends(step, ending.outputs)
    days = {} if today is None else {types.TODAY: today.isoformat()}
    return _laid_out({**days, **given}, done, title, chain)


def _laid_out(
    given: Mapping[str, Any],
    runs: Sequence[PathRun],
    title: str,
    subject: WorkflowSymbol | ChainSymbol,
) -> str:
    text = path_test(path_of(given, runs), title, subject)
    if text is None:
        raise NoTest("the language has no way to write one of its values")
    return text


def _carried_out(
    suite: Suite,
    workflow: WorkflowSymbol,
    given: Mapping[str, Any],
    answers: Answers,
    step: str = "",
    today: date | None = None,
) -> PathRun:
    """A run of a workflow, in a chain of the step of a name."""
    payload = suite.payload(workflow)
    reader = _Reader(suite.model, answers, dict(_named_checks(workflow, check_names(payload))))
    world = World(given, reader.answer, {}, today)
    try:
        begun = started_world(payload, on_its_day(workflow, world))
        accepted_inputs(payload.input_schema, begun.inputs)
        trace = interpret(suite.model, workflow, world, suite.environment, reader)
    except Refused as refused:
        raise NoTest(f"the service refuses these inputs: {refused}") from None
    except MissingInText as missing:
        raise NoTest(f"`{missing.place.text}` stands in a text, and is missing") from None
    except NotAProgram:
        raise NoTest("it has no steps, but a prompt from a file") from None
    except (TooLong, NoDay) as problem:
        raise NoTest(str(problem)) from None
    found = path_run(step, workflow, reader, trace.ending, (), asked=reader.asked)
    return after(found, payload, trace)


def _made_up(
    fields: Iterable[types.FieldType], inputs: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Values for the inputs that a run has to be given and is not."""
    samples = Samples(Choices())
    for field in fields:
        is_needed = not field.has_default and not isinstance(field.type, types.Optional)
        if field.wire_name not in inputs and (is_needed or field.day is not None):
            type_ = types.strip_optional(field.type)
            try:
                made = samples.value(type_, (field.name,), field.constraints)
            except NoSample as problem:
                raise NoTest(f"nobody knows a value of `{problem}`: say one in `inputs`") from None
            yield field.wire_name, made


def _named_checks(workflow: WorkflowSymbol, names: Iterable[str]) -> Iterator[tuple[ast.Node, str]]:
    """The post-run checks of the source, with their names on the service."""
    sections = (each for each in workflow.declaration.items if isinstance(each, ast.ChecksSection))
    every = (check for section in sections for check in section.checks)
    checks = (check for check in every if not isinstance(check.body, ast.CleanupCheck))
    yield from zip(checks, names, strict=False)


class _Reader(Follower):
    """Answers what one run asks by a rule, and writes it down.

    `checks` are the names of the post-run checks.
    """

    def __init__(
        self, model: SemanticModel, answers: Answers, checks: Mapping[ast.Node, str]
    ) -> None:
        super().__init__(model)
        self._answers = answers
        self._checks = checks
        self.asked: list[Answered] = []

    def _judge(self, question: Question) -> bool:
        """What the model of a check says, by the name of the check."""
        name = "" if self.node is None else self._checks.get(self.node, "")
        holds = bool(self._answers(question, (name,), (), True))
        self.asked.append(Answered(question, (), types.BOOL, holds, True))
        return holds

    def answer(self, question: Question, position: int) -> Any:
        """The answer to a question, as a world gives it."""
        if question.kind == CHECK:
            return self._judge(question)
        type_, path = self.type(question), self.path(question)
        usual: Any = ...
        is_value = question.kind in VALUES
        if not is_value:
            usual = self.usually(question)
        elif isinstance(type_, types.Optional):
            usual = None
        entries = [each.number for each in reversed(self.open)]
        answer = self._answers(question, path, entries, not is_value and usual)
        self.asked.append(Answered(question, path, type_, answer, usual))
        return answer
