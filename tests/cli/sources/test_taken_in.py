"""Files on the command line that are no flows.

Those that a workflow takes in mean it, all others are refused, and none is edited.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.cli.commands.check.fixes import fix_findings
from flowdsl.cli.commands.check.view import Shown
from flowdsl.cli.runtime import target as target_module
from flowdsl.cli.runtime.target import open_target
from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Edit, Fix
from flowdsl.diagnostics.findings import Findings
from flowdsl.semantics.names.files import find_files_taken_in
from flowdsl.source.text import SourceFile, Span
from tests.support.command_line import read_tree, run_here, write_tree
from tests.support.effort import examples

PROJECT = '[project]\nname = "care"\nflows = ["flows/*.flow"]\n'
INTAKE = """\
flow 1

## Takes a patient in.
workflow intake {
  inputs from "../parts/intake.input.json"
  prompt from "../parts/intake.prompt.md"
}
"""
OTHER = """\
flow 1

## Opens the ledger.
workflow ledger { steps { do "Open the ledger." } }
"""
SCHEMA = '{"type": "object", "properties": {"mrn": {"type": "string"}}, "required": ["mrn"]}\n'
PROMPT = "Type {mrn} into Chart Search.\n"
MISSPELT = PROMPT.replace("mrn", "mnr")
FILES = {
    "flowdsl.toml": PROJECT,
    "flows/intake.flow": INTAKE,
    "flows/ledger.flow": OTHER.replace("ledger.", "{ledger}."),
    "parts/intake.input.json": SCHEMA,
    "parts/intake.prompt.md": PROMPT,
    "README.md": "# Care\n",
}
"""The ledger is broken, so that a check of it shows."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_tree(tmp_path, dict(FILES))
    return tmp_path


@pytest.mark.parametrize("words", [["check"], ["check", "--fix"], ["check", "--fix", "--diff"]])
@pytest.mark.parametrize("named", ["parts/intake.prompt.md", "parts/intake.input.json"])
def test_a_file_that_a_workflow_takes_in_means_the_workflow(
    project: Path, words: list[str], named: str
) -> None:
    result = run_here(project, *words, named)
    assert (result.code, result.text + result.err) == (0, "no problems in 1 file\n")
    (project / "parts/intake.prompt.md").write_text(MISSPELT)
    found = run_here(project, *words, named, "--format", "terse")
    shown = found.err if "--diff" in words else found.text
    assert shown.startswith("parts/intake.prompt.md:1:6: ")
    assert "ledger" not in shown
    expected = FILES | {"parts/intake.prompt.md": MISSPELT}
    assert read_tree(project) == {path: text.encode() for path, text in expected.items()}


@pytest.mark.parametrize("words", [["check"], ["check", "--fix"], ["compile", "-o", "out"]])
@pytest.mark.parametrize(
    "named",
    [
        ["README.md"],
        ["flows/intake.flow", "README.md"],
        ["parts/intake.prompt.md", "README.md"],
        ["flows/UPPER.FLOW"],
        ["flowdsl.toml"],
        ["drafts/note.json"],
    ],
)
def test_any_other_file_is_refused_by_its_name(
    project: Path, words: list[str], named: list[str]
) -> None:
    write_tree(project, {"flows/UPPER.FLOW": OTHER, "drafts/note.json": "{}"})
    before = read_tree(project)
    result = run_here(project, *words, *named)
    assert (result.code, result.text) == (64, "")
    assert f"`{named[-1]}`" in result.err and "`.flow` files" in result.err
    assert result.err.count("\n") == 1
    assert read_tree(project) == before


@pytest.mark.parametrize("words", [[], ["--check"], ["--diff"]])
@pytest.mark.parametrize("named", ["parts/intake.prompt.md", "README.md", "flows/UPPER.FLOW"])
def test_nothing_but_flows_is_laid_out(project: Path, words: list[str], named: str) -> None:
    write_tree(project, {"flows/UPPER.FLOW": OTHER.replace("  ", "")})
    before = read_tree(project)
    result = run_here(project, "fmt", *words, "flows/ledger.flow", named)
    assert (result.code, result.text) == (64, "")
    assert f"`{named}`" in result.err
    assert read_tree(project) == before
    buffer = run_here(project, "fmt", "-", "--stdin-filename", named, *words, stdin=b"# a\r\n")
    assert (buffer.code, buffer.out) == (64, b"" if words else b"# a\r\n")


@pytest.mark.parametrize("glob", ["parts/*", "parts/*.md", "**/*.md"])
def test_a_glob_means_the_flows_and_what_they_take_in(project: Path, glob: str) -> None:
    before = read_tree(project)
    result = run_here(project, "check", "--fix", glob)
    assert (result.code, result.text) == (0, "no problems in 1 file\n")
    assert run_here(project, "check", "*.md").code == 64
    assert read_tree(project) == before


