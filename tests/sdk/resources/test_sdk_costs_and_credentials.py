"""The official SDK on costs of models and keys of their providers, which it has no wrappers for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from openapi_client.cyberdesk_cloud_client.api.computer import (
    get_display_dimensions_v1_computer_machine_id_display_dimensions_get as get_dimensions,
)
from openapi_client.cyberdesk_cloud_client.api.provider_credentials import (
    delete_provider_credential_v1_provider_credentials_slot_delete as delete,
)
from openapi_client.cyberdesk_cloud_client.api.provider_credentials import (
    list_provider_credentials_v1_provider_credentials_get as list_all,
)
from openapi_client.cyberdesk_cloud_client.api.provider_credentials import (
    upsert_provider_credential_v1_provider_credentials_slot_put as put,
)
from openapi_client.cyberdesk_cloud_client.api.provider_credentials import (
    validate_provider_credential_v1_provider_credentials_slot_validate_post as validate,
)
from openapi_client.cyberdesk_cloud_client.api.request_logs import (
    list_request_logs_v1_request_logs_get as list_logs,
)
from openapi_client.cyberdesk_cloud_client.api.runs import (
    get_run_llm_costs_v1_runs_run_id_llm_costs_get as costs_of_run,
)
from openapi_client.cyberdesk_cloud_client.api.usage import (
    list_llm_costs_v1_usage_llm_costs_get as list_costs,
)
from openapi_client.cyberdesk_cloud_client.errors import UnexpectedStatus
from openapi_client.cyberdesk_cloud_client.models import (
    BedrockAuthMode,
    ProviderCredentialAuthType,
    ProviderCredentialSlot,
    ProviderCredentialSource,
    ProviderCredentialStatus,
    ProviderCredentialUpsert,
    RunCreate,
    WorkflowCreate,
)

from tests.sdk.conftest import Clock, Sdk


def test_provider_credentials(sdk: Sdk) -> None:
    before = sdk.generated(list_all).parsed
    assert {item.slot for item in before} == set(ProviderCredentialSlot)
    assert {item.source for item in before} == {ProviderCredentialSource.CYBERDESK}
    secret = "canary-" + "x" * 20
    body = ProviderCredentialUpsert(
        bedrock_auth_mode=BedrockAuthMode.API_KEY, api_key=secret, aws_region="us-east-2"
    )
    slot = ProviderCredentialSlot.AWS_BEDROCK
    made = sdk.generated(put, slot=slot, body=body).parsed
    assert made.status == ProviderCredentialStatus.ACTIVE
    assert made.auth_type == ProviderCredentialAuthType.AWS_BEDROCK_API_KEY
    assert made.display_metadata.aws_region == "us-east-2"
    tried = sdk.generated(validate, slot=slot).parsed
    assert (tried.ok, tried.checks[0].ok, tried.credential.slot) == (True, True, slot)
    assert secret not in str([made, tried, sdk.generated(list_all).parsed])
    assert sdk.generated(delete, slot=slot).parsed.status == ProviderCredentialStatus.MISSING
    refused = sdk.generated(put, slot=slot, body=ProviderCredentialUpsert(), statuses=(422,))
    assert refused.parsed.detail[0].loc == ["body", "bedrock_auth_mode"]


def test_costs(sdk: Sdk, clock: Clock) -> None:
    workflow = sdk("workflows", "create", WorkflowCreate(main_prompt="1. Click Save.\n"))
    run = sdk("runs", "create", RunCreate(workflow_id=workflow.id))
    clock.advance(60)
    costs = sdk.generated(costs_of_run, run_id=run.id).parsed
    assert (costs.run_id, costs.has_unpriced, costs.total_cost_usd) == (run.id, True, None)
    (row,) = costs.rows
    assert (row.role, row.cost_usd) == ("main_agent", None)
    page = sdk.generated(list_costs, limit=5).parsed
    assert [(item.run_id, item.workflow_id) for item in page.items] == [(run.id, workflow.id)]
    later = datetime.now(UTC) + timedelta(days=1)
    assert sdk.generated(list_costs, from_date=later).parsed.total == 0
    with pytest.raises(UnexpectedStatus, match="404"):
        sdk.generated(costs_of_run, run_id=uuid4())


def test_what_is_not_served_is_a_501(sdk: Sdk) -> None:
    unserved = "does not serve `GET /v1/computer/{machine_id}/display/dimensions`"
    with pytest.raises(UnexpectedStatus, match=re.escape(unserved)) as caught:
        sdk.generated(get_dimensions, machine_id="desk-1")
    assert caught.value.status_code == 501


def test_nothing_was_asked_of_a_desktop(sdk: Sdk) -> None:
    page = sdk.generated(list_logs).parsed
    assert (page.items, page.total) == ([], 0)
