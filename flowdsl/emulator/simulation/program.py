"""Plays a prompt that FlowDSL generated, and writes the run plan as the service would.

It uses the prompt machine of the tests, in the world that the scenario describes (`program_desk`):
with the same answers, a run ends as the program does. Nothing here interprets a prompt;
`flowdsl.simulate.machine` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import JsonValue

from flowdsl.emulator.simulation.checks import CheckedFacts
from flowdsl.emulator.simulation.files import base_name
from flowdsl.emulator.simulation.outputs import variables_behind_fields
from flowdsl.emulator.simulation.plans import (
    Attachment,
    HistoryWriter,
    PlayedRun,
    RunPlan,
    broken_run_plan,
    conclude_run,
    length_of,
    time_of_step,
)
from flowdsl.emulator.simulation.program_desk import ScenarioDesk, Unplayable
from flowdsl.emulator.simulation.prompts import Step
from flowdsl.emulator.simulation.schemas import read_schema
from flowdsl.emulator.simulation.variables import as_text, parse_path, set_at
from flowdsl.simulate.machine import performance as machine
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.trace import BROKEN, CAPTURE, EXPORT, FAILED, Asked
from flowdsl.simulate.world import COPY, OUTPUT, READ

_FILES = (CAPTURE, EXPORT)


@lru_cache(maxsize=64)
def program_of(prompt: str, input_schema: str | None, output_schema: str | None) -> Payload | None:
    """Return the payload for the machine; None for a prompt that FlowDSL did not generate."""
    if not (_has_properties(input_schema) and _has_properties(output_schema)):
        return None
    payload = Payload(prompt, input_schema, output_schema)
    return payload if machine.is_ours(payload) else None


def play_program(plan: PlayedRun, program: Payload, prompt: str) -> RunPlan:
    """Return the run plan of a program; `prompt` is its prompt with the inputs filled in.

    A replay repeats its recording if the prompt still has the recorded lines; else the program is
    played from the beginning.
    """
    desk = ScenarioDesk(
        plan.effects,
        plan.inputs,
        plan.seed,
        machine.labels_of(program),
        _schemas_by_variable(program),
    )
    recording = machine.recording_of(program, plan.recorded) if plan.recorded else None
    try:
        performance = machine.perform_payload(program, plan.inputs, desk, recording)
    except Unplayable as error:
        return broken_run_plan(plan, str(error))
    return _RunPlanWriter(plan, prompt, desk, performance).run_plan()


class _RunPlanWriter:
    """Writes the run plan for what the machine did."""

    def __init__(
        self, plan: PlayedRun, prompt: str, desk: ScenarioDesk, performance: machine.Performance
    ) -> None:
        self._plan = plan
        self._prompt = prompt
        self._desk = desk
        self._ending = performance.ending
        self._refused = performance.refused
        self._values = performance.values
        self._steps = _select_shown_steps(performance.steps)
        if plan.effects.error is not None:
            self._steps = self._steps[: (len(self._steps) + 1) // 2]
        self._failed, self._broken_by = self._reasons()
        self._running_ms = length_of(plan)
        self._history = HistoryWriter(plan.seed, plan.images, plan.trajectory_id)

    def run_plan(self) -> RunPlan:
        plan = self._plan
        attachments = list(self._collect_attachments())
        output_data = self._output_data()
        facts = CheckedFacts(
            plan.inputs,
            self._values,
            [each.name for each in attachments],
            output_data,
            read_schema(plan.output_schema),
        )
        recorded = self._write_history()
        return conclude_run(
            plan,
            self._history,
            facts,
            attachments,
            [_history_step(each) for each in self._steps],
            failed=self._failed,
            broken_by=self._broken_by,
            recorded=recorded,
        )

    def _reasons(self) -> tuple[str | None, str | None]:
        """Return why the task failed, and why the run could not continue; at most one is set."""
        ending, effects = self._ending, self._plan.effects
        if effects.error is not None:
            return None, effects.error
        if ending.status == BROKEN:
            return None, f"the prompt cannot be carried out: {ending.reason}"
        if self._refused is not None:
            return None, f"the outputs are not what the output schema says: {self._refused}"
        if ending.status != FAILED:
            return None, None
        if effects.fail is not None and effects.fail.reason and self._desk.has_failed:
            return effects.fail.reason, None
        return ending.reason or "", None

    def _output_data(self) -> JsonValue:
        overrides = self._plan.effects.outputs
        if self._plan.output_schema is None and not overrides:
            return None
        values: dict[str, JsonValue] = dict(self._ending.outputs)
        for text, wanted in overrides.items():
            path = parse_path(text)
            if path is not None:
                set_at(values, path, wanted)
        return values

    def _is_stuck(self) -> bool:
        """Whether the cause of the failure is the prompt itself, not the scenario."""
        return self._ending.status == BROKEN or self._refused is not None

    def _at_ms(self, index: int) -> int:
        return time_of_step(index, len(self._steps), self._running_ms)

    def _collect_attachments(self) -> Iterator[Attachment]:
        """Yield the files that the program saved, or those that the scenario names."""
        named = self._plan.effects.attachments
        if named is not None:
            yield from (Attachment(base_name(name), self._running_ms) for name in named)
            return
        for index, step in enumerate(self._steps):
            for event in step.events:
                if event.verb in _FILES:
                    yield Attachment(base_name(event.texts[0]), self._at_ms(index))

    def _write_history(self) -> dict[str, str]:
        """Write the messages; return the recorded lines by the ids of their tool calls."""
        history = self._history
        history.prompt(self._prompt)
        error = self._failed if self._broken_by is None else self._broken_by
        recorded: dict[str, str] = {}
        for index, step in enumerate(self._steps):
            loop, entry, entries = _loop_around(step)
            call = history.step(
                self._at_ms(index),
                _history_step(step),
                step.text,
                error if index == len(self._steps) - 1 else None,
                iterations=entries,
                iteration=entry,
                loop=loop,
                answer="\n".join(_describe_answer(each) for each in step.asked),
            )
            if call is not None and all(each.entry == 1 for each in step.spot.passes):
                recorded[call] = step.line
        for key in self._desk.replies.unused():
            history.note(
                self._running_ms,
                f"The scenario answers `{key}`, which this run does not ask.",
                "scenario_answer_unused",
            )
        if self._failed is not None:
            history.failure(self._running_ms, self._failed)
        elif self._broken_by is not None and self._is_stuck():
            history.note(self._running_ms, self._broken_by, "run_error")
        elif self._broken_by is None:
            history.end(self._running_ms, self._ending.reason)
        return recorded


def _select_shown_steps(steps: Sequence[machine.Step]) -> list[machine.Step]:
    """Return the lines that the history shows: titles, actions, and the last line in any case.

    The agent mentions the titles that it reaches, and executes the other lines.
    """
    return [each for each in steps if each.title or each.acts or each is steps[-1]]


def _describe_answer(asked: Asked) -> str:
    """Render a question with its answer, as the agent reports it."""
    question, answer = asked.question, asked.answer
    if question.kind in (READ, COPY, OUTPUT):
        return f"{question.text}: {'not there' if answer is None else as_text(answer)}"
    return f"{question.text}: {'yes' if answer else 'no'}"


def _loop_around(step: machine.Step) -> tuple[int | None, int, int | None]:
    """Return the innermost loop at a line, the pass from 0, and the number of passes."""
    if step.entries is not None:
        return step.begins, 0, step.entries
    if not step.spot.passes:
        return None, 0, None
    innermost = step.spot.passes[-1]
    return innermost.loop, innermost.entry - 1, innermost.entries


def _history_step(step: machine.Step) -> Step:
    """Return the step that the history shows for a line."""
    return Step(step.spot.label, step.text, None, step.title)


def _schemas_by_variable(program: Payload) -> Mapping[str, Any]:
    """Return the output schemas, by the variables that the outputs are taken from."""
    schema = json.loads(program.output_schema or "{}")
    names = variables_behind_fields(schema)
    return {names.get(name, name): rule for name, rule in schema.get("properties", {}).items()}


def _has_properties(schema: str | None) -> bool:
    """Whether a schema has FlowDSL's form: an object whose properties have schemas."""
    if schema is None:
        return True
    try:
        read: JsonValue = json.loads(schema)
    except (ValueError, RecursionError):
        return False
    properties = read.get("properties", {}) if isinstance(read, dict) else None
    return isinstance(properties, dict) and all(
        isinstance(each, dict) for each in properties.values()
    )
