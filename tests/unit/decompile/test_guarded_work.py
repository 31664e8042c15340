"""Branches that are compiled to loops of one or no entry come back as branches."""

from __future__ import annotations

from typing import Any

import pytest

from flowdsl.compiler.pipeline import compile_project
from flowdsl.decompile.payload import same_payload
from flowdsl.decompile.project import import_workflows
from flowdsl.format.formatter import format_source
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from tests.support.effort import THOROUGH
from tests.support.flows.decompile.round_trip import served
from tests.support.meaning.checked import Checked, account, checked
from tests.support.meaning.corpus import cases
from tests.support.meaning.generator.programs import program

FRESH = account(fresh_loop_lists=True)
INPUTS = "inputs { fast: bool, slow: bool, mode: string, rows: string[] @max_items(9) }"

BODIES = {
    "a branch": 'if fast { capture "a.png" }',
    "branches, of which a focused agent does one": """
        if fast { capture "a.png" } else if mode == "x" { press "F1" } else { run "Get-Date" }""",
    "all values of an enum": 'match mode_of { "a" { run "Get-Date" } "b" { capture "b.png" } }',
    "a branch that may fail": 'if fast { capture "a.png" expect "b" press "F1" }',
    "two models": 'if fast { extract n: int from "n" using "a" type {{n}} into "N" '
    'choose "b" using "c" }',
    "a branch in a branch": """
        if fast { capture "a.png" if slow { capture "b.png" } press "F1" }""",
    "a loop in a branch": """
        if fast { for item in rows { type item into "A" capture "{item}.png" } }""",
    "a loop over what is kept": """
        extract names: string[] from "the names"
        if fast { for item in {{names}} max 3 { type item into "A" capture "{item}.png" } }""",
    "steps in a branch": """
        if fast {
          step "A" { capture "a.png" if slow { export file "b.pdf" } }
          step "B" { press "F1" capture "c.png" }
        } else { step "C" { capture "d.png" } }""",
    "a branch on the lines of a screen's branch": """
        if sees "a" { if fast { capture "a.png" } } else { press "F1" }""",
}


def made(body: str) -> Checked:
    inputs = INPUTS.replace(
        "mode: string", 'mode_of: "a" | "b"' if "mode_of" in body else "mode: string"
    )
    used = [each for each in inputs[9:-2].split(", ") if f"{each.split(':')[0]}" in body]
    program = checked(
        f"flow 1\nworkflow w {{ inputs {{ {', '.join(used)} }} steps {{ {body} }} }}", FRESH
    )
    assert program is not None
    return program


def back(payload: dict[str, Any]) -> str:
    """The source of a payload that is imported, and compiles to it again."""
    imported = import_workflows([payload], name="w", capabilities=FRESH.capabilities)
    (path,) = (each for each in imported.files if each.endswith(".flow"))
    source = imported.files[path].decode()
    compilation = compile_project(MemoryFiles(dict(imported.files)), [path], FRESH)
    (again,) = served(compilation.bundle or pytest.fail("no bundle")).values()
    assert same_payload(payload | {"tags": payload.get("tags") or []}, again) == ()
    return source


def steps(source: str) -> str:
    formatted = format_source(SourceFile("", source)).text
    return formatted[formatted.index("steps {") :].replace("\n\n", "\n")


@pytest.mark.parametrize("name", BODIES)
def test_a_branch_comes_back_as_it_was_written(name: str) -> None:
    given = made(BODIES[name])
    assert "start_loop" in given.payload["main_prompt"]
    assert steps(back(given.payload)) == steps(given.source)


def test_every_case_with_guarded_work_comes_back_as_statements_without_its_lists() -> None:
    found = [each for each in cases() if each.first.fields.get("fresh_loop_lists")]
    assert found
    for case in found:
        payload = Checked(case.source, case.compilation).payload
        source = back(payload)
        assert "prompt from" not in source
        assert "guard" not in source


def test_without_the_setting_the_lists_stay_and_nothing_is_lost() -> None:
    payload = made(BODIES["a branch"]).payload
    imported = import_workflows([payload], name="w")
    assert any(each.endswith(".prompt.md") for each in imported.files)


def test_lists_of_these_names_that_are_no_branches_stay_what_they_are() -> None:
    body = """
        keep guard: string[] = []
        if fast { keep guard = ["yes"] }
        for item in {{guard}} max 3 { type item into "A" capture "{item}.png" }"""
    payload = made(body).payload
    assert "keep guard" in back(payload)


def test_generated_guarded_work_is_told_whole_or_not_at_all() -> None:
    for seed in range(60 if THOROUGH else 20):
        given = checked(program(seed, fresh=True), FRESH)
        if given is not None and "{{guard" in given.payload["main_prompt"]:
            source = back(given.payload)
            assert "prompt from" in source or "guard" not in source
