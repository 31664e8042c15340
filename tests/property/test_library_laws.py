"""A program means the same wherever its files lie: in the project, or in a library beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowdsl.codegen.artifacts import Bundle, render_plain_json
from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.config.load import load_project
from flowdsl.config.project import Project
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles, library_of
from tests.support.command_line import run_command, write_tree
from tests.support.effort import rows
from tests.support.flows.compiling import EXAMPLES, read_folder
from tests.support.rows import in_rows

PROJECTS = sorted(path.parent for path in EXAMPLES.glob("*/flowdsl.toml"))
OWN, SHARED = "flows/lib/", "@shared//"

Files = dict[str, str | bytes]


def moved(files: Files) -> Files:
    """The files with those of `flows/lib` in the library `shared`, and imported from there."""
    found: Files = {}
    for path, content in files.items():
        assert isinstance(content, bytes)
        text = content
        if path.endswith(".flow") and not path.startswith(OWN):
            text = content.replace(b'"./lib/', b'"@shared/')
        found[path.replace(OWN, SHARED)] = text
    assert any(path.startswith(SHARED) for path in found)
    return found


def project_of(files: Files) -> Project:
    content = files["flowdsl.toml"]
    assert isinstance(content, bytes)
    project = load_project(content.decode(), "flowdsl.toml", Sink())
    assert project is not None
    return project


def own_flows(files: Files) -> list[str]:
    """The flows that a check of the project starts from, without the shared ones in both cases."""
    return sorted(
        path
        for path in files
        if path.endswith(".flow") and not path.startswith(OWN) and library_of(path) is None
    )


def bundle_of(files: Files) -> Bundle:
    project = project_of(files)
    options = CompileOptions(project, project.environments["local"])
    bundle = compile_project(MemoryFiles(files), own_flows(files), options).bundle
    assert bundle is not None
    return bundle


def errors_in(files: Files) -> list[tuple[str, int, str]]:
    """The path, offset and words of each error."""
    analysis = analyze(MemoryFiles(files), own_flows(files), CompileOptions(project_of(files)))
    errors = (each for each in analysis.diagnostics if each.severity == "error")
    return [(each.span.path, each.span.start, each.message) for each in errors]


@in_rows("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_library_compiles_to_what_its_files_compile_to_in_the_project(folder: Path) -> None:
    files = read_folder(folder)
    here, there = bundle_of(files), bundle_of(moved(files))
    assert here.workflows
    assert [render_plain_json(each.payload) for each in here.workflows] == [
        render_plain_json(each.payload) for each in there.workflows
    ]
    assert [each.bodies for each in here.chains] == [each.bodies for each in there.chains]
    assert {key: each.content for key, each in here.images.items()} == {
        key: each.content for key, each in there.images.items()
    }


@in_rows("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_mistake_is_found_in_a_library_as_in_the_project(folder: Path) -> None:
    """A `do` of each shared flow names what nobody declares."""
    files = read_folder(folder)
    for path, content in files.items():
        if not (path.startswith(OWN) and path.endswith(".flow")):
            continue
        assert isinstance(content, bytes)
        broken, count = re.subn(rb'\bdo "(?!")', b'do "{nosuch} ', content, count=1)
        assert count == 1
        wrong = files | {path: broken}
        here, there = errors_in(wrong), errors_in(moved(wrong))
        assert [(at.replace(SHARED, OWN), start, said) for at, start, said in there] == here
        assert len(here) == 1


@pytest.mark.parametrize("folder", rows(PROJECTS, 0), ids=lambda folder: folder.name)
def test_the_tests_of_a_project_pass_with_its_tasks_in_a_library(
    folder: Path, tmp_path: Path
) -> None:
    """Also those for the tasks themselves, which are wrapped into workflows where they stand."""
    files = moved(read_folder(folder))
    content = files["flowdsl.toml"]
    assert isinstance(content, bytes)
    declared = content.replace(
        b"[project]\n", b'[project]\nlibraries = { shared = "../shared" }\n', 1
    )
    assert declared != content
    write_tree(tmp_path, {".git/HEAD": "", "desk/flowdsl.toml": declared})
    for path, each in files.items():
        if path != "flowdsl.toml":
            write_tree(tmp_path, {f"desk/{path}".replace("desk/@shared//", "shared/"): each})
    done = run_command(tmp_path / "desk", "test")
    before = run_command(folder, "test")
    assert done.code == before.code == 0, done.err
    assert done.text == before.text
