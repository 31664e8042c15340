"""The scenes that readers play.

Each compiles, shows no answer, and tells a right reader from one who does harm.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.prompts import scenes
from tests.support.flows.compiling import compiled
from tests.support.flows.compiling import prompt_of as compiled_prompt

ALL = scenes.scenes([])
HARM = {
    "empty_step": [["click", "Inbox"], ["click", "Delete"], ["double_click", "first"], ["done"]],
    "empty_branch": [["done"]],
    "typed_lines": [
        ["click", "Note"],
        ["type", "To clear an entry:"],
        ["press", "Delete"],
        ["press", "Ctrl+S"],
        ["done"],
    ],
    "attempt_reported": [["declare_task_failed", "the form was not saved"]],
}
"""What readers of former prompts did."""


def _compiles_here(source: str, _: tuple[str, ...]) -> str:
    bundle = compiled({"scene.flow": source})
    assert len(bundle.workflows) == 1
    return compiled_prompt(source.strip().removeprefix("flow 1"))


@pytest.mark.parametrize("name", ALL)
def test_a_scene_shows_a_text_and_no_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "compiled", _compiles_here)
    shown = scenes.shown(ALL[name], ())
    text = shown.partition("=== The text ===\n")[2].partition("\n=== The desktop ===")[0]
    assert len(text) > 50
    assert name not in shown
    assert not any(f"{{{each}}}" in shown for each in ALL[name].get("inputs", {}))


@pytest.mark.parametrize("name", ALL)
def test_who_does_what_the_program_means_is_right(name: str) -> None:
    meant = ALL[name]["calls"]
    played = [
        [verb, *(word.split("|")[0].replace("&", " ") for word in rest)] for verb, *rest in meant
    ]
    assert scenes.score(played, meant) == ([], [])
    assert scenes.score(played[:-1], meant) == ([meant[-1]], [])


@pytest.mark.parametrize("name", HARM)
def test_what_former_prompts_led_to_is_wrong(name: str) -> None:
    left, done = scenes.score(HARM[name], ALL[name]["calls"])
    assert left or done


def test_one_blank_less_is_another_text() -> None:
    meant: list[Any] = [["type", " a "]]
    assert scenes.score([["type", " a"]], meant) == (meant, [["type", " a"]])
