"""The run plan: how a whole run goes, decided before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from flowdsl.emulator.simulation.checks import CheckedFacts, Definition, find_wanted_files
from flowdsl.emulator.simulation.files import base_name
from flowdsl.emulator.simulation.outputs import fill_in, find_stated_values, make_outputs
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
from flowdsl.emulator.simulation.program import play_program, program_of
from flowdsl.emulator.simulation.prompts import (
    Step,
    evidence_of,
    loop_items,
    loop_span,
    read_steps,
)
from flowdsl.emulator.simulation.schemas import read_schema
from flowdsl.emulator.simulation.variables import PathError, Values, render_text

BY_PHRASES = (
    "FlowDSL did not write this prompt as it stands: it is played by its phrases, and nothing in "
    "it is decided."
)


def play(plan: PlayedRun) -> RunPlan:
    """Return the run plan; it is the same for the same `plan`."""
    effects = plan.effects
    try:
        prompt = render_text(plan.prompt, plan.inputs)
    except PathError as error:
        return broken_run_plan(plan, str(error))
    if plan.obstacle is not None:
        return broken_run_plan(plan, plan.obstacle)
    if effects.refuse is not None:
        return replace(broken_run_plan(plan, effects.refuse), running_ms=0)
    program = program_of(plan.prompt, plan.input_schema, plan.output_schema)
    if program is None:
        return _Player(plan, prompt).run_plan()
    return play_program(plan, program, prompt)


@dataclass(frozen=True, slots=True)
class _FailingStep:
    """The step that fails, and the loop around it.

    `start` is the first step of the loop, `stop` follows its last one, and `entries` is the number
    of the pass that fails, 0 outside of loops and for an empty list.
    """

    step: int
    start: int = 0
    stop: int = 0
    entries: int = 0


class _Player:
    def __init__(self, plan: PlayedRun, prompt: str) -> None:
        self._plan = plan
        self._prompt = prompt
        self._steps = read_steps(plan.prompt)
        self._schema = read_schema(plan.output_schema)
        self._history = HistoryWriter(plan.seed, plan.images, plan.trajectory_id)

    def run_plan(self) -> RunPlan:
        plan, effects = self._plan, self._plan.effects
        running_ms = length_of(plan)
        end = len(self._steps)
        failing = None
        if effects.fail is not None:
            failing = _FailingStep(_failing_step(self._steps, effects.fail.step))
            end = min(failing.step + 1, end)
        elif effects.error is not None:
            end = (end + 1) // 2
        runtime = find_stated_values(self._steps, plan.inputs)
        output_data, note = make_outputs(
            self._schema, plan.output_schema, plan.inputs, runtime, plan.seed, effects.outputs
        )
        fill_in(runtime, self._steps, plan.seed)
        if failing is not None:
            failing = self._in_its_loop(failing, runtime)
        attachments = self._list_attachments(end, failing, runtime, running_ms)
        names = [attachment.name for attachment in attachments]
        facts = CheckedFacts(plan.inputs, runtime, names, output_data, self._schema)
        if failing is None and effects.error is None and effects.attachments is None:
            extra = _files_for_checks(plan.checks, facts)
            attachments += [Attachment(name, running_ms) for name in extra]
            facts = replace(facts, filenames=[*names, *extra])
        reason = self._write_history(end, failing, running_ms, runtime, note)
        return conclude_run(
            plan,
            self._history,
            facts,
            attachments,
            [self._steps[index] for index, _ in self._order(end, failing)],
            failed=None if failing is None else reason,
        )

    def _in_its_loop(self, failing: _FailingStep, runtime: Values) -> _FailingStep:
        """Return `failing` with the loop around it and the pass in which it fails."""
        assert self._plan.effects.fail is not None
        span = loop_span(self._steps, failing.step)
        if span is None:
            return failing
        entries = len(self._rounds_of_loop(self._steps[failing.step].loop, runtime))
        return _FailingStep(failing.step, *span, min(self._plan.effects.fail.entry, entries))

    def _order(self, end: int, failing: _FailingStep | None) -> list[tuple[int, int]]:
        """Return the executed steps before `end` in order, each with the pass of its loop, from 0.

        The first pass of a loop represents all, unless a later one fails.
        """
        if failing is None or failing.entries < 2:
            return [(index, 0) for index in range(end)]
        order = [(index, 0) for index in range(failing.stop)]
        body = range(failing.start + 1, failing.stop)
        for entry in range(1, failing.entries):
            order += [(index, entry) for index in body]
        return order[: order.index((failing.step, failing.entries - 1)) + 1]

    def _list_attachments(
        self, end: int, failing: _FailingStep | None, runtime: Values, running_ms: int
    ) -> list[Attachment]:
        """Return the files that the steps before `end` attach, or those that the scenario names."""
        named = self._plan.effects.attachments
        if named is not None:
            return [Attachment(base_name(name), running_ms) for name in named]
        attachments: list[Attachment] = []
        for evidence in evidence_of(self._steps):
            rounds = self._rounds_of_loop(evidence.loop, runtime)
            if failing is not None and failing.start <= evidence.step < failing.stop:
                rounds = rounds[: failing.entries - (evidence.step > failing.step)]
            elif evidence.step >= end:
                break
            at_ms = time_of_step(evidence.step, len(self._steps), running_ms)
            for item in rounds:
                name = _render_or_keep(evidence.name, self._plan.inputs, {**runtime, **item})
                attachments.append(Attachment(base_name(name), at_ms))
        return attachments

    def _rounds_of_loop(self, loop: str | None, runtime: Values) -> list[dict[str, JsonValue]]:
        if loop is None:
            return [{}]
        try:
            items = loop_items(loop, self._plan.inputs, runtime)
        except PathError:
            return []
        return [{"loop_item": item} for item in items]

    def _write_history(
        self,
        end: int,
        failing: _FailingStep | None,
        running_ms: int,
        runtime: Values,
        note: str | None,
    ) -> str:
        """Write the messages of the steps before `end`; return the reason if the task fails."""
        plan, history = self._plan, self._history
        history.prompt(self._prompt)
        history.note(0, BY_PHRASES, "played_by_phrases")
        reason = ""
        order = self._order(end, failing)
        count = len(order) + len(self._steps) - end
        for position, (index, entry) in enumerate(order):
            step = self._steps[index]
            at_ms = time_of_step(position, count, running_ms)
            rounds = self._rounds_of_loop(step.loop, runtime)
            item: Values = {}
            if failing is not None and failing.entries and failing.start < index < failing.stop:
                item = rounds[entry]
            text = _render_or_keep(step.text, plan.inputs, item)
            error = None
            if failing is not None and position == len(order) - 1:
                reason = _reason_of_failure(plan, self._steps, index, {**runtime, **item})
                error = reason
            elif plan.effects.error is not None and index == end - 1:
                error = plan.effects.error
            history.step(
                at_ms,
                step,
                text,
                error,
                iterations=len(rounds) if step.loop is not None else None,
                iteration=entry,
            )
        if failing is not None:
            history.failure(running_ms, reason)
        elif plan.effects.error is None:
            if note is not None:
                history.note(running_ms, note, "output_data_missing")
            history.end(running_ms)
        return reason


def _failing_step(steps: Sequence[Step], number: str) -> int:
    """Return the step with this number (in a group the first with a reason), else the last step."""
    group = [
        index
        for index, step in enumerate(steps)
        if step.number == number or step.number.startswith(f"{number}.")
    ]
    declaring = [index for index in group if steps[index].reasons]
    return (declaring or group[-1:] or [max(len(steps) - 1, 0)])[0]


def _reason_of_failure(plan: PlayedRun, steps: Sequence[Step], index: int, runtime: Values) -> str:
    assert plan.effects.fail is not None
    if plan.effects.fail.reason is not None:
        return plan.effects.fail.reason
    declared = steps[index].reasons
    if declared:
        return _render_or_keep(declared[0], plan.inputs, runtime)
    return f"step {steps[index].number} failed"


def _files_for_checks(checks: Sequence[Definition], facts: CheckedFacts) -> list[str]:
    extra: list[str] = []
    for check in checks:
        try:
            present = replace(facts, filenames=[*facts.filenames, *extra])
            extra += find_wanted_files(check, present)
        except PathError:
            continue
    return extra


def _render_or_keep(text: str, inputs: Values, runtime: Values) -> str:
    try:
        return render_text(text, inputs, runtime)
    except PathError:
        return text
