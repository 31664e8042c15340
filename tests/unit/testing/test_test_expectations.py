"""What a test expects, and what is said where it is not so."""

from __future__ import annotations

import re

from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems, results
from tests.support.rows import for_rows, in_rows

BODY = """
expect "the form is open" else abort "There is no form"
if sees "nothing to do" { press "Esc" finish "Nothing to do" }
extract n: int from "the total"
extract note: string? from "the note"
emit n = n
emit note = note
"""
PROJECT = """\
[project]
name = "x"
id = "prj_1"

[env.local]
api = "local"
vars = { host = "a.test" }
"""
SOURCE = workflow(BODY, sections="outputs { n: int? note: string? }")


def found(test: str) -> list[str]:
    return [each.partition(": ")[2] for each in problems(f'{SOURCE}\ntest "t" for w {{ {test} }}')]


@for_rows(
    lambda: [
        "reads { n = 3 } outputs { n = 3 }",
        'reads { n = 3 note = "x" } outputs { n = 3 note = "x" }',
        'reads { n = 3 note = "AB12" } outputs { n = 3 note = ~matches r"[A-Z]+[0-9]{2}" }',
        'screen { expect "the form is open" = false } aborts "There is no form"',
        'screen { expect "the form is open" = false } aborts',
        'screen { sees "nothing to do" = true } finishes "Nothing to do"',
        'screen { sees "nothing to do" = true } finishes',
        'screen { sees "nothing to do" = true } finishes outputs { }',
        'prompt contains "Nothing to do" prompt omits "{pin}" prompt tokens > 100',
    ]
)
def test_a_test_passes(test: str) -> None:
    assert found(test) == []


@for_rows(
    lambda: [
        ("reads { n = 3 } outputs { n = 4 }", ["`n` is 3, not 4"]),
        (
            'reads { n = 3 note = "x" } outputs { n = 3 }',
            ['output `note` is "x", and the test does not name it'],
        ),
        ('reads { n = 3 } outputs { n = 3 note = "x" }', ['`note` is missing, not "x"']),
        (
            'reads { n = 3 note = "xAB" } outputs { n = 3 note = ~matches r"[A-Z]+" }',
            ['`note` is "xAB", not a text that r"[A-Z]+" matches'],
        ),
        (
            'reads { n = 3 } outputs { note = ~matches r".*" ... }',
            ['`note` is missing, not a text that r".*" matches'],
        ),
        ("reads { n = 3 } aborts", ["the run does not abort, it works through all its steps"]),
        (
            "reads { n = 3 } finishes",
            ["the run works through all its steps, and reaches no `finish`"],
        ),
        (
            'screen { expect "the form is open" = false } outputs { }',
            ['the run aborts with "There is no form"'],
        ),
        (
            'screen { expect "the form is open" = false }',
            ['the run aborts with "There is no form"'],
        ),
        ('prompt contains "{pin}"', ['the prompt does not contain "{pin}"']),
    ]
)
def test_what_is_said_where_it_is_not_so(row: tuple[str, list[str]]) -> None:
    test, messages = row
    assert found(test) == messages


def test_what_a_prompt_must_not_have_is_shown_with_its_line() -> None:
    assert re.fullmatch(
        r'line \d+ of the prompt contains "form is open"', *found('prompt omits "form is open"')
    )
    assert re.fullmatch(r"the prompt has about \d{3,4} tokens", *found("prompt tokens < 10"))


def test_a_failure_shows_what_happened_with_a_mark_at_the_first_difference() -> None:
    (result,) = results(f'{SOURCE}\ntest "t" for w {{ reads {{ n = 3 }} outputs {{ n = 4 }} }}')
    assert result.problems[0].shown == (
        '  main.flow:5  ? expect "the form is open": yes',
        '  main.flow:6  ? sees "nothing to do": no',
        '  main.flow:7  ? read "the total": 3',
        '  main.flow:8  ? read "the note": nothing',
        ">              ends",
        "               output n = 3",
    )


def test_lists_and_records_differ_at_their_first_difference() -> None:
    body = 'press "F5" extract rows: { a: int }[] from "the rows" emit rows = rows'
    source = workflow(body, sections="outputs { rows: { a: int }[] }")
    reads = "reads { rows = [{ a: 1 }, { a: 2 }] }"

    def said(expected: str) -> list[str]:
        return problems(f'{source}\ntest "t" for w {{ {reads} outputs {{ rows = {expected} }} }}')

    assert said("[{ a: 1 }, { a: 2 }]") == []
    assert said("[{ a: 1 }, { a: 3 }]") == ["6: `rows[1].a` is 2, not 3"]
    assert said("[{ a: 1 }]") == ["6: `rows` has 2 entries, not 1"]


def test_values_of_the_environment_are_filled_in() -> None:
    project = load_project(PROJECT, "flowdsl.toml", Sink())
    assert project is not None
    body = 'press "F5" expect "{env.host} is open" else abort "No {env.host}"'
    test = 'screen { expect "{env.host} is open" = false } aborts "No a.test"'
    environment = project.environments["local"]
    assert (
        problems(
            f'{workflow(body)}\ntest "t" for w {{ {test} }}',
            project=project,
            environment=environment,
        )
        == []
    )


@in_rows(
    ("test", "said"),
    [
        ("reads { size = 3 } outputs { size = 3 }", []),
        ("reads { size = 3 } outputs { size = 4 }", ["`size` is 3, not 4"]),
        ("outputs { size = 4 }", ["`size` is read, and the test has no answer"]),
    ],
)
def test_what_a_command_prints_is_answered_as_it_is_read(test: str, said: list[str]) -> None:
    """`run ... as` is for teams whose focused agents have a terminal."""
    text = f'{PROJECT}[platform]\nfocused_agent_tools = ["execute_terminal_command"]\n'
    project = load_project(text, "flowdsl.toml", Sink())
    assert project is not None
    body = 'run "Get-Size" as size: int emit size = size'
    source = workflow(body, sections="outputs { size: int }")
    found = problems(f'{source}\ntest "t" for w {{ {test} }}', project=project)
    assert [each.partition(": ")[2] for each in found] == said


NEVER, UNREADABLE = 'screen { "it is done" = never }', "reads { x = unreadable }"


@for_rows(
    lambda: [
        ('wait until "it is done"', NEVER, '"not so or not found: it is done"'),
        ('choose "it is done"', NEVER, '"not so or not found: it is done"'),
        ('extract x: string from "the name"', UNREADABLE, '"not so or not found: the name"'),
        ('copy x from "the name"', UNREADABLE, '"not so or not found: the name"'),
        ('retry 2 { press "F5" expect "it is done" }', NEVER, '"not so or not found: it is done"'),
        ('expect "it is done" else abort "it is over"', NEVER, '"it is over"'),
    ]
)
def test_a_default_reason_is_said_not_to_be_so(row: tuple[str, str, str]) -> None:
    body, answers, ending = row
    program = workflow(f'press "F1" {body}')
    first = problems(f'{program}\ntest "t" for w {{ {answers} does press "F1" }}')[0]
    assert first.endswith(f"the run aborts with {ending}"), first
