"""The post-run checks of a workflow in its tests: what the run keeps, counted and named."""

from __future__ import annotations

import json

from flowdsl.testing.outcome import FAILED
from tests.support.flows.compiling import workflow
from tests.support.flows.post_run_checks import TABLE, source
from tests.support.flows.tested import problems, results
from tests.support.rows import for_rows


def found(checks: str, test: str, given: str = 'names = ["a", "b"]') -> list[str]:
    written = f'test "t" for w {{ given {{ {given} }} reads {{ total = 2 }} {test} }}'
    return [each.partition(": ")[2] for each in problems(f"{source(checks)}\n{written}")]


@for_rows(lambda: TABLE)
def test_a_file_check_is_evaluated(kind: str) -> None:
    check, good, bad, name = TABLE[kind]
    assert found(check, "outputs { total = 2 }", good) == []
    (message,) = found(check, "outputs { total = 2 }", bad)
    assert message.startswith(f'the check "{name}" fails: ')
    # A raw text, as names of patterns have backslashes; braces stand for themselves in it.
    assert found(check, f'outputs {{ total = 2 }} fails check r"{name}"', bad) == []
    assert found(check, "fails check", bad) == []
    (message,) = found(check, f'fails check r"{name}"', good)
    assert message == f'the check "{name}" succeeds'


def test_a_folder_of_an_export_is_no_part_of_its_name() -> None:
    check = 'file "Ann.csv" exists'
    assert found(check, "", 'names = [] others = ["Ann"]') == []
    (message,) = found(check, "", 'names = ["a"]')
    assert message.endswith("no file is named `Ann.csv`: the run keeps `a.png`")


def test_what_a_model_says_is_answered() -> None:
    checks = 'image "a.png" shows "a grid of {who}" output satisfies "total is not negative"'
    assert found(checks, "") == []
    answer = 'checks { ~"not negative" = false }'
    (message,) = found(checks, answer)
    assert message == (
        'the check "output satisfies total is not negative" fails: '
        "it is not so that total is not negative"
    )
    assert found(checks, f'{answer} fails check ~"not negative"') == []
    answer = 'checks { "a grid of Ann" = failed }'
    assert found(checks, f'{answer} fails check ~"a.png shows"') == []
    assert found(checks, 'checks { "a grid of Bo" = failed }') == ["nothing asks for this answer"]


def test_every_check_that_fails_is_named() -> None:
    checks = 'file "x.png" exists as "first" file "y.png" exists as "second"'
    assert found(checks, 'fails check "first" fails check "second"') == []
    (message,) = found(checks, 'fails check "first"')
    assert message.startswith('the check "second" fails: no file is named `y.png`')
    (message,) = found(checks, 'fails check "third" fails check ~""')
    assert message == 'no check of `w` is named "third": "first", "second"'


def test_a_check_with_lines_in_its_name_is_named_on_one() -> None:
    checks = 'file "{lines}.png" exists'
    text = 'const lines = """\n  a\n\n  b\n"""\n' + source(checks)
    test = (
        'test "t" for w { given { names = [] } reads { total = 2 } fails check "a b.png exists" }'
    )
    assert problems(f"{text}\n{test}") == []
    block = test.replace('"a b.png exists"', '"""\n  a\n\n  b.png exists\n"""')
    assert problems(f"{text}\n{block}") == []


def test_no_check_is_carried_out_after_a_run_that_fails() -> None:
    body = 'expect "open" else abort "closed"'
    text = workflow(body, sections='checks { file "x.png" exists }')
    test = 'test "t" for w {{ screen {{ "open" = never }} aborts "closed" {} }}'
    assert problems(f"{text}\n{test.format('')}") == []
    (message,) = problems(f"{text}\n{test.format('fails check')}")
    assert message.endswith("no check is carried out: the run does not end well")


def test_a_check_that_fails_is_a_failure_of_the_flow() -> None:
    test = 'test "t" for w { given { names = [] } reads { total = 2 } }'
    (result,) = results(source('file "a.png" exists') + "\n" + test)
    (problem,) = result.problems
    assert problem.kind == FAILED
    assert any("a check fails" in line for line in problem.shown)


