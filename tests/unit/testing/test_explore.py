"""The paths of a program: none is left out, none is made up, and each comes with its test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from flowdsl.semantics.flow_tests.items import needs_run
from flowdsl.semantics.model import ChainSymbol, WorkflowSymbol
from flowdsl.simulate.interpreter.chains import ChainRun
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.trace import SUCCESS
from flowdsl.simulate.world import Question, World
from flowdsl.testing.cases import Case, cases_of
from flowdsl.testing.chains import chain_runs
from flowdsl.testing.coverage import bodies_of
from flowdsl.testing.explore.findings import Findings, find_paths
from flowdsl.testing.explore.running import path_run
from flowdsl.testing.explore.samples import NoSample
from flowdsl.testing.following import RunFollower
from flowdsl.testing.suite import Suite
from tests.support.effort import THOROUGH
from tests.support.flows.compiling import EXAMPLES, workflow
from tests.support.flows.examples import example_suite
from tests.support.flows.tested import results, suite_of
from tests.support.rows import in_rows

FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml"))
QUICK = ("claims-reports",)
MOST = 100


def found(
    body: str, *, sections: str = "", before: str = "", tests: str = "", most: int = MOST
) -> Findings:
    """The paths of the workflow `w` with these statements."""
    suite = suite_of(f"{before}\n{workflow(body, sections=sections)}\n{tests}")
    (subject,) = (each for each in suite.model.workflows if each.name == "w")
    return find_paths(suite, subject, None, cases_of(suite.model), most)


def ends(findings: Findings) -> list[str]:
    """How each path ends, in sorted order."""
    return sorted(each.words for each in findings.paths)


# Small programs: what the paths are is written down here, or found by trying everything


@in_rows(
    ("body", "wanted"),
    [
        ('press "F5"', ["all goes well"]),
        ('press "F5" expect "saved"', ["aborts: not so or not found: saved", "all goes well"]),
        ('press "F5" choose "the row" else abort "no row"', ["aborts: no row", "all goes well"]),
        ('if sees "a" { finish "done" } press "F5"', ["all goes well", "finishes: done"]),
        (
            'copy x from "the cell" else abort "no x" type x into "the field"',
            ["aborts: no x", "all goes well"],
        ),
        ('run "Get-Date" else abort "no date"', ["aborts: no date", "all goes well"]),
    ],
)
def test_each_end_has_a_path(body: str, wanted: list[str]) -> None:
    assert ends(found(body)) == wanted


@in_rows(
    ("statements", "wanted"),
    [
        ('if n > 7 { press "F1" }', 2),
        ('if n == 7 { press "F1" } else if n < 7 { press "F2" }', 3),
        ('if plan == "gold" { press "F1" } else if plan == "lead" { press "F2" }', 3),
        ('if code == "Z9" { press "F1" }', 2),
        ('match city { "Graz" { press "F1" } "Linz" { press "F2" } else { press "F3" } }', 3),
        ('if city == "Graz" { press "F1" } else if city == "Wels" { press "F2" }', 3),
        ('if note is empty { press "F1" }', 2),
        ('if day < "2020-01-01" { press "F1" }', 2),
        ('for row in rows { if row.kind == "b" { press "F1" } }', 4),
        ('if sure { press "F1" }', 2),
        ('if n == m { press "F1" }', 2),
        ('call sort(n: n) as s if s.size == "big" { press "F1" }', 2),
    ],
)
def test_inputs_that_decide_have_other_values(statements: str, wanted: int) -> None:
    sections = """inputs { n: int m: int = 3 plan: "basic" | "gold" | "lead" code: string
      note: string? day: date sure: bool = false city: "Graz" | "Linz" | string
      rows: { kind: "a" | "b" | "c", amount: number }[] @max_items(9) }"""
    task = """task sort(n: int) -> { size: string } {
      press "F9" if n > 100 { emit size = "big" } else { emit size = "small" } }"""
    assert len(found(f'press "F5" {statements}', sections=sections, before=task).paths) == wanted


BODIES = [
    'if sees "a" { expect "b" else abort "no b" } else { choose "c" }',
    'while not sees "a" max 2 { press "F5" } else abort "no a"',
    'retry 2 { press "F5" expect "saved" } else { expect "closed" else abort "open" }',
    'retry 2 { press "F5" if sees "x" { fail "x" } if sees "y" { abort "y" } }',
    'for n in 2 { press "F5" if sees "row {n}" { press "F6" } }',
    'press "F1" if sees "a" and not sees "b" { press "F2" } else if sees "c" { press "F3" }',
    'wait until "ready" else finish "not ready" expect "open" else abort "closed"',
]


@in_rows("body", BODIES)
def test_every_run_takes_a_path_that_is_found_and_no_other_is(body: str) -> None:
    suite = suite_of(workflow(body))
    (subject,) = suite.model.workflows
    branches = {
        branch.key for each in bodies_of(suite.model, {"main.flow"}) for branch in each.branches
    }

    def taken(bits: tuple[bool, ...]) -> Any:
        left = iter(bits)

        def answer(question: Question, position: int) -> bool:
            return next(left)

        follower = RunFollower(suite.model)
        world = World({}, answer, {})
        ending = interpret(suite.model, subject, world, {}, follower).ending
        return (path_run("", subject, follower, ending, branches).key,)

    tried = {taken(bits) for bits in product((False, True), repeat=8)}
    listed = find_paths(suite, subject, None, (), MOST)
    assert listed.exploration.is_whole
    assert {each.path.key for each in listed.paths} == tried


def test_what_never_comes_is_one_unusual_answer() -> None:
    listed = found('while not sees "end" max 50 { press "Down" } else abort "no end"', most=3)
    assert [each.words for each in listed.paths][:2] == ["all goes well", "aborts: no end"]
    assert listed.paths[1].answers == ('screen { "end" = false }',)


def test_what_another_round_would_repeat_comes_last() -> None:
    listed = found(
        """press "F1" while not sees "end" max 50 {
          extract kind: "a" | "b" | "c" from "the kind"
          match kind { "a" { press "F2" } "b" { press "F3" } "c" { press "F4" } }
          choose "x" else abort "no x"
        } else abort "no end\"""",
        most=30,
    )
    assert len(listed.paths) == 30
    assert listed.exploration.runs < 60


