"""What it takes to delete.

An entry or `--prune`, guards that hold, protection in state, and everything else done first.
"""

from __future__ import annotations

from typing import Any

import pytest

from flowdsl.codegen.artifacts import Bundle
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.planning.plan import Action
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import World, bundle, flow

DELETE = "DELETE /v1/workflows/{id}"


def many(count: int, first: int = 0) -> Bundle:
    return bundle(*(flow(f"w{number:02}") for number in range(first, count)))


def names(world: World) -> list[str | None]:
    return [row.name for row in world.workflows()]


@pytest.mark.parametrize("how", ["entry", "prune"])
def test_an_entry_or_prune_deletes_and_says_what_goes_with_it(world: World, how: str) -> None:
    world.begin(bundle(flow("a"), flow("b")))
    gone = world.workflow("B").id
    world.run(gone)
    world.run(gone)
    if how == "entry":
        world.retarget(deleted=frozenset({"workflow.b"}))

    outcome = world.deploy(bundle(flow("a")), prune=how == "prune")

    assert outcome.status is Status.DONE and names(world) == ["A"]
    assert world.state().resources.keys() == {"workflow.a"}
    assert outcome.plan is not None
    impact = outcome.plan.impact["workflow.b"]
    assert (impact.runs_total, impact.trajectories_total) == (2, 0)
    assert world.deploy(bundle(flow("a")), prune=how == "prune").status is Status.NOTHING_TO_DO


def test_an_address_in_the_source_is_not_deleted(world: World) -> None:
    world.begin(bundle(flow("a")))
    world.retarget(deleted=frozenset({"workflow.a"}))

    outcome = world.deploy(bundle(flow("a")))

    assert outcome.status is Status.CONFLICT and "is in the source" in outcome.messages[0]
    assert names(world) == ["A"]


def test_protection_is_in_state_and_outlives_the_source(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b", protect=True)))

    outcome = world.deploy(bundle(flow("a")), prune=True, accepted={"deletes": 1})

    assert outcome.status is Status.GUARDED
    assert "`flowdsl state unprotect workflow.b --env test`" in outcome.messages[0]
    assert world.writes == [] and names(world) == ["A", "B"]


@pytest.mark.parametrize(
    ("accepted", "status"),
    [
        ({}, Status.GUARDED),
        ({"deletes": 3}, Status.GUARDED),
        ({"updates": 4}, Status.GUARDED),
        ({"deletes": 4}, Status.DONE),
    ],
)
def test_many_deletions_take_the_exact_number(
    world: World, accepted: dict[str, int], status: Status
) -> None:
    world.begin(many(6))

    outcome = world.deploy(many(6, first=4), prune=True, accepted=accepted)

    assert outcome.status is status
    assert len(names(world)) == (2 if status is Status.DONE else 6)
    if status is Status.GUARDED:
        assert world.writes == [] and "4 of 6 workflows would be deleted" in outcome.messages[0]


def test_three_deletions_are_no_mass(world: World) -> None:
    world.begin(many(6))
    assert world.deploy(many(6, first=3), prune=True).status is Status.DONE


def test_nothing_is_deleted_while_something_else_has_failed(world: World) -> None:
    world.begin(bundle(flow("a", "One."), flow("b")))

    outcome = world.deploy(
        bundle(flow("a", "Two.")),
        Fault("PATCH /v1/workflows/{id}", 1, "status", status=422),
        prune=True,
    )

    assert outcome.status is Status.PARTIAL
    assert outcomes(outcome) == {"workflow.a": "failed", "workflow.b": "not_attempted"}
    assert names(world) == ["A", "B"]


def outcomes(outcome: Outcome) -> dict[str, str]:
    return {result.address: result.outcome for result in outcome.results}


@pytest.mark.parametrize("kind", ["before", "after", "html_502"])
def test_a_lost_reply_to_a_deletion_is_settled_by_deploying_again(world: World, kind: Any) -> None:
    world.begin(bundle(flow("a"), flow("b")))

    first = world.deploy(bundle(flow("a")), Fault(DELETE, 1, kind), prune=True)
    gone = len(names(world)) == 1
    second = world.deploy(bundle(flow("a")), prune=True)

    assert first.status is (Status.DONE if gone else Status.UNKNOWN), "it is looked up at once"
    assert gone is (kind == "after")
    assert second.status in (Status.DONE, Status.NOTHING_TO_DO)
    assert names(world) == ["A"] and world.state().resources.keys() == {"workflow.a"}
    assert world.deploy(bundle(flow("a")), prune=True).status is Status.NOTHING_TO_DO


def test_a_workflow_edited_after_the_plan_is_not_deleted(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b")))

    outcome = world.deploy(
        bundle(flow("a")),
        prune=True,
        app=world.editing("B", before="GET", nth=2, main_prompt="Kept."),
    )

    assert outcome.status is Status.CONFLICT
    assert "it is not deleted" in outcome.results[0].message
    assert world.workflow("B").main_prompt == "Kept."


def test_a_declared_tag_goes_last_and_only_when_told(world: World) -> None:
    world.retarget(declared={"tag": {"t": {"color": "red"}}})
    world.begin(bundle(flow("a", tags=["t"]), flow("b")))
    world.retarget(declared={})
    kept = world.deploy(bundle(flow("a"), flow("b")))
    assert kept.status is Status.DONE
    assert [tag.name for tag in world.ask(lambda client: client.tags.list())] == ["t"]

    world.retarget(declared={"tag": {"t": {"color": "red"}}})
    world.deploy(bundle(flow("a"), flow("b")))
    world.retarget(declared={}, deleted=frozenset({"tag.t"}))
    outcome = world.deploy(bundle(flow("a")), prune=True)

    assert outcome.status is Status.DONE
    assert world.ask(lambda client: client.tags.list()) == []
    deletions = [request.path for request in world.writes if request.method == "DELETE"]
    assert [path.split("/")[2] for path in deletions] == ["workflows", "workflow-tags"]
    assert world.deploy(bundle(flow("a")), prune=True).status is Status.NOTHING_TO_DO


def test_forgetting_leaves_the_workflow_and_lets_go_of_it(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b")))
    world.retarget(forgotten=frozenset({"workflow.b"}))

    outcome = world.deploy(bundle(flow("a")))

    assert outcome.plan is not None and outcome.plan.of(Action.FORGET)
    assert world.writes == [] and names(world) == ["A", "B"]
    assert world.state().resources.keys() == {"workflow.a"}


def test_a_tag_that_a_workflow_still_has_is_not_deleted(world: World) -> None:
    world.retarget(declared={"tag": {"ehr": {}}})
    project = bundle(flow("a", tags=["ehr"]))
    world.begin(project)
    world.retarget(declared={}, deleted=frozenset({"tag.ehr"}))
    outcome = world.deploy(project)
    assert outcome.status is Status.CONFLICT
    assert "`tag.ehr` is still declared or used" in outcome.messages[0]
    assert [tag.name for tag in world.workflow("A").tags or ()] == ["ehr"]
    assert world.deploy(bundle(flow("a"))).status is Status.DONE
    assert world.plan(bundle(flow("a"))).is_empty
