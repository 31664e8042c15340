"""`flowdsl test`: what is selected, what is printed, and the exit code."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from flowdsl.cli.commands.test.sharing import SHARED_FROM
from tests.support.command_line import LOCAL_PROJECT, run_command, run_here, write_tree
from tests.support.junit import assert_junit

FLOW = """\
flow 1

## Reads the total.
workflow total {
  outputs { n: int }
  steps {
    press "F5"
    extract n: int from "the total"
    emit n = n
  }
}

test "the total is read" for total {
  reads { n = 3 }
  outputs { n = 3 }
}

test "a wrong total" for total {
  reads { n = 3 }
  outputs { n = 4 }
}

test "nothing is read" for total {
  outputs { n = 4 }
}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT, "flows/total.flow": FLOW})
    return tmp_path


def test_a_line_for_each_test_and_the_trace_of_what_fails(desk: Path) -> None:
    done = run_here(desk, "test")
    assert (done.code, done.err) == (1, "3 tests, 2 failed\n")
    assert (
        done.text
        == """\
ok      total: the total is read
FAILED  total: a wrong total
  flows/total.flow:20:13: `n` is not as expected
    expected  4
    got       3
      flows/total.flow:7  press "f5"
      flows/total.flow:8  ? read "the total": 3
    >                     ends
                          output n = 3
FAILED  total: nothing is read
  flows/total.flow:8:5: `n` is read, and the test has no answer
      flows/total.flow:7  press "f5"
    > flows/total.flow:8  ? `n`
  add to the test: reads { n = 1 }
"""
    )


def test_words_select_by_title_and_subject(desk: Path) -> None:
    done = run_here(desk, "test", "-k", "TOTAL")
    assert (done.code, done.text) == (1, run_here(desk, "test").text)
    done = run_here(desk, "test", "-k", "the is total read")
    assert (done.code, done.err) == (0, "1 test passed\n")
    done = run_here(desk, "test", "-k", "nobody")
    assert (done.code, done.text) == (64, "")
    nothing = "error: none of the 3 tests has all of `nobody` in its title, subject or path\n"
    assert done.err == nothing
    listed = run_here(desk, "test", "--list", "-k", "(total.flow or x) and not 'total is' read")
    assert listed.text == "flows/total.flow:23  total: nothing is read\n"
    for words in ("a and", "or", "(a", "a)", "not", "'"):
        assert "is no selection: write words" in run_here(desk, "test", "-k", words).err
    first = run_here(desk, "test", "--fail-fast")
    assert first.code == 1 and first.err == "2 tests, 1 failed\n"


