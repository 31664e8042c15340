"""Taking an environment down: what goes, what stays, and what stands in the way."""

from __future__ import annotations

from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from flowdsl.cli.commands.destroy import render_destruction
from flowdsl.cyberdesk.models.model_configuration import ModelConfigurationCreate
from flowdsl.cyberdesk.models.run import RunCreate
from flowdsl.cyberdesk.models.tag import TagCreate
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.deploy.addressing import NoSuchAddress
from flowdsl.deploy.destroy import destroy
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.planning.plan import Action
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import Ui, World, bundle, flow
from tests.deploy.ops_world import (
    Before,
    die_everywhere,
    nothing_secret,
    of_another_organization,
    perform,
)
from tests.support.effort import every

DELETE = "DELETE /v1/workflows/{id}"
READ = "GET /v1/workflows/{id}"
LOST = Fault("POST /v1/workflows", None, "after"), Fault("GET /v1/workflows", 2, "html_502")

PROJECT = bundle(flow("a", tags=["ours"]), flow("b"), flow("c"))
DECLARED = {
    "tag_group": {"Kind": {}},
    "tag": {"ours": {"group": "Kind"}},
    "model": {"Reader": {"provider": "anthropic", "model": "m1"}},
}


def razed(world: World, *faults: Fault, deletes: int | None = None, **more: Any) -> Outcome:
    accepted = more.pop("accepted", {} if deletes is None else {"deletes": deletes})
    return perform(world, destroy, *faults, accepted=accepted, **more)


async def by_hand(job: Job) -> Outcome:
    return await destroy(job, by_hand=True)


def check_empty(world: World) -> None:
    state = world.state()
    assert (state.resources, state.pending, state.lease, state.source) == ({}, (), None, None)
    assert world.workflows() == []


def add_foreign(world: World, name: str = "By hand", **fields: Any) -> str:
    created = world.ask(
        lambda client: client.workflows.create(
            WorkflowCreate(name=name, main_prompt="Mine.", **fields), idempotency_key=name
        )
    )
    return str(created.id)


def test_everything_that_state_tracks_goes_and_nothing_else(world: World) -> None:
    world.retarget(declared=DECLARED)
    world.begin(PROJECT)
    foreign = add_foreign(world)
    serial = world.state().serial

    outcome = razed(world, deletes=3)

    assert outcome.status is Status.DONE
    assert [row.id for row in world.workflows()] == [foreign]
    state = world.state()
    assert (state.resources, state.lease, state.pending) == ({}, None, ())
    assert state.serial > serial and state.organization_id == "org_local"
    assert world.ask(lambda client: client.tags.list()) == []
    assert world.ask(lambda client: client.tag_groups.list()) == []
    models = world.ask(lambda client: client.model_configurations.list())
    assert all(row.is_system_default for row in models)
    nothing_secret(world, outcome)
    world.ask(lambda client: client.workflows.delete(foreign, idempotency_key="gone"))
    assert world.deploy(PROJECT).status is Status.DONE, "the state that is left can be deployed to"


def test_nothing_tracked_is_nothing_to_do(world: World) -> None:
    assert razed(world).status is Status.NOTHING_TO_DO
    assert world.store().load() is None
    world.deploy(PROJECT)
    razed(world, deletes=3)
    before = world.state_text()

    assert razed(world).status is Status.NOTHING_TO_DO
    assert world.state_text() == before


@pytest.mark.parametrize("accepted", [{}, {"deletes": 2}])
def test_the_guard_always_stands_in_the_way(world: World, accepted: dict[str, int]) -> None:
    world.begin(PROJECT)

    outcome = razed(world, accepted=accepted)

    assert outcome.status is Status.GUARDED
    assert "3 of 3 workflows would be deleted" in outcome.messages[0]
    assert world.writes == [] and len(world.workflows()) == 3
    assert world.state().lease is None


def test_a_person_who_types_the_name_lifts_the_guard(world: World) -> None:
    world.begin(PROJECT)

    refused = perform(world, by_hand, ui=Ui(answer=False))
    assert refused.status is Status.DECLINED and len(world.workflows()) == 3
    wrong = perform(world, by_hand, accepted={"deletes": 1})
    assert wrong.status is Status.GUARDED

    assert perform(world, by_hand).status is Status.DONE
    check_empty(world)


