"""`flowdsl test` where something is in the way: what runs all the same, and its reports."""

from __future__ import annotations

import json
import os
import signal
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import (
    LOCAL_PROJECT,
    Result,
    environment,
    run_command,
    run_here,
    write_tree,
)
from tests.support.forked import begin
from tests.support.junit import assert_junit
from tests.support.rows import check_rows

GOOD = """\
flow 1

## Opens the list.
workflow opens {
  steps { press "F5" }
}

test "it opens" for opens { does press "F5" }
"""
FAILING = GOOD.replace('does press "F5"', 'does press "F5" 2 times').replace("opens", "fails")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT, "flows/good.flow": GOOD})
    return tmp_path


def reports(folder: Path, *words: str, **environ: str) -> tuple[Result, Any, ElementTree.Element]:
    """What the command did, and both reports; fails the test where one is not as it should be."""
    done = run_here(folder, "test", *words, "--json", "--junit", "tests.xml", **environ)
    told = json.loads(done.text)
    root = ElementTree.parse(folder / "tests.xml").getroot()
    assert_junit(root)
    (suite,) = root
    assert int(suite.get("tests", "")) == len(suite) == told["total"] + len(told["errors"])
    assert int(suite.get("errors", "")) == len(told["errors"]) == len([*suite.iter("error")])
    (folder / "tests.xml").unlink()
    return done, told, suite


def titles(told: Any) -> list[str]:
    """The tests that ran."""
    return [item["title"] for item in told["items"]]


TESTS_OF_GOOD = 'flow 1\nimport { opens } from "./good.flow"\n\ntest "again" for opens { %s }\n'
BAD_FILES: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "a syntax error": (
        {"flows/bad.flow": GOOD.replace("opens", "other").replace("press", "press press")},
        "flows/bad.flow",
        "unexpected-token",
    ),
    "a failing check": (
        {"flows/bad.flow": TESTS_OF_GOOD % 'does press "F6"'},
        "flows/bad.flow",
        "unknown-act",
    ),
    "a file that is no text": ({"flows/bad.flow": b"flow 1 \xff\xfe"}, "flows/bad.flow", ""),
    "an import of nothing": (
        {"flows/bad.flow": TESTS_OF_GOOD.replace("good", "gone") % 'does press "F5"'},
        "flows/bad.flow",
        "missing-file",
    ),
    "a file that is imported": (
        {
            "lib/bad.flow": 'flow 1\n\ntask show() { prss "F5" }\n',
            "flows/user.flow": 'flow 1\nimport { show } from "../lib/bad.flow"\n\n## Uses it.\n'
            'workflow uses { steps { call show() } }\ntest "used" for uses { does press "F5" }\n',
            "flows/other.flow": GOOD.replace("opens", "other"),
        },
        "lib/bad.flow",
        "",
    ),
    "rows of a table": (
        {
            "flows/bad.flow": "flow 1\n\n## Takes rows.\nworkflow takes {\n  inputs {\n"
            "    ## The rows.\n    rows: { n: int }[] @max_items(3)\n  }\n"
            '  steps { for row in rows { press "F5" } }\n}\n\n'
            'test "rows" for takes { given { rows = rows "./rows.csv" } does press "F5" }\n',
            "flows/rows.csv": "n\nseven\n",
        },
        "flows/bad.flow",
        "malformed-rows",
    ),
}


def test_a_bad_file_stops_its_own_tests_and_is_in_every_report(desk: Path) -> None:
    def check(name: str) -> None:
        files, path, finding = BAD_FILES[name]
        write_tree(desk, files)
        try:
            done, told, suite = reports(desk)
        finally:
            for each in files:
                (desk / each).unlink()
        assert done.code == 3
        wanted = ["it opens", "it other"] if "flows/other.flow" in files else ["it opens"]
        assert titles(told) == wanted
        assert all(item["passed"] for item in told["items"])
        assert {error["kind"] for error in told["errors"]} == {"source"}
        assert {error["path"] for error in told["errors"]} == {path}
        assert all(error["line"] >= 1 and error["message"] for error in told["errors"])
        assert finding in {"", told["errors"][0]["name"]}
        assert suite[-1].get("file") == path
        assert "error[" in done.err and "did not run" in done.err

    check_rows(BAD_FILES, check)


