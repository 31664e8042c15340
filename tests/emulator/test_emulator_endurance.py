"""Small runs of two studies of the emulator.

They are `benchmarks/faults/emulator_durability.py` and `benchmarks/service/emulator_memory.py`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.faults import emulator_durability
from benchmarks.faults.emulator_durability import FAILURES, run_rounds
from benchmarks.service.emulator_memory import grow, grown
from tests.emulator.emulator_process import served
from tests.support.effort import only_thorough


@only_thorough
def test_what_was_acknowledged_survives_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator_durability, "served", served)
    counts = run_rounds(tmp_path / "emulator.sqlite", rounds=1, writers=4, seed=7)
    assert {kind: counts[kind] for kind in FAILURES} == dict.fromkeys(FAILURES, 0)
    assert counts["create"] > 0
    assert counts["settled"] > 0


@only_thorough
def test_memory_does_not_grow_with_requests() -> None:
    growth = asyncio.run(grow(100, None))
    assert grown(growth) == []
    assert [item.requests for item in growth] == [100, 20, 100, 100, 20, 100]