def test_what_hangs_on_the_workflows_is_counted_before_the_question(world: World) -> None:
    world.begin(PROJECT)
    found = world.workflow("A").id

    async def use(client: Any) -> None:
        for number in range(3):
            run = RunCreate(workflow_id=found)
            await client.runs.create(run, idempotency_key=f"run {number}")
        for number, approved in enumerate((True, False)):
            sender = client.workflows._sender
            body = {
                "workflow_id": found,
                "name": f"t{number}",
                "dimensions": {"width": 1024, "height": 768},
                "trajectory_data": [{"x": 1}],
            }
            made = await sender.write("POST", "/v1/trajectories", f"t {number}", body)
            if approved:
                await client.trajectories.update(
                    made.mapping()["id"], {"is_approved": True}, idempotency_key="approve"
                )

    world.ask(use)
    world.edit("B", main_prompt="By hand.")
    ui = Ui(answer=False)

    perform(world, by_hand, ui=ui)

    (plan,) = ui.plans
    impact = plan.impact["workflow.a"]
    assert (impact.runs_total, impact.runs_active, impact.trajectories_total) == (3, 3, 2)
    assert len(impact.trajectories) == 1
    shown = render_destruction(plan, "test", color=False)
    assert "3 runs, 3 of them under way; 2 trajectories, 1 approved" in shown
    assert "edited elsewhere since the last deploy: `main_prompt`" in shown
    assert "to delete in test: 3 workflows with 3 runs and 2 trajectories" in shown


def test_a_protected_workflow_stops_everything(world: World) -> None:
    world.begin(PROJECT)
    state = world.state()
    resource = state.resources["workflow.b"].replace(protect=True)
    document = state.replace(
        resources={**state.resources, "workflow.b": resource}, nonce="n", serial=state.serial + 1
    )
    versioned = world.store().load()
    assert versioned is not None
    world.store().write(document, versioned.version)

    outcome = razed(world, deletes=3)

    assert outcome.status is Status.GUARDED
    assert "flowdsl state unprotect workflow.b --env test" in outcome.messages[0]
    assert world.writes == []
    only = razed(world, deletes=1, only=frozenset({"workflow.a"}))
    assert only.status is Status.DONE
    assert [row.name for row in world.workflows()] == ["B", "C"]


def test_only_takes_one_and_keeps_the_rest(world: World) -> None:
    world.retarget(declared=DECLARED)
    world.begin(PROJECT)

    outcome = razed(world, deletes=1, only=frozenset({"workflow.a"}))

    assert outcome.status is Status.DONE
    assert world.state().resources.keys() == {
        "workflow.b",
        "workflow.c",
        "tag.ours",
        "tag_group.Kind",
        "model.Reader",
    }
    with pytest.raises(NoSuchAddress, match=r"`workflow.b` exists"):
        razed(world, only=frozenset({"workflow.bb"}))


def test_named_things_that_others_use_are_left_and_named(world: World) -> None:
    world.retarget(declared=DECLARED)
    world.begin(PROJECT)
    state = world.state()
    tag, group, model = (
        state.resources[each].id for each in ("tag.ours", "tag_group.Kind", "model.Reader")
    )
    tagged = add_foreign(world, "Tagged", model_metadata={"cache_detection_model_id": model})
    world.ask(lambda client: client.workflows.add_tags(tagged, [tag], idempotency_key="t"))
    world.ask(
        lambda client: client.tags.create(
            TagCreate(name="theirs", group_id=group), idempotency_key="theirs"
        )
    )

    outcome = razed(world, deletes=3)

    assert outcome.status is Status.DONE
    left = {each.address: each.message for each in outcome.results if each.action == "keep"}
    assert left == {
        "tag.ours": "is left: it is on 1 other workflow",
        "tag_group.Kind": "is left: it holds `ours`, `theirs`",
        "model.Reader": "is left: it is the model of 1 other workflow",
    }
    assert [row.name for row in world.workflows()] == ["Tagged"]
    assert world.state().resources == {}


def test_a_model_in_a_check_is_used(world: World) -> None:
    world.retarget(declared={"model": DECLARED["model"]})
    world.begin(bundle(flow("a")))
    model = world.state().resources["model.Reader"].id
    check = {"name": "c", "type": "output_data_agentic_check", "model": model}
    add_foreign(world, post_run_checks=[check])

    razed(world, deletes=1)

    models = world.ask(lambda client: client.model_configurations.list())
    assert model in {row.id for row in models}


