"""The index of a compilation: the files of `compile`, and what `plan` and `deploy` are told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flowdsl.cli.runtime import target
from flowdsl.compiler import pipeline
from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.explain.page import PICTURE
from flowdsl.host.disk import DiskFiles
from flowdsl.incremental.compiling import compile_with_index
from flowdsl.incremental.index import Request
from flowdsl.source.failure import ChangedSources
from tests.support.command_line import run_here, write_tree

PROJECT = """
[project]
name = "care"
id = "prj_1dec0000"
flows = ["flows/*.flow"]

[env.local]
api = "local"
vars = { site = "North" }

[env.other]
api = "local"
vars = { site = "East" }
"""
FLOW = """flow 1

workflow open_{name} {{
  title = "Open {name}"
  steps {{ do "Open the chart {{env.site}}." }}
}}
"""
CACHE = ".flowdsl/cache"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(target, "INDEX_FROM", 4)
    flows = {f"flows/f{at}.flow": FLOW.format(name=f"f{at}") for at in range(4)}
    flows["flows/chain.flow"] = (
        'flow 1\nimport { open_f0 } from "./f0.flow"\nchain all { step one = run open_f0() }\n'
    )
    write_tree(tmp_path / "care", {"flowdsl.toml": PROJECT, **flows})
    for path in flows:
        os.utime(tmp_path / "care" / path, (1_000_000_000, 1_000_000_000))
    return tmp_path / "care"


def run(project: Path, *words: str, ci: bool = False) -> tuple[int, bytes, bytes]:
    """A command with the index, or without one as in a build."""
    cache = str(project.parent / "cache")
    found = run_here(project, *words, CI="true" if ci else "", XDG_CACHE_HOME=cache)
    return found.code, found.out, found.err


def read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of files that the pipeline was given from now on."""
    sizes: list[int] = []
    before = pipeline.analyze

    def analyze(files: object, entries: list[str], *more: object) -> object:
        sizes.append(len(entries))
        return before(files, entries, *more)  # type: ignore[arg-type]

    monkeypatch.setattr("flowdsl.compiler.pipeline.analyze", analyze)
    monkeypatch.setattr("flowdsl.incremental.work.analyze", analyze)
    return sizes


def both(project: Path, *words: str) -> tuple[int, bytes, bytes]:
    """A command with the index, which says what it says without one."""
    found = run(project, *words)
    assert found == run(project, *words, ci=True)
    return found


def test_files_are_those_of_a_compilation_without_an_index(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = project / "build/flowdsl"
    assert run(project, "compile", "--env", "local", ci=True)[0] == 0
    wanted = read(out)
    assert not (project / CACHE).exists()
    shutil.rmtree(out)
    assert run(project, "compile", "--env", "local")[0] == 0
    sizes = counted(monkeypatch)
    edits: list[Callable[[], object]] = [
        lambda: None,
        lambda: shutil.rmtree(out),
        lambda: (out / "open_f1/prompt.md").write_text("by hand"),
        lambda: (out / "open_f2/payload.json").unlink(),
        lambda: os.utime(out / "open_f3/prompt.md"),
    ]
    for edit in edits:
        edit()
        assert run(project, "compile", "--env", "local")[0] == 0
        assert read(out) == wanted
    assert sizes == [], "nothing is looked at again"


def test_what_has_not_changed_is_not_written_again(project: Path) -> None:
    run(project, "compile", "--env", "local")
    files = sorted((project / "build/flowdsl").rglob("*.*"))
    before = [path.stat().st_ino for path in files]
    run(project, "compile", "--env", "local")
    assert [path.stat().st_ino for path in files] == before
    (project / "flows/f1.flow").write_text(FLOW.format(name="f1").replace("chart", "ledger"))
    run(project, "compile", "--env", "local")
    changed = {
        path.parent.name
        for path, old in zip(files, before, strict=True)
        if path.stat().st_ino != old
    }
    assert changed == {"open_f1"}


def test_environments_folders_and_statistics_have_their_own(project: Path) -> None:
    both(project, "compile", "--env", "local", "--stats")
    both(project, "compile", "--env", "other", "--stats", "--json")
    run(project, "compile", "--env", "other", "-o", "x")
    run(project, "compile", "--env", "local", "-o", "y")
    run(project, "compile", "--env", "local", "-o", "z", ci=True)
    assert b"chart East" in read(project / "x")["open_f1/prompt.md"]
    assert read(project / "y") == read(project / "z")
    (project / "flowdsl.toml").write_text(PROJECT.replace("North", "South"))
    run(project, "compile", "--env", "local", "-o", "y")
    assert b"chart South" in read(project / "y")["open_f1/prompt.md"]


def test_a_plan_and_a_deploy_make_nothing_anew(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(project, "deploy", "-e", "local", "--yes")[0] == 0
    sizes = counted(monkeypatch)
    for words in (["plan", "--detailed-exitcode"], ["diff", "--json"], ["deploy", "--yes"]):
        assert run(project, *words, "-e", "local")[0] == 0
    assert sizes == []
    assert both(project, "diff", "-e", "local", "--json")
    flow = project / "flows/f1.flow"
    status = flow.stat()
    flow.write_text(flow.read_text().replace("chart", "light"))
    os.utime(flow, ns=(status.st_atime_ns, status.st_mtime_ns))
    sizes.clear()
    assert run(project, "plan", "-e", "local", "--detailed-exitcode")[0] == 2
    assert sizes == [1]
    run(project, "deploy", "-e", "local", "--yes")
    assert run(project, "plan", "-e", "local", "--detailed-exitcode", ci=True)[0] == 0


def test_flows_that_get_an_error_while_they_are_compiled_give_no_part_of_a_bundle(
    tmp_path: Path,
) -> None:
    head = 'flow 1\nworkflow w { steps { do "x" '
    write_tree(
        tmp_path,
        {
            "a.flow": head + 'image "./p.png" shows "x" } }\n',
            "b.flow": head.replace("w {", "v {", 1) + "} }",
        },
    )
    (tmp_path / "p.png").write_bytes(PICTURE)
    files, entries, secret = DiskFiles(str(tmp_path)), ["a.flow", "b.flow"], b"s" * 32
    request = Request(str(tmp_path), files, entries, "", CompileOptions, 0, secret)
    compiled = compile_with_index(request, {})
    assert compiled.made is not None
    (tmp_path / "p.png").unlink()
    with pytest.raises(ChangedSources, match="have errors now"):
        compiled.load(None)


def test_pictures_of_tasks_that_nothing_calls_are_in_a_bundle_as_without_an_index(
    tmp_path: Path,
) -> None:
    task = 'task t() { image "./p.png" shows "x" }\n'
    write_tree(tmp_path, {"a.flow": f'flow 1\n{task}workflow w {{ steps {{ do "x" }} }}\n'})
    (tmp_path / "p.png").write_bytes(PICTURE)
    files, entries = DiskFiles(str(tmp_path)), ["a.flow"]
    request = Request(str(tmp_path), files, entries, "", CompileOptions, 0, b"s" * 32)
    wanted = pipeline.compile_project(files, entries, CompileOptions()).bundle
    assert wanted is not None and wanted.images
    assert compile_with_index(request, {}).load(None).images.keys() == wanted.images.keys()


@pytest.mark.skipif(os.name != "posix", reason="symbolic links of POSIX")
def test_links_are_refused_as_without_an_index(project: Path) -> None:
    run(project, "compile", "--env", "local")
    (project / "build").rename(project / "elsewhere")
    (project / "build").symlink_to("elsewhere")
    assert both(project, "compile", "--env", "local")[0] != 0
