from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.emulator_desk import UNKNOWN_ID, Desk
from tests.support.effort import examples

KINDS = ["/v1/workflow-tags", "/v1/workflow-tag-groups"]


def names(rows: list[Any]) -> list[str]:
    return [row["name"] for row in rows]


def group(desk: Desk, name: str) -> Any:
    return desk.ok("POST", "/v1/workflow-tag-groups", 201, json={"name": name})


def assign(desk: Desk, workflow: Any, *tags: Any, status: int = 200) -> Any:
    body = {"tag_ids": [tag["id"] for tag in tags]}
    return desk.ok("POST", f"/v1/workflows/{workflow['id']}/tags", status, json=body)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_made_read_changed_and_deleted(desk: Desk, kind: str) -> None:
    made = desk.ok("POST", kind, 201, json={"name": "red", "color": "red", "emoji": "🔴"})
    assert desk.ok("GET", f"{kind}/{made['id']}") == made
    changed = desk.ok("PATCH", f"{kind}/{made['id']}", json={"name": "crimson", "color": None})
    assert (changed["name"], changed["color"], changed["emoji"]) == ("crimson", None, "🔴")
    assert changed["updated_at"] > made["updated_at"]
    assert desk.send("DELETE", f"{kind}/{made['id']}").status_code == 204
    for method in ("GET", "DELETE"):
        assert desk.send(method, f"{kind}/{made['id']}").status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_unique_in_an_organisation(desk: Desk, kind: str) -> None:
    made = desk.ok("POST", kind, 201, json={"name": "red"})
    other = desk.ok("POST", kind, 201, json={"name": "Red"})
    assert "red" in desk.ok("POST", kind, 400, json={"name": "red"})["detail"]
    desk.ok("PATCH", f"{kind}/{other['id']}", 400, json={"name": "red"})
    desk.ok("PATCH", f"{kind}/{other['id']}", 422, json={"name": None})
    assert desk.ok("PATCH", f"{kind}/{made['id']}", json={"name": "red"})["name"] == "red"


@pytest.mark.parametrize("kind", KINDS)
def test_reorder_with_an_unknown_id_changes_nothing(desk: Desk, kind: str) -> None:
    made = [desk.ok("POST", kind, 201, json={"name": name}) for name in "ab"]
    ids = [made[1]["id"], UNKNOWN_ID]
    desk.ok("PUT", f"{kind}/reorder", 404, json={"ids": ids})
    assert names(desk.ok("GET", kind)) == ["a", "b"]


def test_archived_tags_hide_stay_and_cannot_be_assigned(desk: Desk) -> None:
    red, blue = desk.tag("red"), desk.tag("blue")
    holder, other = desk.workflow(), desk.workflow()
    assign(desk, holder, red)
    archived = desk.ok("POST", f"/v1/workflow-tags/{red['id']}/archive")
    assert archived["is_archived"] is True
    assert names(desk.ok("GET", "/v1/workflow-tags")) == ["blue"]
    everything = desk.ok("GET", "/v1/workflow-tags?include_archived=true")
    assert [(row["name"], row["workflow_count"]) for row in everything] == [
        ("red", 1),
        ("blue", 0),
    ]
    assert names(assign(desk, holder, red)) == ["red"]
    assert "archived" in assign(desk, other, blue, red, status=400)["detail"]
    assert desk.get(other)["tags"] == []
    desk.ok("POST", f"/v1/workflow-tags/{red['id']}/unarchive")
    assert names(assign(desk, other, red)) == ["red"]
    desk.ok("PATCH", f"/v1/workflow-tags/{red['id']}", json={"is_archived": True})
    assert names(desk.ok("GET", "/v1/workflow-tags")) == ["blue"]


