"""Trajectories: recorded runs that later runs replay. Fields and limits: SDK 2.2.69."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import Items, ReadModel, WriteModel

TrajectoryName = Annotated[str, Field(max_length=255)]


class TrajectoryPatch(WriteModel):
    """The body of `PATCH /v1/trajectories/{id}`: an absent field is unchanged, null clears.

    Recorded steps cannot be edited.
    """

    never_sent: ClassVar[frozenset[str]] = frozenset(
        {
            "id",
            "workflow_id",
            "run_id",
            "user_id",
            "organization_id",
            "dimensions",
            "trajectory_data",
            "original_input_values",
            "has_been_approved",
            "is_generated",
            "created_at",
            "updated_at",
            "included",
        }
    )

    name: TrajectoryName | None = None
    description: str | None = None
    is_approved: bool = False
    is_main: bool = False


class Trajectory(ReadModel):
    """A recording of a run.

    Only an approved one is replayed, even if the prompt has changed since. If several are approved,
    the one with `is_main` is replayed.
    """

    id: str
    workflow_id: str
    is_approved: bool
    name: str | None = None
    description: str | None = None
    is_main: bool | None = None
    is_generated: bool | None = None
    has_been_approved: bool | None = None
    run_id: str | None = None
    trajectory_data: Items[dict[str, Any]] | None = None
    dimensions: dict[str, Any] | None = None
    original_input_values: dict[str, Any] | None = None
    organization_id: str | None = None
    user_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    included: Items[dict[str, Any]] | None = None