def test_a_bound_ends_the_search_and_is_told() -> None:
    body = " ".join(f'if sees "{letter}" {{ press "F5" }}' for letter in "abcdefgh")
    some = found(f'press "F1" {body}', most=7)
    assert (len(some.paths), some.exploration.is_whole) == (7, False)
    again = found(f'press "F1" {body}', most=7)
    assert [each.test for each in again.paths] == [each.test for each in some.paths]


def test_an_output_that_is_never_right_is_told() -> None:
    listed = found(
        'press "F5" for row in rows { emit names += row }',
        sections="inputs { rows: string[] @max_items(3) } "
        "outputs { names: string[] @min_items(1) }",
    )
    wrong = [each.path.wrong for each in listed.paths]
    assert wrong == [(), ("`names` has 0 entries, and has to have 1 or more",)]
    assert not listed.is_right


def test_an_output_that_is_right_with_other_answers_is_not_told() -> None:
    listed = found(
        'press "F5" for row in rows { emit names += row }',
        sections="inputs { rows: string[] @min_items(1) @max_items(3) } "
        "outputs { names: string[] @min_items(2) }",
    )
    assert [each.path.wrong for each in listed.paths] == [()]


def passing(findings: Findings, source: str) -> int:
    """How many tests are written for paths; each of them passes."""
    tests = [each.test for each in findings.paths if each.test is not None]
    assert [each.problems for each in results("\n".join([source, *tests]))] == [()] * len(tests)
    return len(tests)


BOUNDED = """
press "F5"
extract n: int from "n"
extract row: { code: string, names: string[] } from "the row"
emit n = n
emit row = { code: row.code, names: row.names }
for each in rows { emit seen += { code: each.code } }
"""
BOUNDED_SECTIONS = """
inputs { rows: { code: string }[] @min_items(1) @max_items(2) }
outputs {
  n: int @min(7) @max(9)
  row: { code: string @pattern(r"^[A-Z]{3}$"), names: string[] @min_items(2) }
  seen: { code: string @min_length(6) }[]
}
"""


