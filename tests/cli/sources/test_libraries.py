"""Libraries on the command line: what is checked and shown, and that nothing writes into one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from flowdsl.cli.runtime import target
from flowdsl.incremental import index as index_module
from flowdsl.incremental.work import _do_share
from tests.support.command_line import read_tree, run_here, write_tree

PROJECT = """\
[project]
name = "desk"
id = "prj_desk"
libraries = { epic = "../shared/epic" }

[env.local]
api = "local"
"""
FLOW = """\
flow 1

import { sign_in } from "@epic/login.flow"

## Closes the day.
workflow close_day {
  steps {
    call sign_in()
    do "Press Close Day in the Ledger window"
  }
}
"""
LOGIN = """\
flow 1

import { greeting } from "./words/texts.flow"

task sign_in() {
  do "Start Ledger from the desktop"
  type "{greeting}" into "the field Note"
}
"""
TEXTS = 'flow 1\n\nconst greeting from "../greeting.md"\n'
UNTIDY = LOGIN.replace("task sign_in() {", "task   sign_in(){")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A project in a work tree, with a library beside it."""
    write_tree(
        tmp_path,
        {
            ".git/HEAD": "ref: refs/heads/main\n",
            "desk/flowdsl.toml": PROJECT,
            "desk/flows/close_day.flow": FLOW,
            "shared/epic/login.flow": LOGIN,
            "shared/epic/words/texts.flow": TEXTS,
            "shared/epic/greeting.md": "Good morning\n",
        },
    )
    return tmp_path / "desk"


@pytest.fixture
def epic(desk: Path) -> Path:
    return desk.parent / "shared/epic"


def break_library(epic: Path) -> None:
    (epic / "login.flow").write_text(LOGIN.replace("{greeting}", "{greting}"))


# What is found, and where it is shown


def test_a_mistake_in_a_library_is_shown_where_an_editor_finds_it(desk: Path, epic: Path) -> None:
    assert run_here(desk, "check").code == 0
    break_library(epic)
    terse = run_here(desk, "check", "--format", "terse")
    assert terse.code == 1
    assert terse.text.startswith("../shared/epic/login.flow:7:9: error undeclared-name: ")
    text = run_here(desk / "flows", "check")
    assert " --> ../../shared/epic/login.flow:7:9\n" in text.text
    (found,) = json.loads(run_here(desk, "check", "--format", "json").text)["diagnostics"]
    assert found["path"] == "../shared/epic/login.flow"


