"""What a prompt costs is counted from its text: calls by loop, tokens by section."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.prompts import economy
from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.prompt.cost import Calls, LoopCalls, estimate_tokens, prompt_cost
from tests.support.flows.compiling import EXAMPLES, PROJECTS, compile_folder, prompt_of, workflow
from tests.support.rows import in_rows

LOOP = "inputs { codes: string[] @max_items(9) } outputs { all_notes: string }"


def test_calls_in_a_loop_are_those_of_an_entry() -> None:
    prompt = prompt_of(
        workflow(
            """
            expect "the list is open"
            for code in codes max 9 {
              choose "the row {code}"
              press "Enter"
              expect "it is open"
            }
            extract all_notes: string from "the notes" in background
            emit all_notes = all_notes
            """,
            sections=LOOP,
        )
    )
    cost = prompt_cost(prompt)
    assert cost.loops == (LoopCalls("{codes}", Calls(1, 0)),)
    assert cost.calls.readings == 1
    # The check before the loop, what the loop begins with, and what is asked behind it.
    assert cost.calls.focused == prompt.count("Use focused_action") - 1 == 2
    assert cost.entry == Calls(1, 0)


def test_a_list_with_values_in_it_is_named_as_it_stands() -> None:
    source = 'for no in ["1", "{name}"] max 2 { expect "{no} is open" }'
    (loop,) = prompt_cost(prompt_of(workflow(source, sections="inputs { name: string }"))).loops
    assert loop.items == '["1", "{name}"]'


def test_a_prompt_written_by_hand_is_counted_the_same_way() -> None:
    prompt = """\
1. Open the list. Then use focused_action to check it. A focused_action may fail.
Never use focused_action twice.
2. Use start_loop with text='["a", "b"]'.
3. Use focused_action to open {{loop_item}}. Take a screenshot with extract_prompt="the note".
4. Use start_loop with text="{{rows}}".
5. Use focused_action to read it, and use focused_action to check it.
6. Use end_loop_iteration with text="row". Do not use end_loop_iteration when there was none.
7. Use focused_action to close it.
8. Use end_loop_iteration with text="done".
9. Use focused_action to sign out.
"""
    cost = prompt_cost(prompt)
    assert cost.calls == Calls(2, 0)
    assert cost.loops == (
        LoopCalls('["a", "b"]', Calls(2, 1)),
        LoopCalls("{{rows}}", Calls(2, 0)),
    )
    assert cost.entry == Calls(4, 1)
    assert cost.tokens == {
        "title": 0,
        "rules": 0,
        "steps": estimate_tokens(prompt),
    }


@in_rows("folder", PROJECTS, ids=lambda folder: folder.name)
def test_the_sections_of_compiled_prompts_make_the_whole(folder: object) -> None:
    bundle = compile_folder(folder).bundle  # type: ignore[arg-type]
    assert bundle is not None
    for artifact in bundle.workflows:
        prompt = str(render_plain_json(artifact.payload["main_prompt"]))
        cost = prompt_cost(prompt)
        counted = cost.calls.focused + cost.entry.focused
        assert counted == prompt.count("Use focused_action")
        # The line ends between four sections.
        assert 0 <= estimate_tokens(prompt) - cost.all_tokens <= 3
        by_hand = "Steps" not in prompt
        assert all(cost.tokens[name] for name in ("title", "rules", "steps")) or by_hand


def test_blanks_of_an_editor_are_blanks() -> None:
    prompt = "Use&nbsp;focused_action to look.</p><p>Use\u00a0focused_action to read."
    assert prompt_cost(prompt).calls == Calls(2, 0)


def test_pictures_do_not_hide_the_sections() -> None:
    lines = ("A", "", "Rules", "- One", "", "Steps", "1. Go", "", "Replay", "B")
    source = "\n".join(f"<p>{line}<br>" if line in ("Rules", "Replay") else line for line in lines)
    tokens = prompt_cost(source.replace("Steps", "<p>Steps<br>")).tokens
    assert all(tokens.values())
    assert tokens["rules"] == estimate_tokens("<p>Rules<br>\n- One")


BY_HAND = {
    "patient_lookup": (5, []),
    "invoice_batch": (5, [2]),
    "claims_export": (3, [1]),
}


def test_the_examples_take_about_as_many_words_as_prompts_by_hand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["economy.py"])
    assert economy.main() == 0, capsys.readouterr().out


@in_rows("name", economy.EXAMPLES)
def test_prompts_written_by_hand_are_for_the_same_task(name: str) -> None:
    """They name every input, secret and output, nothing else, and are counted as a person does."""
    text = economy.by_hand(name)
    bundle = compile_folder(EXAMPLES / economy.EXAMPLES[name]).bundle
    assert bundle is not None
    (payload,) = (render_plain_json(each.payload) for each in bundle.workflows if each.name == name)
    given = set(json.loads(payload["input_schema"])["properties"])
    kept = json.loads(payload["output_schema"])["properties"]
    outputs = {output for output, schema in kept.items() if "const" not in schema}
    runtime = {re.split(r"[.\[]", found)[0] for found in re.findall(r"\{\{([^{}]+)\}\}", text)}
    inputs = set(re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", text))
    assert inputs == given
    assert outputs <= runtime <= outputs | {"loop_item", "shown_mrn"}
    cost = prompt_cost(text)
    assert (cost.calls.focused, [loop.calls.focused for loop in cost.loops]) == BY_HAND[name]


@in_rows(
    ("text", "tokens"),
    [
        ("", 0),
        ("\n\n", 0),
        ("Press enter.", 3),
        ("unmistakable", 2),
        ("recordings", 1),
        ("unsupported", 2),
        ("declare_task_failed", 3),
        ("__", 1),
        ("⟦x⟧", 7),
        ("“x”…", 3),
        ("12345", 2),
        ("打开病历", 4),
        ("полис", 2),
        ("a\n   b", 3),
    ],
)
def test_pieces_of_a_text(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_longer_text_takes_no_fewer_tokens(text: str, more: str) -> None:
    longer = text + more
    # A byte is the least that a token stands for.
    assert 0 <= estimate_tokens(text) <= estimate_tokens(longer) <= len(longer.encode())


PIECES = (
    "Use focused_action",
    "use start_loop",
    "Steps",
    "Rules",
    "Use end_loop_iteration with",
    "extract_prompt=",
    "<p>Replay</p>",
)


@given(st.lists(st.sampled_from(PIECES)))
def test_every_text_has_a_cost(pieces: list[str]) -> None:
    cost = prompt_cost("\n".join(pieces))
    assert cost.calls.focused + cost.entry.focused == pieces.count("Use focused_action")
    assert cost.calls.readings + cost.entry.readings == pieces.count("extract_prompt=")
    assert len(cost.loops) == pieces.count("use start_loop")


def test_words_are_those_with_a_letter_and_tags_are_none() -> None:
    assert economy.count_words('<p>1. Press <b class="x">F5</b> - now, 3 times.</p>') == 4


def test_a_call_that_asks_for_a_failure_alone_is_known() -> None:
    asking = (
        "4. Use focused_action:\n"
        "   - Data: failure = {{failure}}\n"
        "   - If ⟪failure.value⟫ has a value, fail with ⟪failure.value⟫."
    )
    assert economy.asking_calls(asking) == economy.asking_calls(f"{asking}\n5. Go.") == 1
    assert economy.asking_calls(f"{asking}\n   - Check “it is saved”.") == 0