def test_globs_of_the_project_file_mean_flows_alone(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "flowdsl.toml": PROJECT.replace("flows/*.flow", "flows/**"),
            "flows/a.flow": OTHER,
            "flows/a.md": PROMPT,
        },
    )
    assert run_here(tmp_path, "check", "--fix").text == "no problems in 1 file\n"
    assert (tmp_path / "flows/a.md").read_text() == PROMPT
    assert run_here(tmp_path, "fmt", "--check").err.endswith("1 file would be reformatted\n")
    (tmp_path / "flowdsl.toml").write_text(PROJECT.replace("*.flow", "a.md"))
    refused = run_here(tmp_path, "check", "--fix")
    assert (refused.code, "`flows/a.md` is no flow" in refused.err) == (64, True)


def test_two_workflows_and_who_imports_them_are_checked(project: Path) -> None:
    second = INTAKE.replace("workflow intake", "workflow second")
    chain = (
        'flow 1\nimport { second } from "./second.flow"\nchain all { step a = run second(mr: '
        '"1") }\n'
    )
    write_tree(project, {"flows/second.flow": second, "flows/chain.flow": chain})
    result = run_here(project, "check", "parts/intake.input.json", "--format", "terse")
    assert "flows/chain.flow:3:" in result.text and "ledger" not in result.text
    (project / "parts/intake.input.json").write_text("{")
    broken = run_here(project, "check", "parts/intake.input.json", "--format", "terse")
    assert broken.text.count("malformed-schema-file") == 2


def test_a_picture_of_a_library_that_no_glob_names(project: Path) -> None:
    library = 'flow 1\n## Opens it.\ntask open() { image "./icon.png" do "Open it." }\n'
    flow = (
        'flow 1\nimport { open } from "../lib/open.flow"\n## Opens.\nworkflow w { steps { call '
        "open() } }\n"
    )
    write_tree(project, {"lib/open.flow": library, "lib/icon.png": b"GIF", "flows/w.flow": flow})
    result = run_here(project, "check", "lib/icon.png", "--format", "terse")
    assert (result.code, "error not-an-image" in result.text) == (1, True)


def test_words_that_look_like_a_use_are_none(tmp_path: Path) -> None:
    text = OTHER.replace('"Open the ledger."', '"prompt from \\"a.md\\"" # prompt from "a.md"\n')
    write_tree(tmp_path, {"a.flow": text, "a.md": PROMPT})
    assert run_here(tmp_path, "check", "a.md").code == 64


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
def test_the_text_of_a_const_leads_to_the_flows_that_use_it() -> None:
    flow = """flow 1
const words from "../parts/words.md"
const from from   # a comment
  "./b.txt"
workflow w { steps { extract x: string from "./screen.md" copy y from "./z.md" } }
"""
    assert find_files_taken_in("flows/a.flow", flow) == ("flows/b.txt", "parts/words.md")


def test_a_file_that_is_taken_in_by_a_link(project: Path) -> None:
    prompt = project / "parts/intake.prompt.md"
    prompt.rename(project / "shared.md")
    prompt.symlink_to("../shared.md")
    assert run_here(project, "check", "shared.md").text == "no problems in 1 file\n"
    words = ("check", "-", "--stdin-filename", "shared.md", "--format", "terse")
    result = run_here(project, *words, stdin=MISSPELT.encode())
    assert (result.code, result.text.startswith("shared.md:1:6: ")) == (1, True)
    (project / "link.md").symlink_to("flows/ledger.flow")
    assert run_here(project, "check", "--fix", "link.md").code == 64


def test_a_file_of_another_place(project: Path) -> None:
    write_tree(project.parent, {"outside.md": PROMPT})
    alone = run_here(project, "check", "../outside.md")
    assert (alone.code, "`../outside.md` is no flow" in alone.err) == (64, True)
    both = run_here(project, "check", "flows/intake.flow", "../outside.md")
    assert (both.code, "is outside" in both.err) == (64, True)


def test_without_a_project_the_flows_beside_a_file_and_those_named_count(tmp_path: Path) -> None:
    beside = INTAKE.replace("../parts/", "./")
    write_tree(tmp_path, {"p/a.flow": beside, "p/intake.prompt.md": MISSPELT})
    write_tree(tmp_path, {"p/intake.input.json": SCHEMA, "q/b.flow": OTHER})
    result = run_here(tmp_path, "check", "p/intake.prompt.md", "--format", "terse")
    assert (result.code, result.text.startswith("p/intake.prompt.md:1:6: ")) == (1, True)
    far = INTAKE.replace("../parts/", "../p/").replace("intake {", "far {")
    write_tree(tmp_path, {"r/c.flow": far})
    (tmp_path / "p/a.flow").unlink()
    assert run_here(tmp_path, "check", "p/intake.prompt.md").code == 64
    assert run_here(tmp_path, "check", "p/intake.prompt.md", "r/c.flow").code == 1


