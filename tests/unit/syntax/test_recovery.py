"""Reading on behind syntax errors: every mistake is reported, and no correct statement is lost."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.diagnostics.mistakes_together import missed, row, trials
from benchmarks.diagnostics.syntax_mutations import sample_programs, samples_of
from flowdsl.api import CompileOptions, MemoryFiles, analyze
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics import certainty
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.recovery import next_statement, recovery
from flowdsl.syntax.recovery.recovery import MAX_ERRORS, Recovery
from flowdsl.syntax.visit import dump, walk
from tests.support.effort import THOROUGH
from tests.support.flows.generated.programs import program
from tests.support.rows import in_rows

RIGHT = (
    'do "Open the chart."',
    'press "F2"',
    "wait 5s",
    'choose "the row" else { fail "no row" }',
    'type "7" into "the field"',
    'expect "the chart is open"\n      else abort "No chart"',
    'extract total: number from "the total"',
    'if sees "a dialog" {\n      press "Escape"\n    }',
    'do """\n      Read on.\n    """',
)
WRONG = (
    'click "OK"',
    "do 'OK' now",
    "clear soon",
    "press Enter",
    "emit total = = 1",
    "total = 1",
    'print("x")',
    "let x = y",
    'type "x" "y" "z"',
    "call sign_in(1)",
    'if x === 1 { press "F3" }',
    "loop x {",
    "extract total int from",
    'do "no end',
    'choose } "x"',
)
BROKEN_HEADS = frozenset(("loop x {",))
UNBALANCED = frozenset(('choose } "x"',))


def parse(text: str) -> tuple[ast.Module, tuple[Diagnostic, ...]]:
    sink = Sink()
    module = parse_module(SourceFile("x.flow", text), sink)
    return module, sink.findings_in_order()


def in_steps(lines: Sequence[str]) -> str:
    body = "\n    ".join(lines)
    return f"flow 1\n\nworkflow w {{\n  steps {{\n    {body}\n  }}\n}}\n\nconst after = 1\n"


def top_statements(text: str) -> list[str]:
    """The texts of the statements of the workflow that are in its tree, outermost only."""
    module, _ = parse(text)
    (steps,) = [node for node in walk(module) if isinstance(node, ast.StepsSection)]
    return [text[each.start : each.end] for each in steps.body.statements]


@given(st.lists(st.sampled_from(RIGHT + tuple(set(WRONG) - BROKEN_HEADS - UNBALANCED))))
def test_every_wrong_statement_is_reported_and_every_right_one_kept(lines: list[str]) -> None:
    text = in_steps(lines)
    wrong = [at for at, line in enumerate(lines) if line in WRONG]
    starts = [5 + sum(line.count("\n") + 1 for line in lines[:at]) for at in wrong]
    _, found = parse(text)
    assert [each.span.first.line for each in found] == starts
    kept = top_statements(text)
    right = [line for line in lines if line in RIGHT]
    assert [each for each in kept if each in RIGHT] == right


@given(st.lists(st.sampled_from(RIGHT), min_size=1), st.sampled_from(("loop x", "if (x) then")))
def test_the_body_of_a_broken_head_is_read(lines: list[str], head: str) -> None:
    text = in_steps([f"{head} {{", *lines, "}", 'press "F9"'])
    _, found = parse(text)
    assert [each.span.first.line for each in found] == [5]
    (step, last) = top_statements(text)
    assert last == 'press "F9"'
    assert all(line in step for line in lines)


@in_rows(
    "text",
    [
        'try {\n      do "a"\n    } catch (e) {\n      do "b"\n    } finally {\n    }',
        'if (x) then {\n      do "a"\n    } else {\n      do "b"\n    }',
        'loop x {\n      do "a"\n    }\n    else {\n      do "b"\n    }',
        'if x:\n      do "a"\n    elif y:\n      do "b"\n    else:\n      do "c"',
        'try:\n      do "a"\n    except:\n      do "b"',
        "* Click OK\n    * Press Enter",
        "1. Click OK\n    2. Press Enter",
    ],
)
def test_one_form_of_another_language_is_one_mistake(text: str) -> None:
    module, found = parse(in_steps([text, 'press "F9"']))
    assert [each.span.first.line for each in found] == [5]
    assert [each.name.text for each in module.declarations if not isinstance(each, ast.TestDecl)]
    assert top_statements(in_steps([text, 'press "F9"']))[-1] == 'press "F9"'


def test_the_example_of_the_module_is_true() -> None:
    assert recovery.__doc__ is not None
    example = recovery.__doc__.split("seven diagnostics:\n")[1].split("What is proven")[0]
    text = "flow 1\n" + "\n".join(line[4:39].rstrip() for line in example.splitlines())
    module, found = parse(text)
    assert len(found) == 7
    assert [node.name.text for node in module.declarations if isinstance(node, ast.TaskDecl)] == [
        "c",
        "d",
    ]
    assert [part.names for part in module.unread] == [("b",)]
    assert [text[hole.start : hole.end] for hole in module.holes] == [
        'click "x"',
        "do y",
        'loop sees "z"',
        "press F2",
        "clear soon",
    ]
    pressed = [node for node in walk(module) if isinstance(node, ast.PressStmt)]
    assert [text[each.start : each.end] for each in pressed] == ['press "F3"']


def test_the_example_of_the_next_statement_is_true() -> None:
    assert next_statement.__doc__ is not None
    example = next_statement.__doc__.split("can continue:\n")[1]
    lines = [line[4:23].rstrip() for line in example.strip("\n").splitlines()]
    text = "flow 1\nworkflow w {\n" + "\n".join(lines) + "\n}\n"
    module, found = parse(text)
    assert [each.span.text for each in found] == ["x", "loop"]
    kept = [text[node.start : node.end] for node in walk(module) if isinstance(node, ast.PressStmt)]
    assert kept == ['press "F2"', 'press "F3"']
    assert module.unread == ()


PIECES = (*RIGHT, *WRONG, "{", "}", '"""', "\n", "else {", "(", "]", "task t() {", "workflow v {")


