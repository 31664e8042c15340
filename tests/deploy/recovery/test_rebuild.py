"""State that was lost, or restored from an older copy, made anew from what the service has."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flowdsl.codegen.artifacts import Bundle
from flowdsl.config.address import workflow_address
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.deploy.job import Job, JobOptions
from flowdsl.deploy.outcome import Outcome, Status, Stop
from flowdsl.deploy.rebuild import Reconstruction, find_state, write_state
from flowdsl.emulator.faults import Fault, FaultInjector
from flowdsl.state.document import StateDocument
from flowdsl.state.errors import MovedState
from flowdsl.state.ids import IdList, ids_of
from tests.deploy.deploy_world import Crash, CrashingStore, Ui, World, bundle, flow

STATE = ".flowdsl/state/test.json"


def job_of(world: World, project: Bundle, client: Any, store: Any = None) -> Job:
    return Job(
        project, world.target, store or world.store(), client, JobOptions(), Ui(), world.runtime()
    )


def find(
    world: World, project: Bundle, ids: IdList | None = None, *faults: Fault
) -> Reconstruction:
    async def run() -> Reconstruction:
        async with world.client(FaultInjector(world.app, faults, [])) as client:
            return await find_state(job_of(world, project, client), ids)

    before = (
        world.root.joinpath(STATE).read_bytes() if world.root.joinpath(STATE).exists() else None
    )
    try:
        return asyncio.run(run())
    finally:
        after = (
            world.root.joinpath(STATE).read_bytes() if world.root.joinpath(STATE).exists() else None
        )
        assert before == after, "finding writes nothing"


def write(world: World, project: Bundle, found: Reconstruction, store: Any = None) -> StateDocument:
    async def run() -> StateDocument:
        async with world.client() as client:
            return await write_state(job_of(world, project, client, store), found)

    return asyncio.run(run())


def rebuild(world: World, project: Bundle, ids: IdList | None = None) -> Reconstruction:
    found = find(world, project, ids)
    document = write(world, project, found)
    assert document == world.state()
    assert document.lease is None
    return found


def lose(world: World) -> None:
    world.root.joinpath(STATE).unlink()


def by_address(world: World) -> dict[str, str]:
    return {
        address: each.id
        for address, each in world.state().resources.items()
        if address.startswith("workflow.")
    }


def duplicate(world: World, name: str) -> str:
    found = world.workflow(name)
    copy = world.ask(
        lambda client: client.workflows.duplicate(found.id, idempotency_key=uuid4().hex)
    )
    return str(copy.id)


def delete(world: World, workflow_id: str) -> None:
    world.ask(lambda client: client.workflows.delete(workflow_id, idempotency_key=uuid4().hex))


def resulting_state(world: World, project: Bundle) -> None:
    """A deploy creates and changes nothing and says so; the next one does not even write."""
    before = {row.id: row.updated_at for row in world.workflows()}
    outcome = world.deploy(project)
    assert (outcome.status, outcome.messages) == (Status.NOTHING_TO_DO, ())
    assert world.writes == []
    assert {row.id: row.updated_at for row in world.workflows()} == before
    text = world.state_text()
    assert world.deploy(project).status is Status.NOTHING_TO_DO
    assert world.state_text() == text


def done(outcome: Outcome) -> None:
    assert outcome.status is Status.DONE, outcome.messages


TWO = bundle(
    flow(
        "a", tags=["t"], input_schema='{"type": "object", "properties": {"x": {"type": "string"}}}'
    ),
    flow("b", is_webhooks_enabled=True),
)


def test_a_lost_state_comes_back_and_the_next_deploy_has_nothing_to_do(world: World) -> None:
    world.begin(TWO)
    before = world.state()
    lose(world)
    assert world.deploy(TWO).status is Status.STATE

    found = rebuild(world, TWO)

    assert [(item.address, item.by, item.wanted) for item in found.matches.recovered] == [
        ("workflow.a", "mark", "workflow.a"),
        ("workflow.b", "mark", "workflow.b"),
    ]
    assert (found.matches.remarks, found.matches.unfound) == ((), ())
    after = world.state()
    assert after.organization_id == before.organization_id
    for address in ("workflow.a", "workflow.b"):
        old, new = before.resources[address], after.resources[address]
        assert new == old.replace(source_map=None)
    resulting_state(world, TWO)
    assert world.state().resources == before.resources


def test_an_edit_before_the_rebuild_is_a_change_and_one_after_it_is_drift(world: World) -> None:
    world.begin(TWO)
    lose(world)
    world.edit("A", main_prompt="By hand, before.")
    rebuild(world, TWO)
    world.edit("B", main_prompt="By hand, after.")

    outcome = world.deploy(TWO)

    assert outcome.status is Status.CONFLICT
    assert any("`main_prompt` of `workflow.b` was edited" in line for line in outcome.messages)
    assert not any("workflow.a" in line for line in outcome.messages)
    plan = world.ui.plans[0]
    origins = {
        change.address: [field.origin for field in change.difference.fields]
        for change in plan.changes
        if change.difference is not None
    }
    assert origins == {"workflow.a": ["source"], "workflow.b": ["drift"]}
    done(world.deploy(TWO, on_drift="overwrite"))
    assert world.workflow("A").main_prompt == "Open the app."
    resulting_state(world, TWO)


def test_an_older_copy_is_told_from_the_newest_state_and_completed(world: World) -> None:
    one = bundle(flow("a"))
    world.begin(one)
    older = world.state_text()
    two = bundle(flow("a"), flow("b"))
    done(world.deploy(two))
    world.root.joinpath(STATE).write_text(older)

    refused = world.deploy(two)

    assert refused.status is Status.STATE and world.writes == []
    assert "older copy" in refused.messages[0] and "state rebuild" in refused.messages[1]
    lineage = world.state().lineage
    found = rebuild(world, two)
    assert [item.address for item in found.matches.recovered] == ["workflow.b"]
    assert world.state().lineage == lineage and world.state().serial > 3
    resulting_state(world, two)


def test_the_original_is_taken_and_its_duplicates_are_shown(world: World) -> None:
    world.begin(TWO)
    original, copies = world.workflow("A").id, [duplicate(world, "A") for _ in range(3)]
    # The listing begins with what was edited last.
    world.edit("B", main_prompt="x")
    lose(world)

    found = rebuild(world, TWO)

    item = found.matches.recovered[0]
    assert (item.id, {copy.id for copy in item.copies}) == (original, set(copies))
    assert all("Copy" in copy.name for copy in item.copies)
    done(world.deploy(TWO))
    assert len(world.workflows()) == 5
    resulting_state(world, TWO)


def done_or_nothing(outcome: Outcome) -> None:
    assert outcome.status in (Status.DONE, Status.NOTHING_TO_DO), outcome.messages


def test_a_renamed_workflow_is_found_by_its_first_address(world: World) -> None:
    world.begin(bundle(flow("a", title="T")))
    project = bundle(flow("b", title="T", renamed_from="a"))
    world.deploy(project)
    ids = by_address(world)
    lose(world)

    found = rebuild(world, project)

    (item,) = found.matches.recovered
    assert (item.address, item.created_as) == ("workflow.b", "workflow.a")
    assert by_address(world) == ids
    resulting_state(world, project)


def test_an_address_that_was_renamed_and_used_again(world: World) -> None:
    """Two workflows carry a mark of the same address, from different creations.

    None is a copy of the other.
    """
    world.begin(bundle(flow("a", title="First")))
    world.deploy(bundle(flow("b", title="First", renamed_from="a")))
    project = bundle(flow("a", title="Second"), flow("b", title="First", renamed_from="a"))
    done(world.deploy(project))
    duplicate(world, "First")
    ids = by_address(world)
    assert len(ids) == 2
    lose(world)

    found = rebuild(world, project)

    assert by_address(world) == ids
    copies = {item.address: len(item.copies) for item in found.matches.recovered}
    assert copies == {"workflow.a": 0, "workflow.b": 1}
    resulting_state(world, project)


@pytest.mark.parametrize("deployed", [True, False])
def test_two_that_change_places(world: World, deployed: bool) -> None:
    world.begin(bundle(flow("a", title="First"), flow("b", title="Second")))
    ids = by_address(world)
    swapped = bundle(
        flow("a", title="Second", renamed_from="b"), flow("b", title="First", renamed_from="a")
    )
    if deployed:
        world.deploy(swapped)
        assert by_address(world) == {
            "workflow.a": ids["workflow.b"],
            "workflow.b": ids["workflow.a"],
        }
    lose(world)

    rebuild(world, swapped)

    resulting_state(world, swapped)
    assert by_address(world) == {"workflow.a": ids["workflow.b"], "workflow.b": ids["workflow.a"]}


def test_a_chain_of_renamings_is_not_guessed_and_a_name_is_only_a_hint(world: World) -> None:
    world.begin(bundle(flow("a", title="T")))
    world.deploy(bundle(flow("b", title="T", renamed_from="a")))
    project = bundle(flow("c", title="T", renamed_from="b"))
    world.deploy(project)
    identifier = by_address(world)["workflow.c"]
    ids = ids_of(world.state())
    lose(world)

    found = find(world, project)

    (item,) = found.matches.recovered
    assert (item.address, item.wanted) == ("workflow.a", None)
    assert [each.address for each in found.matches.unfound] == ["workflow.c"]
    rebuild(world, project, ids)
    assert by_address(world) == {"workflow.c": identifier}
    resulting_state(world, project)


def test_a_namesake_without_a_mark_is_never_taken(world: World) -> None:
    project = bundle(flow("a", title="T"))
    world.ask(
        lambda client: client.workflows.create(
            WorkflowCreate(name="T", main_prompt="x"), idempotency_key=uuid4().hex
        )
    )

    found = find(world, project)

    assert found.matches.recovered == ()
    (unfound,) = found.matches.unfound
    assert [one.name for one in unfound.namesakes] == ["T"]


def test_what_belongs_to_others_is_left_alone(world: World, tmp_path: Path) -> None:
    world.begin(bundle(flow("a")))
    own, target = world.workflow("A").id, world.target
    world.root = tmp_path / "elsewhere"
    for project, environment in (("prj_2", "test"), ("prj_1", "prod")):
        world.project = project
        world.retarget(project=project, environment=environment)
        store = world.store
        world.store = lambda p=project, e=environment: _store(world, p, e)  # type: ignore[method-assign]
        done(world.deploy(bundle(flow("a"), flow("foreign"))))
        world.store = store  # type: ignore[method-assign]
    world.root, world.project, world.target = tmp_path, "prj_1", target
    lose(world)

    rebuild(world, bundle(flow("a")))

    assert by_address(world) == {"workflow.a": own}
    resulting_state(world, bundle(flow("a")))


def _store(world: World, project: str, environment: str) -> Any:
    from flowdsl.state.stores import open_store

    return open_store(
        f"file:{project}-{environment}.json",
        root=world.root,
        project=project,
        environment=environment,
    )


def test_adopted_and_forgotten_ones_need_no_rebuild(world: World) -> None:
    created = world.ask(
        lambda client: client.workflows.create(
            WorkflowCreate(name="Adopted", main_prompt="Open the app."), idempotency_key=uuid4().hex
        )
    )
    world.retarget(adopted={"workflow.adopted": created.id})
    project = bundle(flow("adopted"), flow("a"), flow("gone"))
    done(world.deploy(project))
    project = bundle(flow("adopted"), flow("a"))
    world.retarget(forgotten=frozenset({"workflow.gone"}))
    world.deploy(project)
    ids = by_address(world)
    lose(world)

    found = rebuild(world, project)

    assert [item.address for item in found.matches.recovered] == ["workflow.a"]
    assert found.matches.unfound == ()
    (remark,) = found.matches.remarks
    assert "workflow.gone" in remark and "[[removed]]" in remark
    resulting_state(world, project)
    assert by_address(world) == ids


def test_an_adoption_under_another_name_does_not_account_for_a_lost_workflow(world: World) -> None:
    world.begin(bundle(flow("a")))
    (row,) = world.workflows()
    lose(world)
    world.retarget(adopted={"workflow.other": row.id.upper()})
    project = bundle(flow("a"), flow("other"))

    stopped = world.deploy(project)

    assert stopped.status is Status.STATE
    assert "`workflow.a`" in stopped.messages[0] and "state rebuild" in stopped.messages[1]
    assert world.writes == []
    rebuild(world, project)
    assert by_address(world) == {"workflow.a": row.id}
    twice = world.deploy(project)
    assert twice.status is Status.CONFLICT
    assert "which is deployed as `workflow.a`; take out the entry" in twice.messages[0]
    assert len(world.workflows()) == 1
    world.retarget(adopted={})
    resulting_state(world, bundle(flow("a")))


def test_nor_for_one_that_an_older_state_does_not_know(world: World) -> None:
    world.begin(bundle(flow("a")))
    older = world.state_text()
    done(world.deploy(bundle(flow("a"), flow("b"))))
    world.root.joinpath(STATE).write_text(older)
    world.retarget(adopted={"workflow.other": world.workflow("B").id})

    stopped = world.deploy(bundle(flow("a"), flow("b"), flow("other")))

    assert stopped.status is Status.STATE
    assert "which this project created as `workflow.b`: it is an older copy" in stopped.messages[0]
    assert len(world.workflows()) == 2


def test_nor_does_an_adopted_duplicate_stand_for_its_original(world: World) -> None:
    world.begin(bundle(flow("a")))
    original, copy = world.workflow("A").id, duplicate(world, "A")
    world.retarget(adopted={"workflow.other": copy})
    project = bundle(flow("a"), flow("other"))
    done(world.deploy(project))
    ids = by_address(world)
    lose(world)

    assert world.deploy(project).status is Status.STATE
    rebuild(world, project)
    assert by_address(world) == {"workflow.a": original}
    settled_by_adopting(world, project)
    assert by_address(world) == ids


def settled_by_adopting(world: World, project: Bundle) -> None:
    """A deploy writes state and nothing else."""
    world.deploy(project)
    assert world.writes == []
    resulting_state(world, project)


def test_a_renamed_workflow_may_be_adopted_by_its_new_name(world: World) -> None:
    world.begin(bundle(flow("a")))
    (row,) = world.workflows()
    lose(world)
    world.retarget(adopted={"workflow.b": row.id})
    project = bundle(flow("b", title="A", renamed_from="a"))

    done_or_nothing(world.deploy(project))

    assert by_address(world) == {"workflow.b": row.id}
    resulting_state(world, project)


def test_one_that_was_let_go_may_be_adopted_by_another_name(world: World) -> None:
    world.begin(bundle(flow("a")))
    (row,) = world.workflows()
    world.retarget(forgotten=frozenset({"workflow.a"}))
    done(world.deploy(bundle(flow("b"))))
    world.retarget(adopted={"workflow.other": row.id})
    project = bundle(flow("a", title="New a"), flow("b"), flow("other", title="A"))
    done(world.deploy(project))
    assert by_address(world)["workflow.other"] == row.id
    assert len(world.workflows()) == 3
    resulting_state(world, project)


def test_what_left_the_source_is_kept_and_known(world: World) -> None:
    world.begin(TWO)
    lose(world)
    project = bundle(flow("a", tags=["t"]))

    found = rebuild(world, project)

    assert [item.wanted for item in found.matches.recovered] == ["workflow.a", None]
    world.deploy(project)
    assert "workflow.b" in world.state().resources
    assert len(world.workflows()) == 2


def test_a_workflow_created_anew_takes_the_place_of_the_one_that_is_gone(world: World) -> None:
    """The older copy knows the first generation, now deleted; the service has the second."""
    project = bundle(flow("a"))
    world.begin(project)
    older, first = world.state_text(), world.workflow("A").id
    duplicate(world, "A")
    delete(world, first)
    done(world.deploy(project, recreate=frozenset({"workflow.a"})))
    second = by_address(world)["workflow.a"]
    world.root.joinpath(STATE).write_text(older)
    assert world.deploy(project, recreate=frozenset({"workflow.a"})).status is Status.STATE

    found = rebuild(world, project)

    (item,) = found.matches.recovered
    assert (item.id, item.generation, item.replaces) == (second, 2, first)
    resulting_state(world, project)
    assert by_address(world) == {"workflow.a": second}


def test_a_list_of_ids_wins_over_marks(world: World) -> None:
    world.begin(TWO)
    copy = duplicate(world, "A")
    original = by_address(world)["workflow.a"]
    listed = ids_of(world.state())
    chosen = listed.model_copy(update={"ids": {**listed.ids, workflow_address("a"): copy.upper()}})
    lose(world)

    found = rebuild(world, TWO, chosen)

    item = found.matches.recovered[0]
    assert (item.id, item.by, [each.id for each in item.copies]) == (copy, "ids", [original])
    assert len(world.state().resources) == 2, "what is no workflow is found by its name"


def test_state_wins_over_a_list_and_says_so(world: World) -> None:
    world.begin(TWO)
    own = by_address(world)
    copy = duplicate(world, "A")
    listed = ids_of(world.state())
    wrong = {
        workflow_address("a"): copy,
        workflow_address("c"): own["workflow.b"],
        workflow_address("d"): str(uuid4()),
    }

    found = find(world, TWO, listed.model_copy(update={"ids": wrong}))

    assert found.matches.recovered == ()
    a, c, d = found.matches.remarks
    assert "workflow.a" in a and own["workflow.a"] in a
    assert "`flowdsl state mv workflow.b workflow.c`" in c
    assert "no such workflow exists" in d


def test_a_listed_workflow_of_another_project_is_refused(world: World) -> None:
    world.begin(bundle(flow("a")))
    foreign = world.workflow("A").id
    listed = ids_of(world.state())
    lose(world)
    world.project = "prj_2"
    world.retarget(project="prj_2")

    found = find(world, bundle(flow("a")), listed.model_copy(update={"project": "prj_2"}))

    assert found.matches.recovered == ()
    assert foreign in found.matches.remarks[0] and "`prj_1`" in found.matches.remarks[0]


def test_another_organisation_is_refused(world: World) -> None:
    world.begin(TWO)
    listed = ids_of(world.state())
    lose(world)
    for insisted, ids in (
        ("org_other", None),
        (None, listed.model_copy(update={"organization_id": "org_other"})),
    ):
        world.retarget(organization=insisted)
        with pytest.raises(Stop) as caught:
            find(world, TWO, ids)
        assert caught.value.status is Status.ACCESS
        assert "org_other" in str(caught.value)
    assert not world.root.joinpath(STATE).exists()


def test_two_rebuilds_at_once(world: World) -> None:
    world.begin(TWO)
    lose(world)
    first, second = find(world, TWO), find(world, TWO)
    write(world, TWO, first)
    written = world.state()

    with pytest.raises(Stop) as caught:
        write(world, TWO, second)

    assert caught.value.status is Status.CONFLICT
    after = world.state()
    assert (after.lineage, after.resources, after.lease) == (
        written.lineage,
        written.resources,
        None,
    )
    resulting_state(world, TWO)


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_leaves_no_state_or_all_of_it(world: World, after: bool) -> None:
    world.begin(TWO)
    lose(world)
    found = find(world, TWO)
    for call in (1, 2, 3):
        if world.root.joinpath(STATE).exists():
            lose(world)
        with pytest.raises(Crash):
            write(world, TWO, found, CrashingStore(world.store(), call, after))
        if world.root.joinpath(STATE).exists():
            assert set(by_address(world)) == {"workflow.a", "workflow.b"}
            resulting_state(world, TWO)
            assert world.state().lease is None


@pytest.mark.parametrize("mode", ["before", "html_502", "truncated"])
def test_a_service_that_fails_writes_nothing(world: World, mode: Any) -> None:
    world.begin(TWO)
    lose(world)
    for route in ("GET /v1/workflows", "GET /v1/workflows/{workflow_id}"):
        with pytest.raises(CyberdeskError):
            find(world, TWO, None, Fault(route, 1, mode))
    assert not world.root.joinpath(STATE).exists()


def test_an_unfinished_creation_is_left_to_the_deploy(world: World) -> None:
    for call in range(1, 30):
        with pytest.raises(Crash):
            world.deploy(bundle(flow("a")), crash_api=(call, True))
        if world.workflows():
            break
    (row,) = world.workflows()
    assert world.state().pending

    found = find(world, bundle(flow("a")))

    assert found.matches.recovered == ()
    assert "interrupted deploy" in found.matches.remarks[0]
    done_or_nothing(world.deploy(bundle(flow("a"))))
    assert by_address(world) == {"workflow.a": row.id}


def test_a_state_that_was_moved_is_not_rebuilt(world: World) -> None:
    world.begin(TWO)
    raw = json.loads(world.state_text())
    raw["moved_to"] = "s3://bucket/prod"
    world.root.joinpath(STATE).write_text(json.dumps(raw))

    with pytest.raises(MovedState):
        find(world, TWO)
    refused = world.deploy(TWO)
    assert refused.status is Status.STATE and "s3://bucket/prod" in refused.messages[0]
