"""Every row of the table of assumptions is followed by the code it names."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import flowdsl.emulator
from flowdsl.emulator.assumptions import ASSUMPTIONS, Assumption
from tests.emulator.emulator_desk import PNG, UNKNOWN_ID, Desk, check

Probe = Callable[[Desk], None]
PROBES: dict[str, Probe] = {}


def probe(key: str) -> Callable[[Probe], Probe]:
    def register(function: Probe) -> Probe:
        assert key not in PROBES
        PROBES[key] = function
        return function

    return register


def add_tags(desk: Desk, workflow: Any, *tags: Any) -> Any:
    body = {"tag_ids": [tag["id"] for tag in tags]}
    return desk.ok("POST", f"/v1/workflows/{workflow['id']}/tags", json=body)


@probe("no-op-patch-makes-version")
def _(desk: Desk) -> None:
    made = desk.workflow(name="A")
    first = desk.patch(made)
    second = desk.patch(made, name="A")
    assert made["updated_at"] < first["updated_at"] < second["updated_at"]
    assert len(second["old_versions"]) == 2


@probe("version-content")
def _(desk: Desk) -> None:
    made = desk.workflow(name="A", is_webhooks_enabled=True)
    for name in "BCD":
        desk.patch(made, name=name)
    versions = desk.ok("GET", f"/v1/workflows/{made['id']}/versions")
    assert [version["name"] for version in versions] == ["A", "B", "C"]
    assert set(versions[0]) == {
        "name",
        "main_prompt",
        "input_schema",
        "output_schema",
        "terminal_command_allowlist",
        "post_run_checks",
        "updated_at",
    }


@probe("list-without-history")
def _(desk: Desk) -> None:
    desk.patch(desk.workflow(), name="B")
    item = desk.ok("GET", "/v1/workflows")["items"][0]
    assert (item["old_versions"], item["tags"], item["post_run_checks"]) == (None, None, None)


@probe("write-replies-complete")
def _(desk: Desk) -> None:
    made = desk.workflow(post_run_checks=[check("c")])
    add_tags(desk, made, desk.tag("red"))
    changed = desk.patch(made, name="B")
    assert ([tag["name"] for tag in changed["tags"]], len(changed["post_run_checks"])) == (
        ["red"],
        1,
    )


@probe("model-metadata-replaces")
def _(desk: Desk) -> None:
    made = desk.workflow(model_metadata={"main_agent_model_id": UNKNOWN_ID})
    changed = desk.patch(made, model_metadata={"fallback_model_1_id": UNKNOWN_ID})
    assert changed["model_metadata"] == {
        "main_agent_model_id": None,
        "cache_detection_model_id": None,
        "fallback_model_1_id": UNKNOWN_ID,
        "fallback_model_2_id": None,
    }


@probe("null-boolean")
def _(desk: Desk) -> None:
    made = desk.workflow(is_webhooks_enabled=True, includes_file_exports=True)
    changed = desk.patch(made, is_webhooks_enabled=None, includes_file_exports=None)
    assert (changed["is_webhooks_enabled"], changed["includes_file_exports"]) == (True, True)


@probe("null-checks")
def _(desk: Desk) -> None:
    made = desk.workflow(post_run_checks=[check("c")])
    assert desk.patch(made, post_run_checks=None)["post_run_checks"] == made["post_run_checks"]


@probe("check-fields-replace")
def _(desk: Desk) -> None:
    made = desk.workflow(
        post_run_checks=[check("c", description="d", allow_missing_attachments=True)]
    )
    same_id = made["post_run_checks"][0]["id"]
    changed = desk.patch(made, post_run_checks=[check("c", id=same_id)])["post_run_checks"][0]
    assert (changed["id"], changed["description"]) == (same_id, None)
    assert changed["allow_missing_attachments"] is False


@probe("foreign-check-id")
def _(desk: Desk) -> None:
    other = desk.workflow(post_run_checks=[check("c")])["post_run_checks"][0]["id"]
    made = desk.workflow(post_run_checks=[check("own")])
    own = made["post_run_checks"][0]["id"]
    for bad in ([UNKNOWN_ID], [other], [own, own]):
        checks = [check("x", id=identifier) for identifier in bad]
        detail = desk.patch(made, 422, name="B", post_run_checks=checks)["detail"]
        assert detail[0]["loc"] == ["body", "post_run_checks", len(bad) - 1, "id"]
    assert desk.get(made) == {**made, "included": None}
    desk.ok("POST", "/v1/workflows", 422, json={"main_prompt": "p", "post_run_checks": checks})


@probe("check-rules-unenforced")
def _(desk: Desk) -> None:
    odd = {"name": "", "type": "output_data_agentic_check", "file_name_regex": "("}
    made = desk.workflow(
        post_run_checks=[{**odd, "model": UNKNOWN_ID}],
        model_metadata={"main_agent_model_id": UNKNOWN_ID},
    )
    assert made["post_run_checks"][0]["model"] == UNKNOWN_ID


@probe("schemas-unparsed")
def _(desk: Desk) -> None:
    assert desk.workflow(input_schema="not { json")["input_schema"] == "not { json"


@probe("names-not-unique")
def _(desk: Desk) -> None:
    body = {"name": "n", "provider": "p", "model": "m"}
    for _ in range(2):
        desk.workflow(name="same")
        desk.ok("POST", "/v1/model-configurations", 201, json=body)


@probe("copy-prefix")
def _(desk: Desk) -> None:
    for name, expected in (("Ledger", "(Copy) Ledger"), (None, "(Copy)")):
        made = desk.workflow(name=name)
        copy = desk.ok("POST", f"/v1/workflows/{made['id']}/duplicate", 201)
        assert copy["name"] == expected


@probe("merge-deletes-at-once")
def _(desk: Desk) -> None:
    source = desk.workflow(post_run_checks=[check("c")])
    target = desk.workflow(post_run_checks=[check("c")])
    body = {"target_workflow_id": target["id"]}
    merged = desk.ok("POST", f"/v1/workflows/{source['id']}/merge", json=body)
    desk.ok("GET", f"/v1/workflows/{source['id']}", 404)
    old = {item["post_run_checks"][0]["id"] for item in (source, target)}
    assert merged["post_run_checks"][0]["id"] not in old


@probe("input-variables-derived")
def _(desk: Desk) -> None:
    expected = {
        "Find {name}.": True,
        "Find {patient.names[0]['first']}.": True,
        "Keep {{name}} and {$secret} and \\{name}.": False,
        'Send {"a": 1} and { $_.Name }.': False,
    }
    for prompt, derived in expected.items():
        made = desk.workflow(main_prompt=prompt)
        assert made["includes_input_variables"] is derived, prompt


@probe("tagging-keeps-updated-at")
def _(desk: Desk) -> None:
    made, tag = desk.workflow(), desk.tag("red")
    add_tags(desk, made, tag)
    desk.ok("DELETE", f"/v1/workflows/{made['id']}/tags/{tag['id']}", 204)
    assert desk.get(made) == {**made, "included": None}


@probe("same-group-last-wins")
def _(desk: Desk) -> None:
    group = desk.ok("POST", "/v1/workflow-tag-groups", 201, json={"name": "env"})["id"]
    dev, prod = (desk.tag(name, group_id=group) for name in ("dev", "prod"))
    assert [tag["name"] for tag in add_tags(desk, desk.workflow(), prod, dev)] == ["dev"]


@probe("absent-tag-404")
def _(desk: Desk) -> None:
    made, tag = desk.workflow(), desk.tag("red")
    desk.ok("DELETE", f"/v1/workflows/{made['id']}/tags/{tag['id']}", 404)


@probe("regroup-keeps-tags")
def _(desk: Desk) -> None:
    made, dev, prod = desk.workflow(), desk.tag("dev"), desk.tag("prod")
    add_tags(desk, made, dev, prod)
    group = desk.ok("POST", "/v1/workflow-tag-groups", 201, json={"name": "env"})["id"]
    for tag in (dev, prod):
        desk.ok("PATCH", f"/v1/workflow-tags/{tag['id']}", json={"group_id": group})
    assert len(desk.get(made)["tags"]) == 2


@probe("partial-reorder")
def _(desk: Desk) -> None:
    tags = [desk.tag(name) for name in "abcd"]
    ids = [tags[index]["id"] for index in (3, 1, 3)]
    desk.ok("PUT", "/v1/workflow-tags/reorder", 204, json={"ids": ids})
    listed = desk.ok("GET", "/v1/workflow-tags")
    assert [(tag["name"], tag["order"]) for tag in listed] == list(
        zip("dbac", range(4), strict=True)
    )


@probe("rule-refusal-400")
def _(desk: Desk) -> None:
    tag, made = desk.tag("red"), desk.workflow()
    default = desk.ok("GET", "/v1/model-configurations")[0]["id"]
    desk.ok("POST", f"/v1/workflow-tags/{tag['id']}/archive")
    refusals = [
        ("POST", "/v1/workflow-tags", {"name": "red"}),
        ("POST", f"/v1/workflows/{made['id']}/tags", {"tag_ids": [tag["id"]]}),
        ("POST", f"/v1/workflows/{made['id']}/merge", {"target_workflow_id": made["id"]}),
        ("PATCH", f"/v1/model-configurations/{default}", {"name": "x"}),
    ]
    for method, path, body in refusals:
        assert isinstance(desk.ok(method, path, 400, json=body)["detail"], str)


@probe("image-name-taken")
def _(desk: Desk) -> None:
    names = [
        desk.ok("POST", "/v1/workflows/prompt-image", 201, files={"file": ("a.png", PNG)})[
            "filename"
        ]
        for _ in range(2)
    ]
    assert names == ["a.png", "a-2.png"]


@probe("image-type-by-content")
def _(desk: Desk) -> None:
    files = {"file": ("image", PNG, "application/octet-stream")}
    made = desk.ok("POST", "/v1/workflows/prompt-image", 201, files=files)
    assert (made["filename"], made["content_type"]) == ("image.png", "image/png")
    files = {"file": ("a.png", b"text", "image/png")}
    desk.ok("POST", "/v1/workflows/prompt-image", 422, files=files)


@probe("unknown-keys-ignored")
def _(desk: Desk) -> None:
    assert "descripton" not in desk.workflow(descripton="x")


@probe("page-limits")
def _(desk: Desk) -> None:
    for limit, status in ((0, 422), (1, 200), (1000, 200), (1001, 422)):
        desk.ok("GET", f"/v1/workflows?limit={limit}", status)


@probe("idempotency-first-reply-wins")
def _(desk: Desk) -> None:
    headers = {"Idempotency-Key": "k"}
    made = desk.ok("POST", "/v1/workflows", 201, json={"main_prompt": "a"}, headers=headers)
    for path in ("/v1/workflows", "/v1/workflow-tags"):
        assert desk.ok("POST", path, 201, json={"main_prompt": "b"}, headers=headers) == made


@probe("idempotency-keeps-successes")
def _(desk: Desk) -> None:
    headers = {"Idempotency-Key": "k"}
    desk.ok("POST", "/v1/workflows", 422, json={}, headers=headers)
    desk.ok("POST", "/v1/workflows", 201, json={"main_prompt": "a"}, headers=headers)


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda item: item.key)
def test_assumption_holds(desk: Desk, assumption: Assumption) -> None:
    PROBES[assumption.key](desk)


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda item: item.key)
def test_assumption_names_its_source_and_its_code(assumption: Assumption) -> None:
    assert re.fullmatch(r"I|Q\d+", assumption.source)
    module, _, name = assumption.where.rpartition(".")
    assert hasattr(importlib.import_module(f"flowdsl.emulator.{module}"), name)


def test_the_table_and_its_probes_and_the_code_name_the_same_keys() -> None:
    keys = [assumption.key for assumption in ASSUMPTIONS]
    assert sorted(keys) == sorted(set(keys))
    assert set(keys) == set(PROBES)
    package = Path(flowdsl.emulator.__file__).parent
    text = " ".join(" ".join(file.read_text().split()) for file in package.rglob("*.py"))
    named = set(re.findall(r"assumption `([a-z0-9-]+)`", text))
    assert named
    assert named <= set(keys)