def test_the_exit_code_tells_of_errors_before_failures(desk: Path) -> None:
    write_tree(desk, {"flows/fails.flow": FAILING})
    done, told, suite = reports(desk)
    assert (done.code, told["failed"], told["errors"]) == (1, 1, [])
    write_tree(desk, {"flows/bad.flow": "flow 2\n"})
    done, told, suite = reports(desk)
    assert (done.code, told["failed"], len(told["errors"])) == (3, 1, 1)
    assert (suite.get("failures"), suite.get("errors")) == ("1", "1")


def test_people_see_what_ran_and_what_did_not(desk: Path) -> None:
    write_tree(desk, {"flows/bad.flow": "flow 1\n\nworkflow {\n"})
    done = run_here(desk, "test")
    assert (done.code, done.text) == (3, "ok      opens: it opens\n")
    assert done.err.endswith(
        "1 test passed\nthe tests of `flows/bad.flow` did not run: they have errors, or need what "
        "has\n"
    )


def test_no_snapshot_is_taken_for_unused_where_some_tests_are_not_known(desk: Path) -> None:
    compared = 'test "same" for opens { prompt matches snapshot }\n'
    write_tree(desk, {"flows/good.flow": GOOD + compared})
    assert run_here(desk, "test", "--update", CI="").code == 0
    kept = desk / "flows/__snapshots__/opens.prompt.md"
    write_tree(desk, {"flows/good.flow": GOOD + compared + "!", "flows/more.flow": FAILING})
    done = run_here(desk, "test", "--update", CI="")
    assert (done.code, "FAILED  fails" in done.text, kept.exists()) == (3, True, True)
    write_tree(desk, {"flows/good.flow": GOOD + compared})
    kept.write_bytes(b"\xff")
    done = run_here(desk, "test")
    assert done.code == 1
    assert "ok      opens: it opens" in done.text
    assert "the snapshot `flows/__snapshots__/opens.prompt.md` cannot be read" in done.text


def test_a_task_that_cannot_be_tested_alone_stops_its_own_tests(tmp_path: Path) -> None:
    show = '## Shows a file.\ntask show(name: string) { run "Get-Item \\"{name}\\"" }\n'
    test = 'test "shown" for task show { given { name = "a" } does run ~"Get-Item" }\n'
    write_tree(tmp_path, {"a.flow": f"{GOOD}\n{show}\n{test}"})
    done, told, _ = reports(tmp_path, "a.flow")
    assert (done.code, titles(told)) == (3, ["it opens"])
    (error,) = told["errors"]
    assert error["message"].startswith("a.flow:11: task `show` cannot be tested alone: ")


REFUSED = {
    "a selection of nothing": (["-k", "nobody"], {}, "`nobody`"),
    "a path that is not there": (["flows/none.flow"], {}, "none.flow"),
    "snapshots in CI": (["--update"], {"CI": "true"}, "not in CI"),
    "an environment that is not there": (["--env", "prd"], {}, "prd"),
}


def test_a_refused_command_writes_its_reports(desk: Path) -> None:
    def check(name: str) -> None:
        words, environ, said = REFUSED[name]
        done, told, suite = reports(desk, *words, **environ)
        assert (done.code, titles(told)) == (64, [])
        (error,) = told["errors"]
        assert (error["kind"], error["path"]) == ("command", None)
        assert said in error["message"] and f"error: {error['message']}\n" == done.err
        (case,) = suite
        assert case[0].get("message") == error["message"]

    check_rows(REFUSED, check)


def test_a_project_without_tests_writes_its_reports(desk: Path) -> None:
    write_tree(desk, {"flows/good.flow": GOOD.partition("\ntest ")[0]})
    done, told, _ = reports(desk)
    assert (done.code, told["total"]) == (64, 0)
    assert "there is no test in these flows" in told["errors"][0]["message"]
    done, told, suite = reports(desk, "--pass-with-no-tests")
    assert (done.code, told["total"], told["errors"], len(suite)) == (0, 0, [], 0)