def test_null_ungroups_and_deleting_a_group_ungroups(desk: Desk) -> None:
    env = group(desk, "env")
    dev, prod = (desk.tag(name, group_id=env["id"]) for name in ("dev", "prod"))
    assert dev["group"] == env
    freed = desk.ok("PATCH", f"/v1/workflow-tags/{dev['id']}", json={"group_id": None})
    assert (freed["group_id"], freed["group"]) == (None, None)
    desk.ok("DELETE", f"/v1/workflow-tag-groups/{env['id']}", 204)
    assert desk.ok("GET", f"/v1/workflow-tags/{prod['id']}")["group_id"] is None
    desk.ok("POST", "/v1/workflow-tags", 404, json={"name": "x", "group_id": env["id"]})


def test_tags_are_added_and_removed_one_by_one(desk: Desk) -> None:
    red, blue = desk.tag("red"), desk.tag("blue")
    made = desk.workflow()
    assign(desk, made, blue)
    assert names(assign(desk, made, red)) == ["red", "blue"]
    desk.ok("DELETE", f"/v1/workflows/{made['id']}/tags/{blue['id']}", 204)
    assert names(desk.ok("GET", f"/v1/workflows/{made['id']}/tags")) == ["red"]
    desk.ok("DELETE", f"/v1/workflows/{made['id']}/tags/{UNKNOWN_ID}", 404)
    desk.ok("DELETE", f"/v1/workflow-tags/{red['id']}", 204)
    assert desk.get(made)["tags"] == []


def test_bulk_tagging_is_all_or_nothing(desk: Desk) -> None:
    red = desk.tag("red")
    first, second = desk.workflow(), desk.workflow()
    body = {"tag_ids": [red["id"]], "workflow_ids": [first["id"], UNKNOWN_ID]}
    desk.ok("POST", "/v1/workflows/bulk/tags", 404, json=body)
    assert desk.get(first)["tags"] == []
    body["workflow_ids"] = [first["id"], second["id"]]
    reply = desk.send("POST", "/v1/workflows/bulk/tags", json=body)
    assert (reply.status_code, reply.content) == (204, b"")
    assert [names(desk.get(item)["tags"]) for item in (first, second)] == [["red"], ["red"]]


@pytest.mark.parametrize("path", ["bulk/tags", f"{UNKNOWN_ID}/tags"])
def test_tagging_needs_at_least_one_tag(desk: Desk, path: str) -> None:
    body = {"tag_ids": [], "workflow_ids": [UNKNOWN_ID]}
    desk.ok("POST", f"/v1/workflows/{path}", 422, json=body)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.lists(st.integers(0, 5), min_size=1, max_size=3)),
        max_size=8,
    )
)
def test_a_workflow_never_has_two_tags_of_one_group(
    tagged_desk: tuple[Desk, list[Any]], steps: list[tuple[bool, list[int]]]
) -> None:
    desk, tags = tagged_desk
    workflow = desk.workflow()
    expected: set[int] = set()
    for adding, chosen in steps:
        if adding:
            assign(desk, workflow, *(tags[index] for index in chosen))
            for index in chosen:
                if index < 4:
                    expected -= {other for other in range(4) if other % 2 == index % 2}
                expected.add(index)
        else:
            for index in chosen:
                path = f"/v1/workflows/{workflow['id']}/tags/{tags[index]['id']}"
                desk.ok("DELETE", path, 204 if index in expected else 404)
                expected.discard(index)
        held = desk.ok("GET", f"/v1/workflows/{workflow['id']}/tags")
        assert names(held) == [tags[index]["name"] for index in sorted(expected)]


@pytest.fixture(scope="module")
def tagged_desk(shared_desk: Desk) -> tuple[Desk, list[Any]]:
    """Tags 0 and 2 share a group, 1 and 3 another; 4 and 5 have none."""
    groups = [group(shared_desk, name)["id"] for name in ("even", "odd")] * 2 + [None, None]
    tags = [shared_desk.tag(f"tag-{i}", group_id=group_id) for i, group_id in enumerate(groups)]
    return shared_desk, tags
