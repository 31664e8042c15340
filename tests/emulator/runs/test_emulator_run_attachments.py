from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from flowdsl.emulator.simulation.rules import RunRule
from tests.emulator.emulator_desk import UNKNOWN_ID
from tests.emulator.runs.run_desk import INPUTS, RunDesk, run_desk

PATH = "/v1/run-attachments"


@pytest.fixture
def runs() -> Iterator[RunDesk]:
    with run_desk() as desk:
        yield desk


def attach(desk: RunDesk, run: Any, status: int = 201, **values: Any) -> Any:
    body = {
        "run_id": run["id"],
        "filename": "a.txt",
        "content": base64.b64encode(b"hello").decode(),
        "content_type": "text/plain",
        "attachment_type": "input",
        **values,
    }
    return desk.ok("POST", PATH, status, json=body)


def test_attachments_are_made_read_changed_and_deleted(runs: RunDesk) -> None:
    run = runs.run(runs.workflow())
    made = attach(runs, run, target_path="C:\\In", cleanup_imports_after_run=True)
    assert (made["size_bytes"], made["target_path"], made["cleanup_imports_after_run"]) == (
        5,
        "C:\\In",
        True,
    )
    runs.wait(1)
    path = f"{PATH}/{made['id']}"
    assert runs.ok("GET", path) == made
    assert runs.read(run)["input_attachment_ids"] == [made["id"]]
    kept = runs.ok("PUT", path, json={})
    changed = runs.ok("PUT", path, json={"expires_at": "2026-03-01T01:00:00+01:00"})
    assert (kept["expires_at"], changed["expires_at"]) == (None, "2026-03-01T00:00:00.000000Z")
    assert runs.ok("PUT", path, json={"expires_at": None})["expires_at"] is None
    runs.ok("DELETE", path, 204)
    runs.ok("GET", path, 404)
    assert runs.read(run)["input_attachment_ids"] == []


def test_content_that_is_not_base64_is_refused(runs: RunDesk) -> None:
    run = runs.run(runs.workflow())
    detail = attach(runs, run, 422, content="no base64!")["detail"]
    assert detail[0]["loc"] == ["body", "content"]
    runs.run(runs.workflow(), 422, file_inputs=[{"filename": "a", "content": "%"}])


def test_an_attachment_needs_a_run(runs: RunDesk) -> None:
    attach(runs, {"id": UNKNOWN_ID}, 404)
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/download")):
        runs.ok(method, f"{PATH}/{UNKNOWN_ID}{path}", 404, json={})


def test_downloads_are_never_shown_as_a_page(runs: RunDesk) -> None:
    run = runs.run(runs.workflow())
    page = base64.b64encode(b"<script>").decode()
    made = attach(
        runs, run, filename='a"\r\nX: y/ü.html', content=page, content_type="text/html\r\nX: y"
    )
    runs.wait(1)
    reply = runs.send("GET", f"{PATH}/{made['id']}/download")
    assert reply.content == b"<script>"
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "x" not in reply.headers
    assert reply.headers["content-disposition"].endswith("%2F%C3%BC.html")


def test_a_download_address_works_without_a_key_and_for_its_time(runs: RunDesk) -> None:
    run = runs.ended(runs.claims())
    path = f"{PATH}/{run['output_attachment_ids'][0]}"
    for seconds in (9, 3601):
        runs.ok("GET", f"{path}/download-url?expires_in={seconds}", 422)
    assert runs.ok("GET", f"{path}/download-url")["expires_in"] == 300
    reply = runs.ok("GET", f"{path}/download-url?expires_in=10")
    shown = runs.send("GET", reply["url"], headers={"Authorization": ""})
    assert shown.content.startswith(b"\x89PNG")
    assert shown.content == runs.send("GET", f"{path}/download").content
    forged = reply["url"].replace("/run-attachments/", "/run-images/")
    assert runs.send("GET", forged).status_code == 400
    runs.wait(10_001)
    assert runs.send("GET", reply["url"]).status_code == 400


def test_files_appear_when_the_run_brings_them(runs: RunDesk) -> None:
    made = runs.run(runs.claims(), input_values=INPUTS)
    runs.wait(700)
    assert runs.files(made) == []
    runs.wait(400)
    page = runs.ok("GET", f"{PATH}?run_id={made['id']}&attachment_type=output&limit=1")
    (item,) = page["items"]
    assert (item["filename"], item["content_type"], page["total"]) == (
        "grid-2026-01-30.png",
        "image/png",
        1,
    )
    assert item["created_at"] > made["created_at"]
    assert runs.ok("GET", f"{PATH}?run_id={made['id']}&attachment_type=input")["total"] == 0


def test_a_scenario_names_the_files() -> None:
    with run_desk(RunRule(attachments=["C:\\Out\\b.csv", "c.pdf"])) as runs:
        made = runs.ended(runs.claims())
        assert runs.files(made) == ["b.csv", "c.pdf"]
        assert made["status"] == "error"
        kinds = [
            runs.send("GET", f"{PATH}/{item}/download").content[:4]
            for item in made["output_attachment_ids"]
        ]
        assert kinds == [b"Emul", b"%PDF"]
