"""`flowdsl check --fix`: what is written, what is only shown, and what is left alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from flowdsl.cli.commands.check import fixes
from flowdsl.cli.commands.check.fixes import fix_findings, hand_over
from flowdsl.cli.commands.check.view import Shown
from flowdsl.cli.runtime.console import CommandError
from flowdsl.cli.runtime.target import open_target
from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Edit, Fix
from flowdsl.diagnostics.findings import Findings
from flowdsl.host.writing import ChangedFile, write_files
from flowdsl.source.text import SourceFile, Span
from tests.support.command_line import read_tree, run_here, write_tree

PROJECT = '[project]\nname = "care"\nflows = ["flows/*.flow"]\n'
LIBRARY = "flow 1\n## An id of the practice.\ntype id = string\n## A name.\ntype name = string\n"
MESSY = """\
flow 1
import { id, name } from "./lib.flow"

## Looks up a patient.
workflow look_up {
  inputs { patient_id: id  ## as in the EHR – 日本 \t
  }
  steps { do "Search for {patient_id}." }
}
"""
TIDY = MESSY.replace("id, name", "id")
SLOW = "flow 1\nworkflow slow { steps { wait 1s } }\n"
OTHER = MESSY.replace("look_up", "find")
MISSPELT = TIDY.replace("{patient_id}", "{patient_ix}").replace("look_up", "search")


def project(root: Path, **flows: str | bytes) -> None:
    files: dict[str, str | bytes] = {"flowdsl.toml": PROJECT, "flows/lib.flow": LIBRARY}
    files |= {f"flows/{name}.flow": text for name, text in flows.items()}
    # Something in the project names `name`, so that only the import is unused.
    files["flows/z.flow"] = (
        TIDY.replace("look_up", "z").replace("id }", "name }").replace(": id ", ": name ")
    )
    write_tree(root, files)


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def test_safe_fixes_are_written(tmp_path: Path) -> None:
    project(tmp_path, a=MESSY, b=OTHER)
    before = read_tree(tmp_path)
    result = run_here(tmp_path, "check", "--fix", "--fail-on", "info")
    assert (result.code, result.text) == (0, "no problems in 4 files\n")
    assert result.err == "fixed 2 findings in 2 files\n"
    changed = {
        "flows/a.flow": TIDY.encode(),
        "flows/b.flow": OTHER.replace("id, name", "id").encode(),
    }
    assert read_tree(tmp_path) == before | changed
    again = run_here(tmp_path, "check", "--fix")
    assert (again.code, again.err) == (0, "")


@pytest.mark.parametrize(
    "written", [crlf(MESSY), "\ufeff" + MESSY, "\ufeff" + crlf(MESSY), MESSY[:-1]]
)
def test_bytes_outside_the_edits_stay(tmp_path: Path, written: str) -> None:
    project(tmp_path, a=written)
    assert run_here(tmp_path, "check", "--fix").code == 0
    assert (tmp_path / "flows/a.flow").read_bytes() == written.replace("id, name", "id").encode()


@pytest.mark.skipif(os.name != "posix", reason="permission bits and links are those of POSIX")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    project(tmp_path, a=MESSY, real=OTHER)
    (tmp_path / "flows/a.flow").chmod(0o750)
    (tmp_path / "flows/real.flow").rename(tmp_path / "real.txt")
    (tmp_path / "flows/linked.flow").symlink_to(tmp_path / "real.txt")
    result = run_here(tmp_path, "check", "flows/a.flow", "flows/linked.flow", "--fix")
    assert result.err == "fixed 2 findings in 2 files\n"
    assert (tmp_path / "flows/a.flow").stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "flows/linked.flow").is_symlink()
    assert "id, name" not in (tmp_path / "real.txt").read_text()
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    project(tmp_path / "p")
    write_tree(tmp_path, {"outside.flow": MESSY})
    (tmp_path / "p/flows/a.flow").symlink_to(tmp_path / "outside.flow")
    result = run_here(tmp_path / "p", "check", "flows/a.flow", "--fix")
    assert result.code == 1
    assert "leads out of the project" in result.text
    assert (tmp_path / "outside.flow").read_text() == MESSY


def test_unsafe_fixes_only_when_asked_for(tmp_path: Path) -> None:
    project(tmp_path, a=MISSPELT)
    result = run_here(tmp_path, "check", "--fix")
    assert (result.code, result.err) == (1, "")
    assert "error[undeclared-name]" in result.text
    assert (tmp_path / "flows/a.flow").read_text() == MISSPELT
    result = run_here(tmp_path, "check", "--fix", "--unsafe-fixes")
    assert (result.code, result.text) == (0, "no problems in 3 files\n")
    mended = MISSPELT.replace("{patient_ix}", "{patient_id}")
    assert (tmp_path / "flows/a.flow").read_text() == mended


def test_what_one_fix_uncovers_another_mends(tmp_path: Path) -> None:
    text = MESSY.removeprefix("flow 1\n")
    project(tmp_path, a=text)
    assert "missing" in run_here(tmp_path, "check", "--format", "terse").text
    result = run_here(tmp_path, "check", "--fix", "--fail-on", "info")
    assert (result.code, result.err) == (0, "fixed 2 findings in 1 file\n")
    assert (tmp_path / "flows/a.flow").read_text() == TIDY


@pytest.mark.parametrize("words", [["--diff"], ["--fix", "--diff"]])
def test_a_difference_is_shown_and_nothing_written(tmp_path: Path, words: list[str]) -> None:
    project(tmp_path, a=crlf(MESSY), b=MISSPELT)
    before = read_tree(tmp_path)
    result = run_here(tmp_path / "flows", "check", *words)
    assert result.code == 1
    assert result.out == (
        b"--- a.flow\n+++ a.flow\n@@ -1,5 +1,5 @@\n flow 1\r\n"
        b'-import { id, name } from "./lib.flow"\r\n'
        b'+import { id } from "./lib.flow"\r\n'
        b" \r\n ## Looks up a patient.\r\n workflow look_up {\r\n"
    )
    assert result.err.startswith("would fix 1 finding in 1 file\nerror[undeclared-name]")
    assert "unused-import" not in result.err
    assert read_tree(tmp_path) == before
    both = run_here(tmp_path, "check", *words, "--unsafe-fixes")
    assert "+++ flows/b.flow\n" in both.text
    # Nothing is mended on the disk.
    assert both.code == 1
    assert "no problems in 4 files" in both.err


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs `patch`")
@pytest.mark.parametrize(
    "written",
    [MESSY, crlf(MESSY), "\ufeff" + MESSY, 'import { id, name } from "./lib.flow"\ntype x = id'],
)
def test_the_difference_is_a_patch(tmp_path: Path, written: str) -> None:
    project(tmp_path, a=written)
    difference = run_here(tmp_path, "check", "--diff").out
    assert difference
    subprocess.run(
        ["patch", "-p0", "--binary", "--silent"],
        input=difference,
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    patched = (tmp_path / "flows/a.flow").read_bytes()
    (tmp_path / "flows/a.flow").write_bytes(written.encode())
    run_here(tmp_path, "check", "--fix")
    assert (tmp_path / "flows/a.flow").read_bytes() == patched != written.encode()


@pytest.mark.parametrize("written", [MESSY, crlf(MESSY), "\ufeff" + MESSY])
def test_a_buffer_is_printed_fixed(tmp_path: Path, written: str) -> None:
    project(tmp_path, a="flow 1\n")
    before = read_tree(tmp_path)
    words = ("check", "-", "--stdin-filename", "flows/a.flow", "--fix")
    result = run_here(tmp_path, *words, stdin=written.encode())
    assert result.code == 0
    assert result.out == written.replace("id, name", "id").encode()
    assert result.err == "fixed 1 finding in 1 file\nno problems in 2 files\n"
    assert run_here(tmp_path, *words, stdin=TIDY.encode()).out == TIDY.encode()
    shown = run_here(tmp_path, *words, "--diff", stdin=MESSY.encode())
    assert shown.text.startswith("--- flows/a.flow\n+++ flows/a.flow\n@@")
    assert read_tree(tmp_path) == before


@pytest.mark.parametrize("written", [b"\xff\xfe", b"flow 1\nworkflow {"])
def test_a_buffer_that_cannot_be_fixed_is_printed_as_it_came(
    tmp_path: Path, written: bytes
) -> None:
    result = run_here(tmp_path, "check", "-", "--fix", stdin=written)
    assert (result.code, result.out) == (1, written)
    assert result.err.startswith("error[")


def test_a_buffer_survives_a_broken_project_file(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": "x ="})
    result = run_here(tmp_path, "check", "-", "--fix", stdin=MESSY.encode())
    assert (result.code, result.text) == (1, MESSY)
    assert "error[" in result.err
    assert run_here(tmp_path, "check", "-", "--diff", stdin=MESSY.encode()).out == b""


def test_fixes_of_a_buffer_do_not_reach_other_files(tmp_path: Path) -> None:
    project(tmp_path, a="flow 1\n")
    broken = LIBRARY.removeprefix("flow 1\n")
    write_tree(tmp_path, {"flows/lib.flow": broken})
    words = ("check", "-", "--stdin-filename", "flows/a.flow", "--fix")
    result = run_here(tmp_path, *words, stdin=MESSY.encode())
    assert result.code == 1
    assert (tmp_path / "flows/lib.flow").read_text() == broken


def everything(findings: Findings) -> Shown:
    return Shown(findings.diagnostics, findings.paths)


def invented(fix: Callable[[Span], Fix]) -> Callable[[Findings], Shown]:
    """Hears one finding about the whole of the first file, with the fix that is given."""

    def select(findings: Findings) -> Shown:
        source = min((found.span.source for found in findings.diagnostics), key=lambda s: s.path)
        span = Span(source, 0, len(source.text))
        spec = DiagnosticSpec("invented", "style", "m")
        found = Diagnostic(spec, span, "m", fixes=(fix(span),))
        return Shown([found], findings.paths)

    return select


class Quiet:
    """A console that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def err(self, text: str) -> None:
        self.said.append(text)