@given(st.lists(st.sampled_from(PIECES)), st.sampled_from((" ", "\n", "\n    ")))
def test_whatever_is_written_is_read_to_the_end_and_twice_the_same(
    pieces: list[str], between: str
) -> None:
    text = f"flow 1\nworkflow w {{ steps {{\n{between.join(pieces)}"
    first, found = parse(text)
    second, again = parse(text)
    assert dump(first) == dump(second)
    assert [(each.name, each.span.start, each.message) for each in found] == [
        (each.name, each.span.start, each.message) for each in again
    ]
    assert len(found) <= MAX_ERRORS
    for hole in first.holes:
        assert 0 <= hole.start <= hole.end <= len(text)


@given(st.integers(min_value=0, max_value=2**32))
def test_a_program_without_mistakes_never_meets_the_recovery(seed: int) -> None:
    source = program(random.Random(seed), 9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recovery, "read", _never)
        module, _ = parse(source)
    assert (module.holes, module.unread) == ((), ())


def _never(*_: Any) -> None:
    raise AssertionError("the recovery was called")


def calls_of(function: Callable[[], Any], events: Collection[str] = ("call",)) -> int:
    """The number of calls that a function makes: of Python functions, `c_call` of built-in ones."""
    count = 0

    def see(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in events

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


@in_rows("line", [*WRONG, "} {", "if x {", '"""'])
def test_twice_the_text_is_twice_the_work(line: str) -> None:
    def work(times: int) -> int:
        text = in_steps([line, RIGHT[0]] * times)
        return calls_of(lambda: parse(text))

    small, large = work(10), work(20)
    assert large < 2.6 * small


@in_rows("line", [*WRONG, 'click "x" now', 'do ;;; "x"'])
def test_the_work_for_a_mistake_does_not_grow_with_the_file(line: str) -> None:
    def work(mistakes: int, behind: int) -> int:
        text = in_steps([line] * mistakes + [RIGHT[0]] * behind)
        return calls_of(lambda: parse(text), ("call", "c_call"))

    grown = work(30, 400) - work(30, 100)
    assert grown < 1.5 * (work(0, 400) - work(0, 100))


def test_several_mistakes_in_one_body_are_reported_on_their_lines_alone() -> None:
    """The limits of `benchmarks/diagnostics/mistakes_together.py`; wider ones for few bodies."""
    total = row(trials(samples_of(sample_programs()), 240 if THOROUGH else 12, seed=11))
    if THOROUGH:
        assert missed(total) == []
    # One body of twelve is 8 %, and which are drawn changes with the corpus.
    assert total.reported >= 0.9 and total.checked >= 0.8 and total.elsewhere <= 0.1, total
    assert total.per_mistake <= 1.3, total


def analysed(body: str) -> list[str]:
    text = f"flow 1\n\nworkflow w {{\n  inputs {{ who: string }}\n  steps {{\n{body}\n  }}\n}}\n"
    files = MemoryFiles({"x.flow": text})
    found = analyze(files, ["x.flow"], CompileOptions()).diagnostics
    return [f"{each.span.first.line - 5} {each.name}" for each in found if each.severity == "error"]


@in_rows(
    ("body", "expected"),
    [
        # A name is unknown whatever the broken line says.
        ("do 'x'\ndo \"{nobody}\"", ["1 unexpected-token", "2 undeclared-name"]),
        # It may be what the broken line declares, or what it forgets to name.
        ('extract total int from "a"\ndo "{total}"', ["1 unexpected-token"]),
        ('extract : string from "a"\ndo "{total}"', ["1 unexpected-token"]),
        ('for in ["a"] {\n  do "{site}"\n}', ["1 unexpected-token"]),
        # A broken line may set a value, leave the run or guard what follows.
        (
            'if sees "a" {\n  copy x from "a"\n} else {\n  leave\n}\ndo "{x}"',
            ["4 unexpected-token"],
        ),
        # No second finding on the line itself.
        ('press Entr "{nobody}"', ["1 unexpected-token"]),
    ],
)
def test_nothing_is_found_that_the_broken_line_may_explain(body: str, expected: list[str]) -> None:
    assert analysed(body) == expected


def test_a_line_that_cannot_be_read_may_be_the_one_that_fails() -> None:
    loop = 'for x in ["a"] {\n<line>\n} on failure as why { do "{why}" }'
    text = f"flow 1\n\nworkflow w {{\n  steps {{\n{loop}\n  }}\n}}\n"
    found = {
        line: {
            each.name
            for each in analyze(
                MemoryFiles({"x.flow": text.replace("<line>", line)}), ["x.flow"], CompileOptions()
            ).diagnostics
        }
        for line in ('do "b"', "expect b")
    }
    assert "for-cannot-fail" in found['do "b"']
    assert "for-cannot-fail" not in found["expect b"]


def test_what_waits_for_the_whole_program_exists() -> None:
    from flowdsl.catalog import diagnostics

    assert diagnostics().keys() >= certainty.OF_ABSENCE
