"""`docs/language.md` builds one flow block by block, and shows what it compiles to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from flowdsl.codegen.artifacts import Template, stand_in
from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.diagnostics.diagnostic import INFO
from flowdsl.format.formatter import format_source
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from tests.support.command_line import run_command

DOCUMENT = Path(__file__).parents[2] / "docs/language.md"
MOST_WORDS = 4000
"""Twenty minutes of reading."""
_BLOCK = re.compile(r"(?:^<!-- ([^\n]+) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEAD = re.compile(
    r"^ *(?:## .*\n *)?((?:workflow|task|type|fixture|test|step) (?:\"[^\"]*\"|\w+))"
)


_BLOCKS: list[tuple[str, str, str]] = _BLOCK.findall(DOCUMENT.read_text("utf-8"))


class Stage(NamedTuple):
    """The flow after a block, and the pieces of prompts below it by the name of the workflow."""

    line: int
    flow: str
    prompts: list[tuple[str, str]]


def build_stages() -> list[Stage]:
    """The flow after each block that shows a part of it."""
    stages: list[Stage] = []
    text = DOCUMENT.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        note, language, content = found.groups()
        if language == "flow" and note != "wrong":
            flow = put_in(stages[-1].flow if stages else "", content)
            stages.append(Stage(text.count("\n", 0, found.start()) + 1, flow, []))
        elif language == "text" and note is not None:
            stages[-1].prompts.append((note.removeprefix("prompt of "), content))
    return stages


def put_in(flow: str, shown: str) -> str:
    """The flow with what a block shows; what has the same name gives way to it."""
    if shown.startswith("flow 1"):
        return shown
    # A line at the left margin begins a piece, unless it closes one or follows its comment.
    for piece in re.findall(r"^(?:## .*\n)?\S.*\n(?:(?:[ }].*)?\n)*", shown, re.MULTILINE):
        flow = _put_in_piece(flow, piece.strip("\n"))
    return flow


def _put_in_piece(flow: str, piece: str) -> str:
    head = _HEAD.match(piece)
    assert head is not None, piece
    block = rf"^( *)(?:## .*\n *)?{re.escape(head[1])}[ (].*(?:\}}|\{{\n(?:.*\n)*?\1\}})$"
    there = re.search(block, flow, re.MULTILINE)
    if there is None:
        assert not head[1].startswith("step"), head[1]
        return f"{flow}\n{piece}\n"
    indented = re.sub(r"^(?=.)", there[1], piece, flags=re.M)
    return flow[: there.start()] + indented + flow[there.end() :]


STAGES = build_stages()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: f"line-{stage.line}")
def test_a_stage_is_clean_and_compiles_to_what_stands_below_it(stage: Stage) -> None:
    assert format_source(SourceFile("rentals.flow", stage.flow)).text == stage.flow
    files = MemoryFiles({"rentals.flow": stage.flow})
    compilation = compile_project(files, ["rentals.flow"], CompileOptions())
    assert [
        (each.span.first, each.message)
        for each in compilation.analysis.diagnostics
        if each.severity != INFO
    ] == []
    assert compilation.bundle is not None
    workflows = {each.name: each.payload["main_prompt"] for each in compilation.bundle.workflows}
    for name, shown in stage.prompts:
        prompt = workflows[name]
        assert isinstance(prompt, Template)
        assert shown in prompt.render(stand_in) + "\n"


def test_the_tests_of_the_flow_pass_as_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / "rentals.flow").write_text(STAGES[-1].flow, "utf-8")
    done = run_command(tmp_path, "test", "rentals.flow")
    assert done.code == 0, done.text
    (shown,) = (text for note, language, text in _BLOCKS if language == "text" and not note)
    assert done.text == shown


def test_what_the_page_calls_an_error_is_one() -> None:
    (wrong,) = (text for note, _, text in _BLOCKS if note == "wrong")
    flow = STAGES[-1].flow.replace(
        '    step "Keep the list"', f'    {wrong}    step "Keep the list"'
    )
    without_else = STAGES[-1].flow.replace(" else { emit late = false }", "")
    for text, expected in ((flow, "branch-frozen-by-replay"), (without_else, "missing-emit")):
        analysis = analyze(MemoryFiles({"rentals.flow": text}), ["rentals.flow"], CompileOptions())
        assert expected in {each.name for each in analysis.diagnostics}


def test_the_page_is_read_in_twenty_minutes() -> None:
    assert len(DOCUMENT.read_text("utf-8").split()) <= MOST_WORDS
