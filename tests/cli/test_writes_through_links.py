"""No command writes outside of its project, wherever a link stands in it.

`benchmarks/faults/writes_through_links.py` plants every kind of link at every component of every
path, for every command. In `quick` a link leads from each of them to a folder outside, and to what
is not there, for those commands that need no service.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults.writes_through_links import CALLS, KINDS, WRITE_NOTHING, Call, Stage, examine
from flowdsl.cli.main import COMMANDS
from tests.support.command_line import LOCAL_PROJECT, run_here, write_tree
from tests.support.effort import THOROUGH

pytestmark = pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")

OFFLINE = ("init", "new", "check", "fmt", "import", "convert", "compile", "test")


def calls() -> Iterator[Call]:
    for name, each in CALLS.items():
        if (name in OFFLINE or THOROUGH) and name not in WRITE_NOTHING:
            yield from each


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(Path(os.path.realpath(tmp_path_factory.mktemp("stage"))))


def test_the_script_calls_every_command() -> None:
    assert CALLS.keys() == COMMANDS.keys()
    assert CALLS.keys() > WRITE_NOTHING


@pytest.mark.parametrize("wanted", list(calls()), ids=lambda wanted: " ".join(wanted.words))
def test_nothing_is_written_outside(stage: Stage, wanted: Call) -> None:
    kinds = KINDS if THOROUGH else ("folder outside", "nothing outside")
    found = examine(stage, wanted, lambda _place, kind: kind in kinds)
    assert found.paths and found.links
    assert (found.wrong, found.entries, found.size) == ([], 0, 0)


def test_a_title_does_not_become_a_command_in_the_start_file_of_a_shell(tmp_path: Path) -> None:
    """What a repository could do to whoever cloned it and ran `compile`."""
    home, project = tmp_path / "home", tmp_path / "home/clone"
    flow = """\
flow 1

## Notes.
workflow notes {
  title = "x\\n touch ~/taken #"
  steps { do "touch ~/taken" }
}
"""
    write_tree(project, {"flowdsl.toml": LOCAL_PROJECT, "flows/notes.flow": flow})
    (project / "build/flowdsl/notes").mkdir(parents=True)
    (project / "build/flowdsl/notes/prompt.md").symlink_to("../../../../.profile")
    done = run_here(project, "compile")
    assert done.code == 64
    assert done.err.splitlines()[-1] == (
        f"error: `build/flowdsl` cannot be written: `{project}/build/flowdsl/notes/prompt.md` is a "
        "symbolic link, and none is followed here; put a real file or folder in its place"
    )
    assert sorted(os.listdir(home)) == ["clone"]
    assert os.listdir(project / "build/flowdsl/notes") == ["prompt.md"]
    (project / "build/flowdsl/notes/prompt.md").unlink()
    assert run_here(project, "compile").code == 0


def test_a_folder_that_somebody_names_may_be_a_link(tmp_path: Path) -> None:
    flow = 'flow 1\n\n## Notes.\nworkflow notes { steps { do "Click Notes." } }\n'
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    write_tree(project, {"flowdsl.toml": LOCAL_PROJECT, "flows/notes.flow": flow})
    elsewhere.mkdir()
    (project / "build").symlink_to(elsewhere)
    assert run_here(project, "compile").code == 64
    assert os.listdir(elsewhere) == []
    assert run_here(project, "compile", "-o", "build").code == 0
    assert run_here(project, "compile", "-o", "build/flowdsl").code == 0
    assert sorted(os.listdir(elsewhere)) == ["flowdsl", "notes"]
