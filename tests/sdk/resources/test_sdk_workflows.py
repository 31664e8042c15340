"""The official SDK on workflows and prompt images."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
from openapi_client.cyberdesk_cloud_client.api.workflows import (
    get_workflow_versions_v1_workflows_workflow_id_versions_get,
)
from openapi_client.cyberdesk_cloud_client.models import (
    PostRunCheckType,
    WorkflowCreate,
    WorkflowModelMetadata,
    WorkflowPostRunCheckUpsert,
    WorkflowUpdate,
)
from openapi_client.cyberdesk_cloud_client.types import UNSET

from tests.sdk.conftest import Sdk

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