def test_flows_without_a_test_are_nothing_to_run(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": FLOW.partition("\ntest ")[0]})
    done = run_here(tmp_path, "test", "a.flow")
    assert (done.code, done.text) == (64, "")
    assert "there is no test in these flows" in done.err


def test_flows_with_errors_are_not_tested(desk: Path) -> None:
    write_tree(desk, {"flows/total.flow": FLOW.replace("= n\n", "= m\n")})
    done = run_here(desk, "test")
    assert (done.code, done.text) == (3, "")
    assert "error[" in done.err


def test_a_test_may_stand_in_another_file_than_its_workflow(desk: Path) -> None:
    flow, _, tests = FLOW.partition("\ntest ")
    tested = f'flow 1\nimport {{ total }} from "./total.flow"\n\ntest {tests}'
    write_tree(desk, {"flows/total.flow": flow, "flows/total_tests.flow": tested})
    done = run_here(desk, "test", "flows/total_tests.flow", "-k", "is read total the")
    assert (done.code, done.err) == (0, "1 test passed\n")
    assert run_here(desk, "test", "flows/total.flow").code == 64


def test_tests_of_the_files_that_a_file_imports_are_not_selected(tmp_path: Path) -> None:
    task = 'task leave() { step "Leave" { press "Escape" } }\n'
    tests = 'test "it leaves" for task leave { does press "Escape" }\n'
    imported = 'import { total } from "./total.flow"\n'
    other = 'test "read" for total { reads { n = 5 } outputs { n = 5 } }\n'
    write_tree(
        tmp_path,
        {
            "flowdsl.toml": LOCAL_PROJECT,
            "flows/total.flow": f"{FLOW}\n{task}\n{tests}",
            "flows/other.flow": f"flow 1\n{imported}\n{other}",
        },
    )
    done = run_here(tmp_path, "test", "flows/other.flow")
    assert (done.code, done.text, done.err) == (0, "ok      total: read\n", "1 test passed\n")


def test_a_long_trace_is_cut_around_its_mark(desk: Path) -> None:
    many = "\n".join(f'    press "F{number % 12 + 1}"' for number in range(20))
    write_tree(desk, {"flows/total.flow": FLOW.replace('    press "F5"', many)})
    lines = run_here(desk, "test", "-k", "wrong").text.splitlines()
    (first,) = [at for at, line in enumerate(lines) if "got " in line]
    assert lines[first + 1] == "      … 13 lines left out; `-v` shows all"
    assert len(lines[first + 2 :]) == 10
    whole = run_here(desk, "test", "-k", "wrong", "-v").text
    assert whole.count("press") == 20 and "left out" not in whole


def test_those_that_failed_last_run_again(desk: Path) -> None:
    assert run_here(desk, "test", "--last-failed").err.startswith("none of these tests failed last")
    assert run_here(desk, "test", "--last-failed").err == "2 tests, 2 failed\n"
    write_tree(desk, {"flows/total.flow": FLOW.replace("n = 4", "n = 3", 1)})
    assert run_here(desk, "test", "--last-failed", "-k", "wrong").code == 0
    listed = run_here(desk, "test", "--last-failed", "--list")
    assert listed.text == "flows/total.flow:23  total: nothing is read\n"
    (desk / ".flowdsl/cache/tests.json").write_text('{"failed": 3}')
    assert run_here(desk, "test", "--last-failed").err.endswith("3 tests, 1 failed\n")


def test_a_page_has_each_run_beside_the_prompts(desk: Path) -> None:
    flow = FLOW.replace("the total is read", "<b>the total</b>")
    write_tree(desk, {"flows/total.flow": flow})
    assert run_here(desk, "test", "--html", "tests.html").code == 1
    page = (desk / "tests.html").read_text("utf-8")
    assert "default-src &#39;none&#39;" in page and "http" not in page.replace("http-equiv", "")
    assert "&lt;b&gt;the total&lt;/b&gt;" in page and "<b>the total" not in page
    assert "3 tests, 2 failed" in page and "100.0 % of the statements" in page
    targets = set(re.findall(r'class="place" href="#([^"]+)"', page))
    assert targets and all(f'id="{each}"' in page for each in targets)
    write_tree(desk, {"flows/total.flow": FLOW.replace("= n\n", "= m\n")})
    assert run_here(desk, "test", "--html", "tests.html").code == 3
    assert "no test ran" in (desk / "tests.html").read_text("utf-8")


def test_what_cannot_be_watched_is_refused(desk: Path) -> None:
    for words in (["--json"], ["--html", "x.html"], ["--mutate"], ["-"]):
        done = run_here(desk, "test", "--watch", *words)
        assert done.code == 64 and f"goes without `{words[0]}`" in done.err


def test_json_has_every_result(desk: Path) -> None:
    done = run_here(desk, "test", "--json")
    assert (done.code, done.err) == (1, "")
    told = json.loads(done.text)
    assert (told["format_version"], told["total"], told["failed"]) == (1, 3, 2)
    assert [item["passed"] for item in told["items"]] == [True, False, False]
    (problem,) = told["items"][1]["problems"]
    assert (problem["expected"], problem["got"]) == ("4", "3")
    assert problem["message"] == "`n` is 3, not 4"
    (problem,) = told["items"][2]["problems"]
    assert (problem["path"], problem["line"]) == ("flows/total.flow", 8)
    assert problem["kind"] == "mistaken"
    assert problem["answer"] == "reads { n = 1 }"


def test_junit_is_a_case_for_each_test(desk: Path) -> None:
    done = run_here(desk, "test", "--junit", "tests.xml")
    assert done.code == 1
    (suite,) = ElementTree.parse(desk / "tests.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    assert [case.get("name") for case in suite] == [
        "the total is read",
        "a wrong total",
        "nothing is read",
    ]
    failure = suite[1].find("failure")
    assert failure is not None and failure.get("message") == "`n` is 3, not 4"
    assert 'read "the total": 3' in (failure.text or "")


def test_a_report_that_cannot_be_written_is_said(desk: Path) -> None:
    done = run_here(desk, "test", "-k", "read total is", "--junit", "flows")
    assert done.code == 64
    assert "`flows` cannot be written" in done.err


def test_processes_share_many_tests_and_keep_their_order(desk: Path) -> None:
    flow, _, _ = FLOW.partition("\ntest ")
    tests = "\n".join(
        f'test "number {each}" for total {{ reads {{ n = {each} }} outputs {{ n = {each} }} }}'
        for each in range(SHARED_FROM + 5)
    )
    write_tree(desk, {"flows/total.flow": f"{flow}\n{tests}\n"})
    # The command forks, which nobody should where threads run as in a worker of the tests.
    shared = run_command(desk, "test", "-j", "3")
    assert (shared.code, shared.err) == (0, f"{SHARED_FROM + 5} tests passed\n")
    assert shared.text.splitlines()[-1] == f"ok      total: number {SHARED_FROM + 4}"
    assert shared.text == run_here(desk, "test", "-j", "1").text


def test_what_new_writes_passes(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT})
    assert run_here(tmp_path, "new", "workflow", "lookup").code == 0
    done = run_here(tmp_path, "test")
    assert (done.code, done.err) == (0, "2 tests passed\n")


