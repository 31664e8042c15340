"""`flowdsl check` as other programs run it: report files, annotations, editors, terminals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from tests.support.command_line import environment, read_tree, run_command, run_here, write_tree

PROJECT = '[project]\nname = "care"\nflows = ["flows/*.flow"]\n'
FLOW = """\
flow 1
import { id } from "./types.flow"

## Looks up a patient.
workflow look_up {
  inputs { patient_id: id }
  steps { do "Search for {patient_id}, then for 日本 {patient_ix}." }
}
"""
TYPES = "flow 1\n## An id.\ntype id = string\n"
FIXED = FLOW.replace("{patient_ix}", "{patient_id}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "my care"
    write_tree(root, {"flowdsl.toml": PROJECT, "flows/a b.flow": FLOW, "flows/types.flow": TYPES})
    return root


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_sarif(project: Path, encoding: str) -> None:
    from fluidattacks_core.sarif import SarifLog

    words = ("check", "--format", "sarif")
    result = run_command(project / "flows", *words, PYTHONIOENCODING=encoding)
    assert (result.code, result.err) == (1, "")
    log = json.loads(result.out)
    SarifLog.model_validate(log)
    (found,) = log["runs"][0]["results"]
    (place,) = [location["physicalLocation"] for location in found["locations"]]
    assert place["artifactLocation"] == {"uri": "flows/a%20b.flow", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 7, "startColumn": 52, "endLine": 7, "endColumn": 64}
    shown = run_here(project, "check", "--format", "json")
    (item,) = json.loads(shown.out)["diagnostics"]
    assert item["span"]["start"] == {"line": 7, "column": 52}
    assert found["partialFingerprints"] == {"flowdslFingerprint/v1": item["fingerprint"]}
    clean = run_here(project, *words, "flows/types.flow")
    assert (clean.code, json.loads(clean.out)["runs"][0]["results"]) == (0, [])


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_junit(project: Path, encoding: str) -> None:
    words = ("check", "--format", "junit")
    result = run_command(project / "flows", *words, PYTHONIOENCODING=encoding)
    assert (result.code, result.err) == (1, "")
    (suite,) = JUnitXml.fromstring(result.out)
    assert (suite.tests, suite.failures) == (2, 1)
    assert {case.name: case.is_passed for case in suite} == {"a b.flow": False, "types.flow": True}
    (failure,) = next(iter(suite)).result
    assert failure.type == "undeclared-name"
    assert "then for 日本 {patient_ix}" in failure.text


@pytest.mark.parametrize(("fail_on", "failures"), [("error", 0), ("warning", 0), ("info", 1)])
def test_junit_has_failures_where_the_check_fails(
    tmp_path: Path, fail_on: str, failures: int
) -> None:
    write_tree(tmp_path, {"a.flow": 'flow 1\nworkflow w { steps { do "Open it." } }\n'})
    result = run_here(tmp_path, "check", "a.flow", "--format", "junit", "--fail-on", fail_on)
    (suite,) = JUnitXml.fromstring(result.out)
    assert (result.code, suite.failures) == (failures, failures)


def test_annotations_are_placed_from_the_top_of_the_checkout(project: Path) -> None:
    def annotated(folder: Path, checkout: Path) -> str:
        words = ("check", "--format", "github")
        result = run_here(folder, *words, GITHUB_WORKSPACE=str(checkout))
        assert result.text.startswith("::error file=")
        return result.text.removeprefix("::error file=").partition(",")[0]

    assert annotated(project / "flows", project.parent) == "my care/flows/a b.flow"
    assert annotated(project, project) == "flows/a b.flow"
    assert annotated(project, project / "flows") == "flows/a b.flow"
    assert annotated(project / "flows", project.parent / "my") == "a b.flow"


@pytest.mark.parametrize("format", ["text", "terse", "json", "github", "junit"])
def test_an_editor_checks_a_buffer_in_the_place_of_a_file(project: Path, format: str) -> None:
    """The file on disk and in the buffer differ both ways; imports come from the disk."""
    before = read_tree(project)
    for given in ("flows/a b.flow", str(project / "flows/a b.flow"), "./flows/../flows/a b.flow"):
        words = ("check", "-", "--stdin-filename", given, "--format", format)
        result = run_here(project, *words, stdin=b"\n" + FLOW.encode())
        assert result.code == 1
        assert given in result.text
        assert "<stdin>" not in result.text
        assert run_here(project, *words, stdin=FIXED.encode()).code == 0
    assert read_tree(project) == before


def test_a_finding_beside_the_buffer_has_its_own_path(project: Path) -> None:
    write_tree(project, {"flows/types.flow": TYPES + "type x = y\n"})
    words = ("check", "-", "--stdin-filename", "flows/new.flow", "--format", "terse")
    result = run_here(project, *words, stdin=FLOW.encode())
    lines = [line.partition(" error ")[0] for line in result.text.splitlines() if " error " in line]
    assert lines == ["flows/new.flow:7:52:", "flows/types.flow:4:10:"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--unsafe-fixes"], "`--unsafe-fixes` goes with `--fix` or `--diff`"),
        (
            ["--diff", "--write-baseline", "x"],
            "`--write-baseline` cannot be combined with `--diff`",
        ),
        (["--baseline", "none.json"], "the baseline `none.json` does not exist"),
        (["--baseline", ""], "the baseline `` cannot be used"),
        (
            ["--write-baseline", "flows"],
            "`flows` is no baseline and is not overwritten: it is a folder",
        ),
        (["--write-baseline", "flows/a b.flow"], "`flows/a b.flow` is no baseline"),
        (["--write-baseline", "flows/a b.flow/x"], "`flows/a b.flow/x` cannot be written: "),
        (
            ["--format", "sariff"],
            "there is no format `sariff`; the formats are text, terse, json, github, sarif, junit",
        ),
    ],
)
def test_usage_mistakes(project: Path, words: list[str], message: str) -> None:
    before = read_tree(project)
    result = run_here(project, "check", *words)
    assert (result.code, result.text) == (64, "")
    assert result.err.startswith(f"error: {message}")
    assert read_tree(project) == before


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("environ", "words", "colored"),
    [
        ({}, [], True),
        ({"NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": ""}, [], True),
        ({"TERM": "dumb"}, [], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({}, ["--color", "never"], False),
        ({}, ["--format", "json"], False),
    ],
)
def test_colour_on_a_terminal(
    project: Path, environ: dict[str, str], words: list[str], colored: bool
) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flowdsl", "check", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        cwd=project,
        env=environment(**{"TERM": "xterm", "NO_COLOR": ""} | environ),
    )
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 1
    assert b"undeclared-name" in seen
    assert (b"\x1b[" in seen) == colored
