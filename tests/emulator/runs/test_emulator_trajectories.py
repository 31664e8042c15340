from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.emulator.app import create_app
from flowdsl.emulator.context import LOCAL_ORGANIZATION
from flowdsl.emulator.resources.workflows import create_workflow
from flowdsl.emulator.runs.trajectories import (
    create_trajectory,
    find_approved_trajectories,
    mark_generated,
    update_trajectory,
)
from flowdsl.emulator.store import Store
from flowdsl.emulator.wire.models import TrajectoryCreate, TrajectoryUpdate, WorkflowCreate
from tests.emulator.emulator_desk import STANDSTILL, UNKNOWN_ID, Desk
from tests.support.effort import examples

SCREEN = {"width": 1024, "height": 768}
STEPS: list[Any] = [{"func_name": "click", "args": [10, 20], "kwargs": {}, "result": None}]

text = st.text(max_size=12).filter(lambda value: value.isprintable())
CLEARABLE = {"name": st.none() | text, "description": st.none() | text}
ALWAYS_SET = {
    "trajectory_data": st.lists(st.dictionaries(text, st.integers() | text), min_size=1),
    "is_approved": st.booleans(),
    "is_main": st.booleans(),
}


def names(desk: Desk, query: str) -> list[str]:
    return [row["name"] for row in desk.ok("GET", f"/v1/trajectories?{query}")["items"]]


def change(desk: Desk, made: Any, status: int = 200, **changes: Any) -> Any:
    return desk.ok("PATCH", f"/v1/trajectories/{made['id']}", status, json=changes)


def generated(store: Store, workflow: Any, name: str) -> None:
    """What a run leaves behind, and a person has promoted."""
    body = TrajectoryCreate(
        workflow_id=UUID(workflow["id"]),
        trajectory_data=STEPS,
        dimensions=SCREEN,
        name=name,
        original_input_values={"patient": "Ines Okafor"},
    )
    with store.write(LOCAL_ORGANIZATION) as transaction:
        mark_generated(transaction, create_trajectory(transaction, body).id)


def test_a_trajectory_is_made_read_changed_and_deleted(desk: Desk) -> None:
    workflow = desk.workflow()
    made = desk.trajectory(workflow, name="Monday", original_input_values={"a": [1]})
    path = f"/v1/trajectories/{made['id']}"
    assert desk.ok("GET", path) == {**made, "included": None}
    flags = ("is_approved", "has_been_approved", "is_generated", "is_main")
    assert [made[name] for name in flags] == [False] * 4
    assert desk.ok("GET", f"{path}?include=workflow")["included"][0]["id"] == workflow["id"]
    changed = change(desk, made, name=None)
    assert changed == {**made, "name": None, "updated_at": changed["updated_at"]}
    assert desk.send("DELETE", path).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        desk.ok(method, path, 404, json={})
    desk.ok("POST", f"{path}/duplicate", 404)


@settings(
    max_examples=examples(50),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    changes=st.lists(
        st.fixed_dictionaries({}, optional={**CLEARABLE, **ALWAYS_SET}), min_size=1, max_size=5
    )
)
def test_patches_change_what_they_name_and_approval_leaves_its_mark(
    shared_desk: Desk, changes: list[dict[str, Any]]
) -> None:
    state = shared_desk.trajectory(shared_desk.workflow())
    for sent in changes:
        changed = change(shared_desk, state, **sent)
        assert changed["updated_at"] > state["updated_at"]
        assert changed == {
            **state,
            **sent,
            "has_been_approved": state["has_been_approved"] or sent.get("is_approved", False),
            "updated_at": changed["updated_at"],
        }
        state = changed


def test_one_made_approved_has_been_approved(desk: Desk) -> None:
    made = desk.trajectory(desk.workflow(), is_approved=True, is_generated=True, is_main=True)
    assert (made["is_approved"], made["has_been_approved"]) == (True, True)
    assert (made["is_generated"], made["is_main"]) == (False, False)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(moves=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=8))