def test_values_that_become_outputs_are_inside_their_bounds() -> None:
    listed = found(BOUNDED, sections=BOUNDED_SECTIONS)
    taken = [each.path for each in listed.paths if each.path.ending is not None]
    well = [path for path in taken if path.ending is not None and path.ending.status == SUCCESS]
    assert well and all(path.is_taken_well for path in well)
    assert passing(listed, workflow(BOUNDED, sections=BOUNDED_SECTIONS)) == len(listed.paths)


@in_rows(
    ("ours", "theirs"),
    [("int @max(5)", "int @min(10)"), ("int @min(10)", "int @max(5)"), ("int", "number @max(0.5)")],
)
def test_an_input_keeps_its_own_bounds_where_the_output_has_others(ours: str, theirs: str) -> None:
    sections = f"inputs {{ n: {ours} }} outputs {{ m: {theirs} }}"
    listed = found('press "F5" emit m = n', sections=sections)
    assert len(listed.paths) == 1


def test_no_test_is_written_for_a_path_that_is_never_right() -> None:
    listed = found(
        'press "F5" for row in rows { emit names += row }',
        sections="inputs { rows: string[] @max_items(3) } "
        "outputs { names: string[] @min_items(1) }",
    )
    assert [(bool(each.path.wrong), each.test is None) for each in listed.paths] == [
        (False, False),
        (True, True),
    ]


def test_a_way_that_only_a_value_out_of_bounds_takes_says_that_it_is_refused() -> None:
    body = 'press "F5" extract n: int from "n" if n < 0 { press "F6" } emit n = n'
    listed = found(body, sections="outputs { n: int @min(0) }")
    refused = [each for each in listed.paths if not each.path.is_taken_well]
    assert len(refused) == 1
    assert refused[0].test is not None and "outputs refused" in refused[0].test
    source = workflow(body, sections="outputs { n: int @min(0) }")
    assert passing(listed, source) == len(listed.paths) == 3


def test_a_check_that_fails_is_expected_by_the_test_of_its_path() -> None:
    body = 'for row in rows { capture "{row}.png" } press "F5"'
    sections = (
        "inputs { rows: string[] @max_items(3) } "
        'checks { files matching r"png$" count 1 exists as "one picture" }'
    )
    listed = found(body, sections=sections)
    assert sorted("fails check" in (each.test or "") for each in listed.paths) == [False, True]
    assert passing(listed, workflow(body, sections=sections)) == 2


HANDED = """
workflow read {
  inputs { order: string }
  outputs { due: number? code: string? }
  steps {
    press "F5"
    extract due: number? from "due"
    extract code: string? from "code"
    emit due = due
    emit code = code
  }
}
workflow book {
  inputs { due: number? @min(10) @max(20) code: string? @pattern(r"^[A-Z]{4}$") }
  steps {
    press "F6"
    if due is not empty { type due into "due" }
    if code is not empty { type code into "code" }
  }
}
chain both {
  inputs { order: string }
  step read = run read(order: order)
  step book = run book(due: read.outputs.due, code: read.outputs.code)
}
"""


def test_what_a_chain_hands_on_is_inside_the_bounds_of_the_step() -> None:
    listed = found_of_chain(HANDED)
    assert len(listed.paths) == 4
    assert passing(listed, HANDED) == 4


def test_the_day_of_the_clock_is_known_to_an_exploration() -> None:
    body = 'press "F5" type today as "dd.MM.yyyy" into "the day"'
    sections = "terminal { dates = true }"
    listed = found(body, sections=sections)
    assert passing(listed, workflow(body, sections=sections)) == len(listed.paths) == 2


def test_a_word_that_a_const_has_is_not_written_as_an_answer() -> None:
    body = 'press "F5" extract n: int from "n" else abort "no n" expect "open" else abort "no"'
    before = "const unreadable = 7 const never = true"
    listed = found(body, before=before)
    assert passing(listed, f"{before}\n{workflow(body)}") == 3


