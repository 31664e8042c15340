"""The machine's table of meanings fits the sentences, its code and what it assumes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from flowdsl.prompt.sentences import FOCUSED, MAIN, PLATFORM, SENTENCES
from flowdsl.semantics import capabilities
from flowdsl.simulate.machine import execute, meanings
from flowdsl.simulate.machine.meanings import ASSUMPTIONS, AXES, WHO, MeaningsChanged
from flowdsl.simulate.machine.variants import Variant
from flowdsl.simulate.trace import Ending, Trace
from flowdsl.simulate.world import World
from tests.support.rows import for_rows

MACHINE = Path(meanings.__file__).parent
PACKAGE = MACHINE.parents[1]
CARRIED_OUT_BY = {
    MAIN: {"main"},
    FOCUSED: {"focused"},
    PLATFORM: {"extraction", "transformation"},
}
NAMES = {axis.name for axis in AXES.values()} | ASSUMPTIONS.keys() | capabilities.ASSUMPTIONS.keys()


def test_every_sentence_has_the_meaning_of_its_words() -> None:
    meanings.check_meanings()


@for_rows(lambda: meanings.sentence_meanings())
def test_a_meaning_says_who_carries_it_out_and_what_it_rests_on(name: str) -> None:
    row = meanings.sentence_meanings()[name]
    may = set().union(*(CARRIED_OUT_BY[reader] for reader in SENTENCES[name].readers))
    assert row.who
    assert set(row.who) <= set(WHO)
    assert row.who == ("nobody",) or set(row.who) <= may
    assert row.means.endswith(".")
    assert row.rests
    for rest in row.rests:
        kind, _, rested = rest.partition(":")
        assert rested in NAMES if kind == "I" else re.fullmatch("D:/[a-z/-]+[a-z0-9-]+", rest), rest


def test_an_assumption_has_one_name_in_one_table() -> None:
    axes = {axis.name for axis in AXES.values()}
    assert not axes & ASSUMPTIONS.keys()
    assert not (axes | ASSUMPTIONS.keys()) & capabilities.ASSUMPTIONS.keys()


def test_every_assumption_of_the_machine_holds_up_a_meaning_or_a_line_of_its_code() -> None:
    rested = {rest[2:] for each in meanings.sentence_meanings().values() for rest in each.rests}
    code = "".join(path.read_text(encoding="utf-8") for path in MACHINE.glob("*.py"))
    for name in {axis.name for axis in AXES.values()} | ASSUMPTIONS.keys():
        assert name in rested or f"`{name}`" in code, name


def test_every_assumption_that_code_names_stands_in_a_table() -> None:
    places = [*MACHINE.parent.rglob("*.py"), *(PACKAGE / "ir").rglob("*.py")]
    places += [*(PACKAGE / "codegen").rglob("*.py"), *(PACKAGE / "prompt").rglob("*.py")]
    for place in places:
        text = " ".join(place.read_text(encoding="utf-8").split())
        for name in re.findall(r"assumption `([a-z-]+)`", text, re.IGNORECASE):
            assert name in NAMES, f"{place.name}: {name}"


def test_the_axes_are_what_a_variant_has() -> None:
    usual = Variant()
    names = list(vars(Variant)["__annotations__"])
    assert list(AXES) == names
    assert [axis.values[0][0] for axis in AXES.values()] == [getattr(usual, each) for each in names]


def _named(path: Path) -> set[str]:
    """What a module names that may be a sentence."""
    families = "|".join({name.partition(".")[0] for name in SENTENCES})
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = (str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in texts if re.fullmatch(rf"({families})\.\w+", text)}


@for_rows(lambda: sorted(MACHINE.glob("*.py")))
def test_the_machine_acts_on_no_sentence_that_is_none(path: Path) -> None:
    assert _named(path) <= SENTENCES.keys()


CHANGES = {
    "has no meaning": {"added.one": SENTENCES["steps.nothing"]},
    "its meaning is that of": {"steps.nothing": SENTENCES["steps.title"]},
}


@pytest.mark.parametrize("words", CHANGES)
def test_the_machine_refuses_to_run_sentences_that_it_does_not_know(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = SENTENCES | CHANGES[words]
    with pytest.raises(MeaningsChanged, match=words):
        meanings.check_meanings(changed)
    monkeypatch.setattr(execute, "check_meanings", lambda: meanings.check_meanings(changed))
    execute.load_grammar.cache_clear()
    ended = Ending("success", None, {})
    program = Trace(("", ""), (), (), {}, ended, ())
    with pytest.raises(MeaningsChanged, match=words):
        execute.execute_payload(
            execute.Payload("a"), World({}, lambda *_: None, {}), program, Variant()
        )
    monkeypatch.undo()
    assert execute.load_grammar()


def test_a_meaning_without_a_sentence_is_refused() -> None:
    fewer = {name: each for name, each in SENTENCES.items() if name != "steps.nothing"}
    with pytest.raises(MeaningsChanged, match="no sentence"):
        meanings.check_meanings(fewer)
