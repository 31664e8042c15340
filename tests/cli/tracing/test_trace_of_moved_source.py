"""A trace has the text of what was deployed, whatever became of the source since."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowdsl.emulator.store import Store
from tests.cli.tracing.traced_desk import LIBRARY, MAIN, TracedDesk, line_of
from tests.support.command_line import run_here, write_tree
from tests.support.effort import rows
from tests.support.services.embedded_service import Client
from tests.support.services.state_backends import (
    NAMES,
    BackEnd,
    FileBackEnd,
    GitBackEnd,
    S3BackEnd,
    s3_served,
)

PROJECT = """\
[project]
name = "desk"
id = "prj_1"

[env.test]
api = "local"
state = "{url}"
"""
FAILS = {"fail": {"step": "4.2", "entry": 3}}
ABORT = line_of(LIBRARY, 'choose "the row')
WRITTEN = '    else abort "Claim {number} is not in the list"'
UNFORMATTED = LIBRARY.replace("flow 1\n\n", "flow 1\n\n\n\n").replace(WRITTEN, "  " + WRITTEN)


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    with s3_served() as environ:
        yield environ


def back_end(name: str, root: Path) -> BackEnd:
    match name:
        case "git":
            return GitBackEnd.new(root)
        case "s3":
            return S3BackEnd()
        case _:
            return FileBackEnd(root)


def served(desk: TracedDesk) -> dict[str, Any]:
    """The workflow as the service has it."""
    with Store.open(desk.root / ".flowdsl/emulator.sqlite") as store:
        client = Client(store)
        (row,) = client("GET", "workflows").json()["items"]
        found: dict[str, Any] = client("GET", f"workflows/{row['id']}").json()
        return found


def assert_shown(desk: TracedDesk, run: str, text: str, line: int) -> None:
    """The trace and its page have the text that was deployed, at its line."""
    told = desk.told(run)
    assert told["failure"]["source"]["start"]["line"] == line
    assert told["failure"]["source"]["text"] == text.split("\n")[line - 1 : line + 1]
    files = {each["path"]: each for each in told["files"]}
    assert files["flows/lib/portal.flow"]["text_from"] == "state"
    assert not [note for note in told["notes"] if "not to be had" in note]
    assert desk.trace(run, "--html", "trace.html").code == 0
    page = (desk.root / "trace.html").read_text()
    (row,) = re.findall(rf'<tr id="s1-{line}"[^>]*>.*?</tr>', page)
    assert "the row whose number is {number}" in row and "failed" in row


@pytest.mark.parametrize("name", rows(NAMES, 0))
def test_a_deploy_of_another_layout_alone_loses_no_text(
    name: str, tmp_path: Path, s3: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in s3.items() if name == "s3" else ():
        monkeypatch.setenv(variable, value)
    desk = TracedDesk(tmp_path)
    place = back_end(name, tmp_path)
    project = {"flowdsl.toml": PROJECT.format(url=place.url)}
    write_tree(tmp_path, {**project, "flows/lib/portal.flow": UNFORMATTED})
    desk.deploy()
    before, live = dict(place.contents()), served(desk)
    assert any(each.startswith("sources/") for each in before)

    assert run_here(tmp_path, "fmt").code == 0
    assert (tmp_path / "flows/lib/portal.flow").read_text() != UNFORMATTED
    again = run_here(tmp_path, "deploy", "--yes")
    assert again.code == 0 and "nothing to do" in again.err
    assert dict(place.contents()) == before and served(desk) == live

    run = desk.run(FAILS)
    assert_shown(desk, run, UNFORMATTED, line_of(UNFORMATTED, 'choose "the row'))
    (tmp_path / "flows/lib/portal.flow").unlink()
    assert_shown(desk, run, UNFORMATTED, line_of(UNFORMATTED, 'choose "the row'))


def test_what_was_never_committed_is_kept_in_a_checkout_too(tmp_path: Path) -> None:
    desk = TracedDesk(tmp_path)
    desk.commit()
    write_tree(tmp_path, {"flows/lib/portal.flow": UNFORMATTED})
    desk.deploy()
    write_tree(tmp_path, {"flows/lib/portal.flow": LIBRARY})
    assert_shown(desk, desk.run(FAILS), UNFORMATTED, line_of(UNFORMATTED, 'choose "the row'))


def test_a_moved_state_takes_the_texts_along(tmp_path: Path) -> None:
    desk = TracedDesk(tmp_path)
    desk.deploy()
    run = desk.run(FAILS)
    project = (tmp_path / "flowdsl.toml").read_text()
    moved = run_here(tmp_path, "state", "migrate", "--to", "file:other/state.json", "--yes")
    assert moved.code == 0, moved.err
    state = project.rstrip("\n") + '\nstate = "file:other/state.json"\n'
    write_tree(tmp_path, {"flowdsl.toml": state, "flows/lib/portal.flow": "flow 1\n"})
    assert_shown(desk, run, LIBRARY, ABORT)


def test_only_files_that_a_place_lies_in_are_kept(tmp_path: Path) -> None:
    desk = TracedDesk(tmp_path)
    write_tree(tmp_path, {"flows/lib/other.flow": 'flow 1\n\ntask other() { do "Wait." }\n'})
    desk.deploy()
    kept = (tmp_path / ".flowdsl/state/local.d/sources").iterdir()
    assert sorted(json.loads(each.read_text())["text"] for each in kept) == sorted([MAIN, LIBRARY])
