from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from flowdsl.emulator.runs import usage
from tests.emulator.emulator_desk import Desk

PERIOD = "from_date=2026-02-01T00:00:00Z&to_date=2026-03-01T01:00:00%2B01:00"


def steps(agentic: int, cached: int, **more: Any) -> dict[str, Any]:
    return {"total_agentic_steps": agentic, "total_cached_steps": cached, **more}


RUNS: tuple[dict[str, Any], ...] = (
    steps(5, 2, total_agentic_steps_billed=4, total_cached_steps_billed=1),
    steps(7, 0, billing_outcome="infra_failure", total_agentic_steps_billed=0),
    steps(1, 9, billing_outcome="billed", total_agentic_steps_billed=1),
    {},
)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("", (6, 11, 3)), ("&mode=simulated", (6, 11, 3)), ("&mode=billed", (5, 1, 4))],
)
def test_each_mode_sums_its_own_steps(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, mode: str, expected: tuple[int, int, int]
) -> None:
    rows = [SimpleNamespace(usage_metadata=each) for each in RUNS]
    monkeypatch.setattr(usage, "find_ended_runs", lambda *_, **__: rows)
    body = desk.ok("GET", f"/v1/usage/aggregate?{PERIOD}{mode}")
    totals = ("total_agentic_steps", "total_cached_steps", "runs_counted")
    assert tuple(body[name] for name in totals) == expected
    assert body["mode"] == (mode.partition("=")[2] or "simulated")


def test_the_period_is_shown_in_utc(desk: Desk) -> None:
    body = desk.ok("GET", f"/v1/usage/aggregate?{PERIOD}")
    assert body["period_start"] == "2026-02-01T00:00:00.000000Z"
    assert body["period_end"] == "2026-03-01T00:00:00.000000Z"