def test_a_fix_that_breaks_a_file_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"a.flow": SLOW})
    before = read_tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    target = open_target(["a.flow"])
    select = invented(lambda span: Fix("break it", (Edit(span, "flow 1\nworkflow {"),), "safe"))
    fixed = fix_findings(target, target.options(None), select, unsafe=False)
    assert (fixed.contents, fixed.count, fixed.broken) == ({}, 0, ("a.flow",))
    console = Quiet()
    hand_over(fixed, target, console, str, diff=False)  # type: ignore[arg-type]
    assert console.said == [
        "note: the last fixes of `a.flow` are taken back, for they break it; please report this"
    ]
    assert read_tree(tmp_path) == before


def test_fixes_that_go_round_in_circles_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"a.flow": SLOW})
    monkeypatch.chdir(tmp_path)
    target = open_target(["a.flow"])
    select = invented(lambda span: Fix("add", (Edit(span, span.text + "# x\n"),), "safe"))
    fixed = fix_findings(target, target.options(None), select, unsafe=False)
    assert fixed.count == fixes.ROUNDS
    assert fixed.contents["a.flow"] == SLOW.encode() + b"# x\n" * fixes.ROUNDS


def test_the_project_file_is_not_fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, a=TIDY)
    monkeypatch.chdir(tmp_path)
    target = open_target([])
    toml = SourceFile("flowdsl.toml", PROJECT)

    def select(findings: Findings) -> Shown:
        spec = DiagnosticSpec("invented", "style", "m")
        fix = Fix("t", (Edit(Span(toml, 0, 0), "# x\n"),), "safe")
        return Shown([Diagnostic(spec, Span(toml, 0, 0), "m", fixes=(fix,))], [])

    fixed = fix_findings(target, target.options(None), select, unsafe=True)
    assert (fixed.contents, fixed.count) == ({}, 0)


