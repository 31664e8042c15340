"""The scenes that readers play.

Each compiles, shows no answer, and tells a right reader from one who does harm. Its calls are what
its program does in its world, a program that means something else does something else there, and
whoever takes a sentence for its opposite is wrong.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from benchmarks.prompts import plays, scenes
from flowdsl.prompt.sentences import SENTENCES
from flowdsl.simulate.world import Unanswerable
from tests.support.effort import THOROUGH, every
from tests.support.meaning import scenes as support
from tests.support.meaning.sides import side_by_side
from tests.support.rows import for_rows, in_rows

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


UNSAID = {"data.background_prompt?boxed", "data.store_reason?boxed"}
"""Choices that no flow says.

A background reading is an output only, and the reason for which an entry failed stays in its call.
"""


@cache
def _seen(name: str) -> str:
    return scenes.seen(ALL[name], *support.compiled(ALL[name]))


@cache
def _marked(name: str) -> str:
    return support.marked(ALL[name])


@cache
def _met(name: str) -> set[str]:
    return support.met(_marked(name))


@for_rows(lambda: ALL, fewest=60)
def test_a_scene_shows_a_text_and_no_answer(name: str) -> None:
    scene = ALL[name]
    text = _seen(name)
    assert len(text) > 50
    assert "_" not in name or name not in text + scene["desktop"]
    if scene["reader"] == "focused":
        assert "{{" not in text, "every value of the run is filled in"
    assert support.untold(scene, text) == []
    assert not any(f"{{{each}}}" in text.replace("{{", "") for each in scene.get("inputs", {}))


@for_rows(lambda: ALL, fewest=60)
def test_who_does_what_the_program_means_is_right(name: str) -> None:
    scene = ALL[name]
    meant = scene["calls"]
    played = [
        [verb.split("|")[0], *(_spoken(verb, word) for word in rest)] for verb, *rest in meant
    ]
    assert scenes.judged(played, scene) == ([], [])
    left, done = scenes.judged(played[:-1], scene)
    assert left
    assert not done or meant[-1][0] == "save"


def _spoken(verb: str, word: str) -> str:
    """An argument as a reader may say it."""
    if verb in plays.EXACT:
        return word
    return " ".join(each.split("|")[0] for each in word.split("&") if each[:1] != "!")


@for_rows(lambda: ALL, fewest=60)
def test_the_calls_of_a_scene_are_what_its_program_does(name: str) -> None:
    trace = support.traced(ALL[name])
    assert trace is not None
    assert support.is_done(ALL[name], trace), (support.events(ALL[name], trace), trace.ending)


@for_rows(lambda: ALL, fewest=60)
def test_the_prompt_of_a_scene_does_what_its_program_does(name: str) -> None:
    found = support.disagreement(ALL[name])
    assert found is None, side_by_side(found)


@for_rows(lambda: every(3, list(ALL)), fewest=60 if THOROUGH else 20)
def test_a_program_that_means_something_else_does_something_else(name: str) -> None:
    scene = ALL[name]
    same = []
    for source in support.opposites(scene.get("source", "")):
        try:
            trace = support.traced(scene, source)
        except Unanswerable:
            continue
        if trace is not None and support.is_done(scene, trace):
            same.append(source)
    assert len(same) == scene.get("same", 0), same[:1]


@for_rows(lambda: ALL, fewest=60)
def test_who_takes_a_sentence_for_its_opposite_is_wrong(name: str) -> None:
    scene = ALL[name]
    for sentence, change in scene.get("about", {}).items():
        assert sentence in _met(name), f"{sentence} is not in what the reader sees"
        changed = plays.changed(scene["calls"], change)
        assert scenes.judged(changed, scene) != ([], []), (sentence, change)


@in_rows("name", HARM)
def test_what_former_prompts_led_to_is_wrong(name: str) -> None:
    assert scenes.judged(HARM[name], ALL[name]) != ([], [])


def test_marks_of_sentences_change_no_text() -> None:
    """Capitals and full stops depend on what stands beside them, and may differ."""

    def plain(text: str) -> str:
        return text.lower().replace(".", "")

    for name in ALL:
        assert plain(support.unmarked(_marked(name))) == plain(_seen(name)), name


def test_every_sentence_and_word_has_a_scene() -> None:
    """One that says what becomes of its calls when the sentence is taken for its opposite."""
    about = {each for scene in ALL.values() for each in scene.get("about", {})}
    assert about == SENTENCES.keys() | support.words().keys()


def test_a_scene_shows_each_choice_of_a_sentence() -> None:
    """The words of a choice where they are said; a scene without them shows the other ones."""
    met = set().union(*map(_met, ALL))
    choices = {
        f"{name}?{choice.hole.name}"
        for name, sentence in SENTENCES.items()
        for choice in sentence.choices
    }
    assert choices - met == UNSAID


# What counts as the same call

SAME = [
    ([["press", "Ctrl + S"]], [["press", "ctrl+s"]]),
    ([["press", "Tab 2 times"]], [["press", "tab"], ["press", "tab"]]),
    ([["press", "ctrl+a delete"]], [["clear", ""]]),
    ([["click", "the field To"], ["press", "Ctrl+A"], ["press", "Del"]], [["clear", "to"]]),
    (
        [["clear", "the field To"], ["click", "To"], ["type", "a"]],
        [["clear", "to"], ["type", "a"]],
    ),
    ([["press", "F10"], ["press", "alt+f4"]], [["press", "f10"], ["press", "alt+f4"]]),
    ([["press", "Page Down"]], [["press", "pagedown"]]),
    ([["wait", "1.5 minutes"]], [["wait", "90"]]),
    ([["wait", "500 ms"]], [["wait", "0.5"]]),
    ([["save", "a = 1"], ["save", "b = 2"]], [["save", "1&2"]]),
    ([["open", "the row “A”"], ["check", "it"]], [["click", '"a"']]),
    ([["report", "done"]], [["done"]]),
    ([["double_click", "a"]], [["click", "a"]]),
    ([["declare_task_failed", "a"], ["done"]], [["declare_task_failed", "a"]]),
]
OTHER = [
    ([["type", " a"]], [["type", " a "]]),
    ([["press", "f1"]], [["press", "f10"]]),
    ([["press", "tab"]], [["press", "tab"], ["press", "tab"]]),
    ([["save", "a = 1"]], [["save", "1&2"]]),
    ([["click", "a"]], [["double_click", "a"]]),
    ([["wait", "5 minutes"]], [["wait", "5"]]),
    ([["click", "a"], ["press", "delete"]], [["clear", "a"]]),
    ([["clear", "to"], ["click", "cc"], ["type", "a"]], [["clear", "to"], ["type", "a"]]),
]


@for_rows(lambda: SAME)
def test_the_same_said_in_another_way_is_right(
    row: tuple[list[plays.Call], list[plays.Call]],
) -> None:
    calls, meant = row
    assert plays.compare(calls, meant) == ([], [])


@for_rows(lambda: OTHER)
def test_another_call_is_wrong(row: tuple[list[plays.Call], list[plays.Call]]) -> None:
    calls, meant = row
    assert plays.compare(calls, meant) != ([], [])


# The script


def test_packs_hold_every_scene_once_and_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenes, "compiled", support.compiled)
    assert scenes.write_packs(3, str(tmp_path), ()) == 0
    packs = [path.read_text("utf-8") for path in sorted(tmp_path.iterdir())]
    assert len(packs) == 3
    for name in ALL:
        assert sum(f"##### Scene {scenes.mark(name)}" in pack for pack in packs) == 1
        assert not any(name in pack for pack in packs if "_" in name)


def test_a_score_tells_who_was_wrong_and_about_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = scenes.mark("call_fails")
    start = [["press", "F2"], ["focused_action", "- Check"]]
    failed = [*start, ["declare_task_failed", "The order lacks an address."]]
    right, wrong = tmp_path / "a.json", tmp_path / "b.json"
    right.write_text(json.dumps({mark: failed}), "utf-8")
    wrong.write_text(json.dumps({mark: start}), "utf-8")
    assert scenes.print_score([str(right), str(wrong)]) == 0
    told = capsys.readouterr().out
    assert f"{mark} call_fails: 1 of 2 right" in told
    assert 'b, left out: ["declare_task_failed", "the order lacks an address"]' in told
    assert "in a scene that somebody got wrong: rules.fail, 1 of 2" in told
    assert "1 of 2 plays right, 0 with something done" in told
    wrong.write_text(json.dumps({mark: [*start, ["press", "F10"], ["done"]]}), "utf-8")
    assert scenes.print_score([str(wrong)]) == 1
    assert scenes.print_score([str(right)]) == 0


@pytest.mark.parametrize("text", ["[", "[1]", '{"a": 1}', '{"a": [1]}', '{"a": [[]]}'])
def test_answers_of_another_form_are_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SystemExit, match=r"[Ee]xpect"):
        scenes.print_score([str(path)])


def test_the_command_line_compiles_what_a_scene_shows() -> None:
    scene = ALL["example_chart"]
    assert scenes.compiled(scene, scenes.FLOWDSL) == support.compiled(scene)
