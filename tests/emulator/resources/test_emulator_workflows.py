from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.emulator_desk import MODEL_ID, PNG, UNKNOWN_ID, Desk, check


def test_updated_workflows_come_first_although_the_clock_stands_still(desk: Desk) -> None:
    first, second, third = (desk.workflow(name=name) for name in "ABC")
    assert desk.ids() == [third["id"], second["id"], first["id"]]
    changed = desk.patch(first, name="A2")
    assert changed["updated_at"] > third["updated_at"]
    assert desk.ids() == [first["id"], third["id"], second["id"]]


def test_pages_cover_everything_once(desk: Desk) -> None:
    made = {desk.workflow()["id"] for _ in range(7)}
    pages = [desk.ok("GET", f"/v1/workflows?skip={skip}&limit=3") for skip in (0, 3, 6, 9)]
    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    assert {page["total"] for page in pages} == {7}
    assert {item["id"] for page in pages for item in page["items"]} == made
    assert (pages[1]["skip"], pages[1]["limit"]) == (3, 3)


def test_search_finds_parts_of_names_and_ids_in_any_case(desk: Desk) -> None:
    made = desk.workflow(name="Überweisung 100%_done")
    desk.workflow(name="Other")
    for needle in ("überweisung", "ÜBER", "100%_", made["id"][4:20].upper()):
        reply = desk.ok("GET", "/v1/workflows", params={"search": needle})
        assert [item["id"] for item in reply["items"]] == [made["id"]], needle
    assert desk.ok("GET", "/v1/workflows", params={"search": "100%d"})["total"] == 0


def test_time_ranges_are_inclusive_and_count_offsets(desk: Desk) -> None:
    first, second = desk.workflow(), desk.workflow()
    query = {"created_at_from": second["created_at"]}
    assert [w["id"] for w in desk.ok("GET", "/v1/workflows", params=query)["items"]] == [
        second["id"]
    ]
    query = {"updated_at_to": first["updated_at"].replace("09:30", "10:30").replace("Z", "+01:00")}
    assert [w["id"] for w in desk.ok("GET", "/v1/workflows", params=query)["items"]] == [
        first["id"]
    ]
    edge = {"created_at_from": "0001-01-01T00:00:00+14:00"}
    assert desk.ok("GET", "/v1/workflows", params=edge)["total"] == 2


def test_tag_filter_wants_all_tags(desk: Desk) -> None:
    red, blue = desk.tag("red"), desk.tag("blue")
    both, one = desk.workflow(), desk.workflow()
    for workflow, tag_ids in ((both, [red["id"], blue["id"]]), (one, [red["id"]])):
        desk.ok("POST", f"/v1/workflows/{workflow['id']}/tags", json={"tag_ids": tag_ids})
    assert desk.ids(f"?tag_ids={red['id']}") == [one["id"], both["id"]]
    assert desk.ids(f"?tag_ids={red['id']}%2C{blue['id']}") == [both["id"]]
    assert desk.ids(f"?tag_ids={UNKNOWN_ID}") == []
    detail = desk.ok("GET", "/v1/workflows?tag_ids=x", 422)["detail"]
    assert detail[0]["loc"] == ["query", "tag_ids"]


@pytest.mark.parametrize(
    ("query", "tags", "checks"),
    [
        ("", False, False),
        ("?include_tags=true", True, False),
        ("?include=post_run_checks&include_tags=true", False, True),
        ("?include=tags%2Cpost_run_checks", True, True),
    ],
)
def test_list_fills_only_what_is_asked_for(
    desk: Desk, query: str, tags: bool, checks: bool
) -> None:
    desk.workflow(post_run_checks=[check("receipt")])
    item = desk.ok("GET", f"/v1/workflows{query}")["items"][0]
    assert (item["tags"] is not None, item["post_run_checks"] is not None) == (tags, checks)


def test_get_fills_tags_and_checks_unless_told_otherwise(desk: Desk) -> None:
    made = desk.workflow(post_run_checks=[check("receipt")])
    assert [item["name"] for item in desk.get(made)["post_run_checks"]] == ["receipt"]
    bare = desk.ok("GET", f"/v1/workflows/{made['id']}?include=")
    assert (bare["tags"], bare["post_run_checks"]) == (None, None)


@pytest.mark.parametrize("changes", [{"main_prompt": None}, {"main_prompt": ""}])
def test_a_refused_patch_leaves_no_trace(desk: Desk, changes: dict[str, Any]) -> None:
    made = desk.workflow()
    detail = desk.patch(made, 422, name="Changed", **changes)["detail"]
    assert detail[0]["loc"] == ["body", "main_prompt"]
    assert desk.get(made) == {**made, "included": None}


