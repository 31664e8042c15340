"""A run's message history as it is worked with: bounded, and every part of the type it should have.
Pure.

Blocks and their fields: `ChatMessage` of the SDK 2.2.69. Nothing of it is promised by the contract,
which calls a message an open object, so whatever has another shape is left out and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowdsl.source.moments import read_moment

MAX_MESSAGES = 2_000
MAX_BLOCKS = 100
"""Blocks of one message."""
MAX_TEXT = 8_000
"""Characters of one text."""
MAX_TOLD = 200_000
"""Characters of the first message, which may tell the agent the whole prompt."""
MAX_STRINGS = 200
"""Texts within the input of one tool."""
MAX_DEPTH = 20

CUT = " … (cut)"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool. `given` is its input as JSON, `texts` are the texts in it, `keys` the
    names.
    """

    identifier: str
    tool: str
    given: str
    texts: tuple[str, ...]
    keys: tuple[str, ...]
    is_replayed: bool


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came back from the call `identifier`; `error` is None where it went well."""

    identifier: str
    text: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `pictures` are addresses of the service, or `data:` followed by base64.

    `trajectory` is the recording that it was replayed from, None for a decision made afresh. `loop`
    and `iteration` (from 0) stand on messages of a loop. `at` is when it was written, in UTC.
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
    """The messages in their order; `left_out` is how many were too many or of no shape that is
    known.
    """

    messages: tuple[Message, ...]
    left_out: int = 0


def read_history(raw: object) -> History:
    """The history in a reply; takes any JSON value."""
    if not isinstance(raw, list):
        return History((), 0 if raw is None else 1)
    messages: list[Message] = []
    for number, item in enumerate(raw[:MAX_MESSAGES], 1):
        if isinstance(item, Mapping) and (found := _message(number, item)) is not None:
            messages.append(found)
    return History(tuple(messages), len(raw) - len(messages))


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """`text` with at most `limit` characters of its own, and a mark where some are missing."""
    return text if len(text) <= limit else text[:limit] + CUT


def _message(number: int, item: Mapping[str, Any]) -> Message | None:
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return None
    blocks = [block for block in content[:MAX_BLOCKS] if isinstance(block, Mapping)]
    replayed = next((block for block in blocks if _text(block.get("trajectory_id"))), {})
    limit = MAX_TOLD if number == 1 else MAX_TEXT
    texts = (_text(block.get("text"), limit) for block in blocks if _kind(block) == "text")
    said = "\n".join(filter(None, texts))
    return Message(
        number,
        _text(item.get("role")) or "unknown",
        shortened(said, limit),
        uses=tuple(_uses(blocks)),
        results=tuple(_results(blocks)),
        pictures=tuple(_pictures(blocks)),
        trajectory=_text(item.get("trajectory_id")) or _text(replayed.get("trajectory_id")) or None,
        step_index=_count(item.get("step_index"), replayed.get("step_index")),
        loop=_text(item.get("loop_uuid")) or None,
        iteration=_count(item.get("iteration_index")),
        event=_text(item.get("event_type")) or None,
        at=read_moment(item.get("timestamp")),
    )


def _kind(block: Mapping[str, Any]) -> str:
    return _text(block.get("type"))


def _uses(blocks: list[Mapping[str, Any]]) -> Iterator[ToolUse]:
    for block in blocks:
        if _kind(block) == "tool_use":
            given = block.get("tool_input")
            texts, keys = _strings(given)
            yield ToolUse(
                _text(block.get("tool_use_id")),
                _text(block.get("tool_name")) or "unknown",
                "" if given is None else _json(given),
                texts,
                keys,
                bool(_text(block.get("trajectory_id"))),
            )


def _results(blocks: list[Mapping[str, Any]]) -> Iterator[ToolResult]:
    for block in blocks:
        if _kind(block) == "tool_result":
            result, error = block.get("tool_result"), block.get("error")
            yield ToolResult(
                _text(block.get("tool_use_id")),
                _shown(result),
                None if error is None or error is False or error == "" else _shown(error),
            )


def _pictures(blocks: list[Mapping[str, Any]]) -> Iterator[str]:
    for block in blocks:
        address, data = block.get("image_url"), block.get("image_base64")
        if isinstance(address, str) and address:
            yield address
        elif isinstance(data, str) and data:
            yield f"data:{data}"


def _strings(value: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts and the names in a JSON value, as many as are looked at, in their order."""
    texts: list[str] = []
    keys: list[str] = []
    left: list[tuple[object, int]] = [(value, 0)]
    while left and len(texts) + len(keys) < MAX_STRINGS:
        item, depth = left.pop()
        if isinstance(item, str):
            texts.append(_clean(item))
        elif depth < MAX_DEPTH and isinstance(item, Mapping):
            keys += [_clean(str(key)) for key in list(item)[:MAX_STRINGS]]
            left += [(each, depth + 1) for each in reversed(list(item.values())[:MAX_STRINGS])]
        elif depth < MAX_DEPTH and isinstance(item, list):
            left += [(each, depth + 1) for each in reversed(item[:MAX_STRINGS])]
    return tuple(texts), tuple(keys)


def _text(value: object, limit: int = MAX_TEXT) -> str:
    return _clean(value, limit) if isinstance(value, str) else ""


def _shown(value: object) -> str:
    if value is None:
        return ""
    return _clean(value) if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    try:
        return _clean(json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError, TypeError):
        return "(not readable)"


def _clean(text: str, limit: int = MAX_TEXT) -> str:
    """`text`, bounded, and as something that can be written as UTF-8."""
    return shortened(text, limit).encode("utf-8", "backslashreplace").decode()


def _count(*values: object) -> int | None:
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
            return value
    return None
