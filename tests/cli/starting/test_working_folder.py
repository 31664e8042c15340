"""No command runs what lies in the working folder.

It is a project, and a pull request can change it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import get_all_start_methods
from pathlib import Path

import pytest

from flowdsl.cli.runtime import target
from flowdsl.incremental import work
from tests.support.command_line import LOCAL_PROJECT, environment
from tests.support.effort import THOROUGH, rows

FLOW = 'flow 1\n\n## Opens it.\nworkflow w {\n  steps {\n    do "Open the ledger."\n  }\n}\n'

PROBE = """\
import atexit, os, sys
begun = set(sys.modules)
ended = os._exit
def end(code):
    with open({listing!r}, "a") as file:
        print(*sorted(set(sys.modules) - begun), sep="\\n", file=file)
    ended(code)
os._exit = end
"""

POISON = """\
import os
os.makedirs({marker!r}, exist_ok=True)
open(os.path.join({marker!r}, __name__), "w").close()
raise SystemExit("the working folder was imported from")
"""

COMMANDS = [
    ["deploy", "--env", "local", "--yes"],
    ["--version"],
    ["check"],
    ["fmt", "--check"],
    ["compile", "-o", "out"],
][: None if THOROUGH else 1]
"""A deploy imports nearly all that the others do."""


MODULE = (sys.executable, "-m", "flowdsl")
SAFE = (sys.executable, "-P", "-m", "flowdsl")
SCRIPT = (str(Path(sys.executable).with_name("flowdsl")),)


def run(
    folder: Path, words: list[str], how: Sequence[str] = MODULE, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*how, *words],
        cwd=folder,
        env=environment(CI="", **environ),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every module that the commands import, by its first name."""
    folder = tmp_path_factory.mktemp("calm")
    listing = folder / "listing"
    hook = folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(PROBE.format(listing=str(listing)))
    project = _project(folder / "project")
    for words in COMMANDS:
        done = run(project, words, PYTHONPATH=str(hook))
        assert done.returncode == 0, done.stderr
    found = {line.partition(".")[0] for line in listing.read_text().split()}
    return sorted((found | {"sitecustomize", "usercustomize", "flowdsl_plugin"}) - {"flowdsl"})


@pytest.fixture(scope="module")
def of_python(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What `python -m` has imported before the first line of the program that it runs."""
    folder = tmp_path_factory.mktemp("python")
    (folder / "empty.py").write_text("import sys; print(*sys.modules)")
    found = subprocess.run(
        [sys.executable, "-m", "empty"], cwd=folder, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in found.stdout.split()}


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file for every module that was imported and must not be."""
    yield tmp_path / "imported"
    assert not (tmp_path / "imported").exists(), os.listdir(tmp_path / "imported")


def _poisoned(marker: Path, names: Iterable[str]) -> Path:
    """A project with files of these names, none of which may run."""
    project = _project(marker.with_name("project"))
    for name in names:
        (project / f"{name}.py").write_text(POISON.format(marker=str(marker)))
    return project


def _project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "flowdsl.toml").write_text(LOCAL_PROJECT)
    (folder / "flows").mkdir()
    (folder / "flows/w.flow").write_text(FLOW)
    return folder


def test_nothing_is_imported_from_the_working_folder(
    names: list[str], of_python: set[str], marker: Path
) -> None:
    ours = set(names) - of_python
    assert {"__future__", "json", "argparse", "asyncio", "pydantic", "httpx"} <= ours
    project = _poisoned(marker, ours)
    for words in COMMANDS:
        done = run(project, words)
        assert done.returncode == 0, (words, done.stderr)
    for name in ("sitecustomize", "usercustomize"):
        (project / f"{name}.py").unlink(
            missing_ok=True
        )  # which Python itself runs where its path says so
    for path in rows((str(project), os.curdir, "")):
        done = run(project, ["check"], PYTHONPATH=f"{path}{os.pathsep}")
        assert done.returncode == 0, (path, done.stderr)


@pytest.mark.parametrize("how", [SAFE, SCRIPT], ids=["python -P -m flowdsl", "flowdsl"])
def test_nor_is_what_python_imports_first(
    names: list[str], of_python: set[str], marker: Path, how: Sequence[str]
) -> None:
    project = _poisoned(marker, {*names, *of_python, "flowdsl"})
    for words in (["--version"], ["compile", "-o", "out"]):
        done = run(project, words, how)
        assert done.returncode == 0, (words, done.stderr)


@pytest.mark.parametrize("method", rows(get_all_start_methods(), 1))
def test_nor_by_the_processes_that_share_a_check(tmp_path: Path, marker: Path, method: str) -> None:
    assert work.POOL_FROM > 2 and target.INDEX_FROM > 2, "what the hook makes smaller"
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import sys\n"
        "if sys.orig_argv[1:3] == ['-m', 'flowdsl']:\n"
        f"    import multiprocessing; multiprocessing.set_start_method({method!r})\n"
        "    from flowdsl.incremental import work; work.POOL_FROM = 2\n"
        "    from flowdsl.cli.runtime import target; target.INDEX_FROM = 2\n"
    )
    project = _poisoned(marker, ["multiprocessing"])
    for name in ("v", "x"):
        (project / f"flows/{name}.flow").write_text(FLOW.replace("workflow w", f"workflow {name}"))
    done = run(project, ["check", "--jobs", "2"], PYTHONPATH=str(hook))
    assert done.returncode == 0, done.stderr


def test_a_checkout_of_flowdsl_stays_what_is_run(tmp_path: Path) -> None:
    """`python -m flowdsl` in a folder that has it runs that one, which needs no installation."""
    (tmp_path / "flowdsl").symlink_to(Path(__file__).parents[3] / "flowdsl")
    (tmp_path / "beside.py").write_text("")
    script = "import sys, flowdsl.__main__ as main; main._leave_working_folder(); import beside"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
