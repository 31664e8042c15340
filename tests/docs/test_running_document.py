"""The programs of `docs/running.md` do what stands beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.api.api_desk import ApiDesk
from tests.support.command_line import run_command

DOCUMENT = Path(__file__).parents[2] / "docs/running.md"


def test_the_programs_of_the_document_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (("init", "desk"), ("-C", "desk", "deploy", "--env", "local", "--yes")):
        done = run_command(tmp_path, *words, CI="")
        assert done.code == 0, done.err
    ApiDesk(tmp_path / "desk", monkeypatch)
    monkeypatch.chdir(tmp_path)
    plain, asynchronous = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.M | re.S)
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
    exec(compile(asynchronous, "docs/running.md", "exec"), {})
    assert capsys.readouterr().out == "{'success'}\n"
