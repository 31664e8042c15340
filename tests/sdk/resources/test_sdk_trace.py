"""`flowdsl trace` on runs that the official SDK made of a workflow that `flowdsl deploy` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openapi_client.cyberdesk_cloud_client.models import (
    RunCreate,
    RunCreateInputValuesType0,
    RunCreateSensitiveInputValuesType0,
    TrajectoryUpdate,
)

from flowdsl.emulator.app import create_app
from flowdsl.emulator.scenario import make_scenario
from flowdsl.emulator.store import Store
from tests.cli.tracing.traced_desk import CANARY, INPUTS, LIBRARY, MAIN, line_of
from tests.sdk.conftest import Clock, connected
from tests.support.command_line import SERVED_PROJECT, run_here, write_tree
from tests.support.services.served import Server, running

KEY = "sk-canary-5512"


def test_runs_of_the_sdk_are_traced(tmp_path: Path, store: Store, clock: Clock) -> None:
    rule = {"nth": 3, "fail": {"step": "4.2", "entry": 2, "reason": "the list stays empty"}}
    server = Server(create_app(store, scenario=make_scenario({"runs": [rule]})))
    with running(server) as url, connected(url, use_async=False) as sdk:
        write_tree(
            tmp_path,
            {
                "flowdsl.toml": SERVED_PROJECT.format(api=url),
                "flows/claims.flow": MAIN,
                "flows/lib/portal.flow": LIBRARY,
            },
        )

        def flowdsl(*words: str) -> str:
            done = run_here(tmp_path, *words, DESK_KEY=KEY, CI="")
            assert done.code == 0, done.err
            assert KEY not in done.text + done.err and CANARY not in done.text + done.err
            return done.text

        def traced() -> Any:
            body = RunCreate(
                workflow_id=workflow.id,
                input_values=RunCreateInputValuesType0.from_dict(INPUTS),
                sensitive_input_values=RunCreateSensitiveInputValuesType0.from_dict(
                    {"password": CANARY}
                ),
            )
            made = sdk("runs", "create", body)
            clock.advance(60)
            return json.loads(flowdsl("trace", str(made.id), "--json"))

        flowdsl("deploy", "--yes")
        (workflow,) = sdk("workflows", "list").items

        first = traced()
        assert (first["run"]["status"], first["failure"]) == ("success", None)
        assert (first["source_map"]["kind"], first["totals"]["replayed"]) == ("exact", 0)
        assert first["totals"]["not_placed"] == 1, "the last word of the run belongs to no line"

        recorded = sdk("trajectories", "get_latest_for_workflow", str(workflow.id))
        sdk("trajectories", "update", str(recorded.id), TrajectoryUpdate(is_approved=True))
        second = traced()
        lines = {each["label"]: each for each in second["lines"]}
        assert (lines["1"]["replayed"], lines["1"]["model_calls"]) == (1, 0)
        assert (lines["5"]["replayed"], lines["5"]["model_calls"]) == (0, 1)
        assert second["totals"]["model_calls"] < first["totals"]["model_calls"]
        replayed = [each for each in second["entries"] if each["replayed"]]
        assert {each["trajectory_id"] for each in replayed} == {str(recorded.id)}

        third = traced()
        assert third["failure"]["source"]["path"] == "flows/lib/portal.flow"
        assert third["failure"]["source"]["start"]["line"] == line_of(LIBRARY, "choose")
        assert (third["failure"]["loop_entry"], third["failure"]["is_check"]) == (2, False)

        server.seen.clear()
        flowdsl("trace", third["run"]["id"], "--html", "trace.html")
        keys = {path.startswith("/storage/"): key for _, path, key in server.seen}
        assert keys == {True: "", False: f"Bearer {KEY}"}
        assert "data:image/png;base64," in (tmp_path / "trace.html").read_text()
