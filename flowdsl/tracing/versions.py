"""Which version of a workflow's prompt a run had. Pure.

A reply to a run says only whether it had a prompt of its own; otherwise the run used what the
workflow said when it was carried out (platform facts, 13, Q19). What the history says that the
agent was told decides, then the times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Literal

from flowdsl.tracing.history import Message, read_time
from flowdsl.tracing.prompt_units import filled_in

Origin = Literal["run", "live", "earlier", "told"]
"""The run's own prompt; the workflow's as it is now; a saved version's; only what the history says
that the agent was told.
"""
Certainty = Literal["said", "told", "time", "assumed"]
"""The run says so; what the agent was told is this prompt; it was the one at that time; there is
nothing better.
"""

_MAX_COMPARED = 200_000
_MAX_LINES = 5_000
"""Lines of a prompt that are looked for in another one, which takes their number times itself."""


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """A prompt that a run may have had. `since` is from when the workflow had it."""

    text: str
    origin: Origin
    since: datetime | None = None
    certainty: Certainty = "assumed"


def saved_prompts(saved: Iterable[Mapping[str, Any]]) -> list[PromptVersion]:
    """The prompts of saved versions, the oldest first; what is of no shape that is known is left
    out.
    """
    found = [
        PromptVersion(text, "earlier", read_time(each.get("updated_at")))
        for each in saved
        if isinstance(text := each.get("main_prompt"), str) and text
    ]
    return sorted(found, key=lambda each: (each.since is not None, each.since))


def version_of_run(
    own: str | None,
    known: Sequence[PromptVersion],
    messages: Sequence[Message],
    inputs: Mapping[str, Any],
    started: datetime | None,
) -> PromptVersion | None:
    """The version that a run had, and how surely; `known` are the workflow's, the oldest first."""
    if own:
        return PromptVersion(own, "run", None, "said")
    told = _told(messages)
    if told is not None:
        for version in reversed(known):
            if len(version.text) <= _MAX_COMPARED and _same(_whole(version.text, inputs), told):
                return replace(version, certainty="told")
    if started is not None:
        since = [each for each in known if each.since is not None and each.since <= started]
        if since:
            return replace(since[-1], certainty="time")
    if known:
        return known[-1]
    return None if told is None else PromptVersion(told, "told", None, "told")


def carried_lines(older: str, newer: str) -> dict[int, int]:
    """The lines of `newer` that stand in `older` too, each with its number there; both count from
    1.
    """
    before, after = older.split("\n"), newer.split("\n")
    found: dict[int, int] = {}
    if max(len(before), len(after)) > _MAX_LINES:
        return found
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            if after[block.b + offset].strip():
                found[block.b + offset + 1] = block.a + offset + 1
    return found


def _told(messages: Sequence[Message]) -> str | None:
    """What the first message tells the agent, where that is nobody's answer."""
    if not messages or messages[0].role not in ("user", "system") or messages[0].results:
        return None
    return messages[0].said or None


def _whole(prompt: str, inputs: Mapping[str, Any]) -> str:
    return "\n".join(filled_in(line, inputs) for line in prompt.split("\n"))


def _same(prompt: str, told: str) -> bool:
    """Whether one is the other; what was cut from a long message does not matter."""
    ours, theirs = " ".join(prompt.split()), " ".join(told.split())
    if ours == theirs:
        return True
    head = theirs.removesuffix("(cut)").rstrip(" …")
    return len(head) >= 2_000 and head != theirs and ours.startswith(head)