NO_SOCKETS = """\
import socket, sys
def refuse(*_, **__): raise SystemExit("a socket is opened")
socket.socket.__init__ = socket.create_connection = socket.getaddrinfo = refuse
from flowdsl.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def test_no_socket_is_opened(desk: Path) -> None:
    import subprocess
    import sys

    words = ["test", "--env", "local", "-k", "is read the total"]
    done = subprocess.run(
        [sys.executable, "-c", NO_SOCKETS, *words], cwd=desk, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"1 test passed\n")


def test_a_task_is_tested_alone_and_one_that_cannot_be_is_said(tmp_path: Path) -> None:
    task = 'flow 1\n\n## Shows a file.\ntask show(name: string) { run "Get-Item \\"{name}\\"" }\n'
    test = '\ntest "shown" for task show { given { name = "a" } does run ~"Get-Item" }\n'
    write_tree(tmp_path, {"a.flow": task + test})
    done = run_here(tmp_path, "test", "a.flow")
    assert (done.code, done.text) == (3, "")
    assert done.err.startswith("error: a.flow:4: task `show` cannot be tested alone: ")
    assert "`name`" in done.err and done.err.endswith("; test a workflow that calls it\n")
    write_tree(tmp_path, {"a.flow": (task + test).replace("name: string", 'name: "a" | "b"')})
    done = run_here(tmp_path, "test", "a.flow")
    assert (done.code, done.text, done.err) == (0, "ok      show: shown\n", "1 test passed\n")


def test_a_task_that_cannot_be_tested_alone_is_in_the_way_of_no_other_test(tmp_path: Path) -> None:
    show = '## Shows a file.\ntask show(name: string) { run "Get-Item \\"{name}\\"" }\n'
    greet = 'task greet(name: string) { do "Greet {name}." }\n'
    tests = (
        'test "shown" for task show { given { name = "a" } does run ~"Get-Item" }\n'
        'test "greeted" for task greet { given { name = "a" } does do ~"Greet a" }\n'
    )
    write_tree(tmp_path, {"a.flow": f"flow 1\n\n{show}\n{greet}\n{tests}"})
    done = run_here(tmp_path, "test", "a.flow", "-k", "GREETED greet")
    assert (done.code, done.text) == (0, "ok      greet: greeted\n")
    assert run_here(tmp_path, "test", "a.flow", "-k", "greeted show").code == 3
    assert run_here(tmp_path, "test", "a.flow").code == 3


def test_coverage_is_printed_written_and_asked_for(desk: Path) -> None:
    flow = FLOW.replace('press "F5"', 'press "F5"\n    expect "it is open" else abort "Closed"')
    write_tree(desk, {"flows/total.flow": flow})
    words = ["test", "-k", "total is read the", "--cov", "--lcov", "cov.info"]
    done = run_here(desk, *words, "--cov-fail-under", "50")
    assert done.code == 0
    assert done.err.splitlines() == [
        "1 test passed",
        "STATEMENTS  REACHED  BRANCHES  TAKEN            NAME   FILE",
        "4           4        2         1      workflow  total  flows/total.flow",
        '  flows/total.flow:8: never: `expect "it is open"` goes to its `else`',
        "83.3 % of the statements and branches are tested",
    ]
    assert "BRDA:8,0,1,0\n" in (desk / "cov.info").read_text()
    done = run_here(desk, *words[:3], "--cov-fail-under", "84")
    assert (done.code, done.err.splitlines()[-1]) == (
        1,
        "83.3 % of the statements and branches are tested, and 84 % are asked for",
    )
    assert run_here(desk, "test", "--cov-fail-under", "101").code == 64


def test_snapshots_are_written_compared_and_never_written_in_ci(desk: Path) -> None:
    flow = FLOW + '\ntest "the prompt" for total { prompt matches snapshot }\n'
    write_tree(desk, {"flows/total.flow": flow})
    words = ["test", "-k", "prompt"]
    done = run_here(desk, *words)
    assert done.code == 1
    assert "there is no snapshot `flows/__snapshots__/total.prompt.md`" in done.text
    assert run_here(desk, *words, "--update", CI="true").code == 64
    assert not (desk / "flows/__snapshots__").exists()
    done = run_here(desk, *words, "--update", CI="")
    written = "flows/__snapshots__/total.prompt.md written\n"
    assert (done.code, done.err) == (0, f"{written}1 test passed\n")
    assert run_here(desk, *words, "--update", CI="").err == "1 test passed\n"
    write_tree(desk, {"flows/total.flow": flow.replace('"F5"', '"F6"')})
    done = run_here(desk, *words)
    assert done.code == 1
    (lost,) = (line for line in done.text.splitlines() if line.startswith("    -1"))
    (new,) = (line for line in done.text.splitlines() if line.startswith("    +1"))
    assert (lost.replace("f5", "f6")[5:], "f5" in lost) == (new[5:], True)


BRANCHES = FLOW.partition("\ntest ")[0].replace(
    'press "F5"', 'press "F5"\n    if sees "a box" { abort "A box" }'
)


def test_paths_are_told_and_tests_for_new_ones_are_printed(desk: Path) -> None:
    write_tree(desk, {"flows/total.flow": BRANCHES})
    done = run_here(desk, "test", "--explore", "total")
    assert done.code == 0
    assert (
        done.err
        == """\
