"""Edits after which a sentence of the compiler shares its line with others, or is cut in two."""

from __future__ import annotations

import difflib
import json

import pytest

from tests.support.flows.decompile.pulling import Desk

SOURCE = """flow 1

workflow w {
  inputs { name: string, note: string }
  outputs { total: number, iban: string, urgent: bool }
  steps {
    do "Open {name}."
    type note into "the field \\"Note\\""
    press "Ctrl+S"
    run "Get-Date" else fail "no date"
    if sees "a flag" {
      emit urgent = true
    } else {
      emit urgent = false
    }
    copy iban from "the field \\"IBAN\\""
    extract total from "the total at the bottom"
  }
}
"""
ADDRESS = "workflow.w"

TAKEN = {
    "a sentence behind a reading": (
        'save it as "total".',
        'save it as "total". Take your time.',
        ['+    do "Take your time."'],
    ),
    "a sentence in front of a reading": (
        "Read “the total",
        "If the list is empty, scroll. Read “the big total",
        [
            '+    do "If the list is empty, scroll."',
            '+    extract total from "the big total at the bottom"',
            '-    extract total from "the total at the bottom"',
        ],
    ),
    "a sentence behind a line without a full stop": (
        "type ⟦{note}⟧",
        "type ⟦{note}⟧ Take your time.",
        ['+    do "Take your time."'],
    ),
    "a sentence behind a value that is saved": (
        'Save "urgent": true.',
        'Save "urgent": true. Tell nobody.',
        ['+      do "Tell nobody."'],
    ),
    "a sentence behind the first line of a copy": (
        'with key "iban".',
        'with key "iban". Look twice.',
        ['+    do "Look twice."'],
    ),
    "a line between a copy and its check": (
        'with key "iban".',
        'with key "iban".\nLook twice.',
        ['+    do "Look twice."'],
    ),
    "a line between a command and its check": (
        "⟦Get-Date⟧",
        "⟦Get-Date⟧\nLook twice.",
        ['+    do "Look twice."'],
    ),
    "a sentence cut in two, and one added": (
        '", type ⟦{note}⟧',
        '".\nType ⟦{note}⟧ Take your time.',
        ['+    do "Take your time."'],
    ),
    "words beside the marks of a text": (
        "Read “the total",
        "Read slowly “the total",
        [
            '+    extract total from "slowly the total at the bottom"',
            '-    extract total from "the total at the bottom"',
        ],
    ),
}
"""Edits of the prompt, with the lines of source that come and go."""

LEFT = {
    "a condition behind a sentence": (
        'save it as "total".',
        'save it as "total" unless it is empty.',
        "where the compiler does not write `unless it is empty`",
    ),
    "a condition in front of a sentence": ("Read “the", "If it is dark, read “the", "`total`"),
    "another word for one of the compiler": (
        "Read “the",
        "Look up “the",
        "where the compiler writes `Read`",
    ),
    "two lines in one": (
        "type ⟦{note}⟧\n3. Press",
        "type ⟦{note}⟧ Press",
        "it says what the source says",
    ),
    "a line in two": ('", type ⟦{note}⟧', '".\nType ⟦{note}⟧', "it says what the source says"),
}
"""Edits that no statements give, with words of the reason."""


def _edited(old: str, new: str) -> tuple[Desk, dict[str, object]]:
    desk = Desk({"flows/a.flow": SOURCE})
    values = desk.values(ADDRESS)
    prompt = str(values["main_prompt"])
    assert prompt.count(old) == 1, prompt
    return desk, values | {"main_prompt": prompt.replace(old, new)}


@pytest.mark.parametrize("kind", TAKEN)
def test_words_beside_a_sentence_of_the_compiler_become_statements(kind: str) -> None:
    old, new, changed = TAKEN[kind]
    desk, values = _edited(old, new)
    done = desk.pulled({ADDRESS: values}, as_file=False)
    assert dict(done.workflows[0].left) == {}
    lines = difflib.unified_diff(
        SOURCE.split("\n"), done.texts["flows/a.flow"].split("\n"), n=0, lineterm=""
    )
    found = [line for line in list(lines)[2:] if not line.startswith("@@")]
    assert sorted(found) == changed
    # The next deploy writes the lines anew, which is told, and a second pull finds nothing.
    assert done.workflows[0].implied
    again = desk.after(done.texts).pulled({ADDRESS: values}, as_file=False)
    assert (again.texts, again.workflows[0].brought, dict(again.workflows[0].left)) == ({}, (), {})


