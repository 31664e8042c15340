"""Trajectories, usage and the lists on a service that fails or refuses in one place."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.support.command_line import (
    HEARS_INTERRUPTS,
    SERVED_PROJECT,
    Result,
    environment,
    run_here,
    write_tree,
)
from tests.support.services.embedded_service import Client
from tests.support.services.served import Server, serving

NAMES = ("evening", "morning")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Store.open(tmp_path / "emulator.sqlite") as store:
        client = Client(store)
        workflow = client("POST", "workflows", json={"main_prompt": "Open it."}).json()["id"]
        for name in NAMES:
            body = {
                "workflow_id": workflow,
                "name": name,
                "trajectory_data": [{"func_name": "click"}],
                "dimensions": {"width": 1024, "height": 768},
            }
            assert client("POST", "trajectories", json=body).is_success
        server = Server(create_app(store))
        with serving(server):
            write_tree(tmp_path, {"flowdsl.toml": SERVED_PROJECT.format(api=server.url)})
            yield server


def run(folder: Path, *words: str) -> Result:
    # The embedded service takes the key of `Client`.
    return run_here(folder, *words, DESK_KEY="local", CI="")


def failing_writes(server: Server, from_: int, reply: Response) -> None:
    """From the write of this number on, PATCH is answered with `reply`."""

    def answer(method: str, path: str) -> Response | None:
        made = sum(seen == "PATCH" for seen, _, _ in server.seen)
        return reply if method == "PATCH" and made >= from_ else None

    server.answer = answer


def test_a_refusal_after_a_change_ends_with_7_and_tells_what_was_changed(
    tmp_path: Path, server: Server
) -> None:
    failing_writes(server, 2, JSONResponse({"detail": "it is\x1b[31m locked"}, 409))
    done = run(tmp_path, "trajectories", "approve", *NAMES)
    assert done.code == 7
    assert "evening is approved\n" in done.err and "locked" in done.err
    assert "morning is approved" not in done.err and "\x1b" not in done.err


def test_usage_goes_on_where_the_service_tells_no_prices(tmp_path: Path, server: Server) -> None:
    refusal = JSONResponse({"detail": "not enabled"}, 403)
    server.answer = lambda _method, path: refusal if path.endswith("/llm-costs") else None
    done = run(tmp_path, "usage", "--json")
    assert done.code == 0
    assert "note: costs are missing" in done.err and "not enabled" in done.err
    assert json.loads(done.out)["totals"]["cost_usd"] is None


def test_prices_are_summed_by_workflow(tmp_path: Path, server: Server) -> None:
    def run_of(number: int, workflow: str) -> dict[str, object]:
        at = f"2026-11-0{number}T00:00:00Z"
        return {"id": f"r{number}", "workflow_id": workflow, "status": "success", "created_at": at}

    def cost_of(number: int, workflow: str, price: float | None) -> dict[str, object]:
        told = {"has_unpriced": price is None, "total_cost_usd": price}
        return {"run_id": f"r{number}", "workflow_id": workflow, **told}

    runs = [run_of(3, "b"), run_of(2, "a"), run_of(1, "a")]
    # The end is excluded, however the service writes it.
    runs.append({**run_of(4, "c"), "created_at": "2026-12-01T00:00:00+00:00"})
    costs = [cost_of(3, "b", None), cost_of(2, "a", 0.1), cost_of(1, "a", 0.2)]
    pages = {"/v1/runs": runs, "/v1/usage/llm-costs": costs}

    def answer(method: str, path: str) -> Response | None:
        items = pages.get(path)
        return items and JSONResponse({"items": items, "total": len(items)})

    server.answer = answer
    words = ("usage", "--from", "2026-11-01", "--to", "2026-12-01")
    answered = json.loads(run(tmp_path, *words, "--json").out)
    rows = [(row["workflow_id"], row["cost_usd"], row["has_unpriced"]) for row in answered["items"]]
    assert rows == [("a", 0.3, False), ("b", None, True)]
    assert answered["totals"]["cost_usd"] == 0.3
    table = run(tmp_path, *words).text.splitlines()
    assert [line.split()[3::3] for line in table[1:]] == [
        ["0.30", "no"],
        ["-", "yes"],
        ["0.30", "yes"],
    ]


def test_names_of_workflows_are_missing_where_state_cannot_be_read(
    tmp_path: Path, server: Server
) -> None:
    write_tree(tmp_path, {".flowdsl/state/prod.json": "{"})
    done = run(tmp_path, "trajectories", "list")
    assert done.code == 0 and all(name in done.text for name in NAMES)
    assert "note: names of workflows are missing" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_a_signal_lets_a_change_finish_and_begins_no_other(tmp_path: Path, server: Server) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flowdsl", "trajectories", "approve", *NAMES],
        cwd=tmp_path,
        env=environment(DESK_KEY="local", CI=""),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=HEARS_INTERRUPTS,
    )

    def answer(method: str, _path: str) -> Response | None:
        if method == "PATCH":
            process.send_signal(signal.SIGINT)
            # The command has heard the signal once it says so, and its reply comes after that.
            assert process.stderr is not None
            assert "stopping when what is under way is done" in process.stderr.readline()
        return None

    server.answer = answer
    try:
        process.wait(timeout=20)
    finally:
        process.kill()
    assert process.stderr is not None
    with process.stderr as stream:
        err = stream.read()
    assert (process.returncode, sum(method == "PATCH" for method, _, _ in server.seen)) == (130, 1)
    assert "evening is approved" in err and "error: stopped after 1 change" in err