def test_workflow_metadata_is_patched_key_by_key(desk: Desk) -> None:
    made = desk.workflow()
    desk.patch(made, workflow_metadata={"has_unaddressed_error": True})
    desk.patch(made, workflow_metadata={"last_errored_run_uuid": UNKNOWN_ID})
    kept = desk.patch(made, workflow_metadata={"last_errored_run_uuid": None})
    assert kept["workflow_metadata"]["has_unaddressed_error"] is True
    assert kept["workflow_metadata"]["last_errored_run_uuid"] is None
    assert desk.patch(made, workflow_metadata=None)["workflow_metadata"] is None


def test_delete_takes_everything_along(desk: Desk) -> None:
    tag = desk.tag("red")
    made = desk.workflow(post_run_checks=[check("receipt")])
    desk.ok("POST", f"/v1/workflows/{made['id']}/tags", json={"tag_ids": [tag["id"]]})
    desk.patch(made, name="Two")
    reply = desk.send("DELETE", f"/v1/workflows/{made['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert desk.ok("GET", "/v1/workflow-tags")[0]["workflow_count"] == 0
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/versions"),
        ("GET", "/tags"),
        ("POST", "/duplicate"),
    ):
        body = {"json": {}} if method == "PATCH" else {}
        reply = desk.send(method, f"/v1/workflows/{made['id']}{path}", **body)
        assert reply.status_code == 404, (method, path)
        assert isinstance(reply.json()["detail"], str)


def test_duplicate_copies_content_and_images_but_not_history(desk: Desk) -> None:
    image = desk.ok("POST", "/v1/workflows/prompt-image", 201, files={"file": ("a.png", PNG)})
    tag = desk.tag("red")
    url = image["supabase_url"]
    made = desk.workflow(
        name="Ledger",
        main_prompt=f'Press <img src="{url}"> and again <img src="{url}">, not {url}x.',
        post_run_checks=[check("receipt", file_names=["a.pdf"])],
        model_metadata={"main_agent_model_id": MODEL_ID},
        is_webhooks_enabled=True,
    )
    desk.ok("POST", f"/v1/workflows/{made['id']}/tags", json={"tag_ids": [tag["id"]]})
    desk.patch(made, output_schema="{}")
    copy = desk.ok("POST", f"/v1/workflows/{made['id']}/duplicate", 201)
    source = desk.get(made)
    same = source.keys() - {
        "included",
        "id",
        "name",
        "main_prompt",
        "created_at",
        "updated_at",
        "old_versions",
        "post_run_checks",
    }
    assert {name: copy[name] for name in same} == {name: source[name] for name in same}
    assert (copy["name"], copy["old_versions"]) == ("(Copy) Ledger", [])
    assert copy["post_run_checks"][0]["file_names"] == ["a.pdf"]
    assert copy["post_run_checks"][0]["id"] != source["post_run_checks"][0]["id"]
    images = desk.ok("GET", "/v1/workflows/prompt-images")
    copied = next(item["supabase_url"] for item in images if item["supabase_url"] != url)
    assert copy["main_prompt"] == (
        f'Press <img src="{copied}"> and again <img src="{copied}">, not {url}x.'
    )


def test_a_copy_of_the_longest_name_still_fits(desk: Desk) -> None:
    made = desk.workflow(name="x" * 255)
    copy = desk.ok("POST", f"/v1/workflows/{made['id']}/duplicate", 201, json={})
    assert len(copy["name"]) == 255


def test_merge_replaces_the_target_and_deletes_the_source(desk: Desk) -> None:
    red, blue = desk.tag("red"), desk.tag("blue")
    source = desk.workflow(name="Draft", main_prompt="New", post_run_checks=[check("new")])
    target = desk.workflow(name="Live", main_prompt="Old", post_run_checks=[check("old")])
    for workflow, tag in ((source, red), (target, blue)):
        desk.ok("POST", f"/v1/workflows/{workflow['id']}/tags", json={"tag_ids": [tag["id"]]})
    merged = desk.ok(
        "POST",
        f"/v1/workflows/{source['id']}/merge",
        json={"target_workflow_id": target["id"]},
    )
    assert (merged["id"], merged["name"], merged["main_prompt"]) == (target["id"], "Live", "New")
    assert [item["name"] for item in merged["post_run_checks"]] == ["new"]
    assert [item["name"] for item in merged["tags"]] == ["red"]
    assert [version["main_prompt"] for version in merged["old_versions"]] == ["Old"]
    assert desk.ids() == [target["id"]]


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\uDFFFb"'])
def test_half_a_character_is_refused(desk: Desk, text: str) -> None:
    reply = desk.send(
        "POST",
        "/v1/workflows",
        content=f'{{"main_prompt": {text}}}'.encode(),
        headers={"Content-Type": "application/json"},
    )
    assert reply.status_code == 422
    assert desk.workflow(main_prompt="\U0001f600")["main_prompt"] == "\U0001f600"


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"", b"\xff", b"[" * 100_000, b'{"\\ud8":' + b"[" * 100_000]
)
def test_a_body_that_is_no_object_is_refused(desk: Desk, content: bytes) -> None:
    reply = desk.send(
        "POST", "/v1/workflows", content=content, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code in (400, 422)
    assert reply.json()["detail"]
