"""Tests of a task alone."""

from __future__ import annotations

import pytest

from tests.support.flows.tested import problems, results
from tests.support.rows import in_rows

TASKS = """
type Person { name: string, phone: string? @wire("phone-no") }

task read_name(n: int) -> { name: string } {
  press "F5" 2 times
  extract name: string from "the name in row {n}"
  emit name = name
}

task find(who: string, secret pin: string, row: int = 2) -> Person {
  step "Find {who}" {
    type $pin into "the PIN"
    if sees "no such person" { abort "There is no {who}" }
    call read_name(n: row) as shown
    extract phone: string? from "the phone of {who}"
    emit name = shown.name
    emit phone = phone
  }
}
task close() { press "Esc" }
"""


def found(test: str, name: str = "find") -> list[str]:
    source = f'{TASKS}\ntest "t" for task {name} {{ {test} }}'
    return [each.partition(": ")[2] for each in problems(source)]


@in_rows(
    "test",
    [
        'reads { shown.name = "Ann" } result { name = "Ann" }',
        'reads { shown.name = "Ann" phone = "1" } result { name = "Ann" ... }',
        'reads { shown.name = "Ann" phone = "1" } result { name = "Ann" phone = ~"1" }',
        'screen { ~"no such" = true } aborts "There is no Ann"',
        'reads { shown.name = "Ann" } types ~"pin" into "the PIN" reaches step "Find Ann"',
    ],
)
def test_a_task_is_tested_alone(test: str) -> None:
    assert found('given { who = "Ann" } ' + test) == []


def test_a_task_without_a_result_is_tested_too() -> None:
    assert found('does press "Esc" 1 times', "close") == []


def test_what_is_wrong_is_told_with_the_places_of_the_source() -> None:
    (result,) = results(
        f'{TASKS}\ntest "t" for task find {{ given {{ who = "Ann" row = 3 }} '
        'reads { shown.name = "Ann" phone = "1" } result { name = "Ann" } }'
    )
    assert (result.subject, result.problems[0].message) == (
        "find",
        'result field `phone` is "1", and the test does not name it',
    )
    assert result.problems[0].shown[3] == '  main.flow:7   ? read "the name in row 3": "Ann"'


def test_a_task_of_another_file_is_tested() -> None:
    files = {
        "tasks.flow": f"flow 1\n{TASKS}",
        "main.flow": 'flow 1\nimport { close } from "./tasks.flow"\n'
        'test "t" for task close { never press "F5" does press "Esc" }\n',
    }
    with pytest.raises(AssertionError, match="unknown-act"):
        problems(files)
    files["main.flow"] = files["main.flow"].replace('never press "F5" ', "")
    assert problems(files) == []


def test_the_prompt_of_a_task_is_that_of_the_task_alone() -> None:
    source = """
task open_form(order: string) -> { who: string } {
  extract who: string from "the name of order {order}"
  emit who = who
}
test "prompt" for task open_form {
  prompt contains "the name of order" prompt contains "task open_form" prompt omits "tests_of"
  prompt tokens < 2000
}
"""
    assert problems(source) == []
    (missing,) = problems(source.replace("tokens < 2000", "matches snapshot"))
    assert "there is no snapshot `__snapshots__/main.open_form.prompt.md`" in missing
