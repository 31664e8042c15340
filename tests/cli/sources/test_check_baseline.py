"""`flowdsl check --baseline`: known findings are not heard again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import read_tree, run_here, write_tree

PROJECT = '[project]\nname = "care"\nflows = ["flows/*.flow"]\n'
FLOW = """\
flow 1

## Looks up a patient.
workflow NAME {
  inputs { patient_id: string }
  steps {
    do "Search for {patient_ix}."
    do "Search for {patient_id}."
  }
}
"""


def project(root: Path, *names: str) -> None:
    files: dict[str, str | bytes] = {"flowdsl.toml": PROJECT}
    files |= {f"flows/{name}.flow": FLOW.replace("NAME", name) for name in names}
    write_tree(root, files)


def test_known_findings_are_left_out(tmp_path: Path) -> None:
    project(tmp_path, "a", "b")
    assert run_here(tmp_path, "check").code == 1
    written = run_here(tmp_path, "check", "--write-baseline", "known.json")
    assert (written.code, written.text) == (0, "")
    assert written.err == "2 findings in 2 files written to known.json\n"
    content = json.loads((tmp_path / "known.json").read_text())
    assert content["format_version"] == 1
    assert {
        path: [entry["name"] for entry in known] for path, known in content["findings"].items()
    } == {
        "flows/a.flow": ["undeclared-name"],
        "flows/b.flow": ["undeclared-name"],
    }
    result = run_here(tmp_path / "flows", "check", "--baseline", "../known.json")
    assert (result.code, result.text, result.err) == (0, "no problems in 2 files\n", "")

    moved = FLOW.replace("NAME", "a").replace("  steps {\n", '  steps {\n    do "Wait."\n')
    write_tree(tmp_path, {"flows/a.flow": moved})
    assert run_here(tmp_path, "check", "--baseline", "known.json").code == 0

    line = '    do "Search for {patient_ix}."\n'
    write_tree(tmp_path, {"flows/a.flow": moved.replace(line, line * 2)})
    result = run_here(tmp_path, "check", "--baseline", "known.json", "--format", "terse")
    assert result.code == 1
    assert result.text.startswith("flows/a.flow:9:")
    assert result.text.count("\n") == 1


def test_a_fingerprint_is_the_same_with_a_baseline(tmp_path: Path) -> None:
    project(tmp_path, "a")
    assert run_here(tmp_path, "check", "--write-baseline", "known.json").code == 0
    line = '    do "Search for {patient_ix}."\n'
    text = (tmp_path / "flows/a.flow").read_text()
    write_tree(tmp_path, {"flows/a.flow": text.replace(line, line * 2)})

    def prints(*words: str) -> list[str]:
        result = run_here(tmp_path, "check", "--format", "json", *words)
        return [item["fingerprint"] for item in json.loads(result.out)["diagnostics"]]

    assert prints("--baseline", "known.json") == prints()[1:]
    log = run_here(tmp_path, "check", "--format", "sarif", "--baseline", "known.json").out
    (result,) = json.loads(log)["runs"][0]["results"]
    assert list(result["partialFingerprints"].values()) == prints()[1:]


def test_what_no_longer_occurs_is_told(tmp_path: Path) -> None:
    project(tmp_path, "a", "b", "c")
    run_here(tmp_path, "check", "--write-baseline", "known.json")
    for name in "ab":
        text = (tmp_path / f"flows/{name}.flow").read_text()
        write_tree(tmp_path, {f"flows/{name}.flow": text.replace("{patient_ix}", "{patient_id}")})
    result = run_here(tmp_path, "check", "--baseline", "known.json")
    assert result.code == 0
    told = "of the baseline no longer {}; write it anew with `--write-baseline`\n"
    assert result.err == "note: 2 entries " + told.format("occur")
    # Of flows that are not checked, nothing is known.
    result = run_here(tmp_path, "check", "flows/b.flow", "--baseline", "known.json")
    assert result.err == "note: 1 entry " + told.format("occurs")
    assert run_here(tmp_path, "check", "flows/c.flow", "--baseline", "known.json").err == ""
    (tmp_path / "flows/c.flow").unlink()
    result = run_here(tmp_path, "check", "--baseline", "known.json")
    assert result.err == "note: 3 entries " + told.format("occur")
    run_here(tmp_path, "check", "--write-baseline", "known.json")
    assert json.loads((tmp_path / "known.json").read_text())["findings"] == {}


def test_writing_for_one_flow_keeps_what_is_known_of_the_others(tmp_path: Path) -> None:
    project(tmp_path, "a", "b")
    run_here(tmp_path, "check", "--write-baseline", "known.json")
    whole = (tmp_path / "known.json").read_bytes()
    run_here(tmp_path, "check", "flows/a.flow", "--write-baseline", "known.json")
    assert (tmp_path / "known.json").read_bytes() == whole


def test_the_project_names_its_baseline(tmp_path: Path) -> None:
    project(tmp_path, "a")
    configured = PROJECT + '[lint]\nbaseline = "quality/known.json"\n'
    write_tree(tmp_path, {"flowdsl.toml": configured})
    result = run_here(tmp_path, "check")
    assert (result.code, result.text) == (64, "")
    assert "quality/known.json` does not exist; `--write-baseline` writes it" in result.err
    words = ("check", "--write-baseline", "quality/known.json")
    assert run_here(tmp_path, *words).code == 0
    assert run_here(tmp_path, "check").code == 0
    assert run_here(tmp_path / "flows", "check").code == 0
    write_tree(tmp_path, {"none.json": '{"format_version": 1, "findings": {}}'})
    assert run_here(tmp_path, "check", "--baseline", "none.json").code == 1


def test_a_syntax_error_can_be_known(tmp_path: Path) -> None:
    project(tmp_path)
    write_tree(tmp_path, {"flows/a.flow": "flow 1\nworkflow {\n"})
    run_here(tmp_path, "check", "--write-baseline", "known.json")
    assert run_here(tmp_path, "check", "--baseline", "known.json").code == 0
    assert run_here(tmp_path, "compile").code == 3


def test_known_findings_are_not_fixed(tmp_path: Path) -> None:
    project(tmp_path, "a")
    run_here(tmp_path, "check", "--write-baseline", "known.json")
    before = read_tree(tmp_path)
    words = ("check", "--fix", "--unsafe-fixes", "--baseline")
    assert run_here(tmp_path, *words, "known.json").code == 0
    assert read_tree(tmp_path) == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("flow 1\n", "it is not JSON"),
        (b"\xff", "it is not UTF-8 (byte 0, line 1); save it as UTF-8"),
        ('{"format_version": 7}', "its `format_version` is not 1, the one that this version reads"),
    ],
)
def test_what_is_no_baseline_is_neither_read_nor_overwritten(
    tmp_path: Path, content: str | bytes, reason: str
) -> None:
    project(tmp_path, "a")
    write_tree(tmp_path, {"known.json": content})
    before = read_tree(tmp_path)
    for option, message in (
        ("--baseline", "the baseline `known.json` cannot be used: "),
        ("--write-baseline", "`known.json` is no baseline and is not overwritten: "),
    ):
        result = run_here(tmp_path, "check", option, "known.json")
        assert (result.code, result.text) == (64, "")
        assert result.err == f"error: {message}{reason}\n"
    assert read_tree(tmp_path) == before


def test_a_broken_project_file_writes_no_baseline(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": "x =", "a.flow": "flow 1\n"})
    assert run_here(tmp_path, "check", "--write-baseline", "known.json").code == 1
    assert not (tmp_path / "known.json").exists()
