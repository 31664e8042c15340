"""Parses a run's message history: bounded, and every part checked to be of its type. Pure.

Also returns what the run did, as a list of entries: a call of a tool with its result, or something
said. Blocks and their fields: `ChatMessage` of the SDK 2.2.69. The contract guarantees none of
them, because it calls a message an open object, so anything of another shape is left out and
counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from flowdsl.source.moments import read_moment

MAX_MESSAGES = 2_000
MAX_BLOCKS = 100
"""Maximum number of blocks of one message."""
MAX_TEXT = 8_000
"""Maximum length of one text, in characters."""
MAX_TOLD = 200_000
"""Maximum length of the first message, which may contain the whole prompt, in characters."""
MAX_STRINGS = 200
"""Maximum number of texts within the input of one tool."""
MAX_DEPTH = 20

CUT = " … (cut)"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool.

    `given` is its input as JSON, `texts` are the texts in it, `keys` the names.
    """

    identifier: str
    tool: str
    given: str
    texts: tuple[str, ...]
    keys: tuple[str, ...]
    is_replayed: bool


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of the call `identifier`; `error` is None if it succeeded."""

    identifier: str
    text: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    `pictures` are addresses of the service, or `data:` followed by base64. `trajectory` is the
    recording that it was replayed from, None for a new decision. `loop` and `iteration` (from 0)
    are set on messages of a loop. `at` is when it was written, in UTC.
    """

    number: int
    role: str
    said: str
    uses: tuple[ToolUse, ...] = ()
    results: tuple[ToolResult, ...] = ()
    pictures: tuple[str, ...] = ()
    trajectory: str | None = None
    step_index: int | None = None
    loop: str | None = None
    iteration: int | None = None
    event: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The messages in order; `left_out` counts those above the limit or of unknown shape."""

    messages: tuple[Message, ...]
    left_out: int = 0


def read_history(raw: object) -> History:
    """Parse the history in a reply; accepts any JSON value."""
    if not isinstance(raw, list):
        return History((), 0 if raw is None else 1)
    messages: list[Message] = []
    for number, item in enumerate(raw[:MAX_MESSAGES], 1):
        if isinstance(item, Mapping) and (found := _read_message(number, item)) is not None:
            messages.append(found)
    return History(tuple(messages), len(raw) - len(messages))


def shorten_text(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text` with at most `limit` of its characters, and a mark if some are missing."""
    return text if len(text) <= limit else text[:limit] + CUT


def _read_message(number: int, item: Mapping[str, Any]) -> Message | None:
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return None
    blocks = [block for block in content[:MAX_BLOCKS] if isinstance(block, Mapping)]
    replayed = next((block for block in blocks if _render_text(block.get("trajectory_id"))), {})
    limit = MAX_TOLD if number == 1 else MAX_TEXT
    texts = (
        _render_text(block.get("text"), limit) for block in blocks if _block_kind(block) == "text"
    )
    said = "\n".join(filter(None, texts))
    return Message(
        number,
        _render_text(item.get("role")) or "unknown",
        shorten_text(said, limit),
        uses=tuple(_read_tool_uses(blocks)),
        results=tuple(_read_tool_results(blocks)),
        pictures=tuple(_find_block_pictures(blocks)),
        trajectory=_render_text(item.get("trajectory_id"))
        or _render_text(replayed.get("trajectory_id"))
        or None,
        step_index=_first_count(item.get("step_index"), replayed.get("step_index")),
        loop=_render_text(item.get("loop_uuid")) or None,
        iteration=_first_count(item.get("iteration_index")),
        event=_render_text(item.get("event_type")) or None,
        at=read_moment(item.get("timestamp")),
    )


def _block_kind(block: Mapping[str, Any]) -> str:
    return _render_text(block.get("type"))


def _read_tool_uses(blocks: list[Mapping[str, Any]]) -> Iterator[ToolUse]:
    for block in blocks:
        if _block_kind(block) == "tool_use":
            given = block.get("tool_input")
            texts, keys = _collect_strings(given)
            yield ToolUse(
                _render_text(block.get("tool_use_id")),
                _render_text(block.get("tool_name")) or "unknown",
                "" if given is None else _render_bounded_json(given),
                texts,
                keys,
                bool(_render_text(block.get("trajectory_id"))),
            )


def _read_tool_results(blocks: list[Mapping[str, Any]]) -> Iterator[ToolResult]:
    for block in blocks:
        if _block_kind(block) == "tool_result":
            result, error = block.get("tool_result"), block.get("error")
            yield ToolResult(
                _render_text(block.get("tool_use_id")),
                _render_json_value(result),
                None
                if error is None or error is False or error == ""
                else _render_json_value(error),
            )


def _find_block_pictures(blocks: list[Mapping[str, Any]]) -> Iterator[str]:
    for block in blocks:
        address, data = block.get("image_url"), block.get("image_base64")
        if isinstance(address, str) and address:
            yield address
        elif isinstance(data, str) and data:
            yield f"data:{data}"


