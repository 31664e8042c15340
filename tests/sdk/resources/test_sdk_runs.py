"""The official SDK on runs: single, in bulk and in chains."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from openapi_client.cyberdesk_cloud_client.models import (
    ChainStep,
    ChainStepInputsType0,
    MachineCreate,
    PostRunCheckStatus,
    PostRunCheckType,
    RunBulkCreate,
    RunBulkCreateInputValuesType0,
    RunCreate,
    RunCreateInputValuesType0,
    RunCreateSensitiveInputValuesType0,
    RunField,
    RunListSortMode,
    RunRetry,
    RunStatus,
    RunUpdate,
    WorkflowChainCreate,
    WorkflowCreate,
    WorkflowPostRunCheckUpsert,
)

from tests.sdk.conftest import Clock, Sdk

INPUT_SCHEMA = {"type": "object", "properties": {"patient": {"type": "string"}}}
OUTPUT_SCHEMA = {
    "type": "object",
    "properties": {"patient": {"type": "string"}, "visits": {"type": "integer", "minimum": 1}},
    "required": ["patient", "visits"],
}
TERMINAL = {RunStatus.SUCCESS, RunStatus.TASK_FAILED, RunStatus.ERROR, RunStatus.CANCELLED}


@pytest.fixture
def workflow(sdk: Sdk) -> Any:
    check = WorkflowPostRunCheckUpsert(
        name="shape", type_=PostRunCheckType.OUTPUT_DATA_PASSES_SCHEMA_VALIDATION
    )
    body = WorkflowCreate(
        main_prompt="1. Type {patient}.\n2. Take a screenshot.\n",
        name="Visits",
        input_schema=json.dumps(INPUT_SCHEMA),
        output_schema=json.dumps(OUTPUT_SCHEMA),
        post_run_checks=[check],
    )
    return sdk("workflows", "create", body)


def new_run(workflow: Any, **options: Any) -> RunCreate:
    values = RunCreateInputValuesType0.from_dict({"patient": "Ada Osei"})
    return RunCreate(workflow_id=workflow.id, input_values=values, **options)


def test_a_run_from_start_to_end(sdk: Sdk, clock: Clock, workflow: Any) -> None:
    made = sdk("runs", "create", new_run(workflow))
    assert made.status == RunStatus.SCHEDULING
    assert made.input_values.to_dict() == {"patient": "Ada Osei"}
    clock.advance(60)
    run = sdk("runs", "get", str(made.id))
    assert run.status == RunStatus.SUCCESS
    assert made.created_at <= run.started_at < run.ended_at
    output = run.output_data.to_dict()
    assert output["patient"] == "Ada Osei"
    assert output["visits"] >= 1
    (check,) = run.post_run_checks
    assert (check.name, check.status) == ("shape", PostRunCheckStatus.SUCCESS)
    assert str(check.post_run_check_id) == str(workflow.post_run_checks[0].id)
    assert run.usage_metadata.to_dict()["total_agentic_steps"] > 0

    history = json.dumps([message.to_dict() for message in run.run_message_history])
    picture = re.search(r'"image_url": "([^"]+)"', history)
    assert picture is not None
    signed = sdk("runs", "get_image_signed_url", str(run.id), image_url=picture[1], expires_in=10)
    assert httpx.get(signed.signed_url, trust_env=False).content.startswith(b"\x89PNG")

    recorded = sdk("runs", "get_trajectory", str(run.id))
    assert (recorded.is_generated, recorded.is_approved, recorded.run_id) == (False, False, run.id)
    assert sdk("trajectories", "list").items == []
    marked = sdk("runs", "generate_trajectory", str(run.id))
    assert (marked.id, marked.is_generated, marked.is_approved) == (recorded.id, True, False)
    assert sdk("runs", "get_trajectory", str(run.id)) == marked
    assert [item.id for item in sdk("trajectories", "list").items] == [recorded.id]


def test_secrets_come_back_as_aliases(sdk: Sdk, clock: Clock, workflow: Any) -> None:
    secrets = RunCreateSensitiveInputValuesType0.from_dict({"pin": "4711-canary"})
    made = sdk("runs", "create", new_run(workflow, sensitive_input_values=secrets))
    clock.advance(60)
    run = sdk("runs", "get", str(made.id))
    assert list(run.sensitive_input_aliases.to_dict()) == ["pin"]
    assert "4711-canary" not in str(run)


def test_lists(sdk: Sdk, clock: Clock, workflow: Any) -> None:
    machine = sdk("machines", "create", MachineCreate(fingerprint="f-1", unkey_key_id="k-1"))
    runs = [sdk("runs", "create", new_run(workflow, machine_id=machine.id)) for _ in range(3)]
    clock.advance(60)
    page = sdk(
        "runs",
        "list",
        workflow_id=str(workflow.id),
        sort_mode=RunListSortMode.CREATED_AT_DESC,
        limit=2,
        include=["workflow", "machine"],
    )
    assert page.total == 3
    assert [item.id for item in page.items] == [runs[2].id, runs[1].id]
    assert {(item.type_, item.id) for item in page.included} == {
        ("workflow", workflow.id),
        ("machine", machine.id),
    }
    cut = sdk("runs", "list", fields=[RunField.OUTPUT_DATA], skip=2, limit=1).items[0]
    assert cut.output_data.to_dict()["patient"] == "Ada Osei"
    assert not cut.run_message_history
    assert sdk("runs", "list", status=RunStatus.ERROR).items == []
    assert sdk("runs", "list", search="osei").total == 3
    assert sdk("runs", "list", machine_id=str(machine.id), deep_search=True, search="osei").total
    assert sdk("runs", "list", created_at_from=datetime.now(UTC) + timedelta(days=1)).total == 0


def test_cancel_retry_and_delete(sdk: Sdk, clock: Clock, workflow: Any) -> None:
    made = sdk("runs", "create", new_run(workflow))
    early = sdk.reply("runs", "retry", str(made.id), RunRetry())
    assert early.error.status_code == 400
    cancelled = sdk("runs", "update", str(made.id), RunUpdate(status=RunStatus.CANCELLED))
    assert cancelled.status == RunStatus.CANCELLED
    clock.advance(60)
    assert sdk("runs", "get", str(made.id)).status == RunStatus.CANCELLED
    again = sdk("runs", "retry", str(made.id), RunRetry())
    assert (again.id, again.status, again.output_data) == (made.id, RunStatus.SCHEDULING, None)
    clock.advance(60)
    assert sdk("runs", "get", str(made.id)).status == RunStatus.SUCCESS
    sdk("runs", "delete", str(made.id))
    assert sdk.reply("runs", "get", str(made.id)).error.status_code == 404


def test_bulk(sdk: Sdk, clock: Clock, workflow: Any) -> None:
    values = RunBulkCreateInputValuesType0.from_dict({"patient": "Ada Osei"})
    body = RunBulkCreate(workflow_id=workflow.id, count=4, input_values=values)
    made = sdk("runs", "bulk_create", body)
    assert (made.failed_count, len({run.id for run in made.created_runs})) == (0, 4)
    clock.advance(120)
    listed = sdk("runs", "list", workflow_id=str(workflow.id)).items
    assert [run.status for run in listed] == [RunStatus.SUCCESS] * 4


def test_a_chain_hands_outputs_on(sdk: Sdk, clock: Clock, workflow: Any) -> None:
    steps = [
        ChainStep(
            workflow_id=workflow.id,
            session_alias="first",
            inputs=ChainStepInputsType0.from_dict({"patient": "Ada Osei"}),
        ),
        ChainStep(
            workflow_id=workflow.id,
            session_alias="second",
            inputs=ChainStepInputsType0.from_dict({"patient": {"$ref": "first.outputs.patient"}}),
        ),
    ]
    chain = sdk("runs", "chain", WorkflowChainCreate(steps=steps))
    assert len(chain.run_ids) == 2
    clock.advance(120)
    first, second = (sdk("runs", "get", str(run_id)) for run_id in chain.run_ids)
    assert {first.session_id, second.session_id} == {chain.session_id}
    assert second.started_at >= first.ended_at
    assert second.output_data.to_dict()["patient"] == first.output_data.to_dict()["patient"]
    assert {first.status, second.status} <= TERMINAL