@in_rows("bounds", ["@min_length(30)", "@max_length(2)", "@min_length(6)"])
def test_texts_are_as_long_as_the_service_wants_them(bounds: str) -> None:
    sections = f'inputs {{ code: string {bounds} other: string {bounds} @pattern(r"^[A-Z]+$") }}'
    body = 'if code == "Z" { press "F1" } type "{code} {other}" into "the field"'
    listed = found(f'press "F5" {body}', sections=sections)
    assert not listed.exploration.refused
    assert len(listed.paths) == (2 if "max" in bounds else 1)


@in_rows(
    "bounds",
    [
        '@pattern(r"^[0-9]+$") @min_length(4) @max_length(4)',
        '@pattern(r"^\\w+$") @min_length(5) @max_length(5)',
        '@pattern(r"^[a-z]+-[0-9]+$") @min_length(8) @max_length(8)',
        '@pattern(r"^[A-Z]{1,2}(?:-|_+)[0-9]*$") @min_length(6) @max_length(6)',
        '@pattern(r"^(?:ab)+c*$") @min_length(7) @max_length(7)',
        '@pattern(r"^(?:[0-9]+ )*[A-Z]+$") @min_length(4) @max_length(4)',
    ],
)
def test_a_pattern_with_open_counts_gets_a_text_of_exactly_the_length(bounds: str) -> None:
    listed = found('type code into "the field"', sections=f"inputs {{ code: string {bounds} }}")
    assert not listed.exploration.refused
    assert len(listed.paths) == 1


@in_rows(
    "declared",
    [
        r'string @pattern(r"^(?=a)b$")',
        "string @min_length(2000000000)",
        "string[] @min_items(2000000000)",
    ],
)
def test_an_input_that_nobody_can_make_up_is_named(declared: str) -> None:
    sections = f"inputs {{ code: {declared} }}"
    with pytest.raises(NoSample, match="code"):
        found('if code is not empty { press "F1" }', sections=sections)


def test_a_test_may_give_what_cannot_be_made_up() -> None:
    sections = r'inputs { code: string @pattern(r"^(?=ab)ab*$") }'
    test = 'test "t" for w { given { code = "abb" } }'
    listed = found('type code into "the field"', sections=sections, tests=test)
    assert [each.taken_by for each in listed.paths] == [("t",)]


def test_the_inputs_of_tests_are_tried_too() -> None:
    sections = r"inputs { code: string }"
    test = 'test "t" for w { given { code = "X-1" } screen { "X-1 is open" = never } aborts }'
    listed = found(
        'press "F5" expect "{code} is open" else abort "closed"', sections=sections, tests=test
    )
    assert [each.taken_by for each in listed.paths] == [(), ("t",)]
    assert [each.test is None for each in listed.paths] == [False, True]


def test_the_path_of_a_test_is_told_where_it_is_behind_the_bound() -> None:
    body = 'press "F1" while not sees "end" max 9 { if sees "a" { press "F5" } expect "b" }'
    tests = """test "long" for w {
      screen { "end" = [false, false, false, true] "a" = [false, true, false] }
    }"""
    listed = found(body, tests=tests, most=1)
    assert [each.taken_by for each in listed.paths] == [(), ("long",)]
    assert [each.test is None for each in listed.paths] == [False, True]
    more = found(body, tests=tests, most=40)
    assert more.exploration.paths[-1] is more.paths[-1].path
    assert sum(each.taken_by == ("long",) for each in more.paths) == 1


def test_the_day_of_a_test_is_tried_and_other_paths_give_the_day_itself() -> None:
    sections = "inputs { day: date = start of month }"
    test = """test "t" for w {
      given { today = "2026-03-15" } screen { "2026-03-01 is open" = never } aborts
    }"""
    listed = found(
        'press "F5" expect "{day} is open" else abort "closed"', sections=sections, tests=test
    )
    assert [each.taken_by for each in listed.paths] == [(), ("t",)]
    assert listed.paths[0].test is not None and "day = " in listed.paths[0].test


# Chains: the paths of the steps, in their order, with what one hands on to the next


