"""Settling what an interrupted deploy left open, without deploying anything else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.deploy.addressing import NoSuchAddress
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.resolve import RecoveryVerdict, recover
from flowdsl.deploy.resources.mark import Mark, insert_mark, mark_in
from flowdsl.emulator.faults import Fault
from flowdsl.state.document import Intent
from tests.deploy.deploy_world import Crash, World, bundle, flow
from tests.deploy.ops_world import die_everywhere, nothing_secret, of_another_organization, perform

CREATE = "POST /v1/workflows"
LIST = "GET /v1/workflows"
LOST = Fault(CREATE, None, "after"), Fault(LIST, 2, "html_502")
NEVER = Fault(CREATE, None, "before"), Fault(LIST, 2, "html_502")

PROJECT = bundle(flow("a", tags=["t"]), flow("b"))


def recovered(
    world: World,
    *faults: Fault,
    addresses: Sequence[str] = (),
    verdict: RecoveryVerdict | None = None,
    answer: bool = True,
    **more: Any,
) -> Outcome:
    more.setdefault("project", PROJECT if verdict is None else bundle())
    return perform(
        world,
        lambda job: recover(job, addresses, lambda _intents: answer, verdict),
        *faults,
        **more,
    )


def interrupted(world: World, *faults: Fault) -> Intent:
    """A deploy that does not know whether `a` was created."""
    outcome = world.deploy(PROJECT, *faults, concurrency=1)
    assert outcome.status is Status.UNKNOWN
    (intent,) = world.state().pending
    assert intent.address == "workflow.a"
    return intent


def converges(world: World) -> None:
    assert world.deploy(PROJECT).status in (Status.DONE, Status.NOTHING_TO_DO)
    assert [row.name for row in world.workflows()] == ["A", "B"]
    assert world.deploy(PROJECT).status is Status.NOTHING_TO_DO


def test_nothing_open_is_nothing_to_do(world: World) -> None:
    assert recovered(world).status is Status.NOTHING_TO_DO
    world.deploy(PROJECT)
    before = world.state_text()

    for addresses in ((), ("workflow.a",), ("a",)):
        assert recovered(world, addresses=addresses).status is Status.NOTHING_TO_DO
    with pytest.raises(NoSuchAddress, match=r"`unknown` is no address in the sources or the state"):
        recovered(world, addresses=("unknown",))
    assert world.state_text() == before and world.writes == []


def test_a_creation_whose_reply_was_lost_is_found_and_nothing_else_is_deployed(
    world: World,
) -> None:
    interrupted(world, *LOST)

    outcome = recovered(world)

    assert outcome.status is Status.DONE
    assert [(r.address, r.id) for r in outcome.results] == [("workflow.a", world.workflow("A").id)]
    assert world.writes == []
    state = world.state()
    assert (state.pending, state.lease) == ((), None)
    assert state.resources.keys() == {"workflow.a"}
    assert len(world.workflows()) == 1
    nothing_secret(world, outcome)
    converges(world)


def test_a_creation_that_did_not_happen_is_done(world: World) -> None:
    interrupted(world, *NEVER)

    assert recovered(world).status is Status.DONE
    assert [row.name for row in world.workflows()] == ["A"]
    assert [(each.method, each.path) for each in world.writes] == [("POST", "/v1/workflows")]
    converges(world)


def test_a_creation_of_a_workflow_that_left_the_source_is_let_go(world: World) -> None:
    interrupted(world, *NEVER)

    outcome = recovered(world, project=bundle(flow("b")))

    assert outcome.status is Status.DONE
    assert world.workflows() == [] and world.state().pending == ()


def test_declining_changes_nothing(world: World) -> None:
    interrupted(world, *LOST)
    before = world.state_text()

    assert recovered(world, answer=False).status is Status.DECLINED
    assert world.state_text() == before


def test_each_creation_that_stays_unknown_is_named_in_its_own_result(world: World) -> None:
    with pytest.raises(Crash):
        world.deploy(bundle(flow("a"), flow("b")), crash_store=(6, True))
    assert len(world.state().pending) == 2
    outcome = recovered(world, Fault(LIST, None, "html_502"))
    assert {each.outcome for each in outcome.results} == {"unknown"}
    assert all(f"`{each.address}`" in each.message for each in outcome.results)
    assert len(outcome.results) == 2


def test_an_unknown_address_names_the_open_ones(world: World) -> None:
    interrupted(world, *LOST)

    outcome = recovered(world, addresses=("workflow.aa",))

    assert outcome.status is Status.CONFLICT
    assert "open are those of `workflow.a`" in outcome.messages[0]
    assert recovered(world, addresses=("workflow.b",)).status is Status.NOTHING_TO_DO
    assert len(world.state().pending) == 1


def test_an_address_alone_is_settled_and_the_others_stay_open(world: World) -> None:
    with pytest.raises(Crash):
        world.deploy(bundle(flow("a"), flow("b")), crash_api=(2, False), concurrency=1)
    assert {each.address for each in world.state().pending} == {"workflow.a", "workflow.b"}

    outcome = recovered(world, addresses=("workflow.b",))

    assert outcome.status is Status.DONE
    assert [each.address for each in world.state().pending] == ["workflow.a"]
    assert [row.name for row in world.workflows()] == ["B"]
    converges(world)


def test_what_stays_unknown_is_8_with_the_lines_to_run_and_does_not_hide_the_others(
    world: World,
) -> None:
    with pytest.raises(Crash):
        world.deploy(bundle(flow("a"), flow("b")), crash_api=(2, False), concurrency=1)
    world.time.elapsed += 60

    # The second creation of `a` has no reply, and it is not seen either; `b` can be created.
    outcome = recovered(world, Fault(CREATE, 1, "before"), concurrency=1)

    assert outcome.status is Status.UNKNOWN
    found = {each.address: each.outcome for each in outcome.results}
    assert found == {"workflow.a": "unknown", "workflow.b": "performed"}
    assert "`flowdsl recover workflow.a --env test --absent`" in outcome.messages[0]
    state = world.state()
    assert [each.address for each in state.pending] == ["workflow.a"] and state.lease is None
    assert recovered(world).status is Status.DONE
    converges(world)


PATCH_IN_DOUBT = (
    Fault("PATCH /v1/workflows/{id}", 1, "after"),
    *(Fault("GET /v1/workflows/{id}", number, "html_502") for number in range(4, 20)),
)
"""The reply to the change is lost, and so is every look at what became of it."""


def test_an_interrupted_change_is_recorded_as_far_as_it_was_done(world: World) -> None:
    world.begin(PROJECT)
    later = bundle(flow("a", "Two.", tags=["t"]), flow("b"))
    outcome = world.deploy(later, *PATCH_IN_DOUBT, concurrency=1)
    assert outcome.status is Status.UNKNOWN and len(world.state().pending) == 1

    resulting_state = recovered(world, project=later)

    assert resulting_state.status is Status.DONE
    assert world.writes == []
    assert world.state().pending == ()
    assert world.deploy(later).status is Status.NOTHING_TO_DO


def test_a_person_says_which_workflow_it_is(world: World) -> None:
    interrupted(world, *LOST)
    found = world.workflow("A").id

    outcome = recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(found))

    assert outcome.status is Status.DONE
    assert world.writes == []
    assert world.state().resources["workflow.a"].id == found
    converges(world)


def made(world: World, name: str, mark: Mark | None = None) -> str:
    schema = None if mark is None else insert_mark(None, mark)
    body = WorkflowCreate(name=name, main_prompt="Mine.", input_schema=schema)
    created = world.ask(lambda client: client.workflows.create(body, idempotency_key=name))
    return str(created.id)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (Mark("prj_2", "test", "workflow.a", 1, "00000000"), "of project `prj_2`"),
        (Mark("prj_1", "prod", "workflow.a", 1, "00000000"), "environment `prod`"),
        (Mark("prj_1", "test", "workflow.c", 1, "00000000"), "`workflow.c`"),
    ],
)
def test_a_workflow_with_somebody_elses_mark_is_refused(
    world: World, mark: Mark, words: str
) -> None:
    interrupted(world, *NEVER)
    claimed = made(world, "X", mark)

    outcome = recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(claimed))

    assert outcome.status is Status.CONFLICT and words in outcome.messages[0]
    assert len(world.state().pending) == 1 and world.state().lease is None


def test_a_workflow_without_a_mark_is_taken_at_a_persons_word(world: World) -> None:
    interrupted(world, *NEVER)
    claimed = made(world, "A")

    outcome = recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(claimed))

    assert outcome.status is Status.DONE
    assert world.state().resources["workflow.a"].id == claimed
    assert world.deploy(PROJECT).status is Status.CONFLICT, "what differs is shown as an edit"


def test_a_tracked_a_missing_and_another_workflow_are_refused(world: World) -> None:
    world.begin(bundle(flow("b")))
    interrupted(world, *LOST)
    marked, tracked, other = world.workflow("A").id, world.workflow("B").id, made(world, "Other")
    missing = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    for claimed, words in (
        (tracked, "is `workflow.b`"),
        (other, f"{marked} carries the mark"),
        (missing, f"there is no workflow {missing}"),
    ):
        outcome = recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(claimed))
        assert outcome.status is Status.CONFLICT and words in outcome.messages[0]
    assert len(world.state().pending) == 1
    assert (
        recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(marked)).status
        is Status.DONE
    )
    converges_with_other = world.deploy(PROJECT)
    assert converges_with_other.status is Status.DONE and len(world.workflows()) == 3


def test_a_person_says_that_it_was_not_created(world: World) -> None:
    intent = interrupted(world, *NEVER)

    outcome = recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(None))

    assert outcome.status is Status.DONE
    assert world.state().pending == () and world.writes == []
    assert world.time.now() >= intent.created_at, "no sooner than a request can still arrive"
    converges(world)


def test_absent_is_not_believed_where_the_mark_is(world: World) -> None:
    interrupted(world, *LOST)

    outcome = recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(None))

    assert outcome.status is Status.CONFLICT
    assert world.workflow("A").id in outcome.messages[0]
    assert len(world.state().pending) == 1
    converges(world)


def test_absent_waits_for_what_may_still_arrive(world: World) -> None:
    """The request of the dead deploy reaches the service while we look."""
    intent = interrupted(world, *NEVER)
    mark = Mark("prj_1", "test", "workflow.a", intent.generation, intent.short_id)
    slept = world.time.sleep

    async def arrive(seconds: float) -> None:
        await slept(seconds)
        if not arrived and world.time.now() > intent.created_at:
            arrived.append(1)
            async with world.client() as late:
                body = WorkflowCreate(
                    name="A", main_prompt="Open the app.", input_schema=insert_mark(None, mark)
                )
                await late.workflows.create(body, idempotency_key="late")

    arrived: list[int] = []
    world.time.sleep = arrive  # type: ignore[method-assign]

    outcome = recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(None))

    assert arrived and outcome.status is Status.CONFLICT


def test_a_verdict_about_a_change_is_refused(world: World) -> None:
    world.begin(PROJECT)
    later = bundle(flow("a", "Two.", tags=["t"]), flow("b"))
    world.deploy(later, *PATCH_IN_DOUBT, concurrency=1)

    outcome = recovered(world, addresses=("workflow.a",), verdict=RecoveryVerdict(None))

    assert outcome.status is Status.CONFLICT and "not a creation" in outcome.messages[0]
    assert len(world.state().pending) == 1


@pytest.mark.parametrize("verdict", [None, RecoveryVerdict(None)])
def test_a_key_of_another_organisation_settles_nothing(
    world: World, verdict: RecoveryVerdict | None
) -> None:
    world.begin(bundle(flow("b")))
    interrupted(world, *NEVER)
    before = world.state().pending

    outcome = recovered(
        world, addresses=("workflow.a",), verdict=verdict, app=of_another_organization(world)
    )

    assert outcome.status is Status.ACCESS
    assert world.writes == []
    assert world.state().pending == before and world.state().lease is None


def test_a_crash_at_any_call_is_healed_by_running_again(world: World, folder: Path) -> None:
    interrupted(world, *NEVER)
    for again in die_everywhere(world, recovered, folder):
        assert recovered(again).status in (Status.DONE, Status.NOTHING_TO_DO)
        assert [row.name for row in again.workflows()] == ["A"]
        assert again.state().pending == ()
        mark = mark_in(again.workflow("A").input_schema)
        assert mark is not None and mark.address == "workflow.a"
        converges(again)
        assert again.state().lease is None
