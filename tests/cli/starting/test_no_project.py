"""Every command that needs a project says where there is none, and how one is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import read_tree, run_here

SENTENCE = "error: there is no `flowdsl.toml` in this folder or above; `flowdsl init` makes one"

WORDS = [
    "new workflow w",
    "check",
    "check --watch",
    "check a.flow --env local",
    "check - --stdin-filename b.flow --env local",
    "fmt",
    "import --all",
    "convert w",
    "compile",
    "compile a.flow --env local",
    "plan",
    "deploy --yes",
    "diff",
    "pull w",
    "recover",
    "restore w",
    "destroy",
    "state show",
    "state list",
    "state probe",
    "state rebuild",
    "state unprotect w",
    "state mv a b",
    "state migrate --to file.json",
    "unlock --lock-id 1",
    "ids export",
]


@pytest.mark.parametrize("words", WORDS)
def test_a_command_without_a_project_names_init(tmp_path: Path, words: str) -> None:
    (tmp_path / "a.flow").write_text('flow 1\ntask a() { do "Open the ledger." }\n')
    before = read_tree(tmp_path)
    done = run_here(tmp_path, *words.split())
    assert (done.code, done.out) == (64, b"")
    (line,) = done.err.splitlines()
    assert line == SENTENCE or line.startswith(f"{SENTENCE}, or ")
    assert read_tree(tmp_path) == before
