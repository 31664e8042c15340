"""`-v` of commands that talk to the service."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.responses import JSONResponse, Response

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.support.command_line import SERVED_PROJECT, SMALL_FLOW, Result, run_here
from tests.support.services.served import REQUEST_ID, Server, serving

CANARY = "key-canary-88bb"


def deploy(project: Path, *words: str) -> Result:
    return run_here(project, "deploy", "--yes", *words, CI="", DESK_KEY=CANARY)


def test_every_request_is_a_line_without_key_or_body(tmp_path: Path) -> None:
    refused: list[str] = []

    def answer(method: str, path: str) -> Response | None:
        if (method, path) == ("GET", "/v1/workflows") and not refused:
            refused.append(path)
            return JSONResponse({"detail": f"busy: {CANARY}"}, 503, {"Retry-After": "0"})
        return None

    with Store.open(None) as store:
        server = Server(create_app(store), answer=answer)
        with serving(server):
            (tmp_path / "flowdsl.toml").write_text(SERVED_PROJECT.format(api=server.url))
            (tmp_path / "flows").mkdir()
            (tmp_path / "flows/desk.flow").write_text(SMALL_FLOW)
            told = deploy(tmp_path, "-v")
            requests = len(server.seen)
            silent = deploy(tmp_path)
    lines = [line for line in told.err.splitlines() if line.startswith("http: ")]
    assert (told.code, told.text) == (0, "")
    assert len(lines) == requests
    first, second = (line for line in lines if " GET /v1/workflows " in line)
    assert re.fullmatch(
        rf"http: GET /v1/workflows 503 in \d+ ms, request {REQUEST_ID}; again in 0\.\d s", first
    )
    assert re.fullmatch(r"http: GET /v1/workflows 200 in \d+ ms, attempt 2, request [\w-]+", second)
    for text in (told.err, silent.err):
        assert CANARY not in text
        assert "record of the day" not in "".join(lines)
    assert "http: " not in silent.err
