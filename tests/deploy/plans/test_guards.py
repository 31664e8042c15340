"""Guards against mass changes, deploys of a part, and fields left to the dashboard."""

from __future__ import annotations

import pytest

from flowdsl.codegen.artifacts import Bundle
from flowdsl.deploy.outcome import Status
from flowdsl.deploy.planning.plan import Action
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import World, bundle, flow

UPDATE = "PATCH /v1/workflows/{id}"


def many(count: int, prompt: str = "Open the app.", changed: int = 0) -> Bundle:
    return bundle(
        *(flow(f"w{n:02}", prompt if n < changed else "Open the app.") for n in range(count))
    )


@pytest.mark.parametrize(
    ("count", "changed", "trips"),
    [(20, 11, True), (10, 10, False), (22, 11, False)],
)
def test_changing_most_of_a_project_takes_a_word(
    world: World, count: int, changed: int, trips: bool
) -> None:
    world.begin(many(count))
    project = many(count, "Another prompt.", changed)

    outcome = world.deploy(project)

    assert outcome.status is (Status.GUARDED if trips else Status.DONE)
    if trips:
        assert f"`--accept-guard updates={changed}`" in outcome.messages[0]
        assert world.writes == []
        assert world.deploy(project, accepted={"updates": changed}).status is Status.DONE


def test_a_first_deploy_of_many_is_no_mass_change(world: World) -> None:
    assert world.deploy(many(15)).status is Status.DONE


@pytest.mark.parametrize(("deleted", "status"), [(1, Status.CONFLICT), (2, Status.GUARDED)])
def test_many_missing_workflows_look_like_another_organisation(
    world: World, deleted: int, status: Status
) -> None:
    project = many(5)
    world.begin(project)
    for name in [f"W{n:02}" for n in range(deleted)]:
        gone = world.workflow(name).id
        world.ask(lambda client, gone=gone: client.workflows.delete(gone, idempotency_key=gone))
    again = {"recreate": frozenset(f"workflow.w{n:02}" for n in range(deleted))}

    outcome = world.deploy(project)

    assert outcome.status is status and world.writes == []
    if status is Status.GUARDED:
        assert "2 of 5 workflows in state do not exist" in outcome.messages[0]
        assert world.deploy(project, **again).status is Status.GUARDED
        again["accepted"] = {"missing": deleted}  # type: ignore[assignment]
    assert world.deploy(project, **again).status is Status.DONE
    assert world.deploy(project).status is Status.NOTHING_TO_DO


def test_only_what_was_named_changes_with_what_it_needs(world: World) -> None:
    world.begin(bundle(flow("a", "One."), flow("b", "One."), flow("gone")))
    project = bundle(flow("a", "Two.", tags=["t"]), flow("b", "Two.", tags=["u"]), flow("c"))

    outcome = world.deploy(project, only=frozenset({"workflow.a"}), prune=True)

    assert outcome.status is Status.DONE
    assert {result.address for result in outcome.results} == {"tag.t", "workflow.a"}
    assert world.workflow("B").main_prompt == "One."
    assert [row.name for row in world.workflows()] == ["A", "B", "Gone"]
    assert world.deploy(project, prune=True).status is Status.DONE
    assert [row.name for row in world.workflows()] == ["A", "B", "C"]


def test_the_first_failure_ends_the_deploy_where_that_is_wanted(world: World) -> None:
    world.begin(bundle(*(flow(name, "One.") for name in "abc")))
    project = bundle(*(flow(name, "Two.") for name in "abc"))

    outcome = world.deploy(
        project, Fault(UPDATE, 2, "status", status=422), concurrency=1, abort=True
    )

    assert [r.outcome for r in outcome.results] == ["performed", "failed", "not_attempted"]
    assert "`--on-error abort`" in outcome.results[2].message
    assert world.deploy(project).status is Status.DONE


def test_fields_left_to_the_dashboard_are_neither_compared_nor_sent(world: World) -> None:
    world.retarget(
        ignored=frozenset({"model_metadata", "main_prompt", "tags"}), models={"m": "Claude"}
    )
    first = bundle(flow("a", "One.", tags=["t"]))
    assert world.deploy(first).status is Status.DONE
    assert world.workflow("A").main_prompt == "One.", "a creation sends everything"
    found = world.workflow("A")
    (tag,) = found.tags or []
    world.edit("A", main_prompt="By hand.")
    world.ask(lambda client: client.workflows.remove_tag(found.id, tag.id, idempotency_key="1"))

    assert world.deploy(first).status is Status.NOTHING_TO_DO
    outcome = world.deploy(bundle(flow("a", "Two.", title="Other", tags=["t", "u"])))

    assert outcome.status is Status.DONE
    assert outcome.plan is not None
    assert [change.action for change in outcome.plan.changes] == [Action.RENAME]
    live = world.workflow("Other")
    assert live.main_prompt == "By hand." and not live.tags


def test_time_that_is_over_stops_before_the_next_operation(world: World) -> None:
    project = bundle(flow("a"), flow("b"), flow("c"))
    begun: list[str] = []

    outcome = world.deploy(
        project,
        concurrency=1,
        stop=lambda: "the time that `--timeout` gives is over" if len(begun) >= 1 else "",
        begun=begun,
    )

    assert outcome.status is Status.PARTIAL
    assert [r.outcome for r in outcome.results] == ["performed", "not_attempted", "not_attempted"]
    assert world.state().pending == () and world.state().lease is None
    assert world.deploy(project).status is Status.DONE


def test_workflows_that_an_adoption_changes_count_as_updates(world: World) -> None:
    names = [f"flow_{number:02}" for number in range(12)]
    world.begin(bundle(*(flow(name, "By hand.") for name in names)))
    ids = {address: each.id for address, each in world.state().resources.items()}
    (world.root / ".flowdsl/state/test.json").unlink()
    world.retarget(adopted=ids)
    same = bundle(*(flow(name, "By hand.") for name in names))
    other = bundle(*(flow(name, "From source.") for name in names))

    guarded = world.deploy(other)

    assert guarded.status is Status.GUARDED
    assert "12 of 12 workflows would be changed" in guarded.messages[0]
    assert world.writes == []
    assert world.deploy(same).status is Status.NOTHING_TO_DO
    assert world.deploy(other, accepted={"updates": 12}).status is Status.DONE
