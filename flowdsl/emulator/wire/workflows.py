"""Bodies of workflows and their post-run checks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from flowdsl.emulator.wire.pages import IncludedResource
from flowdsl.emulator.wire.tags import WorkflowTagResponse
from flowdsl.emulator.wire.values import (
    OpenObject,
    ReplyId,
    ReplyModel,
    ReplyTime,
    RequestModel,
)

Prompt = Annotated[str, Field(min_length=1)]
WorkflowName = Annotated[str, Field(max_length=255)]


class PostRunCheckType(StrEnum):
    """What a check looks at."""

    RUN_ATTACHMENT_EXISTS = "run_attachment_exists"
    RUN_ATTACHMENT_IMAGE_CHECK = "run_attachment_image_check"
    OUTPUT_DATA_AGENTIC_CHECK = "output_data_agentic_check"
    OUTPUT_DATA_PASSES_SCHEMA_VALIDATION = "output_data_passes_schema_validation"


class PostRunCheckFileTargetMode(StrEnum):
    """How a check names the files it looks at."""

    EXACT = "exact"
    REGEX = "regex"
    LOOP_ITEMS = "loop_items"


class WorkflowPostRunCheckUpsert(RequestModel):
    """One check of the full list; `id` names an existing one."""

    name: str
    type: PostRunCheckType
    description: str | None = None
    file_target_mode: PostRunCheckFileTargetMode | None = None
    file_names: list[str] | None = None
    file_name_regex: str | None = None
    expected_match_count: int | None = None
    expected_match_count_ref: str | None = None
    loop_input: str | None = None
    loop_item_filename_template: str | None = None
    allow_missing_attachments: bool = False
    check_prompt: str | None = None
    model: UUID | None = None
    id: UUID | None = None


class WorkflowPostRunCheckResponse(ReplyModel):
    """One check as stored."""

    name: str
    type: PostRunCheckType
    id: ReplyId
    organization_id: str
    order: int
    created_at: ReplyTime
    updated_at: ReplyTime
    description: str | None = None
    file_target_mode: PostRunCheckFileTargetMode | None = None
    file_names: list[str] | None = None
    file_name_regex: str | None = None
    expected_match_count: int | None = None
    expected_match_count_ref: str | None = None
    loop_input: str | None = None
    loop_item_filename_template: str | None = None
    allow_missing_attachments: bool = False
    check_prompt: str | None = None
    model: ReplyId | None = None
    user_id: ReplyId | None = None


class WorkflowModelMetadata(RequestModel):
    """Model configuration ids; null is the service's default. The same in requests and replies."""

    main_agent_model_id: UUID | None = None
    cache_detection_model_id: UUID | None = None
    fallback_model_1_id: UUID | None = None
    fallback_model_2_id: UUID | None = None


class WorkflowInternalMetadataUpdate(RequestModel):
    """Absent keys stay, a null key goes."""

    has_unaddressed_error: bool | None = None
    last_errored_run_start: datetime | None = None
    last_errored_run_uuid: UUID | None = None


class WorkflowInternalMetadata(ReplyModel):
    """Error flags the service keeps for its dashboard."""

    has_unaddressed_error: bool | None = None
    last_errored_run_start: ReplyTime | None = None
    last_errored_run_uuid: ReplyId | None = None


class WorkflowCreate(RequestModel):
    """A new workflow."""

    main_prompt: Prompt
    name: WorkflowName | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool = False
    is_webhooks_enabled: bool = False
    terminal_command_allowlist: list[str] | None = None
    model_metadata: WorkflowModelMetadata | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    post_run_checks: list[WorkflowPostRunCheckUpsert] | None = None


class WorkflowUpdate(RequestModel):
    """Absent keys stay; `model_fields_set` tells them from null."""

    name: WorkflowName | None = None
    main_prompt: Prompt | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool | None = None
    is_webhooks_enabled: bool | None = None
    terminal_command_allowlist: list[str] | None = None
    model_metadata: WorkflowModelMetadata | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    workflow_metadata: WorkflowInternalMetadataUpdate | None = None
    post_run_checks: list[WorkflowPostRunCheckUpsert] | None = None


class WorkflowResponse(ReplyModel):
    """The 19 fields of a workflow."""

    main_prompt: Prompt
    id: ReplyId
    created_at: ReplyTime
    updated_at: ReplyTime
    name: WorkflowName | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool = False
    is_webhooks_enabled: bool = False
    terminal_command_allowlist: list[str] | None = None
    model_metadata: WorkflowModelMetadata | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    user_id: ReplyId | None = None
    organization_id: str | None = None
    includes_input_variables: bool = False
    workflow_metadata: WorkflowInternalMetadata | None = None
    old_versions: list[OpenObject] | None = None
    tags: list[WorkflowTagResponse] | None = None
    post_run_checks: list[WorkflowPostRunCheckResponse] | None = None


class WorkflowResponseWithIncludes(WorkflowResponse):
    """One workflow read by id; none of its relations travels in `included`."""

    included: list[IncludedResource] | None = None


class WorkflowDuplicateRequest(RequestModel):
    """Options of a copy."""

    include_trajectories: bool = False


class WorkflowMergeRequest(RequestModel):
    """Where to merge to."""

    target_workflow_id: UUID
    copy_trajectories: bool = False