path 1: ends with `n`
  reads { n = 1 }
path 2: aborts "A box"
  flows/total.flow:8: `sees "a box"` holds
  screen { "a box" = true }
path 3: aborts "not so or not found: the total"
  reads { n = unreadable }
3 paths of `total`, 3 of them taken by no test
"""
    )
    write_tree(
        desk, {"flows/total.flow": f"{BRANCHES.partition(chr(10) + 'test ')[0]}\n{done.text}"}
    )
    again = run_here(desk, "test")
    assert (again.code, again.err) == (0, "3 tests passed\n")
    found = run_here(desk, "test", "--explore", "total")
    assert (found.code, found.text) == (0, "")
    assert found.err.endswith("3 paths of `total`, 0 of them taken by no test\n")


def test_a_task_that_nobody_tests_is_explored(tmp_path: Path) -> None:
    task = (
        'flow 1\n\n## Opens.\ntask open(n: int) -> { m: int } { expect "{n} is open" emit m = n }\n'
    )
    write_tree(tmp_path, {"a.flow": task})
    done = run_here(tmp_path, "test", "a.flow", "--explore", "open")
    assert done.code == 0
    assert "  result { m = 1 }\n" in done.text
    write_tree(tmp_path, {"a.flow": f"{task}\n{done.text}"})
    assert run_here(tmp_path, "test", "a.flow").err == "2 tests passed\n"


CHAIN = """flow 1
import { total } from "./total.flow"

