"""Rules of an installed package: found by their entry point, run, and never by accident."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RULE = """
from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.rule import Rule, Words

SPEC = DiagnosticSpec("no-citrix", "suspicious", "`Citrix` is gone since spring", "name the new desktop")
RULES = [Rule("no-citrix", (Words(("citrix",)),), "northwind_rules")]


def check(context, prose):
    start = prose.written.lower().index("citrix")
    context.report(SPEC, prose.span(start, start + 6))
"""
FLOW = 'flow 1\n\n## Opens it.\nworkflow w {\n  steps { do "Open Citrix" }\n}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project beside an installed package with one rule."""
    packages = tmp_path / "packages"
    information = packages / "northwind_rules-1.0.dist-info"
    information.mkdir(parents=True)
    (packages / "northwind_rules.py").write_text(RULE, encoding="utf-8")
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: northwind-rules\nVersion: 1.0\n"
    )
    (information / "entry_points.txt").write_text(
        "[flowdsl.rules]\nnorthwind = northwind_rules:RULES\nbroken = northwind_rules:NOTHING\n"
    )
    (tmp_path / "w.flow").write_text(FLOW, encoding="utf-8")
    return tmp_path


def check(project: Path, lint: str) -> list[tuple[str, str, int]]:
    """Name, path and line of what `flowdsl check` finds."""
    (project / "flowdsl.toml").write_text(
        f'[project]\nname = "care"\nflows = ["*.flow"]\n{lint}', encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "flowdsl", "check", "--format", "json"],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project / "packages")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [
        (each["name"], each["path"], each["span"]["start"]["line"])
        for each in json.loads(done.stdout)["diagnostics"]
        if each["severity"] != "info"
    ]


def test_a_plugin_that_is_named_runs(project: Path) -> None:
    assert check(project, '[lint]\nplugins = ["northwind"]') == [("no-citrix", "w.flow", 5)]


def test_a_plugin_that_is_not_named_does_not_run(project: Path) -> None:
    assert check(project, "") == []


def test_its_rules_are_switched_off_and_suppressed_like_others(project: Path) -> None:
    assert check(project, '[lint]\nplugins = ["northwind"]\nignore = ["no-citrix"]') == []
    (project / "w.flow").write_text(FLOW.replace("Citrix", "Citrix {# flow: ignore[no-citrix] #}"))
    assert check(project, '[lint]\nplugins = ["northwind"]') == []


@pytest.mark.parametrize("name", ["northwnd", "broken"])
def test_a_plugin_without_rules_is_an_error_in_the_project_file(project: Path, name: str) -> None:
    assert check(project, f'[lint]\nplugins = ["{name}"]') == [
        ("unusable-plugin", "flowdsl.toml", 5)
    ]