def test_a_file_that_changes_meanwhile_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, a=MESSY, b=OTHER)
    monkeypatch.chdir(tmp_path)
    target = open_target([])
    fixed = fix_findings(target, target.options(None), everything, unsafe=False)
    assert len(fixed.contents) == 2
    (tmp_path / "flows/b.flow").write_text(OTHER + "# saved by somebody\n")
    before = read_tree(tmp_path)
    with pytest.raises(CommandError, match=r"b\.flow` changed during the check") as caught:
        hand_over(fixed, target, Quiet(), str, diff=False)  # type: ignore[arg-type]
    assert caught.value.code == 6
    assert read_tree(tmp_path) == before


def test_a_file_that_changes_before_it_is_fixed_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, a=MESSY)
    monkeypatch.chdir(tmp_path)
    target = open_target([])

    def saving(findings: Findings) -> Shown:
        (tmp_path / "flows/a.flow").write_text(MESSY + "# saved by somebody\n")
        return everything(findings)

    with pytest.raises(CommandError, match=r"a\.flow` changed during the check"):
        fix_findings(target, target.options(None), saving, unsafe=False)


def test_writing_compares_with_what_is_expected(tmp_path: Path) -> None:
    root, one, two = str(tmp_path), str(tmp_path / "one"), str(tmp_path / "two")
    write_files({one: b"1", two: b"2"}, below=root)
    with pytest.raises(ChangedFile):
        write_files({one: b"x", two: b"x"}, below=root, expected={one: b"1", two: b"?"})
    with pytest.raises(ChangedFile):
        gone = {one: b"1", str(tmp_path / "gone"): b""}
        write_files({one: b"x", two + "/": b"x"}, below=root, expected=gone)
    assert read_tree(tmp_path) == {"one": b"1", "two": b"2"}
    write_files({one: b"x", two: b"y"}, below=root, expected={one: b"1", two: b"2"})
    assert read_tree(tmp_path) == {"one": b"x", "two": b"y"}


