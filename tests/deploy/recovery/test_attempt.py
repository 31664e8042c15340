"""What deploy, recover, restore and destroy have in common.

The lease, what was sent, and how it ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from flowdsl.config.address import workflow_address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.tag import TagCreate
from flowdsl.deploy.apply.attempt import Attempt
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.job import Job
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.outcome import OperationResult, Outcome, Status, Stop
from flowdsl.deploy.refresh.refresh import read_prior
from flowdsl.emulator.faults import Fault
from flowdsl.state.errors import LeaseLost, StateError
from tests.deploy.deploy_world import World, bundle, flow
from tests.deploy.ops_world import DOWN, perform

Work = Callable[[Attempt, CyberdeskClient, Journal, bool], Awaitable[Status]]


def attempted(world: World, work: Work, *faults: Fault, meanwhile: bool = False) -> Outcome:
    """How an attempt ended that does `work` under the lease.

    `meanwhile` somebody else writes state first.
    """

    async def attempt(job: Job) -> Outcome:
        attempt = Attempt(job, Progress(job))

        async def run() -> Status:
            prior = attempt.document = await read_prior(job)
            if meanwhile:
                other = Attempt(job, Progress(job))
                async with other.under_lease(prior) as (_, journal, _moved):
                    await journal.close()
            async with attempt.under_lease(prior) as (client, journal, moved):
                return await work(attempt, client, journal, moved)

        return await attempt.conclude_work(run())

    return perform(world, attempt, *faults)


async def _create(client: CyberdeskClient) -> None:
    await client.tags.create(TagCreate(name="t"), idempotency_key="one")


@pytest.mark.parametrize(
    ("send", "status"), [(True, Status.PARTIAL), (False, Status.SERVICE)], ids=["sent", "read"]
)
def test_what_was_sent_may_have_been_done(world: World, send: bool, status: Status) -> None:
    async def work(
        attempt: Attempt, client: CyberdeskClient, journal: Journal, moved: bool
    ) -> Status:
        if send:
            await _create(client)
        else:
            await client.tags.list(include_archived=True)
        raise AssertionError("the request fails")

    # The state has to be found without the service, which is down.
    assert world.deploy(bundle(flow("a"))).status is Status.DONE
    outcome = attempted(world, work, *DOWN)
    assert outcome.status is status and outcome.results == ()
    assert world.state().lease is None, "it is given back all the same"


def test_an_attempt_that_did_nothing_had_nothing_to_do(world: World) -> None:
    seen: list[bool] = []

    async def idle(
        attempt: Attempt, client: CyberdeskClient, journal: Journal, moved: bool
    ) -> Status:
        seen.append(moved)
        await journal.close()
        return attempt.status

    async def sends(
        attempt: Attempt, client: CyberdeskClient, journal: Journal, moved: bool
    ) -> Status:
        await _create(client)
        return await idle(attempt, client, journal, moved)

    outcome = attempted(world, idle)
    assert outcome.status is Status.NOTHING_TO_DO
    assert outcome.serial == world.state().serial, "that of the last write"
    assert attempted(world, sends).status is Status.DONE
    assert attempted(world, idle, meanwhile=True).status is Status.NOTHING_TO_DO
    assert seen == [False, False, True]


def test_nothing_is_sent_without_the_lease(world: World) -> None:
    async def work(
        attempt: Attempt, client: CyberdeskClient, journal: Journal, moved: bool
    ) -> Status:
        await journal.close()
        with pytest.raises(LeaseLost):
            await _create(client)
        assert not attempt.progress.sent
        return attempt.status

    assert attempted(world, work).status is Status.NOTHING_TO_DO
    assert world.writes == []


@pytest.mark.parametrize(
    ("failure", "status", "said"),
    [
        (None, Status.DONE, ()),
        (Stop(Status.CONFLICT, "one", "two"), Status.CONFLICT, ("one", "two")),
        (StateError("gone"), Status.STATE, ("gone",)),
        (LeaseLost("lost"), Status.LOCKED, ("lost",)),
    ],
)
def test_every_end_tells_everything_in_one_order(
    world: World, failure: Exception | None, status: Status, said: tuple[str, ...]
) -> None:
    result = OperationResult(workflow_address("a"), "update", "performed")

    async def work(
        attempt: Attempt, client: CyberdeskClient, journal: Journal, moved: bool
    ) -> Status:
        attempt.messages.append("before")
        attempt.notes = ("after",)
        attempt.progress.add(result.address, "update", "performed")
        if failure is not None:
            raise failure
        return attempt.status

    outcome = attempted(world, work)
    assert (outcome.status, outcome.messages) == (status, ("before", *said, "after"))
    assert outcome.results == (result,)


def test_a_fault_of_ours_is_no_outcome(world: World) -> None:
    async def work(
        attempt: Attempt, client: CyberdeskClient, journal: Journal, moved: bool
    ) -> Status:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        attempted(world, work)
    assert world.state().lease is None