def test_a_project_file_with_errors_writes_its_reports(desk: Path) -> None:
    write_tree(desk, {"flowdsl.toml": LOCAL_PROJECT + "\n[nothing]\nx = 1\n"})
    done, told, _ = reports(desk)
    assert (done.code, {error["path"] for error in told["errors"]}) == (3, {"flowdsl.toml"})


def test_a_report_that_cannot_be_written_hides_no_other_failure(desk: Path) -> None:
    done = run_here(desk, "test", "-k", "nobody", "--junit", "flows")
    assert done.code == 64
    assert "`nobody`" in done.err and "`flows` cannot be written" in done.err


def test_what_cannot_be_explored_is_an_object_too(desk: Path) -> None:
    done = run_here(desk, "test", "--explore", "opns", "--json")
    assert done.code == 64
    told = json.loads(done.text)
    assert (told["subject"], told["items"], told["is_whole"]) == ("opns", [], False)
    assert "there is `opens`" in told["errors"][0]["message"]
    write_tree(desk, {"flows/bad.flow": "flow 2\n"})
    done = run_here(desk, "test", "--explore", "opens", "--json")
    assert (done.code, json.loads(done.text)["errors"][0]["path"]) == (3, "flows/bad.flow")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_run_writes_what_it_has(desk: Path) -> None:
    tests = "".join(f'test "t{each}" for opens {{ does press "F5" }}\n' for each in range(5))
    write_tree(desk, {"flows/good.flow": GOOD + tests})
    words = ["test", "--json", "--junit", "tests.xml", "-j", "1"]
    first = "tests.support.interrupting"
    running = begin(words, folder=desk, environ=environment(), first=first)
    assert running.wait(60) == 128 + signal.SIGINT
    out, err = running.output()
    running.close()
    told = json.loads(out)
    assert titles(told) == ["it opens", "t0"]
    assert [error["kind"] for error in told["errors"]] == ["interrupted"]
    assert err.decode() == "interrupted\n"
    root = ElementTree.parse(desk / "tests.xml").getroot()
    assert_junit(root)
    assert len(root[0]) == 3
    assert sorted(os.listdir(desk)) == ["flowdsl.toml", "flows", "tests.xml"]


def test_coverage_counts_a_workflow_without_a_test(desk: Path) -> None:
    assert run_here(desk, "test", "--cov-fail-under", "100").code == 0
    untested = GOOD.partition("\ntest ")[0].replace("opens", "untested")
    write_tree(desk, {"flows/untested.flow": untested})
    done = run_here(desk, "test", "--cov", "--cov-fail-under", "100")
    assert done.code == 1
    assert "  flows/untested.flow:5: no test comes here\n" in done.err
    assert done.err.endswith(
        "50.0 % of the statements and branches are tested, and 100 % are asked for\n"
    )
    (desk / "flows/good.flow").unlink()
    words = ["test", "--pass-with-no-tests", "--cov-fail-under", "1"]
    assert run_here(desk, *words).code == 1
    # A test of the prompt alone carries nothing out.
    test = 'test "said" for untested { prompt omits "zzz" }\n'
    write_tree(desk, {"flows/untested.flow": f"{untested}\n{test}"})
    assert run_here(desk, "test", "--cov-fail-under", "1").code == 1


def test_processes_that_share_tests_write_one_report(desk: Path) -> None:
    tests = "".join(
        f'test "number {each}" for opens {{ does press "F5" }}\n' for each in range(120)
    )
    write_tree(desk, {"flows/good.flow": GOOD + tests, "flows/bad.flow": "flow 2\n"})
    done = run_command(desk, "test", "-j", "2", "--json", "--cov-fail-under", "100")
    told = json.loads(done.text)
    assert (done.code, told["total"], len(told["errors"])) == (3, 121, 1)
