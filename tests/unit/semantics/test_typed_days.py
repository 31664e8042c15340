"""Days that are typed: what they count from, who has to allow them, and who carries them out."""

from __future__ import annotations

from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems, results
from tests.support.meaning.checked import checked
from tests.support.meaning.checked import compiled as checked_source
from tests.support.rows import in_rows

DATES = "terminal { dates = true }"
DAY = 'type today - 7d as "MM/dd/yyyy" into "Due"'


def names(steps: str, sections: str = DATES, tasks: str = "") -> list[str]:
    source = f"flow 1\n{tasks}\n{workflow(steps, sections=sections)}"
    found = checked_source(source).analysis.diagnostics
    return [each.name for each in found if each.severity != "info"]


@in_rows("day", ["today", "today + 1y", "start of month", "start of week - 2w + 1d"])
def test_days_that_count_from_today_are_typed(day: str) -> None:
    assert names(f'type {day} as "dd.MM.yyyy" into "Due"') == []
    assert names(f'type {day} into "Due"') == []
    assert names(f'type {day} into "Due"', "") == ["day-needs-terminal"]


def test_a_value_called_today_comes_first() -> None:
    section = "inputs { today: date }"
    assert names('type today as "dd.MM.yyyy" into "Due"', section) == []
    read = 'extract today: date from "the date" '
    assert names(f'{read}type today as "dd.MM.yyyy" into "Due"') == []
    assert names(f"{read}{DAY}", DATES) == ["typed-day-base"]
    assert names(DAY, f"{section} {DATES}") == ["typed-day-base"]


def test_each_workflow_that_calls_a_task_has_to_allow_its_days() -> None:
    task = f"task enter() {{ {DAY} }}"
    assert names("call enter()", DATES, task) == []
    assert names("call enter()", "", task) == ["day-needs-terminal"]


def test_a_day_needs_the_main_agent() -> None:
    assert names(f'if sees "a" {{ {DAY} }}') == ["branch-outside-focused-action"]
    flag = f"inputs {{ fast: bool }} {DATES}"
    assert names(f"if fast {{ {DAY} }}", flag) == ["branch-frozen-by-replay"]
    assert names(f'for n in 3 {{ if sees "a" {{ {DAY} }} }}') == ["branch-frozen-in-loop"]
    assert names(f"for n in 3 {{ {DAY} }}") == []
    assert names(f'for n in 3 {{ {DAY} }} on failure {{ press "F1" }}') == [
        "failure-needs-one-call"
    ]


def test_a_day_may_fail_and_a_retry_catches_it() -> None:
    assert names('retry 2 { press "F1" } else { }') != []
    steps = f'retry 2 {{ {DAY} keep done: string = "x" }} else {{ }} type done into "A"'
    assert "unset-runtime-variable" in names(steps)


def test_the_allowlist_holds_exactly_the_command() -> None:
    program = checked(f"flow 1\n{workflow(DAY + DAY, sections=DATES)}")
    assert program is not None
    (command,) = program.payload["terminal_command_allowlist"]
    assert program.payload["main_prompt"].count(f'"{command}"') == 2


def test_a_test_says_which_day_the_clock_shows() -> None:
    source = workflow(DAY, sections=DATES)
    told = 'types "2026-02-22" into "Due"'
    assert problems(f'{source}\ntest "t" for w {{ outputs {{ }} {told} }}') == []
    given = 'given { today = "2026-01-03" } outputs { } types "2025-12-27" into "Due"'
    assert problems(f'{source}\ntest "t" for w {{ {given} }}') == []


def test_a_field_that_does_not_show_the_day_fails() -> None:
    source = workflow(DAY, sections=DATES)
    asked = "Due shows a date in the form MM/dd/yyyy"
    test = f'screen {{ "{asked}" = never }} aborts "not so or not found: {asked}"'
    (result,) = results(f'{source}\ntest "t" for w {{ {test} }}')
    assert result.passed, result.problems
