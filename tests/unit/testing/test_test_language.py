"""What tests can say: parts of texts, words, cases, fixtures, commands, open outputs."""

from __future__ import annotations

import pytest

from flowdsl.testing.cases import cases_of, inputs_of
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems, results, suite_of
from tests.support.rows import in_rows

BODY = """
expect "the form of {who} is open" else abort "There is no form of {who}"
if sees "nothing to do" { press "Esc" abort "Nothing to do" }
extract rows: { key: string, n: int? }[] from "the rows"
emit rows = rows
emit who = who
"""
SECTIONS = """
inputs { who: string note: string? }
outputs { rows: { key: string, n: int? }[] who: string }
"""
SOURCE = workflow(BODY, sections=SECTIONS) + "\n"
ROWS = 'reads { rows = [{ key: "a", n: 1 }, { key: "b" }] }'


def found(test: str, before: str = "") -> list[str]:
    source = f'{SOURCE}{before}test "t" for w {{ {test} }}'
    return [each.partition(": ")[2] for each in problems(source)]


@in_rows(
    "screen",
    [
        '~"form of" = false',
        '"the form of Ann is open" = false',
        'expect ~"is open" = false',
        '~"form" = [false]',
        '~"form" = never',
    ],
)
def test_a_part_names_the_question_that_contains_it(screen: str) -> None:
    test = f'given {{ who = "Ann" }} screen {{ {screen} }} aborts ~"form of Ann"'
    assert found(test) == []


def test_a_whole_text_goes_before_a_part() -> None:
    test = 'given { who = "Ann" } screen { ~"to do" = true "nothing to do" = false }'
    assert found(f"{test} {ROWS} outputs {{ ... }}") == ["nothing asks for this answer"]


def test_a_part_of_one_question_that_is_asked_in_two_places_names_it() -> None:
    source = workflow(
        'expect "{a} is open" else abort "not at first" press "F5" '
        'expect "{a} is open" else abort "not at last"',
        sections="inputs { a: string }",
    )
    test = 'given { a = "x" } screen { ~"x is" = [true, false] } aborts "not at last"'
    assert problems(f'{source}\ntest "t" for w {{ {test} }}') == []


def test_a_part_of_questions_that_values_complete_is_ambiguous_when_they_are_asked() -> None:
    source = workflow(
        'press "F5" expect "{a} is open" expect "{a} is saved"', sections="inputs { a: string }"
    )
    said = problems(
        f'{source}\ntest "t" for w {{ given {{ a = "x" }} screen {{ ~"x is" = true }} }}'
    )
    assert said == ['4: "x is saved" has the part "x is", and so has another question of this run']


@in_rows(
    "outputs",
    [
        "{ ... }",
        '{ who = "Ann" ... }',
        '{ who = ~"nn" rows = [...] }',
        '{ rows = [{ key: "a", n: 1 }, ...] ... }',
        '{ rows = [{ key: "a" ... }, { key: ~"b" }] ... }',
        '{ rows = [{ key: "a", ... }, { ... }] ... }',
    ],
)
def test_outputs_may_be_open(outputs: str) -> None:
    assert found(f'given {{ who = "Ann" }} {ROWS} outputs {outputs}') == []


@in_rows(
    ("outputs", "message"),
    [
        ('{ who = ~"x" ... }', '`who` is "Ann", not a text with "x"'),
        ('{ rows = [{ key: "a" }, ...] ... }', "`rows[0].n` is 1, not missing"),
        ('{ rows = [{ key: "b" ... }, ...] ... }', '`rows[0].key` is "a", not "b"'),
        (
            "{ rows = [{ ... }, { ... }, { ... }, ...] ... }",
            "`rows` has 2 entries, not 3 or more",
        ),
    ],
)
def test_open_outputs_say_where_they_differ(outputs: str, message: str) -> None:
    assert found(f'given {{ who = "Ann" }} {ROWS} outputs {outputs}') == [message]


def test_every_case_is_a_test_with_what_they_have_in_common() -> None:
    source = f"""{SOURCE}
test "stops" for w {{
  given {{ who = "Ann" }}
  case "no form" {{ screen {{ ~"form" = false }} aborts ~"no form" }}
  case "nothing" {{ screen {{ ~"to do" = true }} aborts "Nothing to do" }}
  case "wrong" {{ aborts }}
}}
"""
    titles = [(each.title, each.passed) for each in results(source)]
    assert titles == [("stops: no form", True), ("stops: nothing", True), ("stops: wrong", False)]


def test_a_fixture_gives_inputs_and_with_changes_some() -> None:
    fixture = 'fixture ann = { who: "Ann", note: "x" }\n'
    no_form = 'screen { ~"form" = false } aborts'
    assert found(f'given ann {no_form} "There is no form of Ann"', fixture) == []
    changed = f'given ann with {{ who: "Bo" }} {no_form} "There is no form of Bo"'
    assert found(changed, fixture) == []
    assert found(f'given ann with {{ note: missing }} {no_form} ~"Ann"', fixture) == []