@pytest.mark.parametrize("kind", LEFT)
def test_what_no_statements_say_is_left_with_its_reason(kind: str) -> None:
    old, new, reason = LEFT[kind]
    desk, values = _edited(old, new)
    done = desk.pulled({ADDRESS: values}, as_file=False)
    assert done.texts == {}
    assert reason in done.workflows[0].left["main_prompt"]


def test_an_edit_in_a_branch_of_one_environment_comes_back() -> None:
    """The prompt of the other one does not have the statement, and stays as it was."""
    project = (
        '[project]\nname = "p"\nid = "prj_0001"\n\n'
        '[env.local]\napi = "local"\nvars = { form = "new", place = "Hill" }\n\n'
        '[env.prod]\napi = "https://cyberdesk.test"\nvars = { form = "old", place = "Dale" }\n'
    )
    flow = """flow 1

workflow w {
  steps {
    do "Open {env.place}."
    if env.form == "new" {
      do "Choose \\"Visits\\"."
    } else {
      press "F7"
    }
  }
}
"""
    desk = Desk({"flowdsl.toml": project, "flows/a.flow": flow})
    values = desk.values(ADDRESS)
    prompt = str(values["main_prompt"])
    new = prompt.replace('"Visits"', '"All visits"')
    done = desk.pulled({ADDRESS: values | {"main_prompt": new}}, as_file=False)
    assert done.texts == {"flows/a.flow": flow.replace("Visits", "All visits")}
    # Words of `env` are never replaced by those of one environment, nor of the other one.
    for place in ("Valley", "Dale"):
        new = prompt.replace("Hill", place)
        done = desk.pulled({ADDRESS: values | {"main_prompt": new}}, as_file=False)
        assert done.texts == {}


@pytest.mark.parametrize(
    ("described", "added", "removed"),
    [
        ("What they owe us.", ["## What they owe us."], ["## What is owed."]),
        ("", [], ["## What is owed."]),
    ],
)
def test_a_description_without_its_source_is_taken(
    described: str, added: list[str], removed: list[str]
) -> None:
    source = SOURCE.replace("total: number,", "\n    ## What is owed.\n    total: number\n   ")
    desk = Desk({"flows/a.flow": source})
    values = desk.values(ADDRESS)
    schema = json.loads(values["output_schema"])
    schema["properties"]["total"]["description"] = described
    values["output_schema"] = json.dumps(schema)
    done = desk.pulled({ADDRESS: values}, as_file=False)
    lines = list(difflib.ndiff(source.split("\n"), done.texts["flows/a.flow"].split("\n")))
    assert [line[2:].strip() for line in lines if line[0] == "+"] == added
    assert [line[2:].strip() for line in lines if line[0] == "-"] == removed
    assert any("where they are from" in note for note in done.workflows[0].notes)
    again = desk.after(done.texts).pulled({ADDRESS: values}, as_file=False)
    assert (again.texts, again.workflows[0].brought, dict(again.workflows[0].left)) == ({}, (), {})


def test_a_description_that_lacks_nothing_but_its_source_is_left_with_that_reason() -> None:
    source = SOURCE.replace("total: number,", "\n    ## What is owed.\n    total: number\n   ")
    desk = Desk({"flows/a.flow": source})
    values = desk.values(ADDRESS)
    schema = json.loads(values["output_schema"])
    schema["properties"]["total"]["description"] = "What is owed."
    done = desk.pulled({ADDRESS: values | {"output_schema": json.dumps(schema)}}, as_file=False)
    assert done.texts == {}
    assert "lacks where outputs come from" in done.workflows[0].left["output_schema"]
