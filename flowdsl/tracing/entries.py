"""What a run did, one entry after the other: a call of a tool with what came back, or something
said. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from flowdsl.tracing.history import Message, ToolResult, ToolUse, shortened

Kind = Literal["told", "said", "tool", "failure", "note"]
"""What the agent was told; said without a tool; did; declared as failed; and what the service
itself notes.
"""

DECLARES_FAILURE = "declare_task_failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `number` counts from 1, `messages` are the numbers of the messages
    it is made of.

    `seconds` is the time since the entry before it ended, None where the service gives no times.
    `is_replayed` tells what a recording did from what was decided afresh; both may hold for a
    focused call within a replay, which is asked anew.
    """

    number: int
    kind: Kind
    role: str
    said: str
    messages: tuple[int, ...]
    use: ToolUse | None = None
    results: tuple[str, ...] = ()
    error: str | None = None
    pictures: tuple[str, ...] = ()
    trajectory: str | None = None
    step_index: int | None = None
    loop: str | None = None
    iteration: int | None = None
    event: str | None = None
    began: datetime | None = None
    ended: datetime | None = None
    seconds: float | None = None

    @property
    def is_replayed(self) -> bool:
        """Whether a recording did it."""
        return self.trajectory is not None

    @property
    def asks_a_model(self) -> bool:
        """Whether a model decided it: the main agent, or another one that the tool asks."""
        if self.kind not in ("said", "tool", "failure"):
            return False
        return not self.is_replayed or self._asks_anew

    @property
    def _asks_anew(self) -> bool:
        use = self.use
        return use is not None and (use.tool == "focused_action" or "extract_prompt" in use.keys)


def read_entries(messages: Sequence[Message], started: datetime | None) -> tuple[Entry, ...]:
    """The entries of a history; the first one's time counts from when the run `started`."""
    drafts: list[Entry] = []
    for message in messages:
        if message.results and not message.uses and message.role != "assistant":
            _answer(drafts, message)
        else:
            drafts += _begun(message, first=not drafts)
    return tuple(_timed(drafts, started))


def _begun(message: Message, *, first: bool) -> Iterator[Entry]:
    """The entries that a message begins: one for each of its tools, or one for what it says."""
    kind: Kind = "said"
    if message.role == "user":
        kind = "told"
    elif message.role != "assistant" or (message.event and not message.uses):
        kind = "note"
    bare = Entry(
        0,
        kind,
        message.role,
        shortened(message.said),
        (message.number,),
        pictures=message.pictures,
        trajectory=message.trajectory,
        step_index=message.step_index,
        loop=message.loop,
        iteration=message.iteration,
        event=message.event,
        began=message.at,
        ended=message.at,
    )
    if not message.uses:
        if message.results:
            yield _with_results(bare, message.results)
        elif first or message.said or message.pictures or message.event:
            yield bare
        return
    for index, use in enumerate(message.uses):
        own = bare if index == 0 else replace(bare, said="", pictures=())
        yield replace(own, kind="failure" if use.tool == DECLARES_FAILURE else "tool", use=use)


def _answer(drafts: list[Entry], message: Message) -> None:
    """Put what came back to the calls it answers, the newest first; what answers none goes to the
    last entry.
    """
    if not drafts:
        drafts.extend(_begun(message, first=True))
        return
    for index, result in enumerate(message.results):
        at = len(drafts) - 1
        if result.identifier:
            for back in range(len(drafts) - 1, max(len(drafts) - 200, -1), -1):
                use = drafts[back].use
                if use is not None and use.identifier == result.identifier:
                    at = back
                    break
        entry = _with_results(drafts[at], (result,))
        # What belongs to the whole message goes to the last of its results.
        is_last = index == len(message.results) - 1
        drafts[at] = replace(
            entry,
            messages=(*dict.fromkeys((*entry.messages, message.number)),),
            pictures=(*entry.pictures, *(message.pictures if is_last else ())),
            ended=max(filter(None, (entry.ended, message.at)), default=None),
        )


def _with_results(entry: Entry, results: Sequence[ToolResult]) -> Entry:
    errors = [result.error for result in results if result.error is not None]
    return replace(
        entry,
        results=(*entry.results, *(result.text for result in results if result.text)),
        error="\n".join(filter(None, (entry.error, *errors))) if errors else entry.error,
    )


def _timed(drafts: Sequence[Entry], started: datetime | None) -> Iterator[Entry]:
    before = started
    for number, entry in enumerate(drafts, 1):
        seconds = None
        if before is not None and entry.ended is not None:
            # Clocks of a service's parts may disagree.
            seconds = max((entry.ended - before).total_seconds(), 0.0)
        yield replace(entry, number=number, seconds=seconds)
        if entry.ended is not None:
            before = entry.ended if before is None else max(before, entry.ended)
