"""Every page has an example in which its diagnostic is found, and one in which nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowdsl import catalog
from flowdsl.cli.runtime.target import open_target
from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import INFO, Diagnostic
from flowdsl.explain.page import PAGES, page_of
from tests.support.rows import check_rows

NAMES = list(catalog.diagnostics())
UNREACHABLE = {"unreadable-project-file", "unreadable-file", "toml-too-deep"}
"""Diagnostics whose cause no text on a page can show: bytes, permissions, a thousand brackets."""


def findings(
    files: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Diagnostic]:
    """What `flowdsl check` finds in the files of an example, with its project file if any.

    They are those of a git work tree, in which libraries lie.
    """
    (folder / ".git").mkdir(parents=True)
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    monkeypatch.chdir(folder)
    flows = sorted(path for path in files if path.endswith(".flow"))
    target = open_target(flows if flows else [str(folder / "flowdsl.toml")], None)
    if target.problems:
        return list(target.problems)
    options = CompileOptions(target.project)
    return list(analyze(target.files, target.entries, options).diagnostics)


def test_every_diagnostic_has_a_page_and_every_page_a_diagnostic() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(NAMES)


def test_the_wrong_example_has_its_diagnostic_and_no_other_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(name: str) -> None:
        found = findings(page_of(name).wrong, tmp_path / name, monkeypatch)
        assert name in {each.name for each in found}
        others = [
            (each.name, each.message)
            for each in found
            if each.name != name and each.severity != INFO
        ]
        assert others == []

    check_rows([name for name in NAMES if name not in UNREACHABLE], check)


def test_the_right_example_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(name: str) -> None:
        page = page_of(name)
        if name not in UNREACHABLE:
            assert page.right
        found = findings(page.right, tmp_path / name, monkeypatch) if page.right else []
        assert [
            (each.name, each.message)
            for each in found
            if each.name == name or each.severity != INFO
        ] == []

    check_rows(NAMES, check)
