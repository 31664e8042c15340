"""Work of the engine other than a deploy, in a `World`.

With faults, crashes and a service of one's own.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import (
    CANARY,
    Crash,
    World,
    world_app,
)
from tests.support.effort import thinned

perform = World.perform


def of_another_organization(world: World) -> ASGIApp:
    """The same service for a key of another organisation."""
    return world_app(world.emulator, keys={CANARY: "org_other"})


DOWN = (Fault("* /*", None, "before"),)
"""Every request fails."""


class Before:
    """Acts like a person in the dashboard, right before the n-th request of a route."""

    def __init__(
        self, world: World, method: str, parts: int, nth: int, act: Callable[[Any], Awaitable[Any]]
    ) -> None:
        self._world, self._method, self._parts = world, method, parts
        self._left, self._act = nth, act

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == self._method and scope["path"].count("/") == self._parts:
            self._left -= 1
            if self._left == 0:
                async with self._world.client() as dashboard:
                    await self._act(dashboard)
        await self._world.app(scope, receive, send)


def nothing_secret(world: World, outcome: Any) -> None:
    """No artefact holds the key or the text of a prompt."""
    everything = world.state_text() + json.dumps(outcome.to_json())
    assert CANARY not in everything and "Open the app" not in everything


def die_everywhere(start: World, act: Callable[..., Outcome], root: Path) -> Iterator[World]:
    """Copies of a world, below `root`, in which `act` died at a call, before its work or after it.

    After a request that only reads nothing is different from before the next one.
    """
    start.close()
    counted = start.copy_to(root / "counted")
    assert act(counted).status is Status.DONE
    api_calls, store_calls = counted.crash_counts
    reads = [n for n, each in enumerate(counted.requests, 1) if each.method == "GET"]
    points = [("api", n, after) for n in range(1, api_calls + 1) for after in (False, True)]
    points = [each for each in points if each[1] not in reads or not each[2]]
    points += [("store", n, after) for n in range(1, store_calls + 1) for after in (False, True)]
    for where, number, after in thinned(points):
        world = start.copy_to(root / f"{where}{number}{after}")
        with pytest.raises(Crash):
            act(world, **{f"crash_{where}": (number, after)})
        try:
            yield world
        except BaseException as error:
            error.add_note(f"died at {where} {number}, after: {after}")
            raise
        world.close()