def test_a_workflow_has_at_most_one_main_trajectory(
    shared_desk: Desk, moves: list[tuple[int, bool]]
) -> None:
    workflow, other = shared_desk.workflow(), shared_desk.workflow()
    made = [shared_desk.trajectory(workflow) for _ in range(4)]
    elsewhere = change(shared_desk, shared_desk.trajectory(other), is_main=True)
    main: int | None = None
    for index, wanted in moves:
        change(shared_desk, made[index], is_main=wanted)
        if wanted:
            main = index
        elif main == index:
            main = None
        query = f"workflow_id={workflow['id']}&is_generated=false"
        rows = shared_desk.ok("GET", f"/v1/trajectories?{query}")["items"]
        expected = [] if main is None else [made[main]["id"]]
        assert [row["id"] for row in rows if row["is_main"]] == expected
    assert shared_desk.ok("GET", f"/v1/trajectories/{elsewhere['id']}")["is_main"] is True


def test_the_list_shows_generated_ones_unless_asked_otherwise(shared_store: Store) -> None:
    with Desk(create_app(shared_store)) as desk:
        workflow = desk.workflow()
        desk.trajectory(workflow, name="pending")
        generated(shared_store, workflow, "generated")
        assert names(desk, "") == ["generated"]
        assert names(desk, "is_generated=true") == ["generated"]
        assert names(desk, "is_generated=false") == ["pending"]


def test_trajectories_are_filtered_and_paged(desk: Desk) -> None:
    workflow, other = desk.workflow(name="Ledger"), desk.workflow()
    made = [desk.trajectory(workflow, name=name) for name in ("Monday", "Tuesday", "Friday")]
    desk.trajectory(other, name="elsewhere", description="MONDAY again")
    change(desk, made[0], is_approved=True)
    pending = "is_generated=false"
    assert names(desk, f"{pending}&is_approved=true") == ["Monday"]
    assert names(desk, f"{pending}&is_approved=false") == ["elsewhere", "Friday", "Tuesday"]
    assert names(desk, f"{pending}&search=monday") == ["Monday", "elsewhere"]
    assert names(desk, f"{pending}&search={made[1]['id']}") == ["Tuesday"]
    assert names(desk, f"{pending}&run_id={UNKNOWN_ID}") == []
    own = f"{pending}&workflow_id={workflow['id']}"
    assert names(desk, own) == ["Monday", "Friday", "Tuesday"]
    for column in ("created_at", "updated_at"):
        bounds = f"{column}_from={made[1][column]}&{column}_to={made[1][column]}"
        assert names(desk, f"{own}&{bounds}") == ["Tuesday"]
    page = desk.ok("GET", f"/v1/trajectories?{own}&skip=1&limit=1&include=workflow")
    assert (page["items"][0]["name"], page["total"]) == ("Friday", 3)
    assert [(row["type"], row["name"]) for row in page["included"]] == [("workflow", "Ledger")]
    assert page["included"][0]["tags"] is None


def test_a_duplicate_is_a_row_of_its_own(desk: Desk) -> None:
    made = desk.trajectory(desk.workflow(), name="x" * 255, is_approved=True)
    path = f"/v1/trajectories/{made['id']}/duplicate"
    copy = desk.ok("POST", path, 201)
    assert copy["name"] == "x" * 248 + " (Copy)"
    assert copy["trajectory_data"] == made["trajectory_data"]
    assert (copy["is_approved"], copy["has_been_approved"]) == (False, False)
    change(desk, copy, trajectory_data=[{"func_name": "type"}])
    assert desk.ok("GET", f"/v1/trajectories/{made['id']}") == {**made, "included": None}
    nameless = desk.trajectory(desk.workflow())
    path = f"/v1/trajectories/{nameless['id']}/duplicate"
    assert desk.ok("POST", path, 201)["name"] == "(Copy)"


