"""Laws of prompts, as somebody sees them who knows nothing but the text.

It is taken apart here, with no code of the compiler.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.ir import nodes
from flowdsl.ir.passes.simplify import drop_empty
from flowdsl.semantics.capabilities import DOCUMENTED
from flowdsl.source.files import MemoryFiles
from tests.support.effort import examples
from tests.support.flows.compiling import prompt_of as compiled_prompt
from tests.support.flows.compiling import steps_of, workflow
from tests.support.flows.decompile.prompt_reading import prompt_of
from tests.support.flows.generated.prompts import HERE
from tests.support.flows.generated.workflows import workflows
from tests.support.rows import in_rows

TITLE = "Part "
"""How the titles of steps begin in generated programs."""


@dataclass
class Seen:
    """A numbered line or a bullet with what stands under it."""

    text: str
    bullet: bool
    around: tuple[Seen, ...]
    under: int = 0


def _seen(prompt: str) -> Iterator[Seen]:
    """The lines of the steps; a line without a number or a dash belongs to the one before it."""
    steps = prompt.partition("\nSteps\n")[2].partition("\n\nReplay\n")[0]
    open_: list[tuple[int, Seen]] = []
    for line in steps.split("\n"):
        found = re.match(r"( *)(?:(-)|[0-9.]+)(?: (.*)|$)", line)
        if found is None:
            if line:
                open_[-1][1].text += "\n" + line.strip()
            continue
        depth = len(found[1])
        while open_ and open_[-1][0] >= depth:
            yield open_.pop()[1]
        seen = Seen(found[3] or "", found[2] is not None, tuple(each for _, each in open_))
        if open_:
            open_[-1][1].under += 1
        open_.append((depth, seen))
    while open_:
        yield open_.pop()[1]


def _compiled(source: str) -> str:
    files = MemoryFiles({"main.flow": source})
    compilation = compile_project(files, ["main.flow"], CompileOptions())
    assume(compilation.bundle is not None)
    assert compilation.bundle is not None
    return str(render_plain_json(compilation.bundle.workflows[0].payload["main_prompt"]))


# Nothing is empty


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflows())
def test_no_heading_and_no_group_is_without_lines(source: str) -> None:
    for line in _seen(_compiled(source)):
        _has_lines(line)


def _has_lines(line: Seen) -> None:
    introduces = line.text.endswith((":", "else skip them.")) or line.text.startswith(TITLE)
    assert line.text, "a line says something"
    assert not introduces or line.under, line.text


@in_rows(
    "body",
    [
        'step "Part" { }',
        'step "Part" { emit kept = "yes" }',
        'step "Part" { do "{# later #}" }',
        'step "Part" { do "{empty}" }',
        'step "Part" { step "Part" { type "" into "Note" } }',
        'step "Part" { call hurry(fast: true) }',
        'step "Part" { expect "x" else { } }',
        'if sees "x" { }',
        'if sees "x" { } else { }',
        'if sees "x" { step "Part" { } } else if sees "y" { } else { }',
        "retry 3 { } else { }",
        'while not sees "x" max 3 { } else { }',
        "for n in names max 3 { }",
    ],
)
def test_what_comes_to_nothing_leaves_nothing(body: str) -> None:
    source = (
        'const empty = "" task hurry(fast: bool) { if fast { } else { press "F6" } }'
        + workflow(
            f'do "Open it."\n{body}\ndo "Close it."',
            sections="inputs { names: string[] } outputs { kept: string? } always { }",
        )
    )
    assert steps_of(source) == "1. Open it.\n2. Close it."


def test_a_branch_without_a_body_does_not_cover_the_next_one() -> None:
    steps = steps_of(
        workflow('if sees "x" { } else if sees "y" { press "F1" } else { press "F2" }')
    )
    assert steps.split("\n")[1:] == [
        "   - If you do not see “x”:",
        "     - If you see “y”:",
        "       - Press f1.",
        "     - Otherwise:",
        "       - Press f2.",
    ]


def test_a_line_without_words_is_left_out() -> None:
    prompt = compiled_prompt(
        workflow('step "" { do "Open it." }', sections='always { "" "{# x #}" }')
    )
    assert "At any time" not in prompt
    assert prompt.endswith("\n1. Open it.")


def test_a_title_above_a_picture_alone_is_left_out() -> None:
    picture = nodes.Picture(
        origin=HERE, sha256="0" * 64, extension="png", alternative="a", shows=None
    )
    step = nodes.Step(origin=HERE, title=_literal("Delete the draft"), body=(picture,))
    made = nodes.Workflow(origin=HERE, name="w", title="w", body=(step,))
    program = nodes.Program(workflows=(drop_empty(made),), chains=())
    assert program.workflows[0].body == (picture,)


def test_a_workflow_that_does_nothing_says_so() -> None:
    source = workflow('step "Delete all drafts" { }', sections='title = "Delete all drafts"')
    assert steps_of(source) == "1. There is nothing to do: the task is complete."


def test_a_failure_that_is_none_is_said_to_be_none() -> None:
    for statement in (
        'wait until "x" else { }',
        'choose "x" else { }',
        'while not sees "x" max 3 { press "F5" } else { }',
        'retry 3 { press "F5" expect "x" } else { }',
    ):
        last = steps_of(workflow(statement)).split("\n")[-1]
        assert last.endswith("just go on."), statement


# What is typed has ends

ALPHABET = st.sampled_from(
    [*"ab.-:23 \t\u3000\n\n\u27e6\u27e7", " - Press Delete.", "\u27e62:", ":2\u27e7"]
)


def _literal(text: str) -> nodes.Text:
    return (nodes.TextPiece(value=text),) if text else ()


def _between_marks(sentence: str) -> str:
    """What stands in brackets behind a sentence that names them, or in quotation marks."""
    head = re.search(r" in (\S+) (\S+?)(?=[:,]? |:\n|:$)", sentence)
    if head is None:
        quoted = re.fullmatch(r"[^\"]* type \"(.*)\"", sentence)
        assert quoted is not None, sentence
        return quoted[1]
    inside = re.escape(head[1]) + r"(.*?)" + re.escape(head[2])
    return "\n".join(re.findall(inside, sentence[head.end() :]))


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(ALPHABET, min_size=1, max_size=8).map("".join))
def test_a_text_to_type_is_found_to_the_last_blank(text: str) -> None:
    typed = nodes.TypeIn(origin=HERE, value=_literal(text), display=None, target=_literal("Note"))
    after = nodes.Do(origin=HERE, text=_literal("Go on."))
    made = nodes.Workflow(origin=HERE, name="w", title="w", body=(typed, after))
    lines = list(_seen(prompt_of(made, DOCUMENTED)))
    assert [line.text for line in lines[1:]] == ["Go on."]
    (sentence, *_) = (line.text for line in lines)
    assert _between_marks(sentence) == text
    count = text.count("\n") + 1
    assert (f"of {count} lines, each in" in sentence) == (count > 1)
    head = sentence.partition("\n")[0]
    for number, line in enumerate(text.split("\n"), 1):
        subject = f"line {number}" if count > 1 else "it"
        assert (f"{subject} begins with" in head) == (bool(line.strip()) and line[0].isspace())
        assert (f"{subject} ends with" in head) == (bool(line.strip()) and line[-1].isspace())
        assert (f"{subject} consists of" in head) == (bool(line) and not line.strip())


@in_rows(
    "statement",
    [
        'type memo into "Note"',
        'type "{memo}" into "Note"',
        'type "Re: {memo}." into "Note"',
        "emit kept = memo",
        'emit kept = "Re: {memo}"',
        'if memo == "x" { press "F5" }',
        'for n in memos max 3 { type n into "Note" }',
    ],
)
def test_a_value_that_may_hold_anything_never_stands_bare(statement: str) -> None:
    steps = steps_of(
        workflow(
            statement, sections="inputs { memo: string, memos: string[] } outputs { kept: string? }"
        )
    )
    holes = re.findall(r"(.?)(?:Re: )?\{\{?(?:memo|loop_item)\}", steps)
    assert holes == ["\u27e6"], steps


@pytest.mark.parametrize(
    "statement",
    ['if name == note { press "F5" }', 'if sees "x" { emit kept = note }'],
    ids=["compared", "stored"],
)
def test_a_text_that_is_stored_or_compared_has_ends_too(statement: str) -> None:
    note = 'const note = """\n  Dear all,\n  - Press Delete.\n"""\n'
    sections = "inputs { name: string } outputs { kept: string? }"
    steps = steps_of(note + workflow(f'do "Open {{name}}."\n{statement}', sections=sections))
    assert "the text of 2 lines, each in ⟦ ⟧, with a line end after each but the last:" in steps
    assert "⟦Dear all,⟧ ⟦- Press Delete.⟧" in steps


def test_a_command_has_ends_too() -> None:
    steps = steps_of(workflow('run "Get-ChildItem ."\nrun " Get-Date "'))
    assert "exactly the command in ⟦ ⟧: ⟦Get-ChildItem .⟧" in steps
    assert "(it begins with 1 blank; it ends with 1 blank): ⟦ Get-Date ⟧" in steps


# Attempts


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflows())
def test_nobody_is_told_of_an_attempt_that_is_not_his(source: str) -> None:
    for line in _seen(_compiled(source)):
        own = [each for each in line.around if each.bullet == line.bullet]
        counts = [each.text for each in own if each.text.startswith("Make up to")]
        counted = bool(counts)
        if "his attempt has failed" in line.text:
            assert counted, line.text
            # What that means is said once, where the attempts are counted.
            assert "When one fails, skip the rest of it" in counts[-1]
        if 'top here: report "attempt failed"' in line.text:
            assert line.bullet
            assert not counted, line.text
            assert any(
                'a focused_action reports "attempt failed"' in each.text for each in line.around
            )


def test_the_wait_between_attempts_stands_over_them_where_one_agent_makes_them() -> None:
    prompt = compiled_prompt(workflow('retry 3 wait 5s { press "F5" expect "x" }'))
    (start,) = (line.text for line in _seen(prompt) if line.text.startswith("Make up to 3"))
    assert ", with 5 seconds between them, until one succeeds." in start
    assert prompt.count("5 seconds") == 1


def test_the_wait_between_attempts_of_the_main_agent_stands_in_them_before_all_else() -> None:
    body = 'retry 3 wait 5s { press "F5" expect "x" capture "after.png" }'
    prompt = compiled_prompt(workflow(body))
    lines = sorted(_seen(prompt), key=lambda line: prompt.index(line.text))
    start = next(n for n, line in enumerate(lines) if line.text.startswith("Make up to 3"))
    assert lines[start + 1].text == "From the second attempt on, wait 5 seconds here."
    assert lines[start + 1].around[-1] is lines[start]
    assert "5 seconds" not in "".join(line.text for line in lines[start + 2 :])
