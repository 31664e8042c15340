"""The official SDK on tags and tag groups."""

from __future__ import annotations

from openapi_client.cyberdesk_cloud_client.api.workflow_tags import (
    update_tag_v1_workflow_tags_tag_id_patch,
)
from openapi_client.cyberdesk_cloud_client.models import WorkflowCreate, WorkflowTagUpdate

from tests.sdk.conftest import Sdk


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
