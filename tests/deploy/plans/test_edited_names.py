"""Tags and model configurations that somebody edits while a deploy runs.

Nothing is written over what no plan showed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.model_configuration import ModelConfigurationPatch
from flowdsl.cyberdesk.models.tag import TagPatch
from flowdsl.deploy.outcome import Outcome, Status
from tests.deploy.deploy_world import Crash, World, bundle, flow, image_prompt
from tests.deploy.ops_world import Before
from tests.deploy.plans.test_deploy import picture

MODEL = {"provider": "anthropic", "model": "m1"}
PICTURE = picture()
SHOWN = flow("x", image_prompt(PICTURE), images=(PICTURE.sha256,))


@pytest.fixture
def named(world: World) -> World:
    """A world in which a tag and a model configuration are deployed."""
    declare(world)
    assert world.deploy(bundle(flow("a"))).status is Status.DONE
    return world


def declare(world: World, color: str = "red", model: str = "m1") -> None:
    world.retarget(
        declared={"tag": {"ehr": {"color": color}}, "model": {"Reader": MODEL | {"model": model}}}
    )


def recolor(world: World, color: str = "green") -> Callable[[CyberdeskClient], Awaitable[Any]]:
    tag = world.state().resources["tag.ehr"].id
    return lambda client: client.tags.update(
        tag, TagPatch(color=color), idempotency_key=uuid4().hex
    )


def remodel(world: World) -> Callable[[CyberdeskClient], Awaitable[Any]]:
    found = world.state().resources["model.Reader"].id
    return lambda client: client.model_configurations.update(
        found, ModelConfigurationPatch(model="by hand"), idempotency_key=uuid4().hex
    )


async def die(_client: object) -> None:
    raise Crash


def color_of(world: World) -> str | None:
    (tag,) = world.ask(lambda client: client.tags.list())
    return tag.color


def model_of(world: World) -> str:
    rows = world.ask(lambda client: client.model_configurations.list())
    (model,) = [row.model for row in rows if row.name == "Reader"]
    return str(model)


def patched(world: World) -> list[str]:
    return [request.path.split("/")[2] for request in world.writes if request.method == "PATCH"]


def conflicts(outcome: Outcome) -> dict[str, str]:
    return {each.address: each.message for each in outcome.results if each.outcome == "conflict"}


@pytest.mark.parametrize("address", ["tag.ehr", "model.Reader"])
def test_an_edit_while_a_picture_is_stored_stays(named: World, address: str) -> None:
    """The plan showed that nothing is to be done with it."""
    act = recolor(named) if address == "tag.ehr" else remodel(named)
    while_stored = Before(named, "POST", 3, 1, act)
    project = bundle(flow("a"), SHOWN, images=[PICTURE])

    outcome = named.deploy(project, app=while_stored, on_drift="fail")

    assert outcome.status is Status.CONFLICT
    assert patched(named) == []
    assert color_of(named) == ("green" if address == "tag.ehr" else "red")
    assert model_of(named) == ("m1" if address == "tag.ehr" else "by hand")
    assert list(conflicts(outcome)) == [address]
    assert "was edited after the plan was made" in conflicts(outcome)[address]
    assert named.workflow("X"), "what does not touch it goes on"
    assert named.deploy(project).status is Status.CONFLICT, "it is drift now"
    assert named.deploy(project, on_drift="overwrite").status is Status.DONE


def test_an_edit_of_what_the_plan_changes_stays(named: World) -> None:
    """Somebody edits while the plan is shown, right before the lists are read again."""
    declare(named, "blue", "m2")
    edited = Before(named, "GET", 2, 4, recolor(named))
    project = bundle(flow("a"))

    outcome = named.deploy(project, app=edited)

    assert outcome.status is Status.CONFLICT
    assert list(conflicts(outcome)) == ["tag.ehr"]
    assert (color_of(named), model_of(named)) == ("green", "m2"), "the model is as it was shown"
    assert patched(named) == ["model-configurations"]


def test_a_tag_goes_into_a_group_that_is_made_for_it(named: World) -> None:
    """The plan could not show the id of the group."""
    named.retarget(
        declared={
            "tag_group": {"priority": {}},
            "tag": {"ehr": {"color": "blue", "group": "priority"}},
            "model": {"Reader": MODEL},
        }
    )

    outcome = named.deploy(bundle(flow("a")))

    assert outcome.status is Status.DONE and color_of(named) == "blue"
    (tag,) = named.ask(lambda client: client.tags.list())
    assert tag.group is not None and tag.group.name == "priority"


def test_settling_an_interrupted_deploy_writes_over_nothing(named: World) -> None:
    project = bundle(flow("a", "Two."))
    with pytest.raises(Crash):
        named.deploy(project, app=Before(named, "PATCH", 3, 1, die))
    assert named.state().pending
    meanwhile = Before(named, "GET", 2, 3, recolor(named))

    outcome = named.deploy(project, app=meanwhile, on_drift="fail")

    assert outcome.status is Status.CONFLICT and "`tag.ehr`" in outcome.messages[0]
    assert color_of(named) == "green" and patched(named) == []


def test_another_update_is_another_plan(named: World) -> None:
    """After waiting for a lease, a plan is shown again unless it does the same."""
    declare(named, "blue")
    before = named.plan(bundle(flow("a")))
    assert named.plan(bundle(flow("a"))).digest == before.digest
    named.ask(recolor(named))

    after = named.plan(bundle(flow("a")))

    actions = [[(each.address, each.action) for each in plan.named] for plan in (before, after)]
    assert actions[0] == actions[1]
    assert after.digest != before.digest