## Reads, and reads again.
chain twice {
  step first = run total()
  step second = run total()
}
"""


def test_a_chain_is_explored_and_its_workflows_are_found_in_other_files(desk: Path) -> None:
    write_tree(desk, {"flows/total.flow": BRANCHES, "flows/twice.flow": CHAIN})
    done = run_here(desk, "test", "flows/twice.flow", "--explore", "twice")
    assert done.code == 0
    told = done.err.splitlines()
    assert told[:2] == ["path 1: ends", "  step first { reads { n = 1 } }"]
    assert told[-1] == "5 paths of `twice`, 5 of them taken by no test"
    write_tree(desk, {"flows/twice.flow": f"{CHAIN}\n{done.text}"})
    assert run_here(desk, "test").err == "5 tests passed\n"
    found = run_here(desk, "test", "--explore", "twice")
    assert found.err.endswith("5 paths of `twice`, 0 of them taken by no test\n")
    found = run_here(desk, "test", "--explore", "total")
    assert found.err.endswith("3 paths of `total`, 0 of them taken by no test\n")
    told = json.loads(run_here(desk, "test", "--explore", "twice", "--json").text)
    assert told["items"][0]["outputs"] == {"first": {"n": 1}, "second": {"n": 1}}


def test_paths_as_json(desk: Path) -> None:
    write_tree(desk, {"flows/total.flow": BRANCHES})
    told = json.loads(run_here(desk, "test", "--explore", "total", "--json").text)
    assert (told["format_version"], told["subject"], told["is_whole"]) == (1, "total", True)
    assert [(item["ends"], item["reason"]) for item in told["items"]] == [
        ("success", None),
        ("task_failed", "A box"),
        ("task_failed", "not so or not found: the total"),
    ]
    assert told["items"][1]["branches"] == [
        {"path": "flows/total.flow", "line": 8, "words": '`sees "a box"` holds'}
    ]


def test_an_output_that_is_never_right_is_a_finding(desk: Path) -> None:
    flow = """flow 1

