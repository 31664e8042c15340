"""An exception at any point of a call loses no run; all of them: benchmarks/faults."""

from __future__ import annotations

import asyncio
import sys

import pytest

from flowdsl import api
from tests.api.api_desk import ApiDesk
from tests.api.breaking import (
    CALLS,
    AsyncTrials,
    Breaking,
    BrokenDesk,
    Bug,
    PlainTrials,
    Point,
    Verdict,
)
from tests.support.effort import THOROUGH, every

MANY = CALLS[2]


@pytest.fixture
def broken(desk: ApiDesk, monkeypatch: pytest.MonkeyPatch) -> BrokenDesk:
    return BrokenDesk(desk.root, monkeypatch)


def check(verdict: Verdict, breaking: Breaking) -> None:
    assert (verdict.lost, verdict.untold, verdict.wrong) == (0, 0, []), breaking


@pytest.mark.parametrize("at", ["await", "before", "after"])
def test_what_a_broken_call_made_is_told(broken: BrokenDesk, at: str) -> None:
    kinds = (Bug, "cancel") if at == "await" else (Bug, "cancel", ConnectionResetError)

    async def work() -> None:
        async with api.open_async_project(broken.desk.root) as project:
            trials = AsyncTrials(broken, project)
            await trials.begin()
            made = 0
            for nth in every(3, range(1, await trials.points(MANY, at) + 1)):
                # Of a quick run each point meets another kind.
                for kind in kinds if THOROUGH else (kinds[nth // 3 % len(kinds)],):
                    breaking = Breaking(at, kind, Point(nth))
                    verdict = await trials.trial(MANY, breaking)
                    check(verdict, breaking)
                    made += len(verdict.there)
            assert made, "no trial made anything"

    asyncio.run(work())


@pytest.mark.skipif(sys.platform == "win32", reason="there, a wait for a thread hears no signal")
def test_what_an_interrupted_call_made_is_told(broken: BrokenDesk) -> None:
    with api.open_project(broken.desk.root) as project:
        trials = PlainTrials(broken, project)
        for nth in every(3, range(1, trials.points(MANY, "after") + 1)):
            breaking = Breaking("after", "interrupt", Point(nth))
            check(trials.trial(MANY, breaking), breaking)
