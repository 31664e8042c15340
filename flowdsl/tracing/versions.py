"""Determines which version of a workflow's prompt a run had. Pure.

A reply to a run says only whether the run had a prompt of its own; otherwise the run used the
workflow's prompt at the time of its execution (Cyberdesk's documentation). The prompt that the
history shows decides, then the times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Literal

from flowdsl.source.moments import read_moment
from flowdsl.tracing.filling import fill_in_prompt, infer_inputs
from flowdsl.tracing.history import Message

Origin = Literal["run", "live", "earlier", "told"]
"""The run's own prompt; the workflow's current one; a saved version's; only that in the history."""
Certainty = Literal["said", "told", "time", "assumed"]
"""The run says so; the history shows this prompt; it was current at that time; a default choice."""

_MAX_COMPARED = 200_000
_MAX_LINES = 5_000
"""Maximum number of lines of a prompt that is compared with another."""


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """A prompt that a run may have had.

    `since` is when the workflow got it. `values` are those of inputs that the history shows and the
    run does not report, by their spelling in the prompt.
    """

    text: str
    origin: Origin
    since: datetime | None = None
    certainty: Certainty = "assumed"
    values: Mapping[str, str] = field(default_factory=dict)


def read_saved_prompts(saved: Iterable[Mapping[str, Any]]) -> list[PromptVersion]:
    """Return the prompts of saved versions, oldest first, without those of unknown shape."""
    found = [
        PromptVersion(text, "earlier", read_moment(each.get("updated_at")))
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
    """Return the version that a run had, and its certainty; `known` are sorted, oldest first."""
    seen = _first_instruction(messages)
    if own:
        return _add_seen_values(PromptVersion(own, "run", None, "said"), inputs, seen)
    fits = [each for each in known if seen is not None and _is_seen(each.text, inputs, seen)]
    if len({each.text for each in fits}) == 1:
        return _add_seen_values(replace(fits[-1], certainty="told"), inputs, seen)
    # If values are not known, the prompt in the history may match several versions.
    possible = fits or known
    if started is not None:
        since = [each for each in possible if each.since is not None and each.since <= started]
        if since:
            return _add_seen_values(replace(since[-1], certainty="time"), inputs, seen)
    if possible:
        return possible[-1]
    return None if seen is None else PromptVersion(seen, "told", None, "told")


def match_lines(
    before: Sequence[str], after: Sequence[str], most: int = _MAX_LINES
) -> Iterator[tuple[int, int]]:
    """Return the numbers, from 1, of the lines that a text has in common with a later version.

    Nothing is compared if either has more than `most` lines: comparing is quadratic.
    """
    if max(len(before), len(after)) <= most:
        for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            for offset in range(1, block.size + 1):
                yield block.a + offset, block.b + offset


def _first_instruction(messages: Sequence[Message]) -> str | None:
    """Return the instruction in the first message, unless that message is a reply."""
    if not messages or messages[0].role not in ("user", "system") or messages[0].results:
        return None
    return messages[0].said or None


def _is_seen(prompt: str, inputs: Mapping[str, Any], seen: str) -> bool:
    """Whether a prompt is the one in the history; text cut from a long message is ignored."""
    if len(prompt) > _MAX_COMPARED:
        return False
    if infer_inputs(prompt, inputs, seen) is not None:
        return True
    ours, theirs = " ".join(fill_in_prompt(prompt, inputs).split()), " ".join(seen.split())
    head = theirs.removesuffix("(cut)").rstrip(" …")
    return len(head) >= 2_000 and head != theirs and ours.startswith(head)


def _add_seen_values(
    version: PromptVersion, inputs: Mapping[str, Any], seen: str | None
) -> PromptVersion:
    if seen is None or len(version.text) > _MAX_COMPARED:
        return version
    return replace(version, values=infer_inputs(version.text, inputs, seen) or {})
