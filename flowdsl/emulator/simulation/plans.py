"""The input of the simulation, its result, and the history that a run writes.

Both players use this module. The messages of the history consist of the blocks that `ChatMessage`
of the official SDK describes.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from flowdsl.emulator.simulation.checks import CheckedFacts, CheckOutcome, Definition, evaluate
from flowdsl.emulator.simulation.prompts import PLAIN_TOOL, Step
from flowdsl.emulator.simulation.rules import Effects, HeldState
from flowdsl.emulator.simulation.variables import PathError, Values

INFRASTRUCTURE_FAILURE = "infra_failure"
"""The `billing_outcome` of a run that costs nothing."""

Message = tuple[int, dict[str, JsonValue]]
"""A message and when it is written, in milliseconds after the start."""

_NAMESPACE = uuid.UUID("6c1f2a52-5b0f-4f55-9a44-3d4f2f6d7a10")


class HistoryWriter:
    """Collects the messages of one run; ids derive from `seed`, picture addresses from `images`."""

    def __init__(self, seed: str, images: str, trajectory_id: str | None) -> None:
        self.messages: list[Message] = []
        self._seed = seed
        self._images = images
        self._trajectory_id = trajectory_id
        self._pictures = 0
        self._steps = 0
        self._loops = 0
        self._loop: str | None = None

    def prompt(self, text: str) -> None:
        """Write the agent's initial prompt, with the inputs filled in."""
        self._add_message(0, "user", [_text_block(text)])

    def step(
        self,
        at_ms: int,
        step: Step,
        text: str,
        error: str | None,
        *,
        iterations: int | None,
        iteration: int = 0,
        loop: int | None = None,
        answer: str | None = None,
    ) -> str | None:
        """Write one line of the prompt: the agent's action and the result.

        Lines in a loop have the id of the loop and their `iteration`; `iterations` is the number of
        passes. `loop` is the index of the loop, from 0, if loops are numbered. `answer` is the
        result of the tool, by default that it is done. Returns the id of the call, None for a
        heading.
        """
        if loop is not None:
            self._loop = self._make_id(f"loop-{loop}")
        extra = self._marks_of_step(step, iterations, iteration)
        said = _text_block(f"{step.number} {text}")
        if step.is_group:
            self._add_message(at_ms, "assistant", [said], extra)
            return None
        call = self._make_id(f"tool-{self._steps}")
        self._steps += 1
        use: dict[str, JsonValue] = {
            "type": "tool_use",
            "tool_use_id": call,
            "tool_name": step.tool,
            "tool_input": {"instruction" if step.tool == "focused_action" else "text": text},
        }
        result: dict[str, JsonValue] = {"type": "tool_result", "tool_use_id": call}
        if error is None:
            result["tool_result"] = answer or _describe_step_result(step, iterations)
        else:
            result["error"] = error
        self._add_message(at_ms, "assistant", [said, use], extra)
        self._add_message(at_ms, "user", [result, self._next_picture()], extra)
        return call

    def failure(self, at_ms: int, reason: str) -> None:
        """Write the agent's explicit declaration that the task has failed."""
        call = self._make_id("failure")
        use: dict[str, JsonValue] = {
            "type": "tool_use",
            "tool_use_id": call,
            "tool_name": "declare_task_failed",
            "tool_input": {"reason": reason},
        }
        self._add_message(at_ms, "assistant", [use], {"event_type": "task_failed"})

    def note(self, at_ms: int, text: str, event: str) -> None:
        """Write a message of the service itself."""
        self._add_message(at_ms, "system", [_text_block(text)], {"event_type": event})

    def end(self, at_ms: int, reason: str | None = None) -> None:
        """Write the agent's last message: all steps are done, or `reason` ends the task early."""
        done = "All steps are done." if reason is None else f"The task is complete: {reason}"
        self._add_message(at_ms, "assistant", [_text_block(done)])

    def _marks_of_step(
        self, step: Step, iterations: int | None, iteration: int
    ) -> dict[str, JsonValue]:
        marks: dict[str, JsonValue] = {}
        if not step.is_group:
            marks["step_index"] = self._steps
        if self._trajectory_id is not None and step.tool == PLAIN_TOOL:
            marks["trajectory_id"] = self._trajectory_id
        if iterations is None:
            self._loop = None
        elif iterations:
            if self._loop is None:
                self._loop = self._make_id(f"loop-{self._loops}")
                self._loops += 1
            marks |= {"loop_uuid": self._loop, "iteration_index": iteration}
        return marks

    def _next_picture(self) -> dict[str, JsonValue]:
        self._pictures += 1
        return {"type": "image", "image_url": f"{self._images}{self._pictures}.png"}

    def _make_id(self, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._seed}/{name}"))

    def _add_message(
        self,
        at_ms: int,
        role: str,
        blocks: list[dict[str, JsonValue]],
        extra: dict[str, JsonValue] | None = None,
    ) -> None:
        content: list[JsonValue] = list(blocks)
        self.messages.append((at_ms, {"role": role, "content": content, **(extra or {})}))


def _text_block(text: str) -> dict[str, JsonValue]:
    return {"type": "text", "text": text}


def _describe_step_result(step: Step, iterations: int | None) -> str:
    if step.tool == "start_loop":
        return "the loop is skipped" if not iterations else f"the loop has {iterations} entries"
    if step.tool == "end_loop_iteration":
        return f"{iterations or 0} iterations are done"
    return "done"


RUNNING_MS = 800
CHECKING_MS = 300
_BROKEN_MS = 100
"""How long a run that cannot begin is shown as running."""

