"""The official SDK on health and usage."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from openapi_client.cyberdesk_cloud_client.api.health import (
    database_health_check_v1_health_db_get,
    health_check_v1_health_get,
    health_machines_v1_health_machines_get,
)
from openapi_client.cyberdesk_cloud_client.models import (
    MachineCreate,
    MachineStatus,
    MachineUpdate,
    RunCreate,
    UsageMode,
    WorkflowCreate,
)

from tests.sdk.conftest import Clock, Sdk


def test_health(sdk: Sdk) -> None:
    answer = sdk.generated(health_check_v1_health_get).parsed
    assert answer.additional_properties == {"status": "ok"}
    database = sdk.generated(database_health_check_v1_health_db_get)
    assert json.loads(database.content)["status"] == "ok"


def test_health_of_machines(sdk: Sdk) -> None:
    made = sdk("machines", "create", MachineCreate(fingerprint="f-1", unkey_key_id="k-1"))
    healthy = sdk.generated(health_machines_v1_health_machines_get).parsed
    assert healthy.status == "ok"
    assert healthy.errored_machines == []
    sdk("machines", "update", str(made.id), MachineUpdate(status=MachineStatus.ERROR))
    failing = sdk.generated(health_machines_v1_health_machines_get, statuses=(503,)).parsed
    assert failing.status == "error"
    assert [error.machine_id for error in failing.errored_machines] == [str(made.id)]


def test_usage(sdk: Sdk, clock: Clock) -> None:
    start = datetime.now(UTC) - timedelta(minutes=1)
    workflow = sdk("workflows", "create", WorkflowCreate(main_prompt="1. Open the ledger."))
    run = sdk("runs", "create", RunCreate(workflow_id=workflow.id))
    clock.advance(60)
    ended = sdk("runs", "get", str(run.id)).ended_at
    counted = sdk("usage", "aggregate", start, ended + timedelta(microseconds=1))
    assert (counted.runs_counted, counted.mode) == (1, UsageMode.SIMULATED)
    assert counted.total_agentic_steps > 0
    # `to_date` is exclusive, whatever the SDK's docstring says.
    assert sdk("usage", "aggregate", start, ended).runs_counted == 0
    billed = sdk("usage", "aggregate", start, ended, UsageMode.BILLED)
    assert (billed.mode, billed.total_agentic_steps) == (UsageMode.BILLED, 0)
