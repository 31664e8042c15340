"""The programs of `docs/running.md` do what stands beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowdsl.emulator.faults import Fault
from tests.api.api_desk import ApiDesk
from tests.support.command_line import run_command

DOCS = Path(__file__).parents[2] / "docs"


def blocks(language: str, text: str) -> list[str]:
    """The blocks of a document in one language."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    return found


def test_the_programs_of_the_document_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    language, running = (
        (DOCS / name).read_text() for name in ("language-reference.md", "running.md")
    )
    assert run_command(tmp_path, "init", "desk", CI="").code == 0
    (chain,) = (flow for flow in blocks("flow", language) if "\nchain transfer {" in flow)
    (tmp_path / "desk/flows/transfer.flow").write_text(chain)
    done = run_command(tmp_path, "-C", "desk", "deploy", "--env", "local", "--yes", CI="")
    assert done.code == 0, done.err
    desk = ApiDesk(tmp_path / "desk", monkeypatch)
    monkeypatch.chdir(tmp_path)
    plain, pausing, asynchronous, failing = blocks("python", running)
    exec(compile(plain, "docs/running.md", "exec"), {})
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("success {'status': ")
    assert rest[:3] == [
        "0 success",
        "1 success",
        (
            '`inputs["rekord"]`: `rekord` is no input of workflow `record_status`; an input named '
            "`record` exists"
        ),
    ]
    assert re.fullmatch(r"None [1-9][0-9]*", rest[-1])
    typed = ["no code", "123456"]
    monkeypatch.setattr("builtins.input", lambda _prompt: typed.pop(0))
    desk.requests.clear()
    exec(compile(pausing, "docs/running.md", "exec"), {})
    waits, ended = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"chain `transfer` waits in session `[0-9a-f-]{36}`: .*the secret `code` does not fit.*",
        waits,
    )
    assert ended == "['begin', 'confirm'] True"
    assert desk.posts() == ["/v1/runs/chain"] * 2
    exec(compile(pausing, "docs/running.md", "exec"), {})
    assert capsys.readouterr().out == "['begin', 'confirm'] True\n"
    exec(compile(asynchronous, "docs/running.md", "exec"), {})
    assert capsys.readouterr().out == "{'success'}\n"
    desk.faults = [
        Fault("POST /v1/runs", 3, "status", status=409),
        *(Fault("GET /v1/runs", nth, "status", status=403) for nth in range(2, 9)),
    ]
    exec(compile(failing, "docs/running.md", "exec"), {})
    broken, *rows = capsys.readouterr().out.splitlines()
    assert broken.startswith("the watch of 9 runs broke off: `GET /v1/runs` is refused with status")
    assert len(rows) == 10 and rows[-1] == "1 to make again"
    assert re.fullmatch(r"\{'record': '47\d\d'\} [0-9a-f-]{36} [a-z]+", rows[0])