def test_github_and_sarif_name_the_file_from_their_folders(desk: Path, epic: Path) -> None:
    break_library(epic)
    top = str(desk.parent)
    github = run_here(desk, "check", "--format", "github", GITHUB_WORKSPACE=top)
    assert "file=shared/epic/login.flow,line=7" in github.text
    sarif = json.loads(run_here(desk / "flows", "check", "--format", "sarif").text)
    (result,) = sarif["runs"][0]["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "../shared/epic/login.flow", "uriBaseId": "%SRCROOT%"}


def test_a_finding_is_known_again_when_the_library_moves(desk: Path, epic: Path) -> None:
    break_library(epic)
    assert run_here(desk, "check", "--write-baseline", "known.json").code == 0
    before = (desk / "known.json").read_text()
    assert run_here(desk, "check", "--baseline", "known.json").code == 0
    shutil.move(epic, epic.parent.parent / "common")
    moved = PROJECT.replace("../shared/epic", "../common")
    (desk / "flowdsl.toml").write_text(moved)
    assert run_here(desk, "check", "--baseline", "known.json").code == 0
    assert run_here(desk, "check", "--write-baseline", "known.json").code == 0
    assert (desk / "known.json").read_text() == before


def test_rules_of_a_project_are_not_those_of_its_libraries(desk: Path, epic: Path) -> None:
    """Nobody could follow their advice: the files are another team's, and no fix is written."""
    (epic / "login.flow").write_text(LOGIN.replace('do "', 'wait 1s\n  do "'))
    assert run_here(desk, "check", "--fail-on", "info").code == 0
    alone = run_here(desk, "check", "--fail-on", "info", "../shared/epic/login.flow")
    assert alone.code == 1 and "fixed-wait" in alone.text


@pytest.mark.parametrize(
    ("path", "place", "reason"),
    [
        ("../shared/epik", "4:22", "a folder named `epic` exists there"),
        ("../../epic", "4:22", "above the git work tree"),
        ("../desk", "4:22", "the project itself"),
    ],
)
def test_a_folder_that_is_no_library_is_reported_where_it_is_declared(
    desk: Path, path: str, place: str, reason: str
) -> None:
    (desk / "flowdsl.toml").write_text(PROJECT.replace("../shared/epic", path))
    found = run_here(desk, "check", "--format", "terse")
    assert found.code == 1
    assert found.text.startswith(f"flowdsl.toml:{place}: error unusable-library: ")
    assert reason in found.text
    assert run_here(desk, "plan").code == 3


@pytest.mark.parametrize(
    "path",
    ["shared/epic", "../", "..", "/etc", "C:/x", "../a/../b", "../a//b", "../a\\\\b", "../."],
)
def test_a_path_of_another_form_is_no_value(desk: Path, path: str) -> None:
    (desk / "flowdsl.toml").write_text(PROJECT.replace("../shared/epic", path))
    found = run_here(desk, "check")
    assert found.code == 1 and "error[invalid-config-value]: `project.libraries.epic`" in found.text


@pytest.mark.parametrize("name", ["Epic", "1st", "a/b", "", "é", "x" * 65])
def test_a_name_is_small_ascii(desk: Path, name: str) -> None:
    (desk / "flowdsl.toml").write_text(PROJECT.replace("{ epic", f'{{ "{name}"'))
    assert "error[invalid-config-value]" in run_here(desk, "check").text


def test_a_project_file_in_a_library_is_not_read(desk: Path, epic: Path) -> None:
    (epic / "flowdsl.toml").write_text("[project\n")
    assert run_here(desk, "check").code == 0
    (epic / "flowdsl.toml").write_text('[project]\nname = "epic"\nflows = ["**/*.flow"]\n')
    assert run_here(epic, "fmt").code == 0


# A file of a library by its own path


def test_a_file_of_a_library_is_checked_as_the_project_reads_it(desk: Path, epic: Path) -> None:
    (epic / "words/texts.flow").write_text(TEXTS.replace('"../', '"@epic/'))
    words = ("check", "--format", "terse", "../shared/epic/words/texts.flow")
    assert run_here(desk, *words).code == 0
    top = run_here(desk.parent, "check", "--format", "terse", "shared/epic/words/texts.flow")
    assert top.code == 1 and "unknown-library" in top.text
    assert run_here(desk, "check", "../shared/epic").code == 0
    assert run_here(desk, "check", "flows", "../shared/epic/*.flow").code == 0
    assert run_here(desk, "check", "../shared/epic/greeting.md").code == 0


def test_a_folder_of_the_project_of_the_same_name_is_another(desk: Path) -> None:
    write_tree(
        desk,
        {
            "@epic/greeting.md": "Good night\n",
            "flows/own.flow": 'flow 1\n\nconst greeting from "../@epic/greeting.md"\n',
        },
    )
    own = run_here(desk, "check", "--format", "junit", "@epic/greeting.md")
    shared = run_here(desk, "check", "--format", "junit", "../shared/epic/greeting.md")
    assert own.code == shared.code == 0
    assert "flows/own.flow" in own.text and "texts.flow" not in own.text
    assert "flows/own.flow" not in shared.text and "texts.flow" in shared.text


def test_standard_input_stands_for_a_file_of_a_library(desk: Path) -> None:
    words = ("check", "-", "--stdin-filename", "../shared/epic/login.flow")
    assert run_here(desk, *words, stdin=LOGIN.encode()).code == 0
    wrong = LOGIN.replace("{greeting}", "{greting}").encode()
    found = run_here(desk, *words, "--format", "terse", stdin=wrong)
    assert found.text.startswith("../shared/epic/login.flow:7:9: error undeclared-name")
    fixed = run_here(desk, *words, "--fix", "--unsafe-fixes", stdin=wrong)
    assert fixed.code == 0 and fixed.text == LOGIN, "it is printed, and the editor writes it"


# Nothing writes


def test_a_fix_leaves_libraries_alone_and_says_where_it_is_made(desk: Path, epic: Path) -> None:
    break_library(epic)
    before = read_tree(desk.parent)
    done = run_here(desk, "check", "--fix", "--unsafe-fixes")
    assert done.code == 1
    assert read_tree(desk.parent) == before
    assert done.err == (
        "note: the fixes in `../shared/epic/login.flow` are not made: what belongs to the library "
        "`epic` is only read by this project, and changed where it is kept, by `flowdsl -C "
        "../shared/epic check --fix .`\n"
    )
    safe = run_here(desk, "check", "--fix")
    assert (safe.code, safe.err) == (1, ""), "there is no safe fix that is not made"
    named = run_here(desk, "check", "--fix", "--unsafe-fixes", "../shared/epic/login.flow")
    assert read_tree(desk.parent) == before and "is only read by" in named.err
    assert run_here(desk, "-C", "../shared/epic", "check", "--fix", "--unsafe-fixes", ".").code == 0
    assert (epic / "login.flow").read_text() == LOGIN


def test_formatting_refuses_a_file_of_a_library(desk: Path, epic: Path) -> None:
    (epic / "login.flow").write_text(UNTIDY)
    for path in ("../shared/epic/login.flow", "../shared/epic", str(epic / "*.flow")):
        done = run_here(desk, "fmt", path)
        assert done.code == 64
        assert "what belongs to the library `epic` is only read by this project" in done.err
        assert "by `flowdsl -C ../shared/epic fmt .`" in done.err
    assert run_here(desk, "fmt").code == 0
    assert run_here(desk, "fmt", "--check", "../shared/epic").code == 1
    assert (epic / "login.flow").read_text() == UNTIDY
    assert run_here(desk, "-C", "../shared/epic", "fmt", ".").code == 0
    assert (epic / "login.flow").read_text() == LOGIN


def test_a_prompt_of_a_library_is_not_converted(desk: Path, epic: Path) -> None:
    (epic / "old.flow").write_text('flow 1\n\nworkflow old {\n  prompt from "./old.md"\n}\n')
    (epic / "old.md").write_text("old\n\nSteps\n1. Press Enter\n")
    before = read_tree(desk.parent)
    done = run_here(desk, "convert", "--write", "../shared/epic/old.flow")
    assert done.code == 64
    assert "by `flowdsl -C ../shared/epic convert --write old.flow`" in done.err
    assert read_tree(desk.parent) == before


def test_snapshots_of_a_library_are_not_written(desk: Path, epic: Path) -> None:
    tested = FLOW.replace("@epic/", "./").replace("close_day", "demo")
    tested += '\ntest "as it was" for demo {\n  prompt matches snapshot\n}\n'
    (epic / "demo.flow").write_text(tested)
    before = read_tree(desk.parent)
    done = run_here(desk, "test", "--update", "../shared/epic/demo.flow", CI="")
    assert done.code == 64
    assert "`../shared/epic/__snapshots__/demo.prompt.md` is not written from here" in done.err
    assert "by `flowdsl -C ../shared/epic test --update .`" in done.err
    assert read_tree(desk.parent) == before
    assert run_here(desk, "-C", "../shared/epic", "test", "--update", ".", CI="").code == 0
    assert run_here(desk, "test", "../shared/epic/demo.flow").code == 0


# The index


def test_the_index_knows_the_files_of_libraries(
    desk: Path, epic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "")
    monkeypatch.setenv("XDG_CACHE_HOME", f"{desk.parent}-cache")
    monkeypatch.setattr(index_module, "RACE", 0)  # the files were written just now
    monkeypatch.setattr(target, "INDEX_FROM", 2)
    write_tree(desk, {"flows/open_day.flow": FLOW.replace("close_day", "open_day")})
    for file in desk.rglob("*.flow"):
        os.utime(file, (1, 1))  # so that size and time prove what they are
    index = desk / ".flowdsl/cache/check.json"
    assert run_here(desk, "check").code == 0
    first = index.read_bytes()
    assert b"@epic//greeting.md" in first
    assert run_here(desk, "check").code == 0
    assert index.read_bytes() == first, "nothing has changed, so that nothing is written"
    break_library(epic)
    found = run_here(desk, "check", "--format", "terse").text
    assert found.count("error undeclared-name") == 1, "it is said once, and not for each flow"
    (epic / "login.flow").write_text(LOGIN)
    assert run_here(desk, "check").code == 0
    (epic / "greeting.md").unlink()
    assert "missing-file" in run_here(desk, "check").text
    (epic / "greeting.md").write_text("Good morning\n")
    assert run_here(desk, "check").code == 0
    epic.rename(epic.parent / "real")
    epic.symlink_to("real")
    assert "unusable-library" in run_here(desk, "check").text
    epic.unlink()
    (epic.parent / "real").rename(epic)
    (epic / "words").rename(epic / "real")
    (epic / "words").symlink_to("real")
    found = run_here(desk, "check")
    assert found.code == 1 and "unreadable-file" in found.text, "same bytes, but by a link"


def test_another_process_reads_the_libraries_too(desk: Path, epic: Path) -> None:
    """Each of several processes reads the text of the project file itself."""
    entries = ("flows/close_day.flow",)
    project = (desk / "flowdsl.toml").read_text("utf-8")
    for broken in (False, True):
        if broken:
            break_library(epic)
        (done,) = _do_share(str(desk), project, None, True, [entries])
        assert done.keep
        assert bool(done.group.findings) is done.group.failed is (not done.packed) is broken