def test_a_fixture_may_be_imported() -> None:
    files = {
        "main.flow": "flow 1\n"
        'import { ann } from "./people.flow"\n'
        f'{SOURCE}test "t" for w {{ given ann screen {{ ~"form" = false }} aborts ~"Ann" }}',
        "people.flow": 'flow 1\nfixture ann = { who: "Ann" }\n',
    }
    assert problems(files) == []


def test_words_are_answers() -> None:
    body = 'press "F5" extract n: int from "the total" else abort "No total" emit n = n'
    source = workflow(body, sections="outputs { n: int }")
    for answer in ("unreadable", "[unreadable, 3]"):
        said = problems(
            f'{source}\ntest "t" for w {{ reads {{ n = {answer} }} aborts "No total" }}'
        )
        assert [each.partition(": ")[2] for each in said] == (
            [] if answer == "unreadable" else ["this is asked once, and the test has 2 answers"]
        )
    known = f'{source}\nconst unreadable = 7\ntest "t" for w {{ reads {{ n = unreadable }} '
    assert problems(known + "outputs { n = 7 } }") == []


def test_commands_fail_when_the_test_says_so() -> None:
    body = 'run "Get-Item a.txt" else abort "No file"'
    source = workflow(body)
    assert problems(f'{source}\ntest "t" for w {{ outputs {{ }} }}') == []
    for answer in ('"Get-Item a.txt" = failed', '~"Get-Item" = false'):
        assert (
            problems(f'{source}\ntest "t" for w {{ commands {{ {answer} }} aborts "No file" }}')
            == []
        )


def test_rows_of_a_file_are_inputs_of_their_types() -> None:
    body = 'for row in rows { type "{row.key}" into "the key" } emit total = "done"'
    sections = (
        'inputs { rows: { key: string @wire("key-no"), n: number? }[] @max_items(3) }'
        "outputs { total: string }"
    )
    files = {
        "main.flow": f"flow 1\n{workflow(body, sections=sections)}\n"
        'test "t" for w { given { rows = rows "./rows.csv" } finishes }',
        "rows.csv": "key,n\n007,1.5\nB,\n",
    }
    (result,) = results(files)
    assert result.problems[0].shown[:2] == (
        '  main.flow:4  type "007" into "the key"',
        '  main.flow:4  type "B" into "the key"',
    )
    suite = suite_of(files)
    (case,) = cases_of(suite.model)
    assert inputs_of(case, suite.literals(case.module)) == {
        "rows": [{"key-no": "007", "n": 1.5}, {"key-no": "B"}]
    }


def test_rows_stand_beside_a_fixture() -> None:
    files = {
        "main.flow": "flow 1\n"
        + workflow(
            'for row in rows { type "{who} {row}" into "the key" }',
            sections="inputs { who: string rows: string[] @max_items(3) }",
        )
        + '\nfixture ann = { who: "Ann" }'
        + '\ntest "t" for w { given ann given { rows = rows "./rows.csv" } '
        + 'types "Ann B" into "the key" }',
        "rows.csv": "key\nA\nB\n",
    }
    assert problems(files) == []


HELD = {
    "rows.csv": "key,n\n007,1.5\nB,\n",
    "one.json": '[{"key": "one"}]',
}


def found_in_rows(test: str) -> list[str]:
    """What a test of a workflow says whose fixture `june` takes its rows from `rows.csv`."""
    source = workflow(
        'for row in rows { type "{row.key} of {who}" into "the key" }',
        sections="inputs { who: string note: string? "
        'rows: { key: string @wire("key-no"), n: number? }[] @max_items(3) }',
    )
    june = 'fixture june = { who: "Ann", rows: rows "./rows.csv" }'
    main = f'flow 1\n{source}\n{june}\ntest "t" for w {{ {test} }}'
    return [each.partition(": ")[2] for each in problems({"main.flow": main, **HELD})]


def test_a_fixture_takes_rows_from_a_file() -> None:
    assert found_in_rows('given june types "007 of Ann" into "the key"') == []
    changed = 'given june with { rows: rows "./one.json" } '
    assert found_in_rows(f'{changed} types "one of Ann" into "the key"') == []
    assert found_in_rows(f'{changed} types "007 of Ann" into "the key"') == [
        'the run does not `types "007 of Ann" into "the key"`'
    ]
    assert found_in_rows('given june with { rows: [] } never type ~"of" into ~"key"') == []


def test_rows_of_a_fixture_have_the_types_of_what_takes_them() -> None:
    files = {
        "main.flow": 'flow 1\nimport { june } from "./lib/held.flow"\n'
        + workflow(
            'type "{rows[0].n}!" into "n"',
            sections="inputs { rows: { n: string }[] @min_items(1) }",
        )
        + "\nworkflow other { inputs { rows: { n: int }[] @min_items(1) } outputs { n: int } "
        + 'steps { do "Open it." emit n = rows[0].n } }'
        + '\ntest "a text" for w { given june types "7!" into "n" }'
        + '\ntest "a number" for other { given june outputs { n = 7 } }',
        "lib/held.flow": 'flow 1\nfixture june = { rows: rows "./n.csv" }\n',
        "lib/n.csv": "n\n7\n",
    }
    assert problems(files) == []
    with pytest.raises(AssertionError, match=r"malformed-rows.*row 2, column `n`, holds `x`"):
        problems({**files, "lib/n.csv": "n\nx\n"})


