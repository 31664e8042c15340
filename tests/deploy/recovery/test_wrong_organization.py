"""A key of another organisation that holds nothing.

What shows whose it is, and how little goes there before that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

import pytest
from starlette.types import Receive, Scope, Send

from flowdsl.cyberdesk.models.machine import MachineCreate
from flowdsl.cyberdesk.models.tag import TagCreate, TagGroupCreate
from flowdsl.deploy.outcome import Status
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import Crash, World, bundle, flow, image_prompt
from tests.deploy.ops_world import Before, of_another_organization
from tests.deploy.plans.test_deploy import picture

MODEL = {"provider": "anthropic", "model": "m1"}
EXPECTED = "org_expected"


def provider_key(address: str) -> dict[str, str]:
    return {"api_key": "sk-canary"} if address == "model.Keyed" else {}


def sent(world: World) -> list[str]:
    return [request.path.removeprefix("/v1/") for request in world.writes]


async def die(_client: object) -> None:
    raise Crash


def check_nothing_known(world: World) -> None:
    state = world.state()
    assert (state.resources, state.pending, state.organization_id) == ({}, (), None)


def test_a_tag_goes_before_the_key_of_a_provider(world: World) -> None:
    world.retarget(
        organization=EXPECTED,
        declared={"tag": {"ehr": {}, "lab": {}}, "model": {"Keyed": MODEL}},
        secrets=provider_key,
    )
    item = picture()
    project = bundle(
        flow("a", image_prompt(item), tags=["ehr"], images=(item.sha256,)), images=[item]
    )

    outcome = world.deploy(project)

    assert outcome.status is Status.ACCESS
    assert "`org_local`" in outcome.messages[0] and f"`{EXPECTED}`" in outcome.messages[0]
    assert sent(world) == ["workflow-tags"], "one tag, and nothing after it"
    (result,) = outcome.results
    assert (result.address, result.outcome, result.reason) == ("tag.ehr", "failed", "incomplete")
    check_nothing_known(world)
    assert world.deploy(project).status is Status.ACCESS and world.writes == []


def test_a_model_without_a_key_goes_before_one_with_a_key(world: World) -> None:
    world.retarget(
        organization=EXPECTED,
        declared={"model": {"Keyed": MODEL, "Plain": MODEL}},
        secrets=provider_key,
    )

    outcome = world.deploy(bundle(flow("a")))

    assert outcome.status is Status.ACCESS
    assert [result.address for result in outcome.results] == ["model.Plain"]
    assert sent(world) == ["model-configurations"]
    check_nothing_known(world)


@pytest.mark.parametrize("held", ["machine", "tag", "tag group"])
def test_whatever_it_holds_shows_whose_it_is_before_anything_is_made(
    world: World, held: str
) -> None:
    key = uuid4().hex
    if held == "machine":
        machine = MachineCreate(fingerprint="f", unkey_key_id="u")
        world.ask(lambda client: client.machines.create(machine, idempotency_key=key))
    elif held == "tag":
        world.ask(lambda client: client.tags.create(TagCreate(name="t"), idempotency_key=key))
    else:
        group = TagGroupCreate(name="g")
        world.ask(lambda client: client.tag_groups.create(group, idempotency_key=key))
    world.retarget(organization=EXPECTED, declared={"model": {"Keyed": MODEL}})

    outcome = world.deploy(bundle(flow("a")))

    assert outcome.status is Status.ACCESS and "`org_local`" in outcome.messages[0]
    assert world.writes == [] and world.store().load() is None


def test_what_state_says_of_an_earlier_key_proves_nothing(world: World) -> None:
    """State knows its organisation and tracks nothing: one workflow at most goes to another one."""
    world.begin(bundle(flow("old")))
    world.retarget(forgotten=frozenset({"workflow.old"}))
    world.deploy(bundle())
    assert (world.state().resources, world.state().organization_id) == ({}, "org_local")
    theirs = world.app = of_another_organization(world)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await asyncio.sleep(0.02)
        await theirs(scope, receive, send)

    outcome = world.deploy(bundle(*(flow(name) for name in "abcdef")), app=slow)

    assert outcome.status is Status.ACCESS
    assert sent(world) == ["workflows"] and len(world.workflows()) == 1
    assert world.state().resources == {} and world.state().organization_id == "org_local"


def test_a_creation_that_is_sent_again_is_not_recorded_from_another_organisation(
    world: World,
) -> None:
    world.retarget(organization="org_local")
    project = bundle(*(flow(name) for name in "abc"))
    ours = world.app
    with pytest.raises(Crash):
        world.deploy(project, app=Before(world, "POST", 2, 1, die))
    assert len(world.state().pending) == 3
    world.app = of_another_organization(world)

    outcome = world.deploy(project)

    assert outcome.status is Status.ACCESS
    assert (
        "`org_other`" in outcome.messages[0] and "delete it in the dashboard" in outcome.messages[1]
    )
    assert sent(world) == ["workflows"]
    state = world.state()
    assert (state.resources, len(state.pending), state.organization_id) == ({}, 3, None)
    world.app = ours
    assert world.deploy(project).status is Status.DONE
    assert len(world.workflows()) == 3 and world.state().organization_id == "org_local"


def test_the_right_organisation_gets_everything_though_it_holds_nothing(world: World) -> None:
    world.retarget(
        organization="org_local",
        declared={
            "tag_group": {"priority": {}},
            "tag": {"ehr": {"group": "priority"}, "lab": {}},
            "model": {"Keyed": MODEL, "Plain": MODEL},
        },
        secrets=provider_key,
    )
    items = [picture(), picture(picture().content + b"2")]
    flows = [
        flow(f"w{number}", image_prompt(item), tags=["ehr"], images=(item.sha256,))
        for number, item in enumerate(items)
    ]
    project = bundle(*flows, images=items)

    assert world.deploy(project).status is Status.DONE
    counts = Counter(path.partition("/")[0] for path in sent(world))
    assert (counts["workflow-tags"], counts["model-configurations"]) == (2, 2), "each once"
    assert len(world.ask(lambda client: client.prompt_images.list())) == 2
    assert world.deploy(project).status is Status.NOTHING_TO_DO


def test_nothing_follows_a_creation_that_could_not_be_read(world: World) -> None:
    world.retarget(organization=EXPECTED)
    outcome = world.deploy(
        bundle(flow("a"), flow("b"), flow("c")), Fault("GET /v1/workflows/{id}", 1, "html_502")
    )

    assert sent(world) == ["workflows"]
    assert sorted(result.outcome for result in outcome.results) == [
        "failed",
        "not_attempted",
        "not_attempted",
    ]
    assert "whose organisation" in outcome.messages[0]
