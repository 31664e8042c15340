"""Every method of the client against the published contract.

What it sends is allowed, and what may come back is understood.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
from jsonschema import Draft202012Validator

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.machine import MachineCreate, PoolCreate
from flowdsl.cyberdesk.models.model_configuration import (
    ModelConfigurationCreate,
    ModelConfigurationPatch,
    ProviderCredentialUpsert,
)
from flowdsl.cyberdesk.models.run import (
    ChainCreate,
    ChainStep,
    FileInput,
    RunBulkCreate,
    RunCreate,
    RunRetry,
)
from flowdsl.cyberdesk.models.run_attachment import RunAttachmentCreate, RunAttachmentUpdate
from flowdsl.cyberdesk.models.tag import TagCreate, TagGroupCreate, TagGroupPatch, TagPatch
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from tests.support.rows import for_rows

CONTRACT = json.loads((Path(__file__).parents[2] / "sdk/contract.json").read_text(encoding="utf-8"))
SCHEMAS = CONTRACT["components"]["schemas"]

A = "0b9f3c52-7a41-4d0e-9a55-3f1c2d4e5f60"
B = "7c1d2e3f-4a5b-4c6d-8e7f-901a2b3c4d5e"
K = {"idempotency_key": "k"}

Call = Callable[[CyberdeskClient], Coroutine[Any, Any, Any]]

CALLS: list[tuple[str, Call]] = [
    ("GET /v1/health", lambda c: c.health()),
    ("GET /v1/health/db", lambda c: c.health_database()),
    ("GET /v1/health/machines", lambda c: c.health_machines()),
    ("GET /v1/provider-credentials", lambda c: c.provider_credentials.list()),
    (
        "PUT /v1/provider-credentials/{slot}",
        lambda c: c.provider_credentials.put(
            "aws_bedrock",
            ProviderCredentialUpsert(
                bedrock_auth_mode="iam",
                aws_access_key_id="id",
                aws_secret_access_key="secret",
                aws_region="us-east-1",
            ),
            **K,
        ),
    ),
    (
        "POST /v1/provider-credentials/{slot}/validate",
        lambda c: c.provider_credentials.validate("openai", **K),
    ),
    (
        "DELETE /v1/provider-credentials/{slot}",
        lambda c: c.provider_credentials.delete("openai", **K),
    ),
    (
        "GET /v1/request-logs",
        lambda c: c.request_logs.list(skip=1, limit=2, machine_id=A, method="GET", status_code=500),
    ),
    ("GET /v1/request-logs/{log_id}", lambda c: c.request_logs.get(A)),
    ("GET /v1/runs/{run_id}/llm-costs", lambda c: c.runs.llm_costs(A)),
    (
        "GET /v1/workflows",
        lambda c: c.workflows.list(
            skip=1,
            limit=2,
            search="a",
            created_at_from="2026-01-01T00:00:00Z",
            created_at_to="2026-01-02T00:00:00Z",
            updated_at_from="2026-01-01T00:00:00Z",
            updated_at_to="2026-01-02T00:00:00Z",
            tag_ids=[A, B],
            include=["tags", "post_run_checks"],
        ),
    ),
    ("POST /v1/workflows", lambda c: c.workflows.create(WorkflowCreate(main_prompt="p"), **K)),
    ("GET /v1/workflows/{workflow_id}", lambda c: c.workflows.get(A)),
    ("PATCH /v1/workflows/{workflow_id}", lambda c: c.workflows.update(A, {"name": None}, **K)),
    ("DELETE /v1/workflows/{workflow_id}", lambda c: c.workflows.delete(A, **K)),
    (
        "POST /v1/workflows/{workflow_id}/duplicate",
        lambda c: c.workflows.duplicate(A, include_trajectories=True, **K),
    ),
    ("GET /v1/workflows/{workflow_id}/versions", lambda c: c.workflows.versions(A)),
    (
        "GET /v1/workflows/{workflow_id}/latest-trajectory",
        lambda c: c.workflows.latest_trajectory(A),
    ),
    ("GET /v1/workflows/{workflow_id}/tags", lambda c: c.workflows.tags(A)),
    ("POST /v1/workflows/{workflow_id}/tags", lambda c: c.workflows.add_tags(A, [B], **K)),
    (
        "DELETE /v1/workflows/{workflow_id}/tags/{tag_id}",
        lambda c: c.workflows.remove_tag(A, B, **K),
    ),
    ("POST /v1/workflows/bulk/tags", lambda c: c.workflows.add_tags_to_many([A, B], [A], **K)),
    ("GET /v1/workflows/prompt-images", lambda c: c.prompt_images.list()),
    (
        "POST /v1/workflows/prompt-image",
        lambda c: c.prompt_images.upload("a.png", b"\x89PNG", "image/png", **K),
    ),
    ("GET /v1/workflows/prompt-image/signed-url", lambda c: c.prompt_images.sign("o/a b.png")),
    ("DELETE /v1/workflows/prompt-image", lambda c: c.prompt_images.delete("o/a b.png", **K)),
    ("GET /v1/workflow-tags", lambda c: c.tags.list(include_archived=True)),
    ("POST /v1/workflow-tags", lambda c: c.tags.create(TagCreate(name="prod", group_id=A), **K)),
    ("GET /v1/workflow-tags/{tag_id}", lambda c: c.tags.get(A)),
    ("PATCH /v1/workflow-tags/{tag_id}", lambda c: c.tags.update(A, TagPatch(emoji=None), **K)),
    ("DELETE /v1/workflow-tags/{tag_id}", lambda c: c.tags.delete(A, **K)),
    ("POST /v1/workflow-tags/{tag_id}/archive", lambda c: c.tags.archive(A, **K)),
    ("POST /v1/workflow-tags/{tag_id}/unarchive", lambda c: c.tags.unarchive(A, **K)),
    ("PUT /v1/workflow-tags/reorder", lambda c: c.tags.reorder([B, A], **K)),
    ("GET /v1/workflow-tag-groups", lambda c: c.tag_groups.list()),
    (
        "POST /v1/workflow-tag-groups",
        lambda c: c.tag_groups.create(TagGroupCreate(name="env"), **K),
    ),
    ("GET /v1/workflow-tag-groups/{group_id}", lambda c: c.tag_groups.get(A)),
    (
        "PATCH /v1/workflow-tag-groups/{group_id}",
        lambda c: c.tag_groups.update(A, TagGroupPatch(color=None), **K),
    ),
    ("DELETE /v1/workflow-tag-groups/{group_id}", lambda c: c.tag_groups.delete(A, **K)),
    ("PUT /v1/workflow-tag-groups/reorder", lambda c: c.tag_groups.reorder([B, A], **K)),
    ("GET /v1/model-configurations", lambda c: c.model_configurations.list()),
    (
        "POST /v1/model-configurations",
        lambda c: c.model_configurations.create(
            ModelConfigurationCreate(name="n", provider="p", model="m"), **K
        ),
    ),
    (
        "GET /v1/model-configurations/{model_configuration_id}",
        lambda c: c.model_configurations.get(A),
    ),
    (
        "PATCH /v1/model-configurations/{model_configuration_id}",
        lambda c: c.model_configurations.update(A, ModelConfigurationPatch(description=None), **K),
    ),
    (
        "DELETE /v1/model-configurations/{model_configuration_id}",
        lambda c: c.model_configurations.delete(A, **K),
    ),
    (
        "GET /v1/machines",
        lambda c: c.machines.list(
            skip=1,
            limit=2,
            search="a",
            name="Desk 1",
            status="connected",
            created_at_from="2026-01-01T00:00:00Z",
            created_at_to="2026-02-01T00:00:00Z",
            include=["pools"],
        ),
    ),
    (
        "POST /v1/machines",
        lambda c: c.machines.create(
            MachineCreate(
                fingerprint="f", unkey_key_id="u", machine_sensitive_parameters={"pin": "1234"}
            ),
            **K,
        ),
    ),
    ("GET /v1/machines/{machine_id}", lambda c: c.machines.get(A, include=["pools"])),
    (
        "PATCH /v1/machines/{machine_id}",
        lambda c: c.machines.update(A, {"name": None, "machine_parameters": {}}, **K),
    ),
    ("PATCH /v1/machines/{machine_id}", lambda c: c.machines.clear_session(A, **K)),
    ("DELETE /v1/machines/{machine_id}", lambda c: c.machines.delete(A, **K)),
    ("GET /v1/machines/{machine_id}/pools", lambda c: c.machines.pools(A)),
    ("PUT /v1/machines/{machine_id}/pools", lambda c: c.machines.set_pools(A, [B], **K)),
    ("GET /v1/pools", lambda c: c.pools.list_all(include=["machines"])),
    (
        "POST /v1/pools",
        lambda c: c.pools.create(PoolCreate(name="night", pool_parameters={"site": 7}), **K),
    ),
    ("GET /v1/pools/{pool_id}", lambda c: c.pools.get(A, include=["machines"])),
    (
        "PATCH /v1/pools/{pool_id}",
        lambda c: c.pools.update(A, {"description": None, "pool_sensitive_parameters": {}}, **K),
    ),
    ("DELETE /v1/pools/{pool_id}", lambda c: c.pools.delete(A, **K)),
    ("POST /v1/pools/{pool_id}/machines", lambda c: c.pools.add_machines(A, [B], **K)),
    ("DELETE /v1/pools/{pool_id}/machines", lambda c: c.pools.remove_machines(A, [B], **K)),
    (
        "GET /v1/connections",
        lambda c: c.connections.list_all(machine_id=A, status="connected"),
    ),
    ("GET /v1/connections/{connection_id}", lambda c: c.connections.get(A)),
    (
        "GET /v1/runs",
        lambda c: c.runs.list(
            skip=1,
            limit=2,
            sort_mode="created_at_desc",
            workflow_id=A,
            machine_id=A,
            session_id=A,
            status="running",
            created_at_from="2026-01-01T00:00:00Z",
            created_at_to="2026-01-02T00:00:00Z",
            search="a",
            deep_search=True,
            fields=["output_data", "error"],
            include=["workflow", "machine.pools"],
        ),
    ),
    (
        "POST /v1/runs",
        lambda c: c.runs.create(
            RunCreate(
                workflow_id=A,
                pool_ids=[B],
                input_values={"mrn": 7},
                sensitive_input_values={"pin": "1234"},
                file_inputs=[FileInput(filename="a.csv", content="YQ==")],
                start_session=True,
                release_session_after=True,
                session_alias="login",
                is_priority=True,
                main_prompt="Open the app.",
            ),
            **K,
        ),
    ),
    (
        "POST /v1/runs/bulk",
        lambda c: c.runs.create_bulk(RunBulkCreate(workflow_id=A, count=1000), **K),
    ),
    (
        "POST /v1/runs/chain",
        lambda c: c.runs.create_chain(
            ChainCreate(
                steps=[
                    ChainStep(workflow_id=A, session_alias="find"),
                    ChainStep(workflow_id=B, inputs={"mrn": {"$ref": "find.outputs.mrn"}}),
                ],
                shared_sensitive_inputs={"pin": "1234"},
                keep_session_after_completion=False,
            ),
            **K,
        ),
    ),
    ("GET /v1/runs/{run_id}", lambda c: c.runs.get(A, include=["workflow"])),
    (
        "PATCH /v1/runs/{run_id}",
        lambda c: c.runs.update(A, {"release_session_after": True}, **K),
    ),
    ("PATCH /v1/runs/{run_id}", lambda c: c.runs.cancel(A, **K)),
    ("DELETE /v1/runs/{run_id}", lambda c: c.runs.delete(A, **K)),
    (
        "POST /v1/runs/{run_id}/retry",
        lambda c: c.runs.retry(A, RunRetry(reuse_session=False, input_values={"mrn": 8}), **K),
    ),
    ("GET /v1/runs/{run_id}/trajectory", lambda c: c.runs.trajectory(A)),
    (
        "POST /v1/runs/{run_id}/generate-trajectory",
        lambda c: c.runs.generate_trajectory(A, **K),
    ),
    (
        "GET /v1/runs/{run_id}/image/signed-url",
        lambda c: c.runs.sign_image(A, "supabase://run-images/a.png", expires_in=60),
    ),
    (
        "GET /v1/run-attachments",
        lambda c: c.run_attachments.list_all(run_id=A, attachment_type="output"),
    ),
    (
        "POST /v1/run-attachments",
        lambda c: c.run_attachments.create(
            RunAttachmentCreate(
                run_id=A,
                filename="a.csv",
                content="YQ==",
                content_type="text/csv",
                attachment_type="input",
            ),
            **K,
        ),
    ),
    ("GET /v1/run-attachments/{attachment_id}", lambda c: c.run_attachments.get(A)),
    (
        "PUT /v1/run-attachments/{attachment_id}",
        lambda c: c.run_attachments.update(A, RunAttachmentUpdate(), **K),
    ),
    ("DELETE /v1/run-attachments/{attachment_id}", lambda c: c.run_attachments.delete(A, **K)),
    (
        "GET /v1/run-attachments/{attachment_id}/download",
        lambda c: c.run_attachments.download(A, io.BytesIO(), limit=100),
    ),
    (
        "GET /v1/run-attachments/{attachment_id}/download-url",
        lambda c: c.run_attachments.download_url(A, expires_in=10),
    ),
    (
        "GET /v1/trajectories",
        lambda c: c.trajectories.list(
            is_generated=False,
            skip=1,
            limit=2,
            workflow_id=A,
            run_id=A,
            is_approved=True,
            search="a",
            created_at_from="2026-01-01T00:00:00Z",
            created_at_to="2026-02-01T00:00:00Z",
            updated_at_from="2026-01-01T00:00:00Z",
            updated_at_to="2026-02-01T00:00:00Z",
            include=["workflow"],
        ),
    ),
    ("GET /v1/trajectories/{trajectory_id}", lambda c: c.trajectories.get(A)),
    (
        "PATCH /v1/trajectories/{trajectory_id}",
        lambda c: c.trajectories.update(A, {"is_approved": False, "name": None}, **K),
    ),
    ("DELETE /v1/trajectories/{trajectory_id}", lambda c: c.trajectories.delete(A, **K)),
    ("POST /v1/trajectories/{trajectory_id}/duplicate", lambda c: c.trajectories.duplicate(A, **K)),
    (
        "GET /v1/usage/aggregate",
        lambda c: c.usage.aggregate(
            from_date="2026-01-01T00:00:00Z", to_date="2026-02-01T00:00:00Z", mode="billed"
        ),
    ),
    (
        "GET /v1/usage/llm-costs",
        lambda c: c.usage.llm_costs(
            skip=1, limit=2, from_date="2026-01-01T00:00:00Z", to_date="2026-02-01T00:00:00Z"
        ),
    ),
]

LEFT_OUT = {
    "POST /v1/connections": "written by the platform",
    "PATCH /v1/connections/{connection_id}": "written by the platform",
    "DELETE /v1/connections/{connection_id}": "written by the platform",
    "POST /v1/trajectories": "recorded by runs",
    "POST /v1/workflows/{workflow_id}/merge": "deletes a workflow, which nobody asks for",
    "POST /v1/request-logs": "written by the platform",
    "PATCH /v1/request-logs/{log_id}": "written by the platform",
    "DELETE /v1/request-logs/{log_id}": "written by the platform",
}
OPEN_ROWS = {"GET /v1/request-logs": "RequestLogResponse"}
"""Lists of whose rows the contract says nothing; they are taken for those of the single object."""

RESOURCES = (
    "/v1/health",
    "/v1/workflow",
    "/v1/model-configurations",
    "/v1/machines",
    "/v1/pools",
    "/v1/connections",
    "/v1/provider-credentials",
    "/v1/request-logs",
    "/v1/run",
    "/v1/trajectories",
    "/v1/usage",
)


def operations() -> Iterator[str]:
    for path, methods in CONTRACT["paths"].items():
        if path.startswith(RESOURCES) and "/cyberdriver/" not in path:
            yield from (f"{method.upper()} {path}" for method in methods if method != "parameters")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    return schema


def example(schema: dict[str, Any], *, whole: bool, alien: bool = False) -> Any:
    """A value of a schema.

    With every field or only the required ones, `alien` with unknown fields and enumeration values.
    """
    schema = resolved(schema)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return example(schema[key][0], whole=whole, alien=alien) if whole else None
    if "enum" in schema:
        return "of_the_future" if alien else schema["enum"][0]
    kind = schema.get("type")
    if kind == "array":
        return [example(schema["items"], whole=whole, alien=alien)]
    if kind == "object" or "properties" in schema:
        required = schema.get("required", [])
        made = {
            name: example(value, whole=whole, alien=alien)
            for name, value in schema.get("properties", {}).items()
            if whole or name in required
        }
        return {**made, "field_of_the_future": [1]} if alien else made
    if kind == "integer":
        return 1
    if kind == "number":
        return 1.5
    if kind == "boolean":
        return True
    if schema.get("format") == "uuid":
        return A
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00Z"
    return "text"


class Service:
    """Answers as the contract says and holds every request against it."""

    def __init__(self, *, whole: bool, alien: bool = False) -> None:
        self.whole, self.alien = whole, alien
        self.operation = ""
        self.sent: Any = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        path = self._template(request.url.path, request.method)
        self.operation = f"{request.method} {path}"
        operation = CONTRACT["paths"][path][request.method.lower()]
        self._check_query(request, operation)
        self._check_body(request, operation)
        assert ("Idempotency-Key" in request.headers) == (request.method != "GET")
        status = min(code for code in operation["responses"] if code.startswith("2"))
        content = operation["responses"][status].get("content", {})
        if "application/json" not in content:
            body = b"raw" if content else b""
            return httpx.Response(int(status), content=body)
        schema = content["application/json"]["schema"]
        reply = example(schema, whole=self.whole, alien=self.alien)
        if self.operation in OPEN_ROWS:
            row = SCHEMAS[OPEN_ROWS[self.operation]]
            reply["items"] = [example(row, whole=self.whole, alien=self.alien)]
        self.sent = reply
        return httpx.Response(int(status), json=reply)

    @staticmethod
    def _template(path: str, method: str) -> str:
        # Fixed paths before those with a place for an id.
        for template in sorted(CONTRACT["paths"], key=lambda path: path.count("{")):
            pattern = re.sub(r"\{[^}]*\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and method.lower() in CONTRACT["paths"][template]:
                return str(template)
        raise AssertionError(f"no route {method} {path}")

    @staticmethod
    def _check_query(request: httpx.Request, operation: dict[str, Any]) -> None:
        known = {item["name"]: item for item in operation.get("parameters", [])}
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        for name, value in query:
            assert name in known, f"{name} is no parameter"
            assert known[name]["in"] == "query"
            schemas = known[name]["schema"].get("anyOf", [known[name]["schema"]])
            kinds = {
                "array" if "items" in (found := resolved(s)) else found.get("type") for s in schemas
            }
            if kinds <= {"integer", "null"}:
                assert int(value) >= 0
            if kinds <= {"boolean", "null"}:
                assert value in ("true", "false")
            if "array" not in kinds:
                assert [key for key, _ in query].count(name) == 1
        for item in known.values():
            if item["in"] == "query" and item.get("required"):
                assert item["name"] in dict(query)

    @staticmethod
    def _check_body(request: httpx.Request, operation: dict[str, Any]) -> None:
        content = operation.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            assert b'name="file"' in request.content
            return
        if "application/json" not in content:
            assert request.content == b""
            return
        body = json.loads(request.content)
        schema = {**content["application/json"]["schema"], "components": CONTRACT["components"]}
        Draft202012Validator(schema).validate(body)
        named = resolved(content["application/json"]["schema"])
        for choice in named.get("anyOf", [named]):
            properties = resolved(choice).get("properties")
            assert properties is None or body.keys() <= properties.keys()


def run(service: Service, call: Call) -> Any:
    async def inside() -> Any:
        options = ClientOptions(base_url="https://api.cyberdesk.io", api_key="key")
        async with CyberdeskClient(options, transport=httpx.MockTransport(service)) as client:
            return await call(client)

    return asyncio.run(inside())


def named(row: tuple[int, bool]) -> str:
    index, whole = row
    return f"{index}-{CALLS[index][0]}-{'whole' if whole else 'required'}"


@for_rows(lambda: product(range(len(CALLS)), (True, False)), name=named, fewest=150)
def test_a_method_keeps_to_the_contract(row: tuple[int, bool]) -> None:
    index, whole = row
    operation, call = CALLS[index]
    service = Service(whole=whole)
    result = run(service, call)
    assert service.operation == operation
    if hasattr(result, "as_sent"):
        assert result.as_sent() == service.sent


@for_rows(
    lambda: [row for row in CALLS if not row[0].startswith("DELETE")],
    name=lambda row: row[0],
    fewest=60,
)
def test_what_a_newer_service_says_is_read_and_kept(row: tuple[str, Call]) -> None:
    _, call = row
    service = Service(whole=True, alien=True)
    result = run(service, call)
    is_list = isinstance(result, list)
    sent = service.sent["items"] if is_list and "items" in service.sent else service.sent
    for row in result if is_list else [result]:
        if hasattr(row, "as_sent"):
            assert row.as_sent()["field_of_the_future"] == [1]
            assert row.as_sent() in (sent, *sent)


def test_every_operation_of_these_resources_is_called_or_left_out_for_a_reason() -> None:
    called = {name for name, _ in CALLS}
    assert called | LEFT_OUT.keys() == set(operations())
    assert not called & LEFT_OUT.keys()