@in_rows(
    ("case", "typed"),
    [
        ("", "007 of Ann"),
        ('given { who = "Bo" }', "007 of Bo"),
        ('given june with { who: "Cy" }', "007 of Cy"),
        ('given { rows = rows "./one.json" }', "one of Ann"),
        ('given june with { rows: rows "./one.json" }', "one of Ann"),
        ('given { rows = [{ key: "x" }] note = "y" }', "x of Ann"),
    ],
)
def test_a_case_replaces_inputs_that_the_test_gives(case: str, typed: str) -> None:
    cases = f'case "this" {{ {case} types "{typed}" into "the key" }}'
    assert found_in_rows(f'given june {cases} case "common" {{ {COMMON} }}') == []
    assert len(found_in_rows(f"given june {cases.replace(typed, 'z')}")) == 1


COMMON = 'types "007 of Ann" into "the key" types "B of Ann" into "the key"'


def test_a_case_replaces_answers_that_the_test_has() -> None:
    common = f'given {{ who = "Ann" }} screen {{ ~"to do" = false }} {ROWS}'
    one = 'reads { rows = [{ key: "c" }] } outputs { rows = [{ key: "c" }] ... }'
    two = "outputs { rows = [{ ... }, { ... }] ... }"
    assert found(f'{common} case "a" {{ {one} }} case "b" {{ {two} }}') == []
    stops = 'screen { ~"to do" = true } reads { rows = [] } aborts'
    assert found(f'{common} case "a" {{ {stops} }}') == ["nothing asks for this answer"]


def test_a_case_of_a_chain_replaces_answers_of_a_step() -> None:
    source = (
        workflow('press "F5" expect "{n} is open"', sections="inputs { n: int }")
        + "\nchain c { step one = run w(n: 1) }"
        '\ntest "t" for chain c { step one { screen { ~"open" = never } } '
        'case "closed" { aborts ~"1 is open" } '
        'case "open" { step one { screen { ~"open" = true } } does press "F5" } }'
    )
    assert problems(source) == []


def test_an_input_whose_default_is_null_may_be_left_out() -> None:
    source = workflow(
        'do "Open it." if note is not empty { type note into "the note" }',
        sections="inputs { note: string? = null }",
    )
    for test in (
        'never type ~"x" into "the note"',
        'given { note = "x" } types "x" into "the note"',
    ):
        assert problems(f'{source}\ntest "t" for w {{ {test} }}') == []


# The day of a run

DAYS = workflow(
    'type since into "From" type until as "MM/dd/yyyy" into "To" emit until = until',
    sections="inputs { since: date = start of month until: date = since + 1mo } "
    "outputs { until: date }",
)


def found_on_a_day(test: str) -> list[str]:
    return [each.partition(": ")[2] for each in problems(f'{DAYS}\ntest "t" for w {{ {test} }}')]


@in_rows(
    ("given", "until"),
    [
        ('today = "2026-03-15"', "2026-04-01"),
        ('today = "2026-03-15" since = "2026-01-31"', "2026-02-28"),
        ('since = "2024-01-31"', "2024-02-29"),
        ('since = "2024-01-31" until = "2026-01-01"', "2026-01-01"),
    ],
)
def test_a_test_says_its_day_or_gives_the_input(given: str, until: str) -> None:
    test = f"given {{ {given} }} outputs {{ until = "
    assert found_on_a_day(f'{test}"{until}" }}') == []
    assert found_on_a_day(f'{test}"1999-01-01" }}') != []


def test_a_replay_has_a_day_of_its_own() -> None:
    first = 'given { today = "2026-03-15" } types "2026-03-01" into "From"'
    again = 'then given { today = "2026-07-01" } run 2 outputs { until = "2026-08-01" }'
    assert found_on_a_day(f'{first} outputs {{ until = "2026-04-01" }} {again}') == []


def test_a_day_that_there_is_not_is_told() -> None:
    far = 'given { since = "9999-12-31" } outputs { ... }'
    assert [each.partition(":")[0] for each in found_on_a_day(far)] == [
        "`until` counts beyond the years 1 to 9999"
    ]


CHAIN = f"""{DAYS}
chain c {{
  inputs {{ first: date = today - 1mo }}
  step one = run w(since: first)
  step two = run w()
}}
"""


def test_every_step_of_a_chain_has_the_day_of_the_test() -> None:
    def said(test: str) -> list[str]:
        found = problems(f'{CHAIN}\ntest "t" for chain c {{ {test} }}')
        return [each.partition(": ")[2] for each in found]

    expected = 'outputs one { until = "2026-03-15" } outputs two { until = "2026-04-01" }'
    assert said(f'given {{ today = "2026-03-15" }} {expected}') == []
    assert said(f'given {{ today = "2026-03-14" }} {expected}') != []
    assert said('given { first = "2026-02-15" } aborts') == [
        "`since` depends on the day of the run: say in `given` which day is `today`, or give "
        "`since` itself"
    ]
