"""Answers of tests for the looks of `expect` and `wait until` with a condition, and coverage."""

from __future__ import annotations

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles
from flowdsl.testing.coverage import bodies_of
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems, suite_of
from tests.support.rows import for_rows

BODY = """
wait until sees "the list" or not sees "busy" timeout 90s else abort "not loaded"
expect who != "x" and not sees "a box" else { press "Escape" }
expect sees "a name" or flag else abort "no name"
emit who = who
"""
SECTIONS = """
inputs { who: string flag: bool }
outputs { who: string }
"""
GIVEN = 'given { who = "Ann" flag = false }'
SOURCE = workflow(BODY, sections=SECTIONS) + "\n"
ROWS = (
    ('outputs { who = "Ann" } never press "Escape"', []),
    ('screen { "a box" = true } does press "Escape"', []),
    ('screen { expect "a box" = true } does press "Escape"', []),
    ('screen { sees "a box" = true } does press "Escape"', []),
    ('screen { expect "a name" = false } aborts "no name"', []),
    ('screen { wait "the list" = false wait "busy" = true } aborts "not loaded"', []),
    ('screen { sees "the list" = false ~"busy" = true } aborts "not loaded"', []),
    ('screen { wait "the list" = false } outputs { who = "Ann" }', []),
    ('screen { wait "a box" = true } outputs { ... }', ["unused-answer"]),
    ('screen { expect "busy" = true } outputs { ... }', ["unused-answer"]),
)


@for_rows(lambda: ROWS)
def test_a_look_is_answered_by_its_own_word_and_by_that_of_its_statement(
    row: tuple[str, list[str]],
) -> None:
    written, wrong = row
    source = f'{SOURCE}test "t" for w {{ {GIVEN} {written} }}'
    if wrong:
        files = MemoryFiles({"main.flow": f"flow 1\n{source}"})
        found = compile_project(files, ["main.flow"], CompileOptions()).analysis.diagnostics
        assert [each.name for each in found if each.severity == "error"] == wrong
    else:
        assert problems(source) == []


ALTERNATIVES = """
wait until sees "the list" or (not sees "busy" and sees "an error")
if sees "an error" { abort "an error" }
while not sees "a key" and not sees "a lock" max 2 { press "F5" }
if sees "a lock" { abort "a lock" }
repeat max 2 { press "Tab" } until sees "the end" or sees "a stop"
if sees "a stop" { abort "a stop" }
expect flag or sees "a name" or sees "a box" else abort "no name"
if sees "a name" and not sees "a box" { abort "only a name" }
"""


def test_the_first_alternative_is_so_where_nothing_is_said() -> None:
    """What a run waits for beside what it needs is most often an error."""
    source = workflow(ALTERNATIVES, sections="inputs { flag: bool }")
    said = 'given { flag = false } never press "F5" aborts "only a name"'
    assert problems(f'{source}\ntest "t" for w {{ {said} }}') == []


def test_coverage_says_what_an_expectation_is() -> None:
    model = suite_of(f'{SOURCE}test "t" for w {{ {GIVEN} outputs {{ ... }} }}').model
    (body,) = bodies_of(model, {"main.flow"})
    assert [branch.words for branch in body.branches][-2:] == [
        '`expect sees "a name" or flag` is so',
        '`sees "a name" or flag` is not so, and goes to its `else`',
    ]
