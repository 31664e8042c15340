"""The machine reads every sentence of the language, and does with it what the program says."""

from __future__ import annotations

import pytest

from flowdsl.prompt.sentences import SENTENCES
from flowdsl.simulate.executions import payload_of
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.machine.execute import load_grammar
from flowdsl.simulate.machine.grammar import Grammar, Said
from flowdsl.simulate.machine.variants import Variant
from tests.support.meaning.checked import Checked
from tests.support.meaning.executions import disagreements
from tests.support.meaning.programs.rare import rare_programs
from tests.support.meaning.worlds import world

UNREAD = {
    "rules.title": "the title of a paragraph, which tells where it begins",
    "steps.title": "the title of a paragraph, which tells where it begins",
    "control.loop_reason": "a part of the reason of a failure",
    "sources.const": "`const` in the schema forces the value",
}
"""Sentences that are not read as such, each with why."""

WORLDS = 3


def _differs(each: Checked) -> str:
    """The first difference between a program and its prompt; empty where there is none."""
    assert each.compilation.bundle is not None
    payload = payload_of(each.compilation.bundle.workflows[0])
    for number in range(WORLDS):
        given = world(number, each)
        try:
            found = disagreements(each.model, each.workflow, payload, given, variants=[Variant()])
            for first in found:
                return str(first.difference)
        except MissingInText:
            continue
    return ""


def test_every_sentence_is_met_by_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    met: set[str] = set()
    read = Grammar.sentence

    def listening(grammar: Grammar, name: str, text: str) -> tuple[Said, ...]:
        found = read(grammar, name, text)
        if found:
            met.add(name)
        return found

    load_grammar.cache_clear()  # what another test has read would not be read again
    monkeypatch.setattr(Grammar, "sentence", listening)
    differs = {name: found for name, each, _ in rare_programs() if (found := _differs(each))}
    assert differs == {}
    assert SENTENCES.keys() - met == UNREAD.keys()