def _collect_strings(value: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the texts and the names in a JSON value in order, up to the limit."""
    texts: list[str] = []
    keys: list[str] = []
    left: list[tuple[object, int]] = [(value, 0)]
    while left and len(texts) + len(keys) < MAX_STRINGS:
        item, depth = left.pop()
        if isinstance(item, str):
            texts.append(_clean_text(item))
        elif depth < MAX_DEPTH and isinstance(item, Mapping):
            keys += [_clean_text(str(key)) for key in list(item)[:MAX_STRINGS]]
            left += [(each, depth + 1) for each in reversed(list(item.values())[:MAX_STRINGS])]
        elif depth < MAX_DEPTH and isinstance(item, list):
            left += [(each, depth + 1) for each in reversed(item[:MAX_STRINGS])]
    return tuple(texts), tuple(keys)


def _render_text(value: object, limit: int = MAX_TEXT) -> str:
    return _clean_text(value, limit) if isinstance(value, str) else ""


def _render_json_value(value: object) -> str:
    if value is None:
        return ""
    return _clean_text(value) if isinstance(value, str) else _render_bounded_json(value)


def _render_bounded_json(value: object) -> str:
    try:
        return _clean_text(json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError, TypeError):
        return "(not readable)"


def _clean_text(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text`, bounded, and encodable as UTF-8."""
    return shorten_text(text, limit).encode("utf-8", "backslashreplace").decode()


def _first_count(*values: object) -> int | None:
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
            return value
    return None


Kind = Literal["told", "said", "tool", "failure", "note"]
"""The prompt given to the agent; a text without a tool; a tool call; a declared failure; a note.

Notes are written by the service itself.
"""

DECLARES_FAILURE = "declare_task_failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a run.

    `number` counts from 1, `messages` are the numbers of its messages. `seconds` is the time since
    the previous entry ended, None if the service gives no times. `is_replayed` tells steps of a
    recording from new decisions; both may hold for a focused call within a replay, for which the
    model is asked again.
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
        """Whether it was replayed from a recording."""
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
    """Return the entries of a history; the first one's time counts from when the run `started`."""
    drafts: list[Entry] = []
    for message in messages:
        if message.results and not message.uses and message.role != "assistant":
            _attach_answers(drafts, message)
        else:
            drafts += _begin_entries(message, first=not drafts)
    return tuple(_time_entries(drafts, started))


def _begin_entries(message: Message, *, first: bool) -> Iterator[Entry]:
    """Return the entries that a message begins: one for each of its tools, or one for its text."""
    kind: Kind = "said"
    if message.role == "user":
        kind = "told"
    elif message.role != "assistant" or (message.event and not message.uses):
        kind = "note"
    bare = Entry(
        0,
        kind,
        message.role,
        shorten_text(message.said),
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
            yield _add_results(bare, message.results)
        elif first or message.said or message.pictures or message.event:
            yield bare
        return
    for index, use in enumerate(message.uses):
        own = bare if index == 0 else replace(bare, said="", pictures=())
        yield replace(own, kind="failure" if use.tool == DECLARES_FAILURE else "tool", use=use)


def _attach_answers(drafts: list[Entry], message: Message) -> None:
    """Attach results to the calls that they answer, the newest first; others to the last entry."""
    if not drafts:
        drafts.extend(_begin_entries(message, first=True))
        return
    for index, result in enumerate(message.results):
        at = len(drafts) - 1
        if result.identifier:
            for back in range(len(drafts) - 1, max(len(drafts) - 200, -1), -1):
                use = drafts[back].use
                if use is not None and use.identifier == result.identifier:
                    at = back
                    break
        entry = _add_results(drafts[at], (result,))
        # Data of the whole message is attached to the last of its results.
        is_last = index == len(message.results) - 1
        drafts[at] = replace(
            entry,
            messages=(*dict.fromkeys((*entry.messages, message.number)),),
            pictures=(*entry.pictures, *(message.pictures if is_last else ())),
            ended=max(filter(None, (entry.ended, message.at)), default=None),
        )


def _add_results(entry: Entry, results: Sequence[ToolResult]) -> Entry:
    errors = [result.error for result in results if result.error is not None]
    return replace(
        entry,
        results=(*entry.results, *(result.text for result in results if result.text)),
        error="\n".join(filter(None, (entry.error, *errors))) if errors else entry.error,
    )


def _time_entries(drafts: Sequence[Entry], started: datetime | None) -> Iterator[Entry]:
    before = started
    for number, entry in enumerate(drafts, 1):
        seconds = None
        if before is not None and entry.ended is not None:
            # The clocks of the service's parts may differ.
            seconds = max((entry.ended - before).total_seconds(), 0.0)
        yield replace(entry, number=number, seconds=seconds)
        if entry.ended is not None:
            before = entry.ended if before is None else max(before, entry.ended)
