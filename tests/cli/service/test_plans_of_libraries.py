"""A library of several projects in one git repository: a change of it shows in the plan of each."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import read_tree, run_here, write_tree

PROJECT = """\
[project]
name = "{name}"
id = "prj_{name}"
libraries = {{ epic = "../../shared/epic" }}

[env.local]
api = "local"
protected = true
"""
FLOW = """\
flow 1

{head}
## Closes the day.
workflow close_day {{
  steps {{
    {body}
    do "Press Close Day in the Ledger window"
  }}
}}
"""
USER = FLOW.format(head='import {{ sign_in }} from "@epic/login.flow"\n', body="call sign_in()")
USER = USER.replace("{{", "{").replace("}}", "}")
LOGIN = """\
flow 1

const greeting from "./greeting.md"

task sign_in() {
  do "Start Ledger from the desktop"
  image "./pictures/save.png"
  type "{greeting}" into "the field Note"
}
"""
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@acme.test", "-c", "core.autocrlf=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two projects that use a library and one that declares and does not use it, all deployed."""
    top = tmp_path_factory.mktemp("deployed") / "repository"
    projects = {name: f"projects/{name}" for name in ("desk", "lab", "ward")}
    write_tree(
        top,
        {
            ".gitignore": ".flowdsl/\n",
            "shared/epic/login.flow": LOGIN,
            "shared/epic/greeting.md": "Good morning\n",
            "shared/epic/pictures/save.png": PICTURE,
            **{f"{path}/flowdsl.toml": PROJECT.format(name=n) for n, path in projects.items()},
            "projects/desk/flows/close_day.flow": USER,
            "projects/lab/flows/close_day.flow": USER,
            "projects/ward/flows/close_day.flow": FLOW.format(head="", body='press "Enter"'),
        },
    )
    git(top, "init", "-q")
    commit(top)
    for path in projects.values():
        done = run_here(top / path, "deploy", "--yes", CI="")
        assert done.code == 0, done.err
    return top


@pytest.fixture
def repository(deployed: Path, tmp_path: Path) -> Path:
    """The repository `deployed`, of one test alone."""
    return shutil.copytree(deployed, tmp_path / "repository")


def commit(top: Path) -> None:
    git(top, "add", "-A")
    git(top, "commit", "-qm", "A change")


def planned(top: Path, name: str) -> list[str]:
    """What a plan of a project would do, by the names of its operations."""
    done = run_here(top / "projects" / name, "plan", "--json", CI="")
    assert done.code in (0, 2), done.err
    plan: dict[str, Any] = json.loads(done.text)
    return [each["address"] for each in plan["changes"]]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("login.flow", b"from the desktop", b"from the start menu"),
        ("greeting.md", b"morning", b"evening"),
        ("pictures/save.png", b"IEND", b"IENd"),
    ],
)
def test_a_change_of_a_library_shows_in_the_plan_of_each_project_that_uses_it(
    repository: Path, file: str, old: bytes, new: bytes
) -> None:
    place = repository / "shared/epic" / file
    content = place.read_bytes()
    assert old in content
    place.write_bytes(content.replace(old, new))
    commit(repository)
    assert "workflow.close_day" in planned(repository, "desk")
    assert "workflow.close_day" in planned(repository, "lab")
    assert planned(repository, "ward") == []


def test_a_change_that_means_nothing_shows_in_no_plan(repository: Path) -> None:
    place = repository / "shared/epic/login.flow"
    place.write_text(LOGIN.replace("task sign_in", "# once more\ntask sign_in"))
    assert planned(repository, "desk") == planned(repository, "lab") == []


def test_a_library_has_to_be_committed_where_a_project_has_to_be(repository: Path) -> None:
    desk, epic = repository / "projects/desk", repository / "shared/epic"
    (epic / "login.flow").write_text(LOGIN.replace("desktop", "start menu"))
    dirty = run_here(desk, "deploy", "--yes", CI="")
    assert dirty.code == 9 and "the work tree has changes" in dirty.err
    commit(repository)
    assert run_here(desk, "deploy", "--yes", CI="").code == 0
    assert planned(repository, "desk") == []
    assert planned(repository, "lab") == ["workflow.close_day"], "each is deployed by itself"

    (epic / "unread.flow").write_text("flow 1\n")
    assert run_here(desk, "deploy", "--yes", CI="").code == 0, "nothing reads it"
    (epic / "login.flow").write_text(LOGIN.replace("greeting.md", "other.md"))
    git(repository, "add", "shared/epic/login.flow")
    git(repository, "commit", "-qm", "Another text")
    (epic / "other.md").write_text("Good evening")
    untracked = run_here(desk, "deploy", "--yes", CI="")
    assert untracked.code == 9, "what is read has to be committed"

    (repository / "shared/more.txt").write_text("beside the library")
    git(repository, "add", "shared/more.txt", "shared/epic")
    git(repository, "commit", "-qm", "All of it")
    (repository / "shared/more.txt").write_text("changed")
    assert run_here(desk, "deploy", "--yes", CI="").code == 0, "no library holds it"


def test_the_source_map_names_the_file_of_the_library(repository: Path) -> None:
    desk = repository / "projects/desk"
    assert run_here(desk, "compile").code == 0
    written = json.loads((desk / "build/flowdsl/close_day/source_map.json").read_text())
    assert set(written["files"]) == {"flows/close_day.flow", "@epic//login.flow"}


def test_nothing_of_a_deploy_is_written_into_a_library(repository: Path) -> None:
    before = read_tree(repository / "shared")
    (repository / "shared/epic/greeting.md").write_text("Good evening\n")
    commit(repository)
    before["epic/greeting.md"] = b"Good evening\n"
    desk = repository / "projects/desk"
    for words in (("deploy", "--yes"), ("check", "--fix"), ("fmt",), ("pull", "--all", "--yes")):
        assert run_here(desk, *words, CI="").code == 0
    assert read_tree(repository / "shared") == before
