"""A person in front of `flowdsl destroy`: only the name of the environment, typed, goes on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from flowdsl.cli.commands import deploy, destroy
from flowdsl.cli.runtime.command_line.arguments import CommandParser
from flowdsl.cli.runtime.console import Console
from flowdsl.cli.runtime.engine import questions
from tests.support.command_line import run_here, write_tree
from tests.support.services.embedded_service import Service

PROJECT = '[project]\nname = "desk"\nid = "prj_1"\n\n[env.Local]\napi = "local"\n'
FLOW = 'flow 1\n\nworkflow a {\n  title = "A"\n  steps {\n    step "S" { do "Open." }\n  }\n}\n'


def ran(command: object, *words: str) -> tuple[int, str]:
    parser = CommandParser("x", "")
    command.configure(parser)  # type: ignore[attr-defined]
    err = io.StringIO()
    arguments = parser.parse(words)
    code: int = command.run(arguments, Console(io.StringIO(), err, "never"))  # type: ignore[attr-defined]
    return code, err.getvalue()


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        ("Local\n", True),
        ("local\n", True),
        ("y\n", False),
        ("yes\n", False),
        ("\n", False),
        ("", False),
    ],
)
def test_only_the_name_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, gone: bool
) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": FLOW})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(questions, "is_terminal", lambda _stream: True)
    assert ran(deploy, "--yes")[0] == 0
    monkeypatch.setattr(questions.sys, "stdin", io.StringIO(answer))

    code, said = ran(destroy)

    assert code == 0
    assert "to delete in Local: 1 workflow with 0 runs" in said
    assert ("nothing was changed" in said) is not gone
    assert (Service(tmp_path).replies() == {}) is gone


def test_without_a_terminal_the_plan_is_shown_before_the_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": FLOW})
    deployed = run_here(tmp_path, "deploy", "--yes")
    assert deployed.code == 0
    state = (tmp_path / ".flowdsl/state/Local.json").read_bytes()

    refused = run_here(tmp_path, "destroy")

    plan, error = refused.err.splitlines()[:-1], refused.err.splitlines()[-1]
    assert refused.code == 64 and "1 workflow with 0 runs" in plan[-1]
    assert error == (
        "error: there is no terminal to ask on; `--yes` with `--accept-guard deletes=N` destroys "
        "without asking"
    )
    assert (tmp_path / ".flowdsl/state/Local.json").read_bytes() == state
