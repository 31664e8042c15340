"""Decisions that a replay would not make again."""

from __future__ import annotations

import pytest

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles
from tests.support.compiling import workflow

INPUTS = "inputs { fast: bool, rows: string[] @max_items(9) }"
FROZEN = "branch-frozen-by-replay"
OUTSIDE = "branch-outside-focused-action"


def findings(body: str, toml: str | None = None) -> list[tuple[str, str]]:
    source = "flow 1\n" + workflow(body, sections=INPUTS)
    project = load_project(toml, "flowdsl.toml", Sink()) if toml else None
    compilation = compile_project(
        MemoryFiles({"main.flow": source}), ["main.flow"], CompileOptions(project)
    )
    found = compilation.analysis.diagnostics
    assert (compilation.bundle is None) == any(each.severity == "error" for each in found)
    return [(each.name, each.span.text.partition(" ")[0]) for each in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('if fast { capture "a.png" }', [(FROZEN, "if")]),
        ('if fast { press "F5" }', []),
        ('if sees "a grid" { capture "a.png" }', [(OUTSIDE, "if")]),
        ('if fast and sees "a grid" { capture "a.png" }', [(OUTSIDE, "if")]),
        ('if not fast { for r in rows { do "Open {r}." } }', [(FROZEN, "if")]),
        ('if fast { press "F5" } else { run "Get-Date" }', [(FROZEN, "if")]),
        ('if sees "x" { press "F5" } else if fast { copy a from "b" }', [(FROZEN, "if")]),
        ('if fast { finish "nothing to do" }', [(FROZEN, "if")]),
        ('expect "saved" else { capture "a.png" abort "no" }', [(OUTSIDE, "expect")]),
        ('choose "the row" else { export file "C:/log.txt" abort "no" }', [(OUTSIDE, "choose")]),
        ('retry 2 { capture "a.png" expect "x" else fail "y" }', [(OUTSIDE, "retry")]),
        ('repeat until fast max 3 { capture "a.png" }', [(FROZEN, "repeat")]),
        ('step "s" { if fast { step "t" { capture "a.png" } } }', [(FROZEN, "if")]),
        ('for r in rows { if sees "x" { capture "{r}.png" } }', [(OUTSIDE, "if")]),
        ('for r in rows { capture "{r}.png" }', []),
    ],
)
def test_replay(body: str, expected: list[tuple[str, str]]) -> None:
    assert findings(body) == expected


def test_a_tool_that_the_team_has_verified_fits() -> None:
    toml = (
        '[project]\nname = "x"\n[platform]\n'
        'focused_agent_tools = ["save_screenshot_as_run_attachment"]\n'
    )
    assert findings('if fast { capture "a.png" }', toml) == []


def test_a_branch_that_a_literal_decides_is_no_decision() -> None:
    source = 'flow 1\ntask go(shot: bool) { if shot { capture "a.png" } }\n' + workflow(
        "call go(shot: true)"
    )
    compilation = compile_project(MemoryFiles({"m.flow": source}), ["m.flow"], CompileOptions())
    assert compilation.analysis.diagnostics == ()
