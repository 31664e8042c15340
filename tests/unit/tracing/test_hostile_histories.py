"""Any JSON value as a history, and any text as a prompt: every output can be made, and none is
without bounds.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.cli.commands.trace import render_trace
from flowdsl.cyberdesk.models.run import Run
from flowdsl.tracing.gathering import Pictures, media_type
from flowdsl.tracing.history import MAX_MESSAGES, MAX_TEXT, read_history
from flowdsl.tracing.maps import FoundMap, read_map
from flowdsl.tracing.page import render_page
from flowdsl.tracing.report import trace_to_json
from flowdsl.tracing.trace import Trace, make_trace
from flowdsl.tracing.versions import PromptVersion

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
TOOLS = st.sampled_from(["focused_action", "computer", "declare_task_failed", "start_loop"])
BLOCKS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "image", "tool_use", "tool_result"]) | JSON,
        "text": st.text(max_size=40) | JSON,
        "image_url": JSON,
        "image_base64": JSON,
        "tool_use_id": st.sampled_from(["a", "b"]) | JSON,
        "tool_name": TOOLS | JSON,
        "tool_input": JSON,
        "tool_result": JSON,
        "error": st.text(max_size=20) | JSON,
        "trajectory_id": JSON,
    },
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "assistant", "system"]) | JSON,
        "content": st.lists(BLOCKS | JSON, max_size=3) | JSON,
        "timestamp": st.datetimes().map(lambda at: at.isoformat()) | JSON,
        "loop_uuid": st.sampled_from(["x", "y"]) | JSON,
        "iteration_index": st.integers(-2, 5) | JSON,
        "event_type": JSON,
        "trajectory_id": JSON,
    },
)
PROMPTS = st.lists(
    st.sampled_from(
        [
            '1. Use start_loop with text="{list}".',
            "  1.1 Press {key['a b'][0].c}.",
            "  1.2 Use focused_action with this instruction:",
            '     - If not, use declare_task_failed with the reason "no {{x}} and {y}".',
            '2. Use end_loop_iteration with text="end".',
            "<p>3. \\{ {$secret} </p>",
            "",
        ]
    )
    | st.text(max_size=30),
    max_size=8,
).map("\n".join)
STATUSES = st.sampled_from(["task_failed", "error", "success", "running"])


def trace_of(history: Any, prompt: str, inputs: Any, status: str) -> Trace:
    run = Run.model_construct(
        id="r1",
        status=status,
        input_values=inputs if isinstance(inputs, dict) else None,
        error=["no 5 and 6"],
    )
    return make_trace(
        run,
        read_history(history),
        address=None,
        version=PromptVersion(prompt, "live"),
        source_map=FoundMap(),
        sources={},
    )


@given(st.lists(MESSAGES | JSON, max_size=6) | JSON, PROMPTS, JSON, STATUSES)
def test_any_history_gives_every_output(
    history: Any, prompt: str, inputs: Any, status: str
) -> None:
    trace = trace_of(history, prompt, inputs, status)
    text = render_trace(trace, "local", entries=True, color=False, show_path=str)
    text.encode()
    assert not any(sign in text for sign in "\x1b\x07\x00\u202e")
    json.dumps(trace_to_json(trace, "local"))
    page = render_page(trace, Pictures({}, {}), "local")
    assert page.count("<script>") == 1
    assert not find_dead_links(page)
    assert len(trace.placements) == len(trace.entries)


def find_dead_links(page: str) -> set[str]:
    return {*re.findall(r'href="#([^"]*)"', page)} - {*re.findall(r' id="([^"]*)"', page)}


def test_the_line_of_a_failure_is_shown_however_long_the_prompt_is() -> None:
    said = {"role": "assistant", "content": "1. Press F3"}
    page_of = trace_of([said], "\n" * 6_000 + "1. Press F3", {}, "task_failed")
    page = render_page(page_of, Pictures({}, {}), "local")
    assert 'href="#p-6001"' in page and not find_dead_links(page)
    assert "of its 6,001 lines, the first 5,000 and those of the run" in page


@given(JSON | st.fixed_dictionaries({"lines": st.lists(JSON, max_size=3), "files": JSON}), PROMPTS)
def test_any_object_is_a_map_or_none(content: Any, prompt: str) -> None:
    found = read_map(json.dumps(content).encode(), prompt)
    assert found is None or all(1 <= line <= prompt.count("\n") + 1 for line in found.places)


def test_a_huge_history_is_cut_and_says_so() -> None:
    block = {"type": "tool_use", "tool_name": "computer", "tool_input": {"text": "word " * 2_000}}
    message = {"role": "assistant", "content": [block]}
    history = [message, *[message | {"content": "Go."}] * (MAX_MESSAGES + 4)]
    trace = trace_of(history, "1. Type the word.\n2. Go.", {}, "success")
    assert len(trace.entries) == MAX_MESSAGES
    assert any(note.startswith("5 messages are left out") for note in trace.notes)
    use = trace.entries[0].use
    assert use is not None and len(use.given) <= MAX_TEXT + 10


def test_only_pictures_are_pictures() -> None:
    assert media_type(b"\x89PNG\r\n\x1a\n....") == "image/png"
    assert media_type(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert media_type(b"<svg onload=x>") is None
    assert media_type(b"") is None
