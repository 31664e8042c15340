"""An emulator with a clock the test moves, and the workflows that run tests share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flowdsl.emulator.app import create_app
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.simulation.rules import RunRule
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import STANDSTILL, Desk, check
from tests.support.services.memory_store import MemoryStore

PROMPT = """Export the claims report

Steps
1. Sign in
   1.1 Open the portal and type {user}.
   1.2 Use focused_action with this instruction:
      - If sign-in is refused, use declare_task_failed with the reason "Sign-in refused for {user}".
2. Select the claim number, then use copy_to_clipboard with key "claim_no".
3. Use save_screenshot_as_run_attachment with the file name "grid-{day}.png".
"""

INPUT_SCHEMA = {
    "type": "object",
    "properties": {
        "user": {"type": "string"},
        "day": {"type": "string", "format": "date"},
        "$password": {"type": "string"},
    },
    "required": ["user", "day"],
}
OUTPUT_SCHEMA = {
    "type": "object",
    "properties": {
        "claim_no": {"type": "string"},
        "day": {"type": "string", "format": "date"},
        "paid": {"type": "number", "minimum": 0},
    },
    "required": ["claim_no", "day", "paid"],
}
INPUTS = {"user": "ann", "day": "2026-01-30"}

ENDED = 9_000
"""Milliseconds after which every run that can end has ended."""


class RunDesk(Desk):
    """A desk whose clock is moved by `wait`."""

    def __init__(self, store: Store, clock: list[datetime], rules: tuple[RunRule, ...]) -> None:
        super().__init__(create_app(store, scenario=Scenario(runs=rules)))
        self._clock = clock

    def wait(self, milliseconds: int = ENDED) -> None:
        self._clock[0] += timedelta(milliseconds=milliseconds)

    def claims(self, **values: Any) -> Any:
        """A workflow with schemas, one screenshot and one check of it."""
        body = {
            "name": "Claims",
            "main_prompt": PROMPT,
            "input_schema": json.dumps(INPUT_SCHEMA),
            "output_schema": json.dumps(OUTPUT_SCHEMA),
            "post_run_checks": [
                check("picture", file_target_mode="exact", file_names=["grid-{day}.png"])
            ],
            **values,
        }
        return self.workflow(**body)

    def run(self, workflow: Any, status: int = 201, **values: Any) -> Any:
        body = {"workflow_id": workflow["id"], **values}
        return self.ok("POST", "/v1/runs", status, json=body)

    def ended(self, workflow: Any, **values: Any) -> Any:
        """A run of `workflow` with the usual inputs, after its end."""
        made = self.run(workflow, **{"input_values": INPUTS, **values})
        self.wait()
        return self.read(made)

    def chain(self, *steps: Mapping[str, Any], status: int = 201, **values: Any) -> Any:
        return self.ok("POST", "/v1/runs/chain", status, json={"steps": list(steps), **values})

    def read(self, run: Any, query: str = "") -> Any:
        return self.ok("GET", f"/v1/runs/{run['id'] if isinstance(run, dict) else run}{query}")

    def states(self, *runs: Any) -> list[str]:
        return [self.read(run)["status"] for run in runs]

    def change(self, run: Any, answer: int = 200, **values: Any) -> Any:
        return self.ok("PATCH", f"/v1/runs/{run['id']}", answer, json=values)

    def listed(self, query: str = "") -> list[str]:
        return [item["id"] for item in self.ok("GET", f"/v1/runs{query}")["items"]]

    def files(self, run: Any) -> list[str]:
        page = self.ok("GET", f"/v1/run-attachments?run_id={run['id']}")
        return [item["filename"] for item in page["items"]]


@contextmanager
def run_desk(*rules: RunRule) -> Iterator[RunDesk]:
    """An empty emulator with these rules."""
    clock = [STANDSTILL]
    with MemoryStore(lambda: clock[0]) as store, RunDesk(store, clock, rules) as desk:
        yield desk
