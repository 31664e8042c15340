"""The message history of a run, in the blocks the official SDK's `ChatMessage` describes."""

from __future__ import annotations

import uuid

from pydantic import JsonValue

from flowdsl.emulator.simulation.prompts import PLAIN_TOOL, Step

Message = tuple[int, dict[str, JsonValue]]
"""A message and when it is written, in milliseconds after the start."""

_NAMESPACE = uuid.UUID("6c1f2a52-5b0f-4f55-9a44-3d4f2f6d7a10")


class History:
    """Collects the messages of one run; ids follow from `seed`, pictures lie below `images`."""

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
        """What the agent is told at the beginning, with the inputs put in."""
        self._add(0, "user", [_text(text)])

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
        """One line of the prompt: what the agent does for it, and what comes back.

        Lines of a loop carry its id and which `iteration` it is; `iterations` is how often the loop
        goes round. `loop` tells loops apart where they are numbered, from 0. `answer` is what the
        tool gives back where that is more than that it is done. The id of the call is returned,
        None for a heading.
        """
        if loop is not None:
            self._loop = self._id(f"loop-{loop}")
        extra = self._marks(step, iterations, iteration)
        said = _text(f"{step.number} {text}")
        if step.is_group:
            self._add(at_ms, "assistant", [said], extra)
            return None
        call = self._id(f"tool-{self._steps}")
        self._steps += 1
        use: dict[str, JsonValue] = {
            "type": "tool_use",
            "tool_use_id": call,
            "tool_name": step.tool,
            "tool_input": {"instruction" if step.tool == "focused_action" else "text": text},
        }
        result: dict[str, JsonValue] = {"type": "tool_result", "tool_use_id": call}
        if error is None:
            result["tool_result"] = answer or _answer(step, iterations)
        else:
            result["error"] = error
        self._add(at_ms, "assistant", [said, use], extra)
        self._add(at_ms, "user", [result, self._picture()], extra)
        return call

    def failure(self, at_ms: int, reason: str) -> None:
        """The agent's explicit declaration that the task has failed."""
        call = self._id("failure")
        use: dict[str, JsonValue] = {
            "type": "tool_use",
            "tool_use_id": call,
            "tool_name": "declare_task_failed",
            "tool_input": {"reason": reason},
        }
        self._add(at_ms, "assistant", [use], {"event_type": "task_failed"})

    def note(self, at_ms: int, text: str, event: str) -> None:
        """A message of the service itself."""
        self._add(at_ms, "system", [_text(text)], {"event_type": event})

    def end(self, at_ms: int, reason: str | None = None) -> None:
        """The agent's last word after all steps, or why there is nothing left to do."""
        done = "All steps are done." if reason is None else f"The task is complete: {reason}"
        self._add(at_ms, "assistant", [_text(done)])

    def _marks(self, step: Step, iterations: int | None, iteration: int) -> dict[str, JsonValue]:
        marks: dict[str, JsonValue] = {}
        if not step.is_group:
            marks["step_index"] = self._steps
        if self._trajectory_id is not None and step.tool == PLAIN_TOOL:
            marks["trajectory_id"] = self._trajectory_id
        if iterations is None:
            self._loop = None
        elif iterations:
            if self._loop is None:
                self._loop = self._id(f"loop-{self._loops}")
                self._loops += 1
            marks |= {"loop_uuid": self._loop, "iteration_index": iteration}
        return marks

    def _picture(self) -> dict[str, JsonValue]:
        self._pictures += 1
        return {"type": "image", "image_url": f"{self._images}{self._pictures}.png"}

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._seed}/{name}"))

    def _add(
        self,
        at_ms: int,
        role: str,
        blocks: list[dict[str, JsonValue]],
        extra: dict[str, JsonValue] | None = None,
    ) -> None:
        content: list[JsonValue] = list(blocks)
        self.messages.append((at_ms, {"role": role, "content": content, **(extra or {})}))


def _text(text: str) -> dict[str, JsonValue]:
    return {"type": "text", "text": text}


def _answer(step: Step, iterations: int | None) -> str:
    if step.tool == "start_loop":
        return "the loop is skipped" if not iterations else f"the loop has {iterations} entries"
    if step.tool == "end_loop_iteration":
        return f"{iterations or 0} iterations are done"
    return "done"
