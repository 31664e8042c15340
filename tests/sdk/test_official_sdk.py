"""The official `cyberdesk` package against the emulator on a real port."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from openapi_client.cyberdesk_cloud_client.api.health import (
    database_health_check_v1_health_db_get,
    health_check_v1_health_get,
)
from openapi_client.cyberdesk_cloud_client.api.workflow_tags import (
    update_tag_v1_workflow_tags_tag_id_patch,
)
from openapi_client.cyberdesk_cloud_client.api.workflows import (
    get_workflow_versions_v1_workflows_workflow_id_versions_get,
)
from openapi_client.cyberdesk_cloud_client.models import (
    ModelConfigurationCreate,
    ModelConfigurationUpdate,
    PostRunCheckType,
    WorkflowCreate,
    WorkflowModelMetadata,
    WorkflowPostRunCheckUpsert,
    WorkflowTagUpdate,
    WorkflowUpdate,
)
from openapi_client.cyberdesk_cloud_client.types import UNSET

from flowdsl.emulator.app import create_app
from flowdsl.emulator.faults import Fault, FaultInjector, RecordedRequest
from flowdsl.emulator.store import Store
from tests.sdk.conftest import Sdk, connected, running

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


def test_workflows(sdk: Sdk) -> None:
    checks = [
        WorkflowPostRunCheckUpsert(name=name, type_=PostRunCheckType.RUN_ATTACHMENT_EXISTS)
        for name in ("receipt", "statement")
    ]
    made = sdk(
        "workflows",
        "create",
        WorkflowCreate(
            main_prompt="Find {name}.",
            name="Ledger",
            output_schema='{"type": "object"}',
            terminal_command_allowlist=["dir"],
            model_metadata=WorkflowModelMetadata(main_agent_model_id=None),
            post_run_checks=checks,
        ),
    )
    assert isinstance(made.id, UUID)
    assert made.includes_input_variables is True
    assert abs(made.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    other = sdk("workflows", "create", WorkflowCreate(main_prompt="p"))

    page = sdk("workflows", "list", search="LEDGER", include=["tags", "post_run_checks"], limit=5)
    assert (page.total, page.skip, page.limit) == (1, 0, 5)
    assert page.items[0].to_dict() == made.to_dict() | {"old_versions": None}
    everything = sdk("workflows", "list", created_at_from=made.created_at)
    assert [item.id for item in everything.items] == [other.id, made.id]

    first = made.post_run_checks[0]
    kept = WorkflowPostRunCheckUpsert(id=first.id, name="renamed", type_=first.type_)
    changes = WorkflowUpdate(
        name="Ledger 2",
        terminal_command_allowlist=None,
        model_metadata=None,
        post_run_checks=[kept],
    )
    changed = sdk("workflows", "update", str(made.id), changes)
    assert (changed.name, changed.main_prompt) == ("Ledger 2", "Find {name}.")
    assert (changed.terminal_command_allowlist, changed.model_metadata) == (None, None)
    assert [(check.id, check.name) for check in changed.post_run_checks] == [(first.id, "renamed")]
    assert changed.updated_at > made.updated_at

    read = sdk("workflows", "get", str(made.id))
    assert read.output_schema == '{"type": "object"}'
    assert read.tags == []
    assert UNSET not in [getattr(read, name) for name in made.to_dict() if hasattr(read, name)]
    versions = sdk.generated(
        get_workflow_versions_v1_workflows_workflow_id_versions_get, workflow_id=made.id
    ).parsed
    assert [version["name"] for version in versions] == ["Ledger"]

    copy = sdk("workflows", "duplicate", str(made.id))
    assert copy.name == "(Copy) Ledger 2"
    merged = sdk("workflows", "merge", str(copy.id), target_workflow_id=other.id)
    assert (merged.id, merged.main_prompt) == (other.id, "Find {name}.")

    assert sdk("workflows", "delete", str(made.id)) == {"success": True}
    missing = sdk.reply("workflows", "get", str(made.id))
    assert missing.error.status_code == 404
    assert sdk("workflows", "list").total == 1


def test_tags_and_groups(sdk: Sdk) -> None:
    group = sdk("workflow_tag_groups", "create", "env", color="blue")
    dev = sdk("workflow_tags", "create", "dev", emoji="🛠", group_id=group.id)
    prod = sdk("workflow_tags", "create", "prod", group_id=group.id)
    workflow = sdk("workflows", "create", WorkflowCreate(main_prompt="p"))

    sdk("workflow_tags", "add_to_workflow", workflow.id, [dev.id])
    held = sdk("workflow_tags", "add_to_workflow", workflow.id, [prod.id])
    assert [tag.id for tag in held] == [prod.id]
    sdk("workflow_tags", "bulk_add_to_workflows", [workflow.id], [dev.id])
    held = sdk("workflow_tags", "get_for_workflow", workflow.id)
    assert [(tag.name, tag.group.name) for tag in held] == [("dev", "env")]
    assert sdk("workflows", "list", tag_ids=str(dev.id), include_tags=True).items[0].tags == held

    sdk("workflow_tags", "reorder", [prod.id, dev.id])
    listed = sdk("workflow_tags", "list")
    assert [(tag.name, tag.workflow_count) for tag in listed] == [("prod", 0), ("dev", 1)]
    assert sdk("workflow_tags", "archive", prod.id).is_archived is True
    assert len(sdk("workflow_tags", "list")) == 1
    assert len(sdk("workflow_tags", "list", include_archived=True)) == 2
    assert sdk("workflow_tags", "unarchive", prod.id).is_archived is False
    assert sdk("workflow_tags", "update", dev.id, name="development").emoji == "🛠"
    freed = sdk.generated(
        update_tag_v1_workflow_tags_tag_id_patch,
        tag_id=dev.id,
        body=WorkflowTagUpdate(emoji=None, group_id=None),
    ).parsed
    assert (freed.name, freed.emoji, freed.group) == ("development", None, None)

    other = sdk("workflow_tag_groups", "create", "team")
    sdk("workflow_tag_groups", "reorder", [other.id, group.id])
    sdk("workflow_tag_groups", "update", group.id, name="environment")
    groups = sdk("workflow_tag_groups", "list")
    assert [item.name for item in groups] == ["team", "environment"]
    assert sdk("workflow_tag_groups", "get", group.id).color == "blue"
    sdk("workflow_tag_groups", "delete", group.id)
    assert sdk("workflow_tags", "get", prod.id).group_id is None
    sdk("workflow_tags", "remove_from_workflow", workflow.id, dev.id)
    sdk("workflow_tags", "delete", dev.id)
    assert sdk.reply("workflow_tags", "get", dev.id).error.status_code == 404
    assert sdk.reply("workflow_tags", "create", "prod").error.status_code == 400


def test_model_configurations(sdk: Sdk) -> None:
    defaults = sdk("model_configurations", "list")
    assert defaults
    assert all(model.is_system_default for model in defaults)
    body = ModelConfigurationCreate(
        name="Ledger", provider="anthropic", model="m-1", api_key="sk-1", temperature=0.2
    )
    made = sdk("model_configurations", "create", body)
    assert made.api_key_alias
    changes = ModelConfigurationUpdate(temperature=None, clear_api_key=True)
    changed = sdk("model_configurations", "update", str(made.id), changes)
    assert (changed.temperature, changed.api_key_alias, changed.model) == (None, None, "m-1")
    assert sdk("model_configurations", "get", str(made.id)).name == "Ledger"
    sdk("model_configurations", "delete", str(made.id))
    assert [model.id for model in sdk("model_configurations", "list")] == [
        model.id for model in defaults
    ]
    refused = sdk.reply("model_configurations", "delete", str(defaults[0].id))
    assert refused.error.status_code == 400


def test_prompt_images(sdk: Sdk, tmp_path: Path) -> None:
    file = tmp_path / "save button.png"
    file.write_bytes(PNG)
    from_file = sdk("workflows", "upload_prompt_image", file_path=file)
    assert (from_file.filename, from_file.size_bytes) == ("save-button.png", len(PNG))
    sdk("workflows", "upload_prompt_image", file_content=PNG)
    images = sdk("workflows", "list_prompt_images")
    assert [image.filename for image in images] == ["save-button.png", "image.png"]
    signed = sdk("workflows", "get_prompt_image_signed_url", images[0].path)
    assert httpx.get(signed.signed_url, trust_env=False).content == PNG
    for image in images:
        assert sdk("workflows", "delete_prompt_image", image.path) == {"success": True}
    assert sdk("workflows", "list_prompt_images") == []


def test_health(sdk: Sdk) -> None:
    answer = sdk.generated(health_check_v1_health_get).parsed
    assert answer.additional_properties == {"status": "ok"}
    database = sdk.generated(database_health_check_v1_health_db_get)
    assert json.loads(database.content)["status"] == "ok"


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