def test_a_name_that_one_other_file_declares_is_imported(tmp_path: Path) -> None:
    signing = '## Signs in.\ntask sign_in(day: string) { do "Sign in for {day}." }\n'
    flow = "## Opens it.\nworkflow open { inputs { d: string } steps { call sign_in(day: d) } }\n"
    project(tmp_path, signing=f"flow 1\n{signing}", open=f"# Ours.\nflow 1\n{flow}")
    found = run_here(tmp_path, "check")
    assert b'write `import { sign_in } from "./signing.flow"` below `flow 1`' in found.out
    assert b"unused-task" not in found.out
    assert run_here(tmp_path, "check", "--fix", "--unsafe-fixes").code == 0
    fixed = read_tree(tmp_path)["flows/open.flow"]
    assert fixed == f'# Ours.\nflow 1\nimport {{ sign_in }} from "./signing.flow"\n{flow}'.encode()

    # Two files may be meant, and one that imports this file could not be imported.
    both = {"flows/open.flow": f"flow 1\n{flow}", "flows/again.flow": f"flow 1\n{signing}"}
    write_tree(tmp_path, both)
    assert (
        b", or import it from another file that declares it"
        in run_here(tmp_path, "check", "flows/open.flow").out
    )
    assert run_here(tmp_path, "check", "--fix", "--unsafe-fixes", "flows/open.flow").code == 1
    back = 'flow 1\nimport { open } from "./open.flow"\n'
    write_tree(tmp_path, {"flows/again.flow": "flow 1\n", "flows/signing.flow": back + signing})
    assert b"another file declares" not in run_here(tmp_path, "check").out
