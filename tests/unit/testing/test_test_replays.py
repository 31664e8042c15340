"""Replays of a run with other inputs: what the recording decides, and what is decided again."""

from __future__ import annotations

from flowdsl.testing.outcome import FAILED
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems, results

BODY = """
do "Open the list."
type who into "the field Name"
extract n: int from "the number of {who}"
if sees "a warning for {who}" { press "Esc" }
emit n = n
emit name = who
"""
SOURCE = workflow(BODY, sections="inputs { who: string } outputs { n: int name: string }")
GIVEN = 'given { who = "Ann" } then given { who = "Bo" } reads { n = 3 }'


def found(test: str, source: str = SOURCE) -> list[str]:
    declared = f'{source}\ntest "t" for w {{ {test} }}'
    return [each.partition(": ")[2] for each in problems(declared)]


def test_a_replay_is_judged_apart_from_the_first_run() -> None:
    assert (
        found(f'{GIVEN} outputs {{ n = 3 name = "Ann" }} run 2 outputs {{ name = "Bo" ... }}') == []
    )
    wrong = f'{GIVEN} outputs {{ n = 3 name = "Ann" }} run 2 outputs {{ name = "Ann" ... }}'
    assert found(wrong) == ['`name` is "Bo", not "Ann"']


def test_an_answer_may_be_for_one_of_the_runs() -> None:
    assert found(f'{GIVEN} screen {{ "a warning for Bo" = true }} outputs {{ ... }}') == []
    never = f'{GIVEN} screen {{ "a warning for Cy" = true }} outputs {{ ... }}'
    assert found(never) == ["nothing asks for this answer"]


def test_a_run_that_fails_has_no_recording() -> None:
    source = SOURCE.replace('do "Open', 'expect "it is open" do "Open')
    said = found(
        'given { who = "Ann" } then given { who = "Bo" } screen { "it is open" = false } aborts',
        source,
    )
    assert said == ["the first run does not end well, so that there is no recording to replay"]


def test_what_the_recording_decides_is_told() -> None:
    source = workflow(
        'do "Open." if sees "{who} is there" { capture "a.png" } do "Close."',
        sections="inputs { who: string }",
    )
    (result,) = results(
        f'{source}\ntest "t" for w {{ given {{ who = "Ann" }} then given {{ who = "Bo" }} '
        'screen { "Bo is there" = true } outputs { } }'
    )
    (problem,) = result.problems
    assert problem.kind == FAILED
    assert problem.message.startswith("a replay does something else than its program")
    assert any(line.startswith('> capture "a.png"') for line in problem.shown)


def test_a_replay_may_leave_an_input_out() -> None:
    source = workflow(
        'do "Open the list." if note is not empty { type note into "the note" } emit note = note',
        sections="inputs { who: string note: string? } outputs { note: string? }",
    )
    first = 'given { who = "Ann" note = "x" } outputs { note = "x" }'
    assert found(f"{first} then given {{ note = missing }} run 2 outputs {{ }}", source) == []
    assert found(f'{first} then given {{ who = "Bo" }} run 2 outputs {{ }}', source) == [
        'output `note` is "x", and the test does not name it'
    ]


def test_a_replay_has_answers_of_its_own() -> None:
    block = "run 2 {{ reads {{ n = {} }} {} }}"
    own = block.format(4, 'outputs { n = 4 name = "Bo" } types "Bo" into ~"Name"')
    assert found(f'{GIVEN} outputs {{ n = 3 name = "Ann" }} {own}') == []
    stale = block.format(4, "outputs { n = 3 ... }")
    assert found(f"{GIVEN} {stale}") == ["`n` is 4, not 3"]
    unused = block.format(4, 'screen { "a warning for Ann" = true } outputs { ... }')
    assert found(f"{GIVEN} {unused}") == ["nothing asks for this answer"]