## Lists the rows.
workflow rows {
  inputs { rows: string[] @max_items(3) }
  outputs { names: string[] @min_items(1) }
  steps { press "F5" for row in rows { emit names += row } }
}
"""
    write_tree(desk, {"flows/total.flow": flow})
    done = run_here(desk, "test", "--explore", "rows")
    assert done.code == 1
    assert "  never right: `names` has 0 entries, and has to have 1 or more\n" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--explore", "totl"],
            "no workflow, no chain and no task is named `totl`; there is `total`",
        ),
        (["--explore", "x"], "no workflow, no chain and no task is named `x`; there are `total`"),
        (["--explore", "total", "-k", "a"], "`--explore` runs no test"),
        (["--at-most", "3"], "`--at-most` is for `--explore`"),
        (["--explore", "total", "--at-most", "0"], "--at-most"),
    ],
)
def test_what_cannot_be_explored_is_said(desk: Path, words: list[str], said: str) -> None:
    done = run_here(desk, "test", *words)
    assert (done.code, done.text) == (64, "")
    assert said in done.err


def test_a_run_on_the_local_cyberdesk_ends_as_a_test_says(desk: Path) -> None:
    flow = FLOW.replace('"the total is read"', '"an odd * [total] is read"').replace(
        "workflow total {", 'workflow total {\n  title = "A total? [of all]"'
    )
    write_tree(desk, {"flows/total.flow": flow})
    assert run_here(desk, "deploy", "--env", "local", "--yes").code == 0
    ran = run_here(desk, "run", "total", "--env", "local", "--world", "odd", "--watch")
    assert (ran.code, json.loads(ran.text)) == (0, {"n": 3})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--world", "total"], "several have the words: `a wrong total`, "),
        (["--world", "nobody"], "no test of `total` has all of `nobody` in its title; there are"),
        (["--world", "nothing"], "cannot be carried out; `flowdsl test` says why"),
        (["--world", "odd", "--scenario", "s.toml"], "--world"),
        (["--scenario", "none.toml"], "cannot read scenario `none.toml`"),
    ],
)
def test_a_world_that_cannot_be_played_is_said(desk: Path, words: list[str], said: str) -> None:
    done = run_here(desk, "run", "total", "--env", "local", *words)
    assert (done.code, done.text) == (64, "")
    assert said in done.err


def test_a_scenario_is_for_the_local_cyberdesk(desk: Path) -> None:
    project = LOCAL_PROJECT + (
        '\n[env.prod]\napi = "https://api.cyberdesk.io"\napi_key = { env = "CYBERDESK_API_KEY" }\n'
    )
    write_tree(desk, {"flowdsl.toml": project, "s.toml": "x = 1"})
    for env in ("local", "prod"):
        done = run_here(desk, "run", "total", "--env", env, "--scenario", "s.toml")
        assert done.code == 64
        said = "`x` is no key" if env == "local" else "`--scenario` is for the local Cyberdesk"
        assert said in done.err


def test_a_report_has_the_shape_that_services_read(desk: Path) -> None:
    title = "\\\"a\\\" & 'b' < é"
    write_tree(desk, {"flows/total.flow": FLOW.replace("a wrong total", title)})
    run_here(desk, "test", "--junit", "tests.xml")
    root = ElementTree.parse(desk / "tests.xml").getroot()
    assert_junit(root)
    (suite,) = root
    for name in ("tests", "failures", "errors"):
        assert suite.get(name) == root.get(name)
    assert int(suite.get("tests", "")) == len(suite)
    assert (
        float(suite.get("time", "")) >= sum(float(case.get("time", "")) for case in suite) - 0.001
    )


def test_a_project_without_tests_passes_where_that_is_asked_for(desk: Path) -> None:
    write_tree(desk, {"flows/total.flow": FLOW.partition("\ntest ")[0]})
    assert run_here(desk, "test").code == 64
    done = run_here(desk, "test", "--pass-with-no-tests")
    assert (done.code, done.text, done.err) == (0, "", "there is no test in these flows\n")
    write_tree(desk, {"flows/total.flow": FLOW})
    assert run_here(desk, "test", "--pass-with-no-tests").code == 1
    write_tree(desk, {"flows/total.flow": FLOW.replace("= n\n", "= m\n")})
    assert run_here(desk, "test", "--pass-with-no-tests").code == 3


def test_a_snapshot_that_no_test_compares_with_is_told_and_removed(desk: Path) -> None:
    test = 'test "the prompt" for total { prompt matches snapshot }\n'
    flow = FLOW.partition("\ntest ")[0] + f"\n{test}"
    write_tree(desk, {"flows/total.flow": flow, "flows/__snapshots__/old.prompt.md": "x"})
    kept = desk / "flows/__snapshots__/total.prompt.md"
    assert run_here(desk, "test", "flows/total.flow", "--update", CI="").code == 0
    told = "warning: no test compares with the snapshot flows/__snapshots__/old.prompt.md; "
    assert run_here(desk, "test").err.startswith(told)
    for words in (["test", "-k", "prompt"], ["test", "flows/total.flow"]):
        assert run_here(desk, *words).err == "1 test passed\n"
    done = run_here(desk, "test", "--update", CI="")
    removed = "flows/__snapshots__/old.prompt.md removed: no test compares with it\n"
    assert (done.code, done.err) == (0, f"{removed}1 test passed\n")
    assert [each.name for each in kept.parent.iterdir()] == [kept.name]


def test_wrong_edits_that_no_test_notices_are_shown(desk: Path) -> None:
    failing = run_here(desk, "test", "--mutate")
    assert failing.code == 64
    assert "`total: a wrong total` fails without any edit" in failing.err
    right = FLOW.partition('test "a wrong total"')[0]
    (desk / "flows/total.flow").write_text(right)
    found = run_here(desk, "test", "--mutate", "--mutate-fail-under", "90")
    assert found.code == 1
    assert 'flows/total.flow:7: no test notices: leaves out `press "F5"`' in found.text
    assert 'does { press "f5" }' in found.text
    told = json.loads(run_here(desk, "test", "--mutate", "total", "--json").text)
    assert {each["fate"] for each in told["items"]} == {"survived", "refused"}
    (desk / "flows/total.flow").write_text(
        right.replace("outputs { n = 3", 'does press "F5" 1 times outputs { n = 3')
    )
    assert run_here(desk, "test", "--mutate", "--mutate-fail-under", "60").code == 0
    one = run_here(desk, "test", "--mutate", "--json", "-j", "1")
    assert run_here(desk, "test", "--mutate", "--json", "-j", "3").text == one.text
    (desk / "flows/total.flow").write_text(right.partition("\ntest ")[0])
    untested = run_here(desk, "test", "--mutate", "--mutate-fail-under", "60")
    assert untested.code == 1 and "no test runs `total`; write one" in untested.err
    unknown = run_here(desk, "test", "--mutate", "totl")
    assert unknown.code == 64 and "known: `total`" in unknown.err
