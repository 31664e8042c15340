"""A run is begun anew exactly once, whatever becomes of the reply."""

from __future__ import annotations

from typing import Any

import pytest

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, ValidationRefused
from flowdsl.cyberdesk.models.run import Run, RunRetry
from flowdsl.emulator.scenario import Scenario
from flowdsl.runs.starting.retrying import retried
from tests.runs.run_world import RunWorld

ROUTE = "POST /v1/runs/{id}/retry"


def retry(world: RunWorld, run: Run) -> Run:
    async def work(client: CyberdeskClient) -> Run:
        return await retried(client, run, RunRetry(), world.runtime, tell=world.said.append)

    return world.run(work)


def ended(world: RunWorld) -> Run:
    (made,) = world.submit_one().runs
    world.elapsed += 30
    return Run.model_validate(world.desk.ok("GET", f"/v1/runs/{made.id}"))


@pytest.mark.parametrize("keys", ["honour", "ignore"])
@pytest.mark.parametrize("kind", ["after", "before", "drop", "status", "429"])
def test_a_retry_is_carried_out_once(kind: str, keys: str) -> None:
    with RunWorld(Scenario.model_validate({"idempotency": keys})).open() as world:
        run = ended(world)
        carried_out: list[Any] = []
        plain = world.plain

        async def counting(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"].endswith("/retry"):
                carried_out.append(scope["path"])
            await plain(scope, receive, send)

        world.plain = counting  # type: ignore[assignment]
        fault = {"route": ROUTE, "kind": kind, "nth": 1}
        world.use_faults(Scenario.model_validate({"faults": [fault]}))
        again = retry(world, run)
        assert again.id == run.id and len(carried_out) == 1
        assert again.is_live or again.started_at != run.started_at


def test_a_run_that_goes_on_is_not_begun_anew() -> None:
    with RunWorld().open() as world:
        (made,) = world.submit_one().runs
        with pytest.raises(ValidationRefused, match="has not ended"):
            retry(world, made)


def test_a_retry_of_which_nobody_knows_is_an_error_that_says_so() -> None:
    with RunWorld().open() as world:
        run = ended(world)
        fault = {"route": ROUTE, "kind": "before"}
        world.use_faults(Scenario.model_validate({"faults": [fault]}))
        with pytest.raises(CyberdeskError) as caught:
            retry(world, run)
        assert caught.value.outcome_unknown
