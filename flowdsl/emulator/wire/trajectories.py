"""Bodies of trajectories, the recorded courses of runs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from flowdsl.emulator.wire.pages import IncludedResource
from flowdsl.emulator.wire.values import (
    OpenObject,
    ReplyId,
    ReplyModel,
    ReplyTime,
    RequestModel,
)

TrajectoryName = Annotated[str, Field(max_length=255)]
TrajectorySteps = Annotated[list[OpenObject], Field(min_length=1)]
Dimensions = dict[str, int]


class TrajectoryCreate(RequestModel):
    """A new trajectory; it cannot be made generated or main."""

    workflow_id: UUID
    trajectory_data: TrajectorySteps
    dimensions: Dimensions
    name: TrajectoryName | None = None
    description: str | None = None
    run_id: UUID | None = None
    original_input_values: OpenObject | None = None
    is_approved: bool = False


class TrajectoryUpdate(RequestModel):
    """Absent keys stay."""

    name: TrajectoryName | None = None
    description: str | None = None
    trajectory_data: TrajectorySteps | None = None
    is_approved: bool | None = None
    is_main: bool | None = None


class TrajectoryResponse(ReplyModel):
    """One trajectory."""

    workflow_id: ReplyId
    trajectory_data: TrajectorySteps
    dimensions: Dimensions
    is_approved: bool
    has_been_approved: bool
    is_generated: bool
    is_main: bool
    id: ReplyId
    created_at: ReplyTime
    updated_at: ReplyTime
    name: TrajectoryName | None = None
    description: str | None = None
    run_id: ReplyId | None = None
    original_input_values: OpenObject | None = None
    user_id: ReplyId | None = None
    organization_id: str | None = None


class TrajectoryResponseWithIncludes(ReplyModel):
    """One trajectory read by id, without the limits of `TrajectoryResponse`."""

    id: ReplyId
    workflow_id: ReplyId
    is_approved: bool
    has_been_approved: bool
    is_generated: bool
    is_main: bool
    dimensions: Dimensions
    created_at: ReplyTime
    updated_at: ReplyTime
    run_id: ReplyId | None = None
    user_id: ReplyId | None = None
    organization_id: str | None = None
    name: str | None = None
    description: str | None = None
    trajectory_data: list[OpenObject] | None = None
    original_input_values: OpenObject | None = None
    included: list[IncludedResource] | None = None