def test_a_workflow_edited_in_between_is_not_deleted(world: World) -> None:
    world.begin(PROJECT)
    edited = world.workflow("B").id

    async def edit(client: Any) -> None:
        patch = {"main_prompt": "By hand."}
        await client.workflows.update(edited, patch, idempotency_key="e")

    # Three to see what is there, then one before each deletion and one after.
    app = Before(world, "GET", 3, 6, edit)
    outcome = razed(world, deletes=3, app=app, concurrency=1)

    assert outcome.status is Status.CONFLICT
    assert [row.name for row in world.workflows()] == ["B"]
    assert world.state().resources.keys() == {"workflow.b"}
    assert razed(world, deletes=1).status is Status.DONE
    check_empty(world)


def test_what_is_gone_already_is_let_go(world: World) -> None:
    world.begin(PROJECT)
    gone = world.workflow("A").id
    world.ask(lambda client: client.workflows.delete(gone, idempotency_key="1"))

    outcome = razed(world, deletes=2)

    assert outcome.status is Status.DONE
    assert {each.address for each in outcome.results if each.action == "forget"} == {"workflow.a"}
    check_empty(world)


@pytest.mark.parametrize(
    ("nth", "route", "kind"),
    every(
        4,
        list(
            product(
                [1, 2],
                [DELETE, READ, "DELETE /v1/workflow-tags/{id}"],
                ["before", "after", "html_502", "truncated", "status"],
            )
        ),
    ),
)
def test_one_broken_request_is_healed_by_running_again(
    world: World, route: str, kind: str, nth: int
) -> None:
    world.retarget(declared=DECLARED)
    world.begin(PROJECT)
    add_foreign(world)

    first = razed(world, Fault(route, nth, kind), deletes=3, concurrency=1)  # type: ignore[arg-type]

    assert first.status in (Status.DONE, Status.PARTIAL, Status.SERVICE, Status.UNKNOWN)
    assert world.state().lease is None
    if first.status is Status.SERVICE:
        assert len(world.workflows()) == 4, "nothing was deleted"
    left = sum(each.startswith("workflow.") for each in world.state().resources)
    there = len(world.workflows()) - 1
    assert left >= there
    again = razed(world, deletes=there)
    assert again.status in (Status.DONE, Status.NOTHING_TO_DO)
    assert [row.name for row in world.workflows()] == ["By hand"]
    assert world.state().resources == {}


def test_a_lost_reply_is_looked_up_at_once(world: World) -> None:
    world.begin(PROJECT)

    outcome = razed(world, Fault(DELETE, None, "after"), deletes=3)

    assert outcome.status is Status.DONE
    check_empty(world)


def test_a_refused_deletion_does_not_stop_the_others_but_what_they_use_stays(world: World) -> None:
    world.retarget(declared=DECLARED)
    world.begin(PROJECT)

    outcome = razed(world, Fault(DELETE, 2, "status", status=422), deletes=3, concurrency=1)

    assert outcome.status is Status.PARTIAL
    assert len(world.workflows()) == 1
    assert {each.address for each in outcome.results if each.outcome == "not_attempted"} == {
        "tag.ours",
        "tag_group.Kind",
        "model.Reader",
    }
    assert razed(world, deletes=1).status is Status.DONE
    check_empty(world)


def test_a_crash_at_any_call_is_healed_by_running_again(world: World, folder: Path) -> None:
    world.retarget(declared=DECLARED)
    world.deploy(PROJECT)
    add_foreign(world)
    for crashed in die_everywhere(world, partial(razed, deletes=3, concurrency=1), folder):
        there = len(crashed.workflows()) - 1
        assert razed(crashed, deletes=there).status in (Status.DONE, Status.NOTHING_TO_DO)
        assert [row.name for row in crashed.workflows()] == ["By hand"]
        assert (crashed.state().resources, crashed.state().lease) == ({}, None)


