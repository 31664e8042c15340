"""Rules of an installed package: found by their entry point, run, and never by accident."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from site import getsitepackages
from typing import Any

import pytest

RULE = """
from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.rule import Rule, Words

SPEC = DiagnosticSpec(
    "no-citrix", "suspicious", "`Citrix` is gone since spring", "name the new desktop"
)
RULES = [Rule("no-citrix", (Words(("citrix",)),), "northwind_rules")]


def check(context, prose):
    start = prose.written.lower().index("citrix")
    context.report(SPEC, prose.span(start, start + 6))
"""
FLOW = 'flow 1\n\n## Opens it.\nworkflow w {\n  steps { do "Open Citrix" }\n}\n'


def install(packages: Path, rule: str = RULE, module: str = "northwind_rules") -> Path:
    """Put a package with one rule into a folder as installers do; returns what says so."""
    information = packages / f"{module}-1.0.dist-info"
    information.mkdir(parents=True)
    (packages / f"{module}.py").write_text(rule, encoding="utf-8")
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        f"[flowdsl.rules]\nnorthwind = {module}:RULES\nbroken = {module}:NOTHING\n"
        "exits = northwind_exits:RULES\n"
    )
    return information


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a repository, without any package."""
    folder = tmp_path / "repository" / "desk"
    folder.mkdir(parents=True)
    (tmp_path / "repository/.git").mkdir()
    (folder / "w.flow").write_text(FLOW, encoding="utf-8")
    return folder


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder outside of the repository with an installed package, and a damaged one."""
    install(tmp_path / "packages")
    (tmp_path / "packages/northwind_exits.py").write_text("raise SystemExit(3)\n")
    damaged = tmp_path / "packages/damaged-1.0.dist-info"
    damaged.mkdir()
    (damaged / "entry_points.txt").write_text("[flowdsl.rules]\nno sign\n")
    return tmp_path / "packages"


def findings(
    project: Path, lint: str, *path: Path, python: str = sys.executable
) -> list[dict[str, Any]]:
    """What `flowdsl check` finds, but for infos.

    `path` is where Python looks for packages first.
    """
    (project / "flowdsl.toml").write_text(
        f'[project]\nname = "care"\nflows = ["*.flow"]\n{lint}', encoding="utf-8"
    )
    done = subprocess.run(
        [python, "-m", "flowdsl", "check", "--format", "json"],
        cwd=project,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)["diagnostics"]
    return [each for each in found if each["severity"] != "info"]


def check(project: Path, lint: str, *path: Path, **how: str) -> list[tuple[str, str, int]]:
    """Name, path and line of each of them."""
    return [
        (each["name"], each["path"], each["span"]["start"]["line"])
        for each in findings(project, lint, *path, **how)
    ]


def test_a_plugin_that_is_named_runs(project: Path, packages: Path) -> None:
    assert check(project, '[lint]\nplugins = ["northwind"]', packages) == [
        ("no-citrix", "w.flow", 5)
    ]


def test_a_plugin_that_is_not_named_does_not_run(project: Path, packages: Path) -> None:
    assert check(project, "", packages) == []


def test_its_rules_are_switched_off_and_suppressed_like_others(
    project: Path, packages: Path
) -> None:
    assert check(project, '[lint]\nplugins = ["northwind"]\nignore = ["no-citrix"]', packages) == []
    (project / "w.flow").write_text(FLOW.replace("Citrix", "Citrix {# flow: ignore[no-citrix] #}"))
    assert check(project, '[lint]\nplugins = ["northwind"]', packages) == []


@pytest.mark.parametrize("name", ["northwnd", "broken", "exits"])
def test_a_plugin_without_rules_is_an_error_in_the_project_file(
    project: Path, packages: Path, name: str
) -> None:
    assert check(project, f'[lint]\nplugins = ["{name}"]', packages) == [
        ("unusable-plugin", "flowdsl.toml", 5)
    ]


RUNS = '[lint]\nplugins = ["northwind"]'
FOUND = [("no-citrix", "w.flow", 5)]
TRAP = """
from pathlib import Path
Path({marker!r}).touch()
"""


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[str]:
    """A package that must never run."""
    marker = tmp_path / "has run"
    yield TRAP.format(marker=str(marker)) + RULE
    assert not marker.exists()


def refused(project: Path, *path: Path) -> str:
    """The message about a package that is not loaded."""
    (found,) = findings(project, RUNS, *path)
    assert (found["name"], found["path"]) == ("unusable-plugin", "flowdsl.toml")
    return str(found["message"])


def test_a_package_in_the_working_folder_is_not_even_seen(project: Path, trap: str) -> None:
    install(project, trap)
    assert "those that are installed: none" in refused(project)


def test_a_package_in_the_project_does_not_run(project: Path, trap: str) -> None:
    install(project / "lib", trap)
    assert "`desk/lib/northwind_rules-1.0.dist-info`, lies in the repository" in refused(
        project, project / "lib"
    )


def test_a_package_elsewhere_in_the_repository_does_not_run(project: Path, trap: str) -> None:
    tools = project.parent / "tools"
    information = install(tools, trap)
    information.rename(tools / "northwind_rules.egg-info")
    (tools / "northwind_rules.egg-info/METADATA").rename(
        tools / "northwind_rules.egg-info/PKG-INFO"
    )
    assert "`tools/northwind_rules.egg-info`" in refused(project, tools)


def test_a_submodule_is_a_part_of_what_it_is_in(project: Path, trap: str) -> None:
    (project / ".git").write_text("gitdir: ../.git/modules/desk\n")
    install(project.parent / "tools", trap)
    assert "`tools/" in refused(project, project.parent / "tools")


def test_a_package_that_is_installed_in_editable_mode_does_not_run(
    project: Path, packages: Path, trap: str
) -> None:
    source = project.parent / "rules"
    source.mkdir()
    (packages / "northwind_rules.py").rename(source / "northwind_rules.py")
    (source / "northwind_rules.py").write_text(trap)
    # Its path is hidden where the path leads there; a finder of its own is not hidden.
    module = str(source / "northwind_rules.py")
    (packages / "sitecustomize.py").write_text(f"""
