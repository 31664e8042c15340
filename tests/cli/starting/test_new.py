"""`flowdsl new`: a file that checks, or a refusal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.cli.commands.init.project import fill_template
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.decompile.naming import is_name
from flowdsl.format.formatter import format_source
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from tests.support.command_line import LOCAL_PROJECT, Result, read_tree, run_here, write_tree

ALONE = CompileOptions(whole=False)
"""A file that others may use."""

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,59}", fullmatch=True).filter(is_name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT})
    return tmp_path


def new(folder: Path, *words: str) -> Result:
    return run_here(folder, "new", *words)


@given(name=NAMES | st.sampled_from(["NAME", "TITLE", "TITLE_NAME", "step", "workflow", "_"]))
@pytest.mark.parametrize("kind", ["workflow", "task", "chain"])
def test_a_file_of_any_name_checks_and_is_laid_out(kind: str, name: str) -> None:
    text = fill_template(kind, name)
    compiled = compile_project(MemoryFiles({"a.flow": text}), ["a.flow"], ALONE)
    # A name may look like an access key, and the warning is right then.
    found = {each.name: each.message for each in compiled.analysis.diagnostics}
    assert found.keys() <= {"credential-in-literal"}, found
    assert not found or re.fullmatch(r"[A-Z0-9]{16,}", name)
    assert compiled.bundle is not None
    assert f" {name}" in text
    laid_out = format_source(SourceFile("a.flow", text))
    assert laid_out.text == text


@pytest.mark.parametrize(
    ("kind", "warned"), [("workflow", False), ("task", True), ("chain", False)]
)
def test_the_file_stands_where_the_flows_are(project: Path, kind: str, warned: bool) -> None:
    done = new(project, kind, "first")
    assert (done.code, done.text) == (0, "flows/first.flow\n")
    found = run_here(project, "check", "--fail-on", "info")
    assert found.code == int(warned)
    assert ("unused-task" in found.text) == warned == ("`check` warns" in done.err)
    assert run_here(project, "check").code == 0
    assert run_here(project, "fmt", "--check").code == 0


def test_all_of_them_deploy(project: Path) -> None:
    for kind in ("workflow", "task", "chain"):
        assert new(project, kind, kind + "_1").code == 0
    done = run_here(project, "deploy", "--yes")
    assert done.code == 0
    assert "3 created" in done.err + done.text


def test_from_a_folder_below_the_same_place_is_meant(project: Path) -> None:
    (project / "flows/lib").mkdir(parents=True)
    assert new(project / "flows/lib", "task", "sign_in").text == "../sign_in.flow\n"
    assert new(project / "flows/lib", "task", "sign_out", "-o", ".").text == "sign_out.flow\n"
    assert set(read_tree(project / "flows")) == {"sign_in.flow", "lib/sign_out.flow"}


def test_the_folder_follows_from_the_globs(tmp_path: Path) -> None:
    text = LOCAL_PROJECT.replace('id = "prj_1"', 'id = "prj_1"\nflows = ["desk/north/*.flow"]')
    write_tree(tmp_path, {"flowdsl.toml": text})
    assert new(tmp_path, "workflow", "a").text == "desk/north/a.flow\n"
    done = new(tmp_path, "workflow", "b", "-o", "desk")
    assert (done.code, done.out) == (64, b"")
    assert "finds nothing in `desk`" in done.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("workflow", "intake"), 6, "`flows/intake.flow` exists already"),
        (("task", "intake"), 6, "`flows/intake.flow` exists already"),
        (("workflow", "other"), 6, "the project has `other` already"),
        (("workflow", "OTHER"), 6, "the project has `OTHER` already"),
        (("chain", "month"), 6, "the project has `month_find` already"),
        (("workflow", "a-b"), 64, "`a-b` cannot be the name of a workflow"),
        (("chain", "1a"), 64, "`1a` cannot be the name of a chain"),
        (("task", "true"), 64, "`true` cannot be the name of a task"),
        (("task", "con"), 64, "`con` cannot be the name of a task"),
        (("task", "a/b"), 64, "`a/b` cannot be the name of a task"),
        (("task", "x" * 61), 64, "cannot be the name of a task"),
        (("step", "a"), 64, "invalid choice: 'step'"),
        (("workflow",), 64, "the following arguments are required: NAME"),
    ],
)
def test_what_cannot_be_made_is_refused(
    project: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    flow, other = fill_template("workflow", "other"), fill_template("workflow", "month_find")
    flow += other.removeprefix("flow 1\n")
    write_tree(project, {"flows/intake.flow": flow})
    before = read_tree(project)
    done = new(project, *words)
    assert (done.code, done.out) == (code, b"")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert read_tree(project) == before


def test_a_project_file_with_mistakes_is_shown(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": "[project]\n"})
    done = new(tmp_path, "workflow", "a")
    assert (done.code, done.out) == (3, b"")
    assert "missing-config-key" in done.err
    assert set(read_tree(tmp_path)) == {"flowdsl.toml"}
