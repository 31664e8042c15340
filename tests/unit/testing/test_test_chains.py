"""Tests of chains: step after step, each with its own answers and outputs."""

from __future__ import annotations

import pytest

from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems, results
from tests.support.rows import in_rows

WORKFLOWS = """
type Due { amount: number @wire("amount-due"), note: string? }

workflow report {
  inputs { region: string year: int = 2026 }
  secrets { pin: string }
  outputs { due: Due rows: string[] }
  steps {
    step "Open {region}" {
      type $pin into "the PIN"
      expect "{region} {year} is open" else abort "There is no {region}"
    }
    extract due: Due from "the total"
    extract rows: string[] from "the rows"
    for row in rows max 5 { type row into "the note" }
    emit due = due
    emit rows = rows
  }
}
workflow archive {
  inputs { amount: number names: string[] @max_items(5) region: string code: string note: string? }
  outputs { file: string }
  steps {
    step "Archive" {
      do "Click \\"Archive\\"."
      if sees "the list of {region} is closed" { abort "{region} is closed" }
      for name in names { type name into "the name" expect "{name} is listed" }
      if note is empty { press "F5" } else { type "{note}" into "the note" }
    }
    emit file = "{region}-{amount}-{code}"
  }
}
chain month {
  inputs { where: string, note: string? }
  secrets { pin: string }
  shared { region = where }
  step report = run report(pin: $pin)
  pause { code: string }
  step archive = run archive(
    amount: report.outputs.due.amount, names: report.outputs.rows, code: code, note: note,
  )
}
"""
GIVEN = 'given { where = "east" code = "77" }'
READS = 'step report { reads { due = { amount: 3.5 } rows = ["a", "b"] } }'


def found(test: str) -> list[str]:
    """What is wrong with a test of the chain."""
    source = f'{WORKFLOWS}\ntest "t" for chain month {{ {GIVEN} {test} }}'
    return [each.partition(": ")[2] for each in problems(source)]


@in_rows(
    "test",
    [
        f'{READS} outputs archive {{ file = "east-3.5-77" }}',
        f'{READS} outputs report {{ due = {{ amount: 3.5 }} rows = ["a", "b"] }} '
        'outputs archive { file = ~"east" }',
        f'{READS} types "a" into "the name" in item 1 of names never press "F5" in item 1 of names',
        f'{READS} does type ~"" into ~"name" 2 times reaches step "Open east"',
        f'{READS} step archive {{ screen {{ "the list of east is closed" = true }} }} '
        'aborts "east is closed" outputs report { ... }',
        f'{READS} step archive {{ item 2 {{ screen {{ ~"listed" = never }} }} }} aborts ~"b is"',
        'step report { screen { ~"2026 is open" = never } } aborts "There is no east"',
    ],
)
def test_a_chain_runs_its_steps(test: str) -> None:
    assert found(test) == []


def test_what_the_first_step_reads_goes_to_the_second() -> None:
    source = f"""{WORKFLOWS}
test "t" for chain month {{
  given {{ where = "west" code = "7" note = "paid" }}
  case "two" {{ {READS} outputs archive {{ file = "x" }} }}
}}"""
    (result,) = results(source)
    assert [each.message for each in result.problems] == ['`file` is "west-3.5-7", not "x"']
    shown = [line[2:].split("  ")[-1].strip() for line in result.problems[0].shown]
    assert shown.index('? read "the total": {"amount-due": 3.5}') < shown.index(
        'do "Click "Archive"."'
    )
    assert 'type "paid" into "the note"' in shown
    assert result.subject == "month"


@in_rows(
    ("test", "messages"),
    [
        (
            'step report { screen { ~"is open" = never } } aborts outputs archive { ... }',
            ["step `archive` does not run: step `report` fails before it"],
        ),
        (
            'step report { screen { ~"is open" = never } } outputs report { ... }',
            [
                'the run aborts with "There is no east"',
                'step `report` has no outputs: it aborts with "There is no east"',
            ],
        ),
        (
            'step report { screen { ~"is open" = never } } '
            'step archive { screen { ~"closed" = true } } aborts',
            ["step `archive` does not run: step `report` fails before it"],
        ),
        (f"{READS} aborts", ["the run does not abort, it works through all its steps"]),
        ("outputs report { ... }", ["`due` is read, and the test has no answer"]),
        (
            f'{READS} step archive {{ screen {{ "the list of x is closed" = true }} }} '
            "outputs archive { ... }",
            ["nothing asks for this answer"],
        ),
    ],
)
def test_what_is_wrong_is_said_of_the_step(test: str, messages: list[str]) -> None:
    assert found(test) == messages


def test_ways_of_every_step_are_covered() -> None:
    (result,) = results(f'{WORKFLOWS}\ntest "t" for chain month {{ {GIVEN} {READS} }}')
    assert result.problems == ()
    assert {branch[2:] for branch in result.branches} >= {
        ("ExpectStmt", "holds"),
        ("ForStmt", "entered"),
        ("IfBranch", "holds"),
    }


def test_a_default_of_the_chain_and_one_of_the_workflow_hold() -> None:
    source = (
        workflow('type "{a} {b}" into "the field"', sections="inputs { a: int b: int = 2 }")
        + "chain c { inputs { n: int = 1 m: int? } step one = run w(a: n, b: m) }"
    )
    with pytest.raises(AssertionError):  # an optional value does not fit: its default is not known
        problems(source)
    plain = source.replace("m: int?", "m: int = 5")
    test = '\ntest "t" for chain c { types "1 5" into "the field" }'
    assert problems(plain + test) == []
    test = '\ntest "t" for chain c { given { m = 3 } types "1 3" into "the field" }'
    assert problems(plain + test) == []
    left = plain.replace(", b: m", "")
    test = '\ntest "t" for chain c { types "1 2" into "the field" }'
    assert problems(left + test) == []


def test_what_a_chain_is_given_has_the_defaults_of_its_fields_and_names_with_blanks() -> None:
    source = """
type Line { no: string, state: string = "open" }
workflow read {
  inputs { number: string @wire("Inv. No."), line: Line }
  outputs { code: string @wire("Code No") }
  steps { do "Open {number} {line.state}." emit code = number }
}
workflow file { inputs { code: string } steps { do "File {code}." } }
chain both {
  inputs { number: string @wire("Inv. No."), line: Line }
  step first = run read(number: number, line: line)
  step second = run file(code: first.outputs.code)
}
test "what is read is filed" for chain both { given { number = "a" line = { no: "1" } } }
"""
    (found,) = results(source)
    assert found.passed, [(each.message, *each.shown) for each in found.problems]


def test_a_path_below_an_answer_that_holds_nothing_is_missing() -> None:
    source = """
workflow first { outputs { o: any? } steps { extract o: any from "it" emit o = o } }
workflow second {
  inputs { b: string? }
  steps { if b is empty { press "F5" } else { type "{b}" into "it" } }
}
chain both { step one = run first() step two = run second(b: one.outputs.o.k) }
test "t" for chain both { step one { reads { o = %s } } }
"""
    for answer in ("5", "true", '"a k b"', "[1]"):
        for result in results(source % answer):
            assert "internal" not in str(result.problems)
