"""The official SDK when the service refuses or the connection fails."""

from __future__ import annotations

import pytest
from openapi_client.cyberdesk_cloud_client.models import WorkflowCreate

from flowdsl.emulator.app import create_app
from flowdsl.emulator.faults import Fault, FaultInjector, RecordedRequest
from flowdsl.emulator.store import Store
from tests.sdk.conftest import Sdk, connected
from tests.support.services.served import running


def test_refused_input_reads_as_a_validation_error(sdk: Sdk) -> None:
    reply = sdk.reply("workflows", "create", WorkflowCreate(main_prompt=""))
    assert reply.error is None
    assert reply.data.detail[0].loc == ["body", "main_prompt"]


def test_a_refused_key_is_401(store: Store) -> None:
    app = create_app(store, keys={"other": "org_other"})
    with running(app) as base_url, connected(base_url, use_async=False) as sdk:
        assert sdk.reply("workflows", "list").error.status_code == 401


@pytest.mark.parametrize("use_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        (Fault("POST /v1/workflows", 1, "before"), [None, 201]),
        (Fault("POST /v1/workflows", 1, "after"), [None, 201]),
        (Fault("POST /v1/workflows", 1, "status", status=429), [429, 201]),
        (Fault("POST /v1/workflows", 1, "status", status=503), [503, 201]),
        (Fault("POST /v1/workflows", 1, "html_502"), [502, 201]),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_the_sdk_retries_every_fault_into_one_workflow(
    store: Store, fault: Fault, statuses: list[int | None], use_async: bool
) -> None:
    requests: list[RecordedRequest] = []
    app = FaultInjector(create_app(store), [fault], requests)
    with running(app) as base_url, connected(base_url, use_async=use_async) as sdk:
        made = sdk("workflows", "create", WorkflowCreate(main_prompt="p"))
        page = sdk("workflows", "list")
    assert [item.id for item in page.items] == [made.id]
    assert [request.status for request in requests] == [*statuses, 200]


def test_a_truncated_reply_reaches_the_sdk_as_broken_json(store: Store) -> None:
    app = FaultInjector(create_app(store), [Fault("POST /v1/workflows", 1, "truncated")])
    with running(app) as base_url, connected(base_url, use_async=False) as sdk:
        reply = sdk.reply("workflows", "create", WorkflowCreate(main_prompt="p"))
        assert isinstance(reply.error, ValueError)
        assert sdk("workflows", "list").total == 1