def test_checks_and_schemas_in_files_are_evaluated() -> None:
    checks = [
        {"name": "each", "type": "run_attachment_exists", "file_target_mode": "loop_items",
         "loop_input": "{rows}", "loop_item_filename_template": "{{loop_item.key}}.png"},
        {"name": "two", "type": "run_attachment_exists", "file_target_mode": "regex",
         "file_name_regex": "png$", "expected_match_count_ref": "{{total}}"},
        {"name": "said", "type": "output_data_agentic_check",
         "check_prompt": "total {{total}} is that of {rows[0].key}"},
    ]  # fmt: skip
    schema = {
        "type": "object",
        "properties": {"total": {"type": "integer", "maximum": 2}},
        "required": ["total"],
    }
    text = """flow 1
workflow w {
  inputs { rows: { key: string }[] @max_items(3) }
  outputs from "./outputs.json"
  checks from "./checks.json"
  steps {
    press "F5"
    for row in rows { capture "{row.key}.png" }
    extract total: int from "the total"
    emit total = total
  }
}
"""
    files = {
        "checks.json": json.dumps({"post_run_checks": checks}),
        "outputs.json": json.dumps(schema),
    }

    def told(reads: str, test: str) -> list[str]:
        given = 'given { rows = [{ key: "a" }, { key: "b" }] }'
        main = f'{text}\ntest "t" for w {{ {given} reads {{ total = {reads} }} {test} }}'
        return [each.partition(": ")[2] for each in problems({"main.flow": main, **files})]

    assert told("2", "") == []
    (message,) = told("1", "")
    assert message.startswith('the check "two" fails: 2 files match r"png$", and not 1')
    assert told("2", 'checks { "total 2 is that of a" = false } fails check "said"') == []
    assert told("3", "outputs refused") == []
    assert "the outputs do not fit `outputs.json`: 3 is greater" in told("3", "")[0]


def test_a_replay_has_checks_and_refused_outputs_of_its_own() -> None:
    check = r'files matching r"\.png$" count 2 exists as "two"'
    again = 'then given { names = ["a"] }'
    assert found(check, f'{again} run 2 fails check "two"') == []
    (message,) = found(check, again)
    assert message.startswith('the check "two" fails: 1 file matches')
    body = 'press "F5" emit n = n'
    text = workflow(body, sections="inputs { n: int } outputs { n: int @max(3) }")
    test = 'test "t" for w { given { n = 1 } then given { n = 4 } run 2 outputs refused ~"@max" }'
    assert problems(f"{text}\n{test}") == []


def test_a_run_that_is_not_well_is_not_recorded() -> None:
    check = r'files matching r"\.png$" count 2 exists as "two"'
    test = 'fails check "two" then given { names = ["a", "b"] }'
    assert found(check, test, 'names = ["a"]') == [
        "the first run does not end well, so that there is no recording to replay"
    ]


def test_a_known_list_is_a_check_for_each_statement_and_none_without_entries() -> None:
    """As the payload has them: the machine and the local service see those, not the list."""
    text = """
    const SHOTS = ["front", "back"]
    const NOTHING = []
    workflow w {
      steps { capture "front.png" capture "back.png" }
      checks {
        files each s in SHOTS named "{s}.png" exists as "files"
        image files each s in ["front", "back"] named "{s}.png" shows "the {s}" as "seen"
        image files each s in SHOTS named "{s}.png" shows "the card" as "same"
        image files each s in NOTHING named "{s}.png" shows "the {s}" as "never"
        files each s in NOTHING named "{s}.png" exists as "nothing"
      }
    }
    """

    def told(test: str) -> list[str]:
        return [
            each.partition(": ")[2] for each in problems(f'{text}\ntest "t" for w {{ {test} }}')
        ]

    assert told("outputs { }") == []
    assert told('checks { "the back" = failed } fails check "seen (2)"') == []
    assert told('checks { "the card" = failed } fails check "same"') == []
    (message,) = told('fails check "third"')
    assert message.endswith('"files", "seen", "seen (2)", "same"')
