"""Which branches of a program its tests take."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from flowdsl.testing.cases import cases_of
from flowdsl.testing.coverage import Taken, bodies_of, percent_covered, render_lcov
from flowdsl.testing.run import run_test
from tests.support.command_line import write_tree
from tests.support.flows.compiling import EXAMPLES, read_folder, workflow
from tests.support.flows.examples import example_suite
from tests.support.flows.tested import suite_of
from tests.support.rows import for_rows, in_rows

FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml"))
KIND_SECTION = 'inputs { kind: "a" | "b" | "c" }'
HOLDS_SECTIONS = "inputs { rows: string[] @max_items(3) }"


def missed(body: str, *tests: str, sections: str = "") -> tuple[list[str], float]:
    """The branches that the tests of a workflow do not take, and the percentage of others."""
    declared = "".join(f'\ntest "{n}" for w {{ {test} }}' for n, test in enumerate(tests))
    suite = suite_of(workflow(body, sections=sections) + declared)
    taken = Taken()
    for case in cases_of(suite.model):
        result = run_test(suite, case)
        assert result.passed, result.problems
        taken.add(result.branches, result.statements)
    bodies = list(bodies_of(suite.model, {"main.flow"}))
    branches = [branch for body in bodies for branch in body.branches]
    return [
        branch.words for branch in branches if branch.key not in taken.branches
    ], percent_covered(bodies, taken)


IF = 'if sees "a" { press "F5" } else if sees "b" { press "F6" }'
CHOOSE = 'choose "the row" else abort "no row"'
MATCH = 'match kind { "a", "b" { press "F5" } "c" { press "F6" } }'
PARTS = 'match kind { "a" { press "F5" } else { press "F6" } }'
FOR = 'for row in rows { type row into "the field" }'
FAILS = 'for row in rows { choose "the row {row}" } on failure { press "Escape" }'
REPEAT = 'while not sees "the end" max 2 { press "Down" } else abort "no end"'
RETRY = 'retry 2 { do "Try." expect "saved" } else { abort "not saved" }'


@for_rows(
    lambda: [
        (IF, ["outputs { }"], ['`sees "a"` holds', '`sees "b"` holds']),
        (
            IF,
            ['screen { "a" = true }', 'screen { "b" = true }'],
            ['`if sees "a"` does not hold, nor does what follows it'],
        ),
        (IF, ['screen { "a" = true }', 'screen { "b" = true }', "outputs { }"], []),
        (MATCH, ['given { kind = "b" } outputs { }'], ['`"c"` is the case']),
        (MATCH, ['given { kind = "c" } outputs { }'], ['`"a", "b"` is the case']),
        (PARTS, ['given { kind = "a" } outputs { }'], ["`match kind` goes to its `else`"]),
        (
            PARTS,
            ['given { kind = "a" } outputs { }', 'given { kind = "c" } outputs { }'],
            [],
        ),
        (CHOOSE, ["outputs { }"], ['`choose "the row"` goes to its `else`']),
        (CHOOSE, ['screen { "the row" = false } aborts'], ['`choose "the row"` is so']),
        (FOR, ["given { rows = [] } outputs { }"], ["`for row in rows` has an entry"]),
        (FOR, ['given { rows = ["a"] } outputs { }'], ["`for row in rows` has no entry"]),
        (
            FAILS,
            ['given { rows = ["a"] } outputs { }', "given { rows = [] } outputs { }"],
            ["`for row in rows` has an entry that fails"],
        ),
        (
            REPEAT,
            ['screen { "the end" = [false, true] }'],
            [
                '`while not sees "the end"` has no round',
                '`while not sees "the end"` is used up',
            ],
        ),
        (REPEAT, ["outputs { }", 'screen { "the end" = false } aborts'], []),
        (RETRY, ["outputs { }"], ["`retry 2` is used up"]),
        (RETRY, ['screen { "saved" = false } aborts'], ["`retry 2` has an attempt that works"]),
    ]
)
def test_what_no_test_takes_is_told(row: tuple[str, list[str], list[str]]) -> None:
    body, tests, words = row
    sections = HOLDS_SECTIONS if "rows" in body else KIND_SECTION if "kind" in body else ""
    found, reached = missed(f'press "F1" {body}', *tests, sections=sections)
    assert found == words
    assert (reached == 100.0) == (not words)


LINES = "{ lines: string[] @min_items(1) @max_items(3) }"
LEFT_OUT = LINES.replace("lines:", "lines?:")
NESTED = 'for row in rows { for line in row.lines { type line into "the field" } }'


@in_rows(
    ("sections", "body", "words"),
    [
        (f"inputs {{ rows: {LINES}[] @min_items(1) @max_items(3) }}", NESTED, []),
        (
            f"inputs {{ rows: {LEFT_OUT}[] @min_items(1) @max_items(3) }}",
            NESTED,
            ["`for line in row.lines` has no entry"],
        ),
        (
            "",
            f'extract all: {LINES}[] from "the grid" '
            + NESTED.replace("in rows", "in all max 3").replace("row.lines", "row.lines max 3"),
            ["`for row in all` has no entry", "`for line in row.lines` has no entry"],
        ),
    ],
)
def test_a_list_of_each_entry_has_entries_where_the_service_sees_to_it(
    sections: str, body: str, words: list[str]
) -> None:
    one = '[{ lines: ["a"] }]'
    test = f"given {{ rows = {one} }}" if sections else f"reads {{ all = [{one}] }}"
    assert missed(body, f"{test} outputs {{ }}", sections=sections)[0] == words


def test_a_list_that_has_entries_in_any_case_is_not_skipped() -> None:
    sections = HOLDS_SECTIONS.replace("@max_items(3)", "@min_items(1) @max_items(3)")
    found, _ = missed(f'press "F1" {FOR}', 'given { rows = ["a"] } outputs { }', sections=sections)
    assert found == []


def read_lcov(text: str) -> dict[str, dict[str, dict[tuple[int, ...], int | None]]]:
    """Lines and branches by file, read as the manual of `geninfo` describes trace files.

    Fails where a record is unknown, stands outside of a file, or where counts do not add up.
    """
    files: dict[str, dict[str, dict[tuple[int, ...], int | None]]] = {}
    current: dict[str, dict[tuple[int, ...], int | None]] = {}
    totals: dict[str, int] = {}
    name = ""
    for line in text.splitlines():
        kind, _, rest = line.partition(":")
        match kind:
            case "TN":
                assert not name
            case "SF":
                assert not name and rest not in files
                name, current, totals = rest, {"lines": {}, "branches": {}}, {}
            case "DA":
                at, count = map(int, rest.split(","))
                assert (at,) not in current["lines"]
                current["lines"][(at,)] = count
            case "BRDA":
                at, block, branch, taken = rest.split(",")
                key = (int(at), int(block), int(branch))
                assert key not in current["branches"]
                current["branches"][key] = None if taken == "-" else int(taken)
            case "LF" | "LH" | "BRF" | "BRH":
                totals[kind] = int(rest)
            case "end_of_record":
                for what, all_of, hit in (("lines", "LF", "LH"), ("branches", "BRF", "BRH")):
                    assert totals[all_of] == len(current[what])
                    assert totals[hit] == sum(bool(count) for count in current[what].values())
                # A branch whose line was not come to has no count, and any other has one.
                for (at, _, _), taken in current["branches"].items():
                    assert (taken is None) == (current["lines"][(at,)] == 0)
                files[name], name = current, ""
            case _:
                raise AssertionError(f"no record of a trace file: {line}")
    assert not name
    return files


def test_lcov_is_read_as_its_manual_says() -> None:
    body = f'press "F1"\n{IF}\nif sees "c" {{\n{CHOOSE}\n}}\n{RETRY}'
    files = {
        "a.flow": f"flow 1\ntask t() {{\n{body}\n}}\n",
        "main.flow": 'flow 1\nimport { t } from "./a.flow"\n'
        + workflow("call t()")
        + '\ntest "a" for w { outputs { } }\ntest "b" for w { screen { "b" = true } }\n',
    }
    suite = suite_of(files)
    taken = Taken()
    for case in cases_of(suite.model):
        result = run_test(suite, case)
        taken.add(result.branches, result.statements)
    bodies = list(bodies_of(suite.model, files))
    read = read_lcov(render_lcov(bodies, taken))
    assert sorted(read) == ["a.flow", "main.flow"]
    assert read["a.flow"]["branches"] == {
        (4, 0, 0): 0,  # sees "a"
        (4, 0, 1): 1,  # sees "b"
        (4, 0, 2): 1,  # neither
        (5, 0, 0): 0,
        (5, 0, 1): 1,
        (6, 0, 0): None,  # the `choose` was not come to
        (6, 0, 1): None,
        (8, 0, 0): 1,
        (8, 0, 1): 0,
    }


CASES = """press "F1"
if sees "a" {
  press "F2"
} else if sees "b" {
  press "F3"
} else if sees "c" {
  press "F4"
}
choose "the row"
for kind in kinds {
  match kind {
    "a" {
      press "F5"
    }
    "b" {
      press "F6"
    } else {
      press "F7"
    }
  }
}"""


@pytest.mark.parametrize(
    ("answers", "branches"),
    [
        (
            'screen { "b" = true }',
            # "a", "b", "c" and nothing; an entry and none; of the `match` "a", "b" and `else`
            {5: [0, 1, 0, 0], 13: [1, 0], 14: [0, 1, 0]},
        ),
        (
            'screen { "the row" = never } aborts',
            {5: [0, 0, 0, 1], 13: [None, None], 14: [None, None, None]},
        ),
    ],
)
def test_the_ways_of_a_statement_stand_at_its_line(
    answers: str, branches: dict[int, list[int | None]]
) -> None:
    source = workflow(CASES, sections="inputs { kinds: Kind[] @max_items(9) }")
    test = f'test "t" for w {{ given {{ kinds = ["b"] }} {answers} }}'
    read = read_lcov(lcov_of(f'type Kind = "a" | "b" | "c" {source}\n{test}'))["main.flow"]
    found: dict[int, list[int | None]] = {}
    for (line, _, _), count in read["branches"].items():
        found.setdefault(line, []).append(count)
    assert {line: sorted(each, key=str) for line, each in found.items()} == {
        line: sorted(each, key=str) for line, each in branches.items()
    }


def test_a_statement_in_which_the_run_ends_is_not_come_to() -> None:
    body = 'press "F1"\nretry 2 {\npress "F5"\nif sees "a" {\nabort "a"\n}\nexpect "b"\n}'
    test = 'test "t" for w { screen { "a" = true } aborts "a" }'
    read = read_lcov(lcov_of(f"{workflow(body)}\n{test}"))["main.flow"]
    assert read["branches"] == {(5, 0, 0): None, (5, 0, 1): None, (7, 0, 0): 1, (7, 0, 1): 0}
    assert read["lines"][(6,)] == 1


def lcov_of(source: str) -> str:
    """The coverage of the tests of one source, which pass."""
    suite = suite_of(source)
    taken = Taken()
    for case in cases_of(suite.model):
        result = run_test(suite, case)
        assert result.problems == ()
        taken.add(result.branches, result.statements)
    return render_lcov(bodies_of(suite.model, {"main.flow"}), taken)


@pytest.mark.skipif(shutil.which("genhtml") is None, reason="it is a part of lcov")
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("folder", FOLDERS)
def test_genhtml_reads_the_coverage_of_an_example(folder: str, every: int, tmp_path: Path) -> None:
    suite = example_suite(folder)
    taken = Taken()
    for case in [*cases_of(suite.model)][::every]:
        result = run_test(suite, case)
        taken.add(result.branches, result.statements)
    paths = {module.source.path for module in suite.model.modules}
    bodies = list(bodies_of(suite.model, paths))
    write_tree(tmp_path, {path: bytes(read_folder(EXAMPLES / folder)[path]) for path in paths})
    write_tree(tmp_path, {"lcov.info": render_lcov(bodies, taken)})
    done = subprocess.run(
        ["genhtml", "--branch-coverage", "--output-directory", "html", "lcov.info"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "no messages were reported" in done.stdout
    told = re.findall(
        r"Processing file (\S+)\n  lines=\d+ hit=\d+ branches=(\d+) hit=(\d+)", done.stdout
    )
    wanted = Counter(branch.path for body in bodies for branch in body.branches)
    hit = Counter(
        branch.path for body in bodies for branch in body.branches if branch.key in taken.branches
    )
    assert {path: (int(branches), int(count)) for path, branches, count in told} == {
        path: (wanted[path], hit[path]) for path in wanted
    }


def test_lcov_has_lines_and_ways() -> None:
    source = (
        'task t() {\nif sees "a" {\n press "F5"\n }\n}\n'
        + workflow('call t()\npress "F6"')
        + '\ntest "t" for w { outputs { } }\ntest "u" for task t { never press "F5" }'
    )
    suite = suite_of(source)
    taken = Taken()
    for case in cases_of(suite.model):
        result = run_test(suite, case)
        taken.add(result.branches, result.statements)
    bodies = list(bodies_of(suite.model, {"main.flow"}))
    assert [(body.kind, body.name) for body in bodies] == [("task", "t"), ("workflow", "w")]
    assert render_lcov(bodies, taken).splitlines() == [
        "TN:",
        "SF:main.flow",
        "BRDA:3,0,0,0",
        "BRDA:3,0,1,1",
        "BRF:2",
        "BRH:1",
        "DA:3,1",
        "DA:4,0",
        "DA:9,1",
        "DA:10,1",
        "LF:4",
        "LH:3",
        "end_of_record",
    ]
