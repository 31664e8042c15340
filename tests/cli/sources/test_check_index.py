"""The index of a project.

A second check of the real command line does not read what has not changed, and says the same.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flowdsl.cli.commands.check.command import INDEX_FROM
from flowdsl.incremental import work
from tests.support.command_line import run_command, run_here, write_tree

PROJECT = '[project]\nname = "care"\nflows = ["flows/*.flow"]\n'
FLOW = 'flow 1\n\n## Opens it.\nworkflow open_{name} {{ steps {{ do "Open {{{name}}}" }} }}\n'
INDEX = ".flowdsl/cache/check.json"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    names = ("chart", "ledger", "portal")
    flows = {f"flows/{name}.flow": FLOW.format(name=name) for name in names}
    clean = FLOW.replace("{{{name}}}", "it")
    flows |= {
        f"flows/more_{number}.flow": clean.format(name=f"more_{number}")
        for number in range(INDEX_FROM)
    }
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, **flows})
    for path in flows:
        os.utime(tmp_path / path, (1_000_000_000, 1_000_000_000))
    return tmp_path


def check(project: Path, *words: str) -> bytes:
    return run_here(project, "check", "--format", "json", *words).out


def test_a_second_check_says_the_same_from_the_index(project: Path) -> None:
    first = check(project)
    assert len(json.loads(first)["diagnostics"]) == 3
    document = json.loads((project / INDEX).read_bytes())
    # What is told comes from the index: a changed word of it shows.
    document["groups"][0][3][0][2] = "told from the index"
    (project / INDEX).write_text(json.dumps(document))
    assert b"told from the index" in check(project)


def test_a_change_is_seen_and_the_others_stay(project: Path) -> None:
    check(project)
    mended = FLOW.format(name="chart").replace("{chart}", "the chart")
    (project / "flows/chart.flow").write_text(mended)
    found = json.loads(check(project))["diagnostics"]
    assert [each["path"] for each in found] == ["flows/ledger.flow", "flows/portal.flow"]


def test_a_change_of_a_file_that_a_const_takes_in_is_seen(project: Path) -> None:
    flow = FLOW.format(name="chart").replace("{chart}", "{words}")
    flow = flow.replace("flow 1\n", 'flow 1\nconst words from "../words.md"\n')
    write_tree(project, {"flows/chart.flow": flow, "words.md": "the chart\n"})
    check(project)
    assert len(json.loads(check(project))["diagnostics"]) == 2
    (project / "words.md").write_text("a \0 b\n")
    found = json.loads(check(project))["diagnostics"]
    assert [each["name"] for each in found] == ["unreadable-file", *["undeclared-name"] * 2]
    (project / "words.md").write_text("the chart again\n")
    assert len(json.loads(check(project))["diagnostics"]) == 2


def test_another_project_file_makes_the_index_void(project: Path) -> None:
    check(project)
    lint = '\n[[lint.forbid]]\ntext = "Open"\nmessage = "no"\n'
    (project / "flowdsl.toml").write_text(PROJECT + lint)
    names = {each["name"] for each in json.loads(check(project))["diagnostics"]}
    assert "forbidden-words" in names


def test_an_index_that_cannot_be_written_changes_nothing(project: Path) -> None:
    expected = check(project)
    (project / INDEX).unlink()
    (project / INDEX).mkdir()
    assert check(project) == expected


def test_several_processes_find_the_same(project: Path) -> None:
    extra = {
        f"flows/w{number}.flow": FLOW.format(name=f"w{number}")
        for number in range(work.POOL_FROM + 1)
    }
    write_tree(project, extra)
    one = check(project, "--jobs", "1")
    (project / INDEX).unlink()
    # The command forks, which nobody should where threads run as in a worker of the tests.
    shared = run_command(project, "check", "--format", "json", "--jobs", "2")
    assert shared.out == one
    assert len(json.loads(one)["diagnostics"]) == len(extra) + 3
