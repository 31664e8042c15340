"""What users install: a wheel that has all it needs, in an empty folder and environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.docs.guides.carrying_out import TUTORIAL, Installed, name_git_author, run_document
from tests.docs.guides.cookbook import check_project, write_projects
from tests.support.command_line import read_tree
from tests.support.effort import THOROUGH, only_thorough
from tools.site import LLMS, PAGES

ROOT = Path(__file__).parents[3]
BUILT_FROM = ("flowdsl", "grammars", "examples", "docs")
FOR_USERS = {
    page.removeprefix("docs/") for name in ("Begin", "Language", "Use") for page in PAGES[name]
} - {"reference/README.md"}
"""The pages that the wheel has, below `docs`."""
LEFT_BY_A_DEPLOY = ".flowdsl/emulator.sqlite"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a checkout in which an example was deployed."""
    source = tmp_path_factory.mktemp("source")
    for folder in BUILT_FROM:
        shutil.copytree(
            ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", ".flowdsl")
        )
    for file in ("pyproject.toml", "README.md", "LICENSE", "llms.txt"):
        shutil.copy(ROOT / file, source / file)
    left = source / "examples/clinic" / LEFT_BY_A_DEPLOY
    left.parent.mkdir()
    left.write_text("data of this machine")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel, and with the dependencies of this one.

    A file `.pth` is read in the first of them alone, so that the checkout is not on its path.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=sys.platform != "win32")
    paths = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Path(sysconfig.get_path("scripts", "venv", paths)) / "python"


def run(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`flowdsl` without any environment variable."""
    return subprocess.run(
        [str(python), "-m", "flowdsl", *words],
        cwd=folder,
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_wheel_has_the_examples_and_pipelines_and_nothing_of_a_machine(wheel: Path) -> None:
    shipped = "flowdsl/shipped/"
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix(shipped): archive.read(name)
            for name in archive.namelist()
            if name.startswith(shipped)
        }
        others = {name.partition("/")[0] for name in archive.namelist()}
    expected = {
        f"examples/{path}": content for path, content in read_tree(ROOT / "examples").items()
    }
    expected |= {
        f"docs/{path}": content
        for path, content in read_tree(ROOT / "docs").items()
        if path in FOR_USERS or path.startswith(("ci/", "cookbook/"))
    }
    expected["llms.txt"] = LLMS.read_bytes()
    assert packed == {name: text for name, text in expected.items() if "/.flowdsl/" not in name}
    (metadata,) = others - {"flowdsl"}
    assert metadata.endswith(".dist-info")


@only_thorough
def test_the_tutorial_and_the_cookbook_work_with_an_installed_wheel(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_git_author(monkeypatch)
    program = Installed(python)
    (tmp_path / "tutorial").mkdir()
    run_document(TUTORIAL.read_text("utf-8"), tmp_path / "tutorial", program)
    for project in write_projects(tmp_path / "cookbook"):
        assert check_project(project, program) > 0


def test_the_installed_program_is_that_of_the_wheel(python: Path, tmp_path: Path) -> None:
    script = "import flowdsl.explain.guides as s; print(s._PACKED.is_dir(), s.__file__)"
    done = subprocess.run(
        [str(python), "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    there, file = done.stdout.split(maxsplit=1)
    assert there == "True"
    assert Path(file.strip()).is_relative_to(python.parents[1])


CLINIC = ("--example", "clinic", "--ci", "github")
A_RUN = {
    CLINIC: (
        *("patient_lookup", "--input", "mrn=4471203", "--input", "birth_date=1980-05-31"),
        *("--input", "site=Hill", "--secret", "chart_user=file:user", "--secret"),
        "chart_password=file:user",
    ),
    (): ("record_status", "--input", "record=4711"),
}
"""A run of what `init` writes with these words."""


@pytest.mark.parametrize("words", [CLINIC, pytest.param((), marks=only_thorough)])
def test_a_project_of_an_installed_wheel_deploys_runs_and_is_traced(
    python: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    made = run(python, tmp_path, "init", *words)
    assert (made.returncode, set(read_tree(tmp_path))) == (0, set(made.stdout.splitlines()))
    before = read_tree(tmp_path)
    checked = run(python, tmp_path, "check", "--fail-on", "warning")
    assert (checked.returncode, checked.stderr) == (0, "")
    deployed = run(python, tmp_path, "deploy", "--env", "local", "--yes")
    assert deployed.returncode == 0
    assert "created" in deployed.stderr + deployed.stdout
    if not THOROUGH:
        return
    again = run(python, tmp_path, "deploy", "--env", "local", "--yes")
    assert "nothing to do" in again.stderr + again.stdout
    assert before.items() <= read_tree(tmp_path).items()
    assert run(python, tmp_path, "init").returncode == 6
    (tmp_path / "user").write_text("demo")
    watched = run(python, tmp_path, "run", *A_RUN[words], "--env", "local", "--watch", "--json")
    assert watched.returncode == 0, watched.stderr
    (ended,) = json.loads(watched.stdout)["runs"]
    assert ended["status"] == "success"
    traced = run(python, tmp_path, "trace", ended["id"], "--env", "local")
    assert (traced.returncode, traced.stderr) == (0, "")
    assert f"flows/{A_RUN[words][0]}.flow:" in traced.stdout
