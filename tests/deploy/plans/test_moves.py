"""Addresses that move: nothing is created or deleted, and a move is made once."""

from __future__ import annotations

import pytest

from flowdsl.codegen.artifacts import Bundle
from flowdsl.deploy.outcome import Status
from tests.deploy.deploy_world import World, bundle, flow


def ids(world: World) -> dict[str, str]:
    return {key.removeprefix("workflow."): r.id for key, r in world.state().resources.items()}


def moved(world: World, project: Bundle) -> dict[str, str]:
    """The ids by name after two deploys of `project`; the second must have nothing to do."""
    outcome = world.deploy(project)
    assert outcome.status in (Status.DONE, Status.NOTHING_TO_DO), outcome
    before = world.state_text()
    assert world.deploy(project).status is Status.NOTHING_TO_DO
    assert world.state_text() == before
    return ids(world)


def test_a_chain_of_names_moves_along(world: World) -> None:
    before = moved(world, bundle(flow("a", title="1"), flow("b", title="2")))

    after = moved(
        world,
        bundle(flow("b", title="1", renamed_from="a"), flow("c", title="2", renamed_from="b")),
    )

    assert after == {"b": before["a"], "c": before["b"]}
    assert len(world.workflows()) == 2


def test_a_name_given_back_to_another_workflow_is_a_new_one(world: World) -> None:
    before = moved(world, bundle(flow("a", title="1")))

    after = moved(world, bundle(flow("b", title="1", renamed_from="a"), flow("a", title="new")))

    assert after["b"] == before["a"] and after["a"] not in before.values()
    assert len(world.workflows()) == 2


@pytest.mark.parametrize("old", ["never", "b"])
def test_a_move_from_nowhere_or_onto_a_taken_name_moves_nothing(world: World, old: str) -> None:
    before = moved(world, bundle(flow("a", title="1"), flow("b", title="2")))
    after = moved(world, bundle(flow("a", title="1", renamed_from=old), flow("b", title="2")))
    assert after == before
