"""Run the tests of chains: step by step, each by the source and by the prompt.

The inputs of a step are computed twice as well: from the source, and from the request that starts
the chain, in which `{"$ref": "export.outputs.file"}` refers to an output of an earlier step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.codegen.artifacts import ChainArtifact
from flowdsl.ir.days import NoDay
from flowdsl.semantics.model import ChainSymbol, WorkflowSymbol
from flowdsl.simulate.executions import FirstRuns, disagreements_with, on_its_day
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.simulate.interpreter.chains import ChainRun
from flowdsl.simulate.interpreter.errors import TooLong, UnknownDay
from flowdsl.simulate.interpreter.values import spell_value
from flowdsl.simulate.machine.execute import Refused
from flowdsl.simulate.trace import NOT_STARTED, SUCCESS, Asked, Ending, Event, Trace
from flowdsl.simulate.world import World
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .answers import Answer, Script, answers_of
from .cases import Case, day_of_test, find_given_place, inputs_of
from .expectations import Unmet, list_problems, unmet_by_outputs, unmet_by_run, unmet_reason
from .following import Entry
from .literals import LiteralValues
from .outcome import DISAGREEMENT, MISTAKEN, Problem, Result, place_of
from .suite import (
    BUG,
    TODAY,
    Suite,
    check_names,
    execute_workflow,
    find_disagreement,
    prepare_starting_world,
)
from .telling import Line, list_lines, shorten_line


class Ran(Record):
    """A step of a chain that has run, with its `world`, in which computed dates are filled in.

    If the service refuses the inputs of the step, its trace is NOT_STARTED.
    """

    name: str
    workflow: WorkflowSymbol
    script: Script
    trace: Trace
    world: World


def run_chain_test(suite: Suite, case: Case, chain: ChainSymbol) -> Result:
    """Return the result of a test of a chain."""
    literals = suite.literals(case.module)
    problems: list[Problem] = []
    ran: list[Ran] = []
    for each in chain_runs(suite, case, chain, problems):
        ran.append(each)
        if each.trace.ending.status == NOT_STARTED:
            continue
        found = disagreements_with(FirstRuns(suite.payload(each.workflow), each.world, each.trace))
        place = literals.span(case.title_node)
        problems += find_disagreement(found, DISAGREEMENT, BUG, place)
    is_whole = not any(each.kind == MISTAKEN for each in problems)
    if is_whole and ran:
        problems += _find_unmet_expectations(suite, case, literals, ran)
        problems += _find_unused_answers(case, literals, ran)
    return Result(
        case.title,
        case.subject,
        place_of(literals.span(case.title_node)),
        tuple(problems),
        frozenset(branch for each in ran for branch in each.script.branches),
        frozenset(place for each in ran for place in each.script.statements()),
    )


def chain_runs(
    suite: Suite, case: Case, chain: ChainSymbol, problems: list[Problem]
) -> Iterator[Ran]:
    """Run the steps by the source until one fails or cannot start; add errors to `problems`."""
    literals = suite.literals(case.module)
    title = literals.span(case.title_node)
    today, given = day_of_test(case, inputs_of(case, literals))
    budget = Budget()
    try:
        run = ChainRun(suite.model, chain, given, suite.environment, today, budget)
    except UnknownDay as unknown:
        place = place_of(find_given_place(case) or title)
        message = f"{unknown}: say in `given` which day is `today`, or give `{unknown.name}` itself"
        problems.append(Problem(MISTAKEN, message, place, "" if today else TODAY))
        return
    sent = Sent(suite.chain(chain), run.inputs)
    for step, workflow in chain.steps:
        assert workflow is not None, "the check found the workflow of every step"
        try:
            inputs = run.given(step, workflow)
        except TooLong as too_long:
            problems.append(Problem(MISTAKEN, too_long.told, place_of(title)))
            return
        problems += _differently_sent(step, inputs, sent, workflow, title)
        answers = _answers_for_step(case, step.name.text, literals)
        script = Script(suite.model, answers, literals)
        world = script.world(inputs, today)
        name = step.name.text
        try:
            prepare_starting_world(suite.payload(workflow), workflow, world)
        except Refused as refused:
            yield Ran(name, workflow, script, not_started(str(refused)), world)
            return
        except NoDay:
            pass  # reported by the execution
        trace = execute_workflow(
            suite, workflow, script, world, find_given_place(case) or title, budget
        )
        if isinstance(trace, Problem):
            problems.append(trace)
            return
        yield Ran(name, workflow, script, trace, on_its_day(workflow, world))
        if not trace.is_well:
            return
        run.ends(step, trace.ending.outputs)
        sent.ends(step.name.text, trace.ending.outputs)


def lines_of_chain(suite: Suite, case: Case, chain: ChainSymbol) -> list[Line]:
    """Return what the steps of a chain do, in order; empty if none can run."""
    ran = [*chain_runs(suite, case, chain, [])]
    if not ran:
        return []
    trace, script = _join_step_traces(suite, suite.literals(case.module), ran)
    return list_lines(trace, script.places)


def not_started(reason: str) -> Trace:
    """Return the trace of a step that the service refuses to start."""
    return Trace(("", ""), (), (), {}, Ending(NOT_STARTED, reason, {}), ())


def _answers_for_step(case: Case, step: str, literals: LiteralValues) -> tuple[Answer, ...]:
    """Return the answers of a test to the questions of a step."""
    sections = (
        section
        for item in case.items
        if isinstance(item, ast.StepAnswers) and item.step.text == step
        for section in item.sections
    )
    return answers_of(sections, literals)


# Requests


class Sent:
    """The request that starts a chain, with its references resolved as the service resolves them.

    `inputs` are those of the chain, by wire name.
    """

    def __init__(self, artifact: ChainArtifact, inputs: Mapping[str, Any]) -> None:
        self._body = artifact.whole
        self._inputs = inputs
        self._outputs: dict[str, Mapping[str, Any]] = {}

    def ends(self, step: str, outputs: Mapping[str, Any]) -> None:
        """Record the outputs of a step."""
        self._outputs[step] = outputs

    def given(self, step: str) -> dict[str, Any]:
        """Return the inputs of a step; inputs without a value are absent."""
        (body,) = (each for each in self._body["steps"] if each["session_alias"] == step)
        written = self._body.get("shared_inputs", {}) | body.get("inputs", {})
        values = {name: self._value(each) for name, each in written.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _value(self, written: Any) -> Any:
        match written:
            case {"$ref": path}:
                step, _, *rest = path.split(".")
                return _value_at_path(self._outputs[step], rest)
            case {"$input": path}:
                return _value_at_path(self._inputs, path.split("."))
            case _:
                return written


def _value_at_path(value: Any, path: list[str]) -> Any:
    """Return the value at a path; a wire name may contain full stops, and so span several parts."""
    if not path or value is None:
        return value
    if isinstance(value, list):
        number = int(path[0]) if path[0].isdecimal() else len(value)
        return _value_at_path(value[number], path[1:]) if number < len(value) else None
    if not isinstance(value, Mapping):
        return None
    for end in range(len(path), 0, -1):
        name = ".".join(path[:end])
        if name in value:
            return _value_at_path(value[name], path[end:])
    return None


def _differently_sent(
    step: ast.ChainStep,
    inputs: Mapping[str, Any],
    sent: Sent,
    workflow: WorkflowSymbol,
    place: Span,
) -> Iterator[Problem]:
    """Report a step whose inputs in the request differ from those in the source."""
    known = {field.wire_name for field in workflow.inputs}
    given = {name: value for name, value in sent.given(step.name.text).items() if name in known}
    if given != inputs:
        name = step.name.text
        message = f"step `{name}` is sent other inputs than meant, which is a bug of FlowDSL"
        shown = tuple(
            shorten_line(f"{who}  {spell_value(values)}")
            for who, values in (("the chain", inputs), ("is sent  ", given))
        )
        yield Problem(DISAGREEMENT, message, place_of(place), shown=shown)


# Expectations


def _find_unmet_expectations(
    suite: Suite, case: Case, literals: LiteralValues, ran: list[Ran]
) -> Iterator[Problem]:
    """Return the expectations of a test, on the chain and on its steps, that are not met."""
    trace, script = _join_step_traces(suite, literals, ran)
    names = [name for each in ran for name in check_names(suite.payload(each.workflow))]
    found = [
        *unmet_by_run(case, literals, trace, script, names),
        *_unmet_by_steps(case, literals, ran),
        *_unmet_refusals(case, literals, ran[-1]),
    ]
    return list_problems(found, literals, trace, script, suite.show_path)


def _unmet_by_steps(case: Case, literals: LiteralValues, ran: list[Ran]) -> Iterator[Unmet]:
    by_name = {each.name: each for each in ran}
    for item in case.items:
        if isinstance(item, ast.ExpectStepOutputs):
            done = by_name.get(item.step.text)
            trace = None if done is None else done.trace
            fields = () if done is None else done.workflow.outputs
            yield from unmet_by_outputs(item, literals, fields, trace, ran[-1].name)


def _unmet_refusals(case: Case, literals: LiteralValues, last: Ran) -> Iterator[Unmet]:
    """Yield unexpected refusals by the service, and expected ones that did not occur."""
    refused: dict[str, str] = {}
    if last.trace.ending.status == NOT_STARTED:
        refused["inputs"] = last.trace.ending.reason or ""
    elif last.trace.refused is not None:
        refused["outputs"] = last.trace.refused
    for item in case.items:
        if not isinstance(item, ast.ExpectStepRefused):
            continue
        if item.step.text == last.name and item.what in refused:
            yield from unmet_reason(item, literals, item.reason, refused.pop(item.what))
        else:
            step = f"step `{item.step.text}`"
            so = f"what {step} is given" if item.what == "inputs" else f"the outputs of {step}"
            yield Unmet(item, f"the service does not refuse {so}")
    for what, reason in refused.items():
        place = last.script.refused_at
        if what == "inputs":
            assert case.chain is not None, "only a chain has steps"
            steps = (each for each, _ in case.chain.steps if each.name.text == last.name)
            place = next(steps).span(case.chain.module.source)
            reason = f"step `{last.name}` is not started: {reason}"
        yield Unmet(case.title_node, reason, place=place)


def _join_step_traces(
    suite: Suite, literals: LiteralValues, ran: list[Ran]
) -> tuple[Trace, Script]:
    """Join the traces of the steps into one, with the places where each question was asked."""
    events: list[Event] = []
    places: list[object] = []
    asked: list[Asked] = []
    script = Script(suite.model, (), literals)
    moved = 0
    for each in ran:
        trace, before = each.trace, len(events)
        script.steps += each.script.steps
        for entry in each.script.entries:
            shifted = Entry(entry.loop, entry.number, entry.entry, entry.start + before)
            shifted.end = entry.end + before
            script.entries.append(shifted)
        for (question, position), place in each.script.places.items():
            script.places[question, position + moved] = place
        events += trace.events
        places += trace.places
        asked += [Asked(one.question, one.position + moved, one.answer) for one in trace.asked]
        moved += each.script.position
    last = ran[-1].trace
    ending = Ending(last.ending.status, last.ending.reason, {})
    if last.ending.status == NOT_STARTED:
        ending = Ending(SUCCESS, None, {})  # of the steps that ran
    checks = tuple(verdict for each in ran for verdict in each.trace.checks)
    whole = Trace(
        last.heading,
        tuple(events),
        tuple(asked),
        {},
        ending,
        tuple(places),
        checks=checks,
    )
    return whole, script


def _find_unused_answers(case: Case, literals: LiteralValues, ran: list[Ran]) -> Iterator[Problem]:
    """Yield the answers that no step used; a step that did not run uses none."""
    names = {each.name for each in ran}
    for each in ran:
        for answer, message in each.script.unused():
            yield Problem(MISTAKEN, message, place_of(answer.span))
    for item in case.items:
        if isinstance(item, ast.StepAnswers) and item.step.text not in names and item.sections:
            message = f"step `{item.step.text}` does not run: step `{ran[-1].name}` fails before it"
            yield Problem(MISTAKEN, message, place_of(literals.span(item.step)))