CHAIN = """
workflow one {
  outputs { kind: string }
  steps {
    press "F1"
    if sees "a" { emit kind = "x" } else { expect "b" else abort "no b" emit kind = "y" }
  }
}
workflow two {
  inputs { kind: string }
  steps {
    press "F2"
    if kind == "x" { expect "c" else abort "no c" } else if sees "d" { abort "d" }
    choose "e" else finish "no e"
  }
}
chain both {
  step first = run one()
  step second = run two(kind: first.outputs.kind)
  step third = run two(kind: "y")
}
"""


def found_of_chain(source: str, tests: str = "", most: int = MOST) -> Findings:
    """The paths of the one chain of a source."""
    suite = suite_of(f"{source}\n{tests}")
    (chain,) = suite.model.chains
    return find_paths(suite, chain, None, cases_of(suite.model), most)


def test_every_run_of_a_chain_takes_a_path_that_is_found_and_no_other_is() -> None:
    suite = suite_of(CHAIN)
    (chain,) = suite.model.chains
    branches = {
        branch.key for each in bodies_of(suite.model, {"main.flow"}) for branch in each.branches
    }

    def taken(bits: tuple[bool, ...]) -> Any:
        left = iter(bits)

        def answer(question: Question, position: int) -> bool:
            return next(left)

        run, keys = ChainRun(suite.model, chain, {}, {}), []
        for step, subject in chain.steps:
            assert subject is not None
            follower, world = RunFollower(suite.model), World(run.given(step, subject), answer, {})
            ending = interpret(suite.model, subject, world, {}, follower).ending
            keys.append(path_run("", subject, follower, ending, branches).key)
            if ending.status != SUCCESS:
                break
            run.ends(step, ending.outputs)
        return tuple(keys)

    tried = {taken(bits) for bits in product((False, True), repeat=6)}
    listed = found_of_chain(CHAIN)
    assert listed.exploration.is_whole
    assert {each.path.key for each in listed.paths} == tried


READS = """
workflow read {
  inputs { year: int day: date = start of month }
  outputs { total: { amount: int, code: string } }
  steps {
    expect "{year} {day} is open"
    if year < 2000 { press "F1" }
    extract amount: int from "the total"
    extract code: string from "the code"
    emit total = { amount: amount, code: code }
  }
}
workflow book {
  inputs { amount: int code: string @pattern(r"^[A-Z]{3}[0-9]{2}$") note: string? }
  outputs { booked: string }
  steps {
    press "F2"
    if amount > 100 { press "F3" }
    if note is empty { press "F4" }
    emit booked = "{code}: {amount}"
  }
}
chain month {
  inputs { which: int note: string? }
  step read = run read(year: which)
  pause { code: string }
  step book = run book(
    amount: read.outputs.total.amount, code: read.outputs.total.code, note: note,
  )
}
"""


def test_what_a_chain_hands_on_decides_where_it_comes_from() -> None:
    listed = found_of_chain(READS.replace("expect", 'press "F9" expect'), most=40)
    steps = {tuple(run.step for run in each.path.runs) for each in listed.paths}
    assert steps == {("read",), ("read", "book")}
    # A year, an amount and a note, each of two kinds; or the first step fails, before it looks at
    # the year or behind that.
    assert len(listed.paths) == 8 + 1 + 2
    assert listed.is_right


def test_tests_for_the_paths_of_a_chain_pass_and_take_them() -> None:
    for source in (CHAIN, READS):
        listed = found_of_chain(source)
        tests = [each.test for each in listed.paths if each.test is not None]
        assert len(tests) == len(listed.paths)
        again = found_of_chain(source, "\n".join(tests))
        assert {each.path.key for each in again.paths} == {each.path.key for each in listed.paths}
        assert all(len(each.taken_by) == 1 for each in again.paths)
        ran = results("\n".join((source, *tests)))
        assert [(each.title, each.problems) for each in ran if not each.passed] == []


