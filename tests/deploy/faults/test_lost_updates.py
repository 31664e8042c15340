"""Edits that fall between our reading and our writing, and recordings that outlive a prompt."""

from __future__ import annotations

import pytest

from flowdsl.deploy.outcome import Status
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import World, bundle, flow

UPDATE = "PATCH /v1/workflows/{id}"


def test_an_edit_between_get_and_patch_is_reported_with_its_version(world: World) -> None:
    world.deploy(bundle(flow("a", "One.")))

    outcome = world.deploy(
        bundle(flow("a", "Two.")), app=world.editing("A", before="PATCH", main_prompt="By hand.")
    )

    assert outcome.status is Status.CONFLICT
    (result,) = outcome.results
    assert (result.outcome, result.reason) == ("conflict", "lost_update")
    assert "`main_prompt` of `workflow.a`" in result.message
    assert (
        "version 2" in result.message
        and "`flowdsl restore workflow.a --env test`" in result.message
    )
    (first, second) = world.workflow("A").old_versions or []
    assert (first["main_prompt"], second["main_prompt"]) == ("One.", "By hand.")
    assert world.deploy(bundle(flow("a", "Two."))).status is Status.NOTHING_TO_DO


def test_an_edit_of_another_field_survives_and_is_said(world: World) -> None:
    world.deploy(bundle(flow("a", "One.")))

    outcome = world.deploy(
        bundle(flow("a", "Two.")), app=world.editing("A", before="PATCH", name="By hand")
    )

    assert outcome.status is Status.CONFLICT
    assert world.workflow("By hand").main_prompt == "Two."
    assert world.deploy(bundle(flow("a", "Two."))).status is Status.CONFLICT, "it is drift now"


@pytest.mark.parametrize("kind", ["after", "html_502"])
def test_a_repeated_patch_is_no_edit_of_somebody_else(world: World, kind: str) -> None:
    """If the service forgot the key, our own repetition leaves a version of what we sent."""
    world.deploy(bundle(flow("a", "One.")))
    world.idempotency("ignore")

    outcome = world.deploy(
        bundle(flow("a", "Two.")),
        Fault(UPDATE, 1, kind),
        max_retries=2,  # type: ignore[arg-type]
    )

    assert outcome.status is Status.DONE
    assert world.deploy(bundle(flow("a", "Two."))).status is Status.NOTHING_TO_DO


def test_an_update_without_edits_is_no_lost_update(world: World) -> None:
    for prompt in ("One.", "Two.", "Three.", "One."):
        assert world.deploy(bundle(flow("a", prompt))).status is Status.DONE


def test_approved_recordings_are_told_and_lose_their_approval_before_the_prompt(
    world: World,
) -> None:
    world.deploy(bundle(flow("a", "One."), flow("b", "One.")))
    first, second = world.recordings("A", 2)
    other = world.recording("B")
    project = bundle(flow("a", "Two."), flow("b", "One.", title="Bee"))

    kept = world.deploy(bundle(flow("a", "Later."), flow("b", "One.")))
    assert kept.plan is not None
    assert {t.id for t in kept.plan.impact["workflow.a"].trajectories} == {first, second}
    assert world.approved() == {first, second, other}

    outcome = world.deploy(project, unapprove=True)

    assert outcome.status is Status.DONE
    assert world.approved() == {other}, "a recording of an unchanged prompt stays"
    order = [request.path.split("/")[2] for request in world.writes if request.method == "PATCH"]
    assert order.index("trajectories") < order.index("workflows")


def test_a_withdrawal_without_a_reply_is_no_doubt_about_a_change_that_was_not_sent(
    world: World,
) -> None:
    world.deploy(bundle(flow("a", "One.")))
    world.recording("A")
    project, begun = bundle(flow("a", "Two.")), world.time.elapsed

    lost = Fault("PATCH /v1/trajectories/{id}", None, "after")
    outcome = world.deploy(project, lost, unapprove=True)

    assert [each.reason for each in outcome.results] == ["incomplete"]
    assert outcome.status is Status.PARTIAL and world.workflow("A").main_prompt == "One."
    assert world.time.elapsed - begun < 10, "it was waited for a change that nobody sent"
    assert world.deploy(project, unapprove=True).status is Status.DONE


def test_taking_approvals_is_not_lost_when_the_prompt_does_not_change_after_all(
    world: World,
) -> None:
    world.deploy(bundle(flow("a", "One.")))
    world.recording("A")
    project = bundle(flow("a", "Two."))

    refused = world.deploy(project, Fault(UPDATE, 1, "status", status=422), unapprove=True)
    assert refused.status is Status.PARTIAL and world.approved() == set()
    assert world.deploy(project, unapprove=True).status is Status.DONE
