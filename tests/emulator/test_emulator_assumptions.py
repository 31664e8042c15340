"""Every row of the table of assumptions is what the emulator does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from flowdsl.emulator.resources.machines import (
    create_machine,
    create_pool,
    free_machine,
    get_machine,
    parameters_of,
)
from flowdsl.emulator.resources.workflows import copy_trajectories, create_workflow
from flowdsl.emulator.runs.trajectories import (
    TRAJECTORIES,
    create_trajectory,
    mark_generated,
    update_trajectory,
)
from flowdsl.emulator.store import Store
from flowdsl.emulator.wire.models import (
    MachineCreate,
    PoolCreate,
    TrajectoryCreate,
    TrajectoryUpdate,
    WorkflowCreate,
)
from tests.emulator.emulator_desk import EXTRACTION_ID, MODEL_ID, PNG, UNKNOWN_ID, Desk, check
from tests.emulator.rehearsal_assumption_probes import REHEARSAL_PROBES
from tests.emulator.runs.run_assumption_probes import RUN_PROBES
from tests.support.services.contract import assumptions

Probe = Callable[[Desk], None]
PROBES: dict[str, Probe] = {**RUN_PROBES, **REHEARSAL_PROBES}


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
    assert desk.get(made)["old_versions"] == versions
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
    made = desk.workflow(model_metadata={"main_agent_model_id": MODEL_ID})
    changed = desk.patch(made, model_metadata={"fallback_model_1_id": MODEL_ID})
    assert changed["model_metadata"] == {
        "main_agent_model_id": None,
        "cache_detection_model_id": None,
        "fallback_model_1_id": MODEL_ID,
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
    made = desk.workflow(post_run_checks=[{**odd, "model": UNKNOWN_ID}])
    assert made["post_run_checks"][0]["model"] == UNKNOWN_ID


@probe("schemas-unparsed")
def _(desk: Desk) -> None:
    made = desk.workflow(input_schema="[1, 2]", output_schema="not { json")
    assert (made["input_schema"], made["output_schema"]) == ("[1, 2]", "not { json")


@probe("input-schema-json")
def _(desk: Desk) -> None:
    made = desk.workflow()
    for text in ("not { json", "", "[" * 100_000):
        for reply in (
            desk.send("POST", "/v1/workflows", json={"main_prompt": "p", "input_schema": text}),
            desk.send("PATCH", f"/v1/workflows/{made['id']}", json={"input_schema": text}),
        ):
            (problem,) = reply.json()["detail"]
            assert (reply.status_code, problem["loc"]) == (422, ["body", "input_schema"])
    assert desk.get(made)["input_schema"] is None
    assert len(desk.ids()) == 1


@probe("unusable-models")
def _(desk: Desk) -> None:
    made = desk.workflow()
    body = {"name": "n", "provider": "p", "model": "m", "is_computer_use_model": True}
    path = "/v1/model-configurations"
    archived = desk.ok("POST", path, 201, json={**body, "is_archived": True})["id"]
    runs_before = desk.ok("GET", "/v1/runs")["total"]
    for model in (UNKNOWN_ID, archived, EXTRACTION_ID):
        metadata = {"main_agent_model_id": model}
        requests = [
            ("POST", "/v1/workflows", {"main_prompt": "p", "model_metadata": metadata}),
            ("PATCH", f"/v1/workflows/{made['id']}", {"model_metadata": metadata}),
            ("POST", "/v1/runs", {"workflow_id": made["id"], "model_metadata": metadata}),
            ("POST", "/v1/runs", {"workflow_id": made["id"], **metadata}),
        ]
        for method, address, sent in requests:
            reply = desk.send(method, address, json=sent)
            assert reply.status_code == 422, (method, address, sent)
            assert reply.json()["detail"][0]["loc"][-1] == "main_agent_model_id"
    assert (desk.ids(), desk.ok("GET", "/v1/runs")["total"]) == ([made["id"]], runs_before)
    desk.patch(made, model_metadata={"cache_detection_model_id": EXTRACTION_ID})
    mine = desk.ok("POST", path, 201, json=body)["id"]
    desk.patch(made, model_metadata={"main_agent_model_id": mine})


@probe("names-not-unique")
def _(desk: Desk) -> None:
    body = {"name": "n", "provider": "p", "model": "m"}
    for _ in range(2):
        desk.workflow(name="same")
        desk.pool("same")
        desk.machine(name="same", fingerprint="same")
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
    made = [
        desk.ok("POST", "/v1/workflows/prompt-image", 201, files={"file": ("a.png", content)})
        for content in (PNG, PNG + b"2", PNG + b"3")
    ]
    assert [item["filename"] for item in made] == ["a.png", "a-2.png", "a-3.png"]
    assert desk.send("GET", made[0]["signed_url"]).content == PNG


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


@probe("parameters-replace")
def _(desk: Desk) -> None:
    for kind, made in (("machine", desk.machine()), ("pool", desk.pool())):
        path = f"/v1/{kind}s/{made['id']}"
        for sent in ({"a": 1, "b": 2}, {"b": 3}):
            changed = desk.ok("PATCH", path, json={f"{kind}_parameters": sent})
            assert changed[f"{kind}_parameters"] == sent


@probe("null-parameters")
def _(desk: Desk) -> None:
    for kind, made in (("machine", desk.machine()), ("pool", desk.pool())):
        path = f"/v1/{kind}s/{made['id']}"
        names = (f"{kind}_parameters", f"{kind}_sensitive_parameters")
        full = desk.ok("PATCH", path, json={name: {"a": "1"} for name in names})
        kept = desk.ok("PATCH", path, json=dict.fromkeys(names))
        cleared = desk.ok("PATCH", path, json={name: {} for name in names})
        assert [kept[name] for name in names] == [full[name] for name in names]
        assert [cleared[name] for name in names] == [{}, {}]


@probe("null-never-null")
def _(desk: Desk) -> None:
    machine = desk.machine()
    connection = desk.ok(
        "POST", "/v1/connections", 201, json={"websocket_id": "w", "machine_id": machine["id"]}
    )
    trajectory = desk.trajectory(desk.workflow())
    for path, made, names in (
        (
            f"/v1/machines/{machine['id']}",
            machine,
            ("status", "last_seen", "is_available", "alerts_enabled", "machine_parameters"),
        ),
        (f"/v1/connections/{connection['id']}", connection, ("status", "last_ping")),
        (
            f"/v1/trajectories/{trajectory['id']}",
            trajectory,
            ("trajectory_data", "is_approved", "is_main"),
        ),
    ):
        changed = desk.ok("PATCH", path, json=dict.fromkeys(names))
        assert [changed[name] for name in names] == [made[name] for name in names]


@probe("machine-starts-connected")
def _(desk: Desk) -> None:
    made = desk.machine()
    assert (made["status"], made["is_available"]) == ("connected", True)


@probe("first-machine")
def _(desk: Desk) -> None:
    with Store.open(None) as store, store.write("org_new") as transaction:
        pool_id = create_pool(transaction, PoolCreate(name="p")).id
        first = free_machine(transaction, [pool_id])
        assert first is not None
        assert free_machine(transaction, [pool_id]) == first
        assert get_machine(transaction, first.id).status == "connected"
        create_machine(transaction, MachineCreate(fingerprint="f", unkey_key_id="k"))
        other = create_pool(transaction, PoolCreate(name="q")).id
        assert free_machine(transaction, [other]) is None


@probe("reserved-unavailable")
def _(desk: Desk) -> None:
    path = f"/v1/machines/{desk.machine()['id']}"
    assert desk.ok("PATCH", path, json={"reserved_session_id": UNKNOWN_ID})["is_available"] is False
    assert desk.ok("PATCH", path, json={"reserved_session_id": None})["is_available"] is True


@probe("machine-pools-filled")
def _(desk: Desk) -> None:
    machine = desk.machine()
    assert machine["pools"] == []
    desk.pool("front desk", machine)
    changed = desk.ok("PATCH", f"/v1/machines/{machine['id']}", json={})
    listed = desk.ok("GET", "/v1/machines")["items"][0]
    assert [[pool["name"] for pool in row["pools"]] for row in (changed, listed)] == [
        ["front desk"],
        ["front desk"],
    ]


@probe("machines-oldest-first")
def _(desk: Desk) -> None:
    made = [desk.machine(name=name) for name in "ab"]
    for name in "cd":
        desk.pool(name)
        body = {"websocket_id": name, "machine_id": made[0]["id"]}
        desk.ok("POST", "/v1/connections", 201, json=body)
    assert [row["name"] for row in desk.ok("GET", "/v1/machines")["items"]] == ["a", "b"]
    assert [row["name"] for row in desk.ok("GET", "/v1/pools")["items"]] == ["c", "d"]
    listed = desk.ok("GET", "/v1/connections")["items"]
    assert [row["websocket_id"] for row in listed] == ["d", "c"]


@probe("pool-precedence")
def _(desk: Desk) -> None:
    with Store.open(None) as store, store.write("org_new") as transaction:
        ids = [
            create_pool(transaction, PoolCreate(name=name, pool_parameters={"x": name})).id
            for name in "ab"
        ]
        assert parameters_of(transaction, None, ids).values == {"x": "a"}
        assert parameters_of(transaction, None, ids[::-1]).values == {"x": "b"}


@probe("blank-parameters")
def _(desk: Desk) -> None:
    with Store.open(None) as store, store.write("org_new") as transaction:
        body = MachineCreate(
            fingerprint="f",
            unkey_key_id="k",
            machine_parameters={"a": "", "b": None, "c": False, "d": ""},
        )
        machine_id = create_machine(transaction, body).id
        defaults = {"a": "pool", "b": "pool", "c": "pool"}
        pool_id = create_pool(transaction, PoolCreate(name="p", pool_parameters=defaults)).id
        merged = parameters_of(transaction, machine_id, [pool_id]).values
        assert merged == {"a": "pool", "b": "pool", "c": False}


@probe("absent-member-ignored")
def _(desk: Desk) -> None:
    body = {"machine_ids": [desk.machine()["id"]]}
    desk.ok("DELETE", f"/v1/pools/{desk.pool()['id']}/machines", 204, json=body)


@probe("membership-keeps-updated-at")
def _(desk: Desk) -> None:
    machine = desk.machine()
    pool = desk.pool("p", machine)
    path = f"/v1/pools/{pool['id']}"
    joined = desk.ok("GET", path)
    desk.ok("DELETE", f"{path}/machines", 204, json={"machine_ids": [machine["id"]]})
    left = desk.ok("GET", path)
    assert (joined["machine_count"], left["machine_count"]) == (1, 0)
    assert joined["updated_at"] == left["updated_at"] == pool["updated_at"]


@probe("connections-apart")
def _(desk: Desk) -> None:
    machine = desk.machine()
    path = f"/v1/machines/{machine['id']}"
    offline = desk.ok("PATCH", path, json={"status": "disconnected"})
    body = {"websocket_id": "w", "machine_id": machine["id"]}
    made = desk.ok("POST", "/v1/connections", 201, json=body)
    assert desk.ok("GET", path)["status"] == offline["status"]
    desk.ok("PATCH", path, json={"status": "connected"})
    desk.ok("PATCH", f"/v1/connections/{made['id']}", json={"status": "error"})
    assert desk.ok("GET", path)["status"] == "connected"


@probe("health-by-status")
def _(desk: Desk) -> None:
    for status in ("connected", "disconnected", "error"):
        path = f"/v1/machines/{desk.machine(name=status)['id']}"
        desk.ok("PATCH", path, json={"status": status})
    body = desk.ok("GET", "/v1/health/machines", 503)
    assert (body["checked_machines"], body["healthy_machines"]) == (2, 1)
    assert [row["machine_name"] for row in body["errored_machines"]] == ["error"]


@probe("unknown-include")
def _(desk: Desk) -> None:
    desk.machine()
    assert desk.ok("GET", "/v1/machines?include=runs,%20pools")["included"] == []
    assert desk.ok("GET", "/v1/machines?include=runs")["included"] is None


@probe("newest-trajectory-first")
def _(desk: Desk) -> None:
    workflow = desk.workflow()
    made = [desk.trajectory(workflow, name=name) for name in "abc"]
    desk.ok("PATCH", f"/v1/trajectories/{made[1]['id']}", json={})
    listed = desk.ok("GET", "/v1/trajectories?is_generated=false")["items"]
    assert [row["name"] for row in listed] == ["b", "c", "a"]


@probe("latest-of-all")
def _(desk: Desk) -> None:
    workflow = desk.workflow()
    path = f"/v1/workflows/{workflow['id']}/latest-trajectory"
    assert "trajectory" in desk.ok("GET", path, 404)["detail"]
    made = desk.trajectory(workflow)
    assert (made["is_approved"], made["is_generated"]) == (False, False)
    assert desk.ok("GET", path) == made


@probe("one-main")
def _(desk: Desk) -> None:
    workflow = desk.workflow()
    first, second = desk.trajectory(workflow), desk.trajectory(workflow)
    for made in (first, second):
        main = desk.ok("PATCH", f"/v1/trajectories/{made['id']}", json={"is_main": True})
        first = main if made is first else first
    after = desk.ok("GET", f"/v1/trajectories/{first['id']}")
    assert (after["is_main"], after["updated_at"]) == (False, first["updated_at"])


@probe("trajectory-copy")
def _(desk: Desk) -> None:
    made = desk.trajectory(desk.workflow(), name="Monday", original_input_values={"a": 1})
    path = f"/v1/trajectories/{made['id']}"
    desk.ok("PATCH", path, json={"is_main": True})
    copy = desk.ok("POST", f"{path}/duplicate", 201)
    assert (copy["name"], copy["is_main"]) == ("Monday (Copy)", False)
    kept = ("run_id", "original_input_values", "is_generated")
    assert [copy[name] for name in kept] == [made[name] for name in kept]


@probe("copied-trajectories")
def _(desk: Desk) -> None:
    with Store.open(None) as store, store.write("org_new") as transaction:
        source, target = (
            create_workflow(transaction, WorkflowCreate(main_prompt="p")).id for _ in "ab"
        )
        for name, is_generated in (("recorded", False), ("generated", True)):
            body = TrajectoryCreate(
                workflow_id=UUID(source),
                trajectory_data=[{"image": "supabase://trajectories/1.png"}],
                dimensions={"width": 1, "height": 1},
                name=name,
            )
            made = UUID(create_trajectory(transaction, body).id)
            if is_generated:
                mark_generated(transaction, made)
            update_trajectory(transaction, made, TrajectoryUpdate(is_approved=True, is_main=True))
        copy_trajectories(transaction, source, target)
        (copy,) = TRAJECTORIES.rows(transaction, TRAJECTORIES.table.c.workflow_id == target)
        assert (copy.name, copy.is_approved, copy.is_main, copy.run_id) == (
            "generated",
            True,
            False,
            None,
        )
        assert copy.trajectory_data == [{"image": "supabase://trajectories/1.png"}]


@probe("credential-needs")
def _(desk: Desk) -> None:
    key = {"api_key": "sk-1"}
    bedrock = {"bedrock_auth_mode": "api_key", "aws_region": "us-east-1", **key}
    for slot, body in (("anthropic", bedrock), ("openai", key), ("aws_bedrock", bedrock)):
        desk.ok("PUT", f"/v1/provider-credentials/{slot}", json=body)
    for slot, body in (("openai", {}), ("google", key), ("aws_bedrock", key)):
        desk.ok("PUT", f"/v1/provider-credentials/{slot}", 422, json=body)


@probe("credential-unasked")
def _(desk: Desk) -> None:
    path = "/v1/provider-credentials/openai"
    for _ in range(2):
        desk.ok("POST", f"{path}/validate", 404)
        desk.ok("DELETE", path, 404)
        assert desk.ok("PUT", path, json={"api_key": "no such key"})["status"] == "active"
        assert desk.ok("POST", f"{path}/validate")["ok"] is True
        desk.ok("DELETE", path)


@probe("usage-by-end")
def _(desk: Desk) -> None:
    query = "from_date=2026-02-02T00:00:00Z&to_date=2026-02-01T00:00:00Z"
    body = desk.ok("GET", f"/v1/usage/aggregate?{query}")
    assert (body["runs_counted"], body["total_agentic_steps"]) == (0, 0)


KEYS = [row.key for row in assumptions("What the local Cyberdesk does")]


@pytest.mark.parametrize("key", KEYS)
def test_assumption_holds(desk: Desk, key: str) -> None:
    PROBES[key](desk)


def test_the_table_and_its_probes_name_the_same_keys() -> None:
    assert set(KEYS) == set(PROBES)