def test_an_output_of_a_step_that_is_never_right_is_told_with_the_step() -> None:
    one = workflow('press "F5" for row in rows { emit names += row }', sections=NEVER_RIGHT)
    chain = "chain c { inputs { rows: string[] @max_items(3) } step only = run w(rows: rows) }"
    wrong = [each.path.wrong for each in found_of_chain(f"{one}\n{chain}").paths]
    assert wrong == [(), ("step `only`: `names` has 0 entries, and has to have 1 or more",)]


NEVER_RIGHT = """inputs { rows: string[] @max_items(3) }
outputs { names: string[] @min_items(1) }"""


def test_a_test_of_a_chain_takes_a_path_of_each_workflow_that_it_comes_to() -> None:
    tests = """test "t" for chain both {
      case "ends" { step first { screen { "a" = true } } }
      case "fails" { step first { screen { "b" = never } } aborts "no b" }
    }"""
    suite = suite_of(f"{CHAIN}\n{tests}")
    takers = {}
    for subject in suite.model.workflows:
        listed = find_paths(suite, subject, None, cases_of(suite.model), MOST)
        takers[subject.name] = {each.words: each.taken_by for each in listed.paths if each.taken_by}
    # The second step has "x" from the first, and the third has "y".
    assert takers == {
        "one": {'sees "a" holds': ("t: ends",), "aborts: no b": ("t: fails",)},
        "two": {
            "all goes well": ("t: ends",),
            'if kind == "x" does not hold, nor does what follows it': ("t: ends",),
        },
    }


# The tests that are written


AWKWARD = """
press "F5"
if sees "a \\"box\\" with { 1 } in it" { abort "He said \\"no\\" in { 1 } to {who}" }
for row in rows {
  extract kind: "a" | "b" from "the kind of {row.key}"
  if kind == "b" { press "F6" }
}
extract names: string[]? from "the names"
extract total: number from \"\"\"
  the total, which
  stands below
\"\"\"
expect \"\"\"
  the list of {who}
  is open
\"\"\"
extract many: string[][] from "the table" else abort "none"
if names is empty { press "F7" }
run \"\"\"
  Get-Item 'a'
  Get-Item 'b'
\"\"\" else abort "no items"
emit total = total emit names = names emit many = many
"""
AWKWARD_SECTIONS = """
inputs { who: string = "Ann" rows: { key: string @wire("key-no"), note: string? }[] @max_items(3) }
outputs { total: number names: string[]? many: string[][] }
"""


def test_tests_for_paths_parse_check_pass_and_take_them() -> None:
    listed = found(AWKWARD, sections=AWKWARD_SECTIONS, most=40)
    tests = [each.test for each in listed.paths if each.test is not None]
    assert len(tests) == len(listed.paths) > 15
    source = "\n".join([workflow(AWKWARD, sections=AWKWARD_SECTIONS), *tests])
    assert [(each.title, each.problems) for each in results(source) if not each.passed] == []


# The examples


def subjects(suite: Suite) -> Iterator[tuple[list[Case], WorkflowSymbol | ChainSymbol]]:
    """What tests run, with those tests: workflows, also those around tasks, and chains."""
    grouped: dict[str, list[Case]] = {}
    for case in cases_of(suite.model):
        if needs_run(case.items):
            grouped.setdefault((case.chain or case.workflow).name, []).append(case)
    for cases in grouped.values():
        yield cases, cases[0].chain or cases[0].workflow


@pytest.mark.parametrize("folder", FOLDERS if THOROUGH else QUICK)
def test_every_path_of_an_example_that_a_test_takes_is_found(folder: str) -> None:
    suite = example_suite(folder)
    kinds = set()
    for cases, subject in subjects(suite):
        listed = find_paths(suite, subject, cases[0].task, cases_of(suite.model), MOST)
        named = {title for each in listed.paths for title in each.taken_by}
        through = {
            case.title
            for case in cases_of(suite.model)
            for ran in ([] if case.chain is None else chain_runs(suite, case, case.chain, []))
            if ran.workflow is subject
        }
        assert named == {case.title for case in cases} | through
        assert listed.is_right
        kinds.add((isinstance(subject, ChainSymbol), bool(through)))
    if folder == "claims-reports":
        assert kinds >= {(False, True), (True, False)}