DIMENSIONS = {"width": 1024, "height": 768}
"""The screen of every emulated desktop."""


@dataclass(frozen=True, slots=True)
class PlayedRun:
    """The input from which a run is played.

    `obstacle` is the reason why it cannot begin, and `seed` varies the values that are made up.
    `trajectory_id` is the trajectory to replay, `recorded` the lines of the prompt in it, if they
    are known.
    """

    seed: str
    prompt: str
    inputs: Values
    output_schema: str | None = None
    checks: Sequence[Definition] = ()
    effects: Effects = field(default_factory=Effects)
    obstacle: str | None = None
    cleanup_prompt: str | None = None
    trajectory_id: str | None = None
    recorded: Sequence[str] = ()
    input_schema: str | None = None
    images: str = "supabase://run-images/"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the run attaches, `at_ms` milliseconds after its start."""

    name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How a run goes: it works for `running_ms`, then its checks take `checking_ms`.

    `checking_ms` is None without checks. `held` is a state that the run never leaves, in spite of
    these times. `recorded` maps the ids of tool calls to the recorded lines of the prompt; None if
    every call is recorded.
    """

    outcome: str
    running_ms: int
    checking_ms: int | None
    held: HeldState | None
    messages: Sequence[Message]
    output_data: JsonValue
    error: list[str] | None
    checks: Sequence[CheckOutcome]
    attachments: Sequence[Attachment]
    usage: Mapping[str, JsonValue]
    recorded: Mapping[str, str] | None = None


def broken_run_plan(plan: PlayedRun, message: str) -> RunPlan:
    """Return the plan of a run that ends in `error` as it begins."""
    history = HistoryWriter(plan.seed, plan.images, None)
    history.note(0, message, "run_error")
    return RunPlan(
        outcome="error",
        running_ms=_BROKEN_MS,
        checking_ms=None,
        held=None,
        messages=history.messages,
        output_data=None,
        error=[message],
        checks=[CheckOutcome("cancelled")] * len(plan.checks),
        attachments=[],
        usage=_count_usage([], "error", False),
    )


def length_of(plan: PlayedRun) -> int:
    """Return how many milliseconds a run works unless it is cancelled."""
    return RUNNING_MS + round(plan.effects.slow * 1000)


def conclude_run(
    plan: PlayedRun,
    history: HistoryWriter,
    facts: CheckedFacts,
    attachments: Sequence[Attachment],
    steps: Sequence[Step],
    *,
    failed: str | None = None,
    broken_by: str | None = None,
    recorded: Mapping[str, str] | None = None,
) -> RunPlan:
    """Return the run plan after these steps, with the results of the checks.

    `failed` is the reason with which the task failed, `broken_by` why the run could not continue.
    """
    effects, running_ms = plan.effects, length_of(plan)
    broken_by = effects.error if broken_by is None else broken_by
    outcome, error = "success", None
    completed = False
    results: list[CheckOutcome] = []
    if failed is not None:
        outcome, error = "task_failed", [failed]
    elif broken_by is not None:
        outcome, error = "error", [broken_by]
    elif effects.cancelled is not None:
        outcome, running_ms = "cancelled", round(effects.cancelled * 1000)
    else:
        completed = True
        results = [_evaluate_check(check, facts, effects) for check in plan.checks]
        error = [
            f"post-run check `{check['name']}`: {result.message}"
            for check, result in zip(plan.checks, results, strict=True)
            if result.status != "success"
        ] or None
        outcome = "success" if error is None else "error"
    if not completed:
        results = [CheckOutcome("cancelled")] * len(plan.checks)
    checks_run = completed and (results or effects.stay == "running_checks")
    checking_ms = CHECKING_MS if checks_run else None
    if error and checking_ms and plan.cleanup_prompt:
        history.note(
            running_ms + CHECKING_MS, plan.cleanup_prompt, "post_run_check_failure_cleanup"
        )
    return RunPlan(
        outcome=outcome,
        running_ms=running_ms,
        checking_ms=checking_ms,
        held=effects.stay,
        messages=history.messages,
        output_data=facts.output_data if completed else None,
        error=error,
        checks=results,
        attachments=[item for item in attachments if item.at_ms <= running_ms],
        usage=_count_usage(steps, outcome, plan.trajectory_id is not None),
        recorded=recorded,
    )


def time_of_step(index: int, count: int, running_ms: int) -> int:
    """Return when a step is done; the steps are spread evenly over the run."""
    return running_ms * (index + 1) // (count + 1)


def _evaluate_check(check: Definition, facts: CheckedFacts, effects: Effects) -> CheckOutcome:
    try:
        return evaluate(check, facts, effects.checks.get(str(check["name"])))
    except PathError as error:
        return CheckOutcome("infra_error", str(error))


def _count_usage(steps: Sequence[Step], outcome: str, replayed: bool) -> dict[str, JsonValue]:
    """Count the steps: on a replay, those of the tool `computer` are cached, all others agentic."""
    acting = [step for step in steps if not step.is_group]
    cached = [step for step in acting if replayed and step.tool == "computer"]
    agentic = len(acting) - len(cached)
    billed = outcome != "error"
    return {
        "total_agentic_steps": agentic,
        "total_cached_steps": len(cached),
        "total_agentic_steps_billed": agentic if billed else 0,
        "total_cached_steps_billed": len(cached) if billed else 0,
        "billing_outcome": outcome if billed else INFRASTRUCTURE_FAILURE,
    }