def test_an_organisation_in_which_nothing_is_left_is_not_believed(world: World) -> None:
    """A key of another organisation looks the same.

    A person has to say that it is the right one.
    """
    world.begin(PROJECT)
    for row in world.workflows():
        world.ask(lambda client, row=row: client.workflows.delete(row.id, idempotency_key=row.id))
    for tag in world.ask(lambda client: client.tags.list()):
        world.ask(lambda client, tag=tag: client.tags.delete(tag.id, idempotency_key=tag.id))

    outcome = razed(world)

    assert outcome.status is Status.ACCESS
    assert "`--accept-guard missing=3`" in outcome.messages[0]
    assert len(world.state().resources) == 3
    assert razed(world, accepted={"missing": 2}).status is Status.ACCESS
    assert razed(world, accepted={"missing": 3}).status is Status.DONE
    check_empty(world)


@pytest.mark.parametrize("theirs", [False, True])
def test_a_key_of_another_organisation_deletes_and_forgets_nothing(
    world: World, theirs: bool
) -> None:
    world.begin(PROJECT)
    other = of_another_organization(world)
    if theirs:
        second = World.__new__(World)
        second.__dict__.update(world.__dict__)
        second.root, second.app = world.root / "second", other
        second.deploy(bundle(flow("x")))
    before = world.state_text()

    outcome = razed(world, app=other, deletes=3)

    assert outcome.status is Status.ACCESS
    assert world.writes == [] and world.state_text() == before


def test_a_refused_key(world: World) -> None:
    world.begin(PROJECT)

    outcome = razed(world, Fault(DELETE, 2, "status", status=401), deletes=3, concurrency=1)

    assert outcome.status is Status.ACCESS
    assert [each.outcome for each in outcome.results] == ["performed", "failed", "not_attempted"]


def test_a_stop_ends_after_what_is_under_way(world: World) -> None:
    world.begin(PROJECT)
    said: list[str] = []

    class Signalled(Ui):
        def event(self, kind: str, **details: object) -> None:
            if kind == "apply_result":
                said.append("the deploy is interrupted")

    outcome = razed(
        world,
        deletes=3,
        ui=Signalled(),
        stop=lambda: said[0] if said else "",
        concurrency=1,
    )

    assert outcome.status is Status.INTERRUPTED
    assert len(world.workflows()) == len(world.state().resources) == 2
    assert world.state().lease is None
    assert razed(world, deletes=2).status is Status.DONE


def test_what_an_interrupted_deploy_created_is_found_and_deleted(world: World) -> None:
    world.deploy(bundle(flow("a")), *LOST)
    assert world.state().pending

    stopped = razed(world)

    assert stopped.status is Status.GUARDED, "it is shown before it is deleted"
    assert "workflow.a" in world.state().resources
    assert razed(world, deletes=1).status is Status.DONE
    check_empty(world)


def test_an_unknown_creation_stops_it(world: World) -> None:
    world.deploy(bundle(flow("a"), flow("b")), *LOST, concurrency=1)
    world.time.elapsed += 60

    outcome = razed(world, Fault("GET /v1/workflows", None, "html_502"), deletes=0)

    assert outcome.status is Status.UNKNOWN
    assert "flowdsl recover workflow.a --env test" in outcome.messages[0]
    assert world.writes == [] and world.state().pending


def test_lost_state_is_not_taken_for_nothing(world: World) -> None:
    world.begin(PROJECT)
    (world.root / ".flowdsl/state/test.json").unlink()

    assert razed(world).status is Status.STATE
    assert len(world.workflows()) == 3


def test_adopted_workflows_go_because_state_tracks_them(world: World) -> None:
    found = add_foreign(world)
    world.retarget(adopted={"workflow.mine": found})
    world.deploy(bundle(flow("mine", title="By hand")))
    add_foreign(world, "Another")

    outcome = razed(world, deletes=1)

    assert outcome.plan is not None
    assert [each.address for each in outcome.plan.of(Action.DELETE)] == ["workflow.mine"]
    assert [row.name for row in world.workflows()] == ["Another"]


def test_a_model_that_is_not_ours_is_not_touched(world: World) -> None:
    made = world.ask(
        lambda client: client.model_configurations.create(
            ModelConfigurationCreate(name="Theirs", provider="x", model="m"), idempotency_key="1"
        )
    )
    world.deploy(PROJECT)
    razed(world, deletes=3)

    assert made.id in {
        row.id for row in world.ask(lambda client: client.model_configurations.list())
    }