@pytest.mark.parametrize("fix", [[], ["--fix"], ["--fix", "--diff"]])
def test_a_buffer_stands_in_for_the_file_that_is_taken_in(project: Path, fix: list[str]) -> None:
    before = read_tree(project)
    words = ("check", "-", "--stdin-filename", "parts/intake.prompt.md", "--format", "terse", *fix)
    good = run_here(project, *words, stdin=PROMPT.encode())
    assert good.code == 0
    bad = run_here(project, *words, stdin=MISSPELT.encode())
    report = bad.err if fix else bad.text
    assert (bad.code, report.startswith("parts/intake.prompt.md:1:6: ")) == (1, True)
    if fix:
        assert bad.out == (b"" if "--diff" in fix else MISSPELT.encode())
    assert read_tree(project) == before


def test_a_buffer_of_a_file_that_is_not_saved_yet(project: Path) -> None:
    (project / "parts/intake.prompt.md").unlink()
    words = ("check", "-", "--stdin-filename", "parts/intake.prompt.md")
    assert run_here(project, *words, stdin=PROMPT.encode()).code == 0
    schema = ("compile", "-", "--stdin-filename", "parts/intake.input.json", "-o", "out")
    assert run_here(project, *schema, stdin=b"{").code == 3


@pytest.mark.parametrize("name", ["README.md", "flows/UPPER.FLOW", "new.txt", "flowdsl.toml"])
def test_a_buffer_of_any_other_file_is_refused_and_not_lost(project: Path, name: str) -> None:
    result = run_here(project, "check", "-", "--stdin-filename", name, stdin=b"# a\n")
    assert (result.code, result.text) == (64, "")
    assert f"`{name}`" in result.err
    fixed = run_here(project, "check", "-", "--fix", "--stdin-filename", name, stdin=b"# a\n")
    assert (fixed.code, fixed.out) == (64, b"# a\n")


def test_only_what_was_read_as_a_flow_is_edited(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    target = open_target(["parts/intake.prompt.md"])

    def hear(findings: Findings) -> Shown:
        span = Span(SourceFile("parts/intake.prompt.md", PROMPT), 0, 0)
        fix = Fix("t", (Edit(span, "flow 1\n"),), "safe")
        return Shown([Diagnostic(DiagnosticSpec("x", "style", "m"), span, "m", fixes=(fix,))], [])

    fixed = fix_findings(target, target.options(None), hear, unsafe=True)
    assert (fixed.contents, fixed.count) == ({}, 0)


def test_a_baseline_knows_the_findings_of_a_named_file(project: Path) -> None:
    (project / "parts/intake.prompt.md").write_text(MISSPELT)
    named = "parts/intake.prompt.md"
    assert run_here(project, "check", named, "--write-baseline", "known.json").code == 0
    assert run_here(project, "check", named, "--baseline", "known.json").code == 0
    (project / named).write_text(PROMPT)
    mended = run_here(project, "check", named, "--baseline", "known.json")
    assert "1 entry of the baseline no longer occurs" in mended.err


def test_the_index_sees_a_change_of_a_file_that_is_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_module, "INDEX_FROM", 2)
    write_tree(tmp_path, FILES | {"flows/ledger.flow": OTHER})
    for path in tmp_path.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    for prompt, code in ((PROMPT, 0), (MISSPELT, 1), (PROMPT, 0)):
        (tmp_path / "parts/intake.prompt.md").write_text(prompt)
        assert run_here(tmp_path, "check").code == code
        assert run_here(tmp_path, "check").code == code
        assert run_here(tmp_path, "check", "parts/intake.prompt.md").code == code


def test_a_tree_is_that_of_one_flow(project: Path) -> None:
    for named in ("parts/intake.prompt.md", "flows"):
        assert run_here(project, "debug", "parse", named).code == 64


NAMES = st.sampled_from([*FILES, "flows/ledger.FLOW", "flows", "parts", "*.md", "**/*", "none"])


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=4))
def test_no_command_line_changes_what_is_no_flow(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("project")
    files = FILES | {"flows/ledger.FLOW": OTHER.removeprefix("flow 1\n"), "none": "x\n"}
    write_tree(root, {path: text.replace("flow 1\n", "") for path, text in files.items()})
    before = read_tree(root)
    for words in (["check", "--fix", "--unsafe-fixes"], ["fmt"]):
        run_here(root, *words, *names)
    after = read_tree(root)
    assert after.keys() == before.keys()
    assert [path for path in after if after[path] != before[path] and path[-5:] != ".flow"] == []