import importlib.util, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "northwind_rules":
            return importlib.util.spec_from_file_location(name, {module!r})
sys.meta_path.append(Finder)
""")
    assert "its code, `rules/northwind_rules.py`, lies in the repository" in refused(
        project, packages
    )


@pytest.mark.parametrize("linked", ["northwind_rules.py", "northwind_rules-1.0.dist-info"])
def test_a_link_into_the_repository_leads_there(
    project: Path, packages: Path, trap: str, linked: str
) -> None:
    (packages / "northwind_rules.py").write_text(trap)
    (packages / linked).rename(project / linked)
    (packages / linked).symlink_to(project / linked)
    assert f"`desk/{linked}`, lies in the repository" in refused(project, packages)


def test_the_same_name_in_the_repository_hides_nothing(
    project: Path, packages: Path, trap: str
) -> None:
    install(project / "lib", trap)
    assert check(project, RUNS, project / "lib", packages) == FOUND


def test_a_package_imports_nothing_from_the_repository(
    project: Path, packages: Path, trap: str
) -> None:
    (project / "northwind_words.py").write_text(trap)
    (packages / "northwind_rules.py").write_text("import northwind_words\n" + RULE)
    assert "ModuleNotFoundError" in refused(project, project, packages)


def test_a_virtual_environment_in_the_project_is_where_packages_are_installed(
    project: Path,
) -> None:
    venv.create(project / ".venv", symlinks=os.name != "nt")
    folder = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
    (site,) = (project / ".venv").glob(folder)
    ours = [*getsitepackages(), str(Path(__file__).parents[3])]
    (site / "ours.pth").write_text("\n".join(ours))
    install(site)
    python = project / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    assert check(project, RUNS, python=str(python)) == FOUND
    information = project / "northwind_rules-1.0.dist-info"
    (site / information.name).rename(information)
    (site / information.name).symlink_to(information)
    (found,) = findings(project, RUNS, python=str(python))
    assert f"`desk/{information.name}`, lies in the repository" in found["message"]
