"""The official SDK on trajectories."""

from __future__ import annotations

from typing import Any

from openapi_client.cyberdesk_cloud_client.models import (
    TrajectoryCreate,
    TrajectoryCreateDimensions,
    TrajectoryCreateTrajectoryDataItem,
    TrajectoryUpdate,
    WorkflowCreate,
)

from tests.sdk.conftest import Sdk

STEP = {"tool": "left_click", "coordinate": [10, 20]}


def new_trajectory(workflow: Any, name: str) -> TrajectoryCreate:
    return TrajectoryCreate(
        workflow_id=workflow.id,
        trajectory_data=[TrajectoryCreateTrajectoryDataItem.from_dict(STEP)],
        dimensions=TrajectoryCreateDimensions.from_dict({"width": 1024, "height": 768}),
        name=name,
    )


def test_trajectories(sdk: Sdk) -> None:
    workflow = sdk("workflows", "create", WorkflowCreate(main_prompt="p"))
    made = sdk("trajectories", "create", new_trajectory(workflow, "morning"))
    assert (made.is_approved, made.is_generated, made.is_main) == (False, False, False)
    assert [step.to_dict() for step in made.trajectory_data] == [STEP]

    # The list shows generated ones unless asked otherwise.
    assert sdk("trajectories", "list").total == 0
    page = sdk("trajectories", "list", is_generated=False, include=["workflow"])
    assert [item.id for item in page.items] == [made.id]
    assert [(item.type_, item.id) for item in page.included] == [("workflow", workflow.id)]

    changes = TrajectoryUpdate(is_approved=True, is_main=True, description=None)
    changed = sdk("trajectories", "update", str(made.id), changes)
    assert (changed.is_approved, changed.has_been_approved, changed.is_main) == (True, True, True)
    withdrawn = sdk("trajectories", "update", str(made.id), TrajectoryUpdate(is_approved=False))
    assert (withdrawn.is_approved, withdrawn.has_been_approved) == (False, True)

    copy = sdk("trajectories", "duplicate", str(made.id))
    assert copy.name == "morning (Copy)"
    assert (copy.is_approved, copy.is_main) == (False, False)
    latest = sdk("trajectories", "get_latest_for_workflow", str(workflow.id))
    assert latest.id == copy.id
    sdk("trajectories", "delete", str(copy.id))
    assert sdk("trajectories", "get_latest_for_workflow", str(workflow.id)).id == made.id

    sdk("workflows", "delete", str(workflow.id))
    assert sdk.reply("trajectories", "get", str(made.id)).error.status_code == 404
