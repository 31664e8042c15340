"""A project in the embedded emulator whose runs are over, for tests of `flowdsl trace`."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from flowdsl.emulator.app import create_app
from flowdsl.emulator.scenario import make_scenario
from flowdsl.emulator.store import Store
from tests.support.command_line import LOCAL_PROJECT, Result, run_here, write_tree

MAIN = """\
flow 1
import { open_claim } from "./lib/portal.flow"

## Opens every claim of a day.
workflow claims {
  title = "Claims of a day"
  inputs { claims: string[] @max_items(9) }
  secrets { password: string }
  outputs { note: string }
  steps {
    step "Sign in" {
      do "Start Claims Portal from the taskbar and wait for its sign-in window."
      type $password into "the Password field"
    }
    for claim in claims max 9 {
      call open_claim(number: claim)
      do "Click \\"Close\\" at the bottom of the claim."
    }
    step "Report" {
      extract note: string from "the summary line below the list of claims"
      emit note = note
    }
  }
}
"""
LIBRARY = """\
flow 1

## Opens one claim.
task open_claim(number: string) {
  do "Press F3 for the claim search, type {number} and press Enter."
  choose "the row whose number is {number}"
    else abort "Claim {number} is not in the list"
  expect "the claim's header shows the number {number}"
    else abort "Another claim than {number} was opened"
}
"""
CANARY = "pw-canary-71f3"
INPUTS = {"claims": ["HM-1", "HM-2", "HM-3"]}


class TracedDesk:
    """`deploy` brings the sources to the emulator, `run` plays a run to its end, `trace` is the
    command.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        write_tree(
            root,
            {
                "flowdsl.toml": LOCAL_PROJECT,
                "flows/claims.flow": MAIN,
                "flows/lib/portal.flow": LIBRARY,
            },
        )

    def deploy(self) -> None:
        done = run_here(self.root, "deploy", "--yes")
        assert done.code == 0, done.err

    def commit(self, message: str = "State of the day") -> str:
        write_tree(self.root, {".gitignore": ".flowdsl/\n"})
        for words in (
            ["init", "-q"],
            ["add", "-A"],
            ["-c", "user.name=A", "-c", "user.email=a@acme.test", "commit", "-qm", message],
        ):
            subprocess.run(["git", "-C", str(self.root), *words], check=True, capture_output=True)
        shown = subprocess.run(
            ["git", "-C", str(self.root), "rev-parse", "HEAD"], check=True, capture_output=True
        )
        return shown.stdout.decode().strip()

    def run(
        self,
        *rules: dict[str, Any],
        history: Sequence[Any] | None = None,
        **values: Any,
    ) -> str:
        """The id of a run; `history` replaces what the emulator writes into it."""
        clock = [datetime.now(UTC)]
        path = self.root / ".flowdsl/emulator.sqlite"
        with Store.open(path, clock=lambda: clock[0]) as store:
            app = create_app(store, scenario=make_scenario({"runs": rules}))

            def call(method: str, target: str, body: Any = None) -> Any:
                async def send() -> httpx.Response:
                    async with httpx.AsyncClient(
                        transport=httpx.ASGITransport(app),
                        base_url="http://localhost",
                        headers={"Authorization": "Bearer local"},
                    ) as http:
                        return await http.request(method, f"/v1/{target}", json=body)

                reply = asyncio.run(send())
                assert reply.status_code < 300, reply.text
                return reply.json()

            (row,) = call("GET", "workflows")["items"]
            body = {
                "workflow_id": row["id"],
                "input_values": INPUTS,
                "sensitive_input_values": {"password": CANARY},
                **values,
            }
            made = call("POST", "runs", body)
            # The store's time never goes back, so that to every later reader the run is over. It
            # may be ahead of the clock by the run before.
            clock[0] = datetime.fromisoformat(made["created_at"]) + timedelta(minutes=1)
            call("POST", "workflow-tags", {"name": f"after {made['id']}"})
            if history is not None:
                written = {"run_message_history": list(history), "status": "task_failed"}
                call("PATCH", f"runs/{made['id']}", written)
            return str(made["id"])

    def trace(self, run: str, *words: str) -> Result:
        return run_here(self.root, "trace", run, *words)

    def told(self, run: str) -> Any:
        """The trace as JSON."""
        done = self.trace(run, "--json")
        assert done.code == 0, done.err
        return json.loads(done.text)


def line_of(text: str, words: str) -> int:
    """The number of the only line that has these words."""
    (number,) = [n for n, line in enumerate(text.split("\n"), 1) if words in line]
    return number