def test_the_latest_trajectory_is_the_one_changed_last(desk: Desk) -> None:
    workflow, other = desk.workflow(), desk.workflow()
    first, second = desk.trajectory(workflow), desk.trajectory(workflow)
    desk.trajectory(other)
    path = f"/v1/workflows/{workflow['id']}/latest-trajectory"
    assert desk.ok("GET", path) == second
    assert desk.ok("GET", path) == second
    changed = change(desk, first, name="touched")
    assert desk.ok("GET", path) == changed
    assert (
        "workflow" in desk.ok("GET", f"/v1/workflows/{UNKNOWN_ID}/latest-trajectory", 404)["detail"]
    )


def test_deleting_a_workflow_takes_its_trajectories(desk: Desk) -> None:
    gone, stays = desk.workflow(), desk.workflow()
    made, other = desk.trajectory(gone), desk.trajectory(stays)
    desk.ok("DELETE", f"/v1/workflows/{gone['id']}", 204)
    desk.ok("GET", f"/v1/trajectories/{made['id']}", 404)
    desk.ok("GET", f"/v1/trajectories/{other['id']}")


@pytest.mark.parametrize("wanted", [True, False])
def test_generated_trajectories_go_with_a_copied_workflow_when_asked(
    shared_store: Store, wanted: bool
) -> None:
    with Desk(create_app(shared_store)) as desk:
        workflow, target = desk.workflow(), desk.workflow()
        desk.trajectory(workflow, name="pending")
        generated(shared_store, workflow, "generated")
        expected = ["generated"] if wanted else []
        path = f"/v1/workflows/{workflow['id']}"
        copy = desk.ok("POST", f"{path}/duplicate", 201, json={"include_trajectories": wanted})
        assert names(desk, f"workflow_id={copy['id']}") == expected
        assert names(desk, f"workflow_id={copy['id']}&is_generated=false") == []
        body = {"target_workflow_id": target["id"], "copy_trajectories": wanted}
        desk.ok("POST", f"{path}/merge", json=body)
        assert names(desk, f"workflow_id={target['id']}") == expected
        assert names(desk, f"workflow_id={workflow['id']}") == []


def test_only_approved_trajectories_of_the_same_screen_replay_the_main_one_first() -> None:
    with (
        Store.open(None, clock=lambda: STANDSTILL) as store,
        store.write(LOCAL_ORGANIZATION) as transaction,
    ):
        workflow_id = create_workflow(transaction, WorkflowCreate(main_prompt="p")).id

        def make(name: str, width: int, changes: TrajectoryUpdate) -> None:
            body = TrajectoryCreate(
                workflow_id=UUID(workflow_id),
                trajectory_data=[{"func_name": "click"}],
                dimensions={"width": width, "height": 768},
                name=name,
            )
            made = create_trajectory(transaction, body)
            update_trajectory(transaction, UUID(made.id), changes)

        make("main", 1024, TrajectoryUpdate(is_approved=True, is_main=True))
        make("other screen", 800, TrajectoryUpdate(is_approved=True))
        make("unapproved", 1024, TrajectoryUpdate(is_approved=False))
        make("second", 1024, TrajectoryUpdate(is_approved=True))
        replayed = find_approved_trajectories(transaction, workflow_id, SCREEN)
        assert [row.name for row in replayed] == ["main", "second"]


def test_other_organisations_see_no_trajectory(store: Store) -> None:
    app = create_app(store, keys={"a": "org_a", "b": "org_b"})
    with Desk(app, "a") as own, Desk(app, "b") as other:
        workflow = own.workflow()
        made = own.trajectory(workflow)
        for method in ("GET", "PATCH", "DELETE"):
            other.ok(method, f"/v1/trajectories/{made['id']}", 404, json={})
        other.ok("POST", f"/v1/trajectories/{made['id']}/duplicate", 404)
        other.ok("GET", f"/v1/workflows/{workflow['id']}/latest-trajectory", 404)
        body = {"workflow_id": workflow["id"], "trajectory_data": STEPS, "dimensions": SCREEN}
        other.ok("POST", "/v1/trajectories", 404, json=body)
        assert other.ok("GET", "/v1/trajectories?is_generated=false")["total"] == 0


@pytest.fixture
def shared_store() -> Any:
    """A store the test and its desk both write to."""
    with Store.open(None, clock=lambda: STANDSTILL) as opened:
        yield opened
