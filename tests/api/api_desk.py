"""A project that is deployed to an embedded emulator in which time passes fast."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowdsl.emulator import embedded
from flowdsl.emulator.app import create_app
from flowdsl.emulator.faults import Fault, RecordedRequest
from flowdsl.emulator.scenario import make_scenario
from flowdsl.emulator.store import Store
from flowdsl.runs import watch
from tests.support.command_line import LOCAL_PROJECT, run_command, write_tree

CANARY = "pin-canary-90ab"
FLOW = r"""flow 1

workflow look_up {
  title = "Look up"
  inputs {
    claim: string @pattern(r"^C[0-9]+$")
    day: date
    kind: "dental" | "vision" = "dental"
    site: string? @machine
    scan: file?
  }
  secrets { pin: string }
  outputs { status: string, claim_no: string }
  steps {
    step "Sign in" { type $pin into "the PIN field" }
    step "Look up" {
      do "Open claim {claim} of {day} ({kind})." type site into "the site" type scan into "the scan"
      extract status: string from "the status"
      emit status = status
      emit claim_no = "{claim}"
    }
  }
}

workflow note {
  title = "Note"
  inputs { text: string, weight: int = 3 }
  outputs { noted: string }
  steps { step "Note" { do "Write {text} with {weight}." emit noted = "{text}" } }
}

workflow file_away {
  title = "File"
  steps { step "File" { do "Save the list as list.pdf." } }
  checks { file "list.pdf" exists as "list filed" }
}

workflow fresh { title = "Fresh" steps { step "Go" { do "Open the desk." } } }

chain whole {
  inputs { claim: string, day: date }
  secrets { pin: string }
  step first = run look_up(claim: claim, day: day, pin: $pin)
  step second = run note(text: first.outputs.status)
}

chain asking {
  inputs { claim: string, day: date }
  secrets { pin: string }
  step first = run look_up(claim: claim, day: day, pin: $pin)
  pause {
    text: string
    weight: int = 5
    secret code: string @pattern(r"^[a-z]+-")
  }
  step second = run note(text: text, weight: weight)
  step third = run look_up(claim: claim, day: day, pin: $code)
}
"""
DAY = {"claim": "C1", "day": "2026-03-01"}
PIN = {"pin": CANARY}
SPEED = 2000.0


def deploy(root: Path) -> None:
    """Make the project at `root` and deploy all of it but the workflow `fresh`."""
    without = FLOW.replace(FLOW[FLOW.index("workflow fresh") : FLOW.index("chain whole")], "")
    write_tree(root, {"flowdsl.toml": LOCAL_PROJECT, "flows/desk.flow": without})
    done = run_command(root, "deploy", "--yes", CI="")
    assert done.code == 0, done.err
    write_tree(root, {"flows/desk.flow": FLOW})


class ApiDesk:
    """The project, and what the emulator does: rules of runs, and faults of requests."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.rules: Sequence[dict[str, Any]] = ()
        self.faults: Sequence[Fault] = ()
        self.requests: list[RecordedRequest] = []
        self.opened = 0
        self._begun, self._years = time.monotonic(), count(1)
        monkeypatch.setattr(embedded, "open_embedded", self._open)
        monkeypatch.setattr(watch, "FIRST_INTERVAL", 0.01)
        monkeypatch.setattr(watch, "LONGEST_INTERVAL", 0.05)
        monkeypatch.delenv("FLOWDSL_ENV", raising=False)

    def _now(self) -> datetime:
        passed = (time.monotonic() - self._begun) * SPEED
        return datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=passed)

    def _open(self, path: Path | None) -> Any:
        self.opened += 1
        store = Store.open(path, clock=self._now)
        scenario = make_scenario({"runs": self.rules})
        scenario = scenario.model_copy(update={"faults": tuple(self.faults)})
        return create_app(store, scenario=scenario, requests=self.requests), store.close

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        """What somebody else does at the service meanwhile."""
        with Store.open(self.root / ".flowdsl/emulator.sqlite", clock=self._now) as store:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(create_app(store)),
                base_url="http://localhost",
                headers={"Authorization": "Bearer local"},
            ) as client:
                reply = await client.request(method, f"/v1/{path}", json=body)
                assert reply.is_success, reply.text
                return reply.json() if reply.content else None

    def posts(self) -> list[str]:
        """The paths of the POSTs that were sent."""
        return [each.path for each in self.requests if each.method == "POST"]
