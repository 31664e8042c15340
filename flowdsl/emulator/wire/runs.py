"""Bodies of runs: single, in bulk and in chains."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, PlainSerializer, WithJsonSchema

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.wire.machines import Secrets
from flowdsl.emulator.wire.pages import IncludedResource
from flowdsl.emulator.wire.values import (
    OpenObject,
    ReplyId,
    ReplyModel,
    ReplyTime,
    RequestModel,
)
from flowdsl.emulator.wire.workflows import (
    PostRunCheckFileTargetMode,
    PostRunCheckType,
    WorkflowModelMetadata,
)

BULK_LIMIT = 1000

Moment = Annotated[
    datetime,
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time that replies repeat in the form of `clock.format_time`."""


class RunStatus(StrEnum):
    """Where a run is; the last four are ends."""

    SCHEDULING = "scheduling"
    RUNNING = "running"
    RUNNING_CHECKS = "running_checks"
    SUCCESS = "success"
    TASK_FAILED = "task_failed"
    ERROR = "error"
    CANCELLED = "cancelled"


LIVE = frozenset({RunStatus.SCHEDULING, RunStatus.RUNNING, RunStatus.RUNNING_CHECKS})
"""The states that are no end."""


class PostRunCheckStatus(StrEnum):
    """How a check of one run went."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INFRA_ERROR = "infra_error"


class RunListSortMode(StrEnum):
    """The order of a list of runs."""

    ACTIVITY = "activity"
    CREATED_AT_DESC = "created_at_desc"


class RunField(StrEnum):
    """A field that a list fills in when asked for it."""

    USER_ID = "user_id"
    ORGANIZATION_ID = "organization_id"
    MACHINE_ID = "machine_id"
    IS_PRIORITY = "is_priority"
    ERROR = "error"
    OUTPUT_DATA = "output_data"
    INPUT_ATTACHMENT_IDS = "input_attachment_ids"
    OUTPUT_ATTACHMENT_IDS = "output_attachment_ids"
    RUN_MESSAGE_HISTORY = "run_message_history"
    INPUT_VALUES = "input_values"
    MAIN_PROMPT = "main_prompt"
    MODEL_METADATA = "model_metadata"
    POOL_IDS = "pool_ids"
    SENSITIVE_INPUT_ALIASES = "sensitive_input_aliases"
    USAGE_METADATA = "usage_metadata"
    POST_RUN_CHECKS = "post_run_checks"
    SESSION_ID = "session_id"
    SESSION_ALIAS = "session_alias"
    RELEASE_SESSION_AFTER = "release_session_after"
    STARTED_AT = "started_at"
    ENDED_AT = "ended_at"


class FileInput(RequestModel):
    """A file put onto the machine before a run; `content` is base64."""

    filename: str
    content: str
    target_path: str | None = None
    cleanup_imports_after_run: bool = False


class RunCreate(RequestModel):
    """A new run. `session_id` beats `machine_id`, which beats `pool_ids`."""

    workflow_id: UUID
    is_priority: bool = False
    main_prompt: str | None = None
    main_agent_model_id: UUID | None = None
    model_metadata: WorkflowModelMetadata | None = None
    machine_id: UUID | None = None
    pool_ids: list[UUID] | None = None
    input_values: OpenObject | None = None
    file_inputs: list[FileInput] | None = None
    sensitive_input_values: OpenObject | None = None
    session_id: UUID | None = None
    start_session: bool | None = False
    session_alias: str | None = None
    release_session_after: bool | None = None


class RunBulkCreate(RequestModel):
    """Several runs of one workflow with the same inputs."""

    workflow_id: UUID
    count: Annotated[int, Field(gt=0, le=BULK_LIMIT)]
    is_priority: bool = False
    machine_id: UUID | None = None
    pool_ids: list[UUID] | None = None
    input_values: OpenObject | None = None
    file_inputs: list[FileInput] | None = None
    sensitive_input_values: OpenObject | None = None
    session_id: UUID | None = None
    start_session: bool | None = False


class ChainStep(RequestModel):
    """One workflow of a chain; values may be `{"$ref": "alias.outputs.path"}`."""

    workflow_id: UUID
    session_alias: str | None = None
    inputs: OpenObject | None = None
    sensitive_inputs: OpenObject | None = None


class WorkflowChainCreate(RequestModel):
    """Workflows that run back to back in one session."""

    steps: Annotated[list[ChainStep], Field(min_length=1)]
    is_priority: bool = False
    shared_inputs: OpenObject | None = None
    shared_sensitive_inputs: OpenObject | None = None
    shared_file_inputs: list[FileInput] | None = None
    keep_session_after_completion: bool | None = False
    machine_id: UUID | None = None
    pool_ids: list[UUID] | None = None
    session_id: UUID | None = None


class WorkflowChainResponse(ReplyModel):
    """The runs of a chain in the order of its steps."""

    session_id: ReplyId
    run_ids: list[ReplyId]


class RunRetry(RequestModel):
    """What a run does again with; absent and null keys keep what the run had."""

    input_values: OpenObject | None = None
    sensitive_input_values: OpenObject | None = None
    file_inputs: list[FileInput] | None = None
    machine_id: UUID | None = None
    pool_ids: list[UUID] | None = None
    reuse_session: bool | None = True
    session_id: UUID | None = None
    start_session: bool | None = False
    session_alias: str | None = None
    release_session_after: bool | None = None
    is_priority: bool | None = None


class RunPostRunCheckSnapshot(RequestModel):
    """A check as it was when the run began, and its result. The same in requests and replies."""

    status: PostRunCheckStatus
    id: UUID | None = None
    post_run_check_id: UUID | None = None
    snapshot_version: int | None = None
    name: str | None = None
    description: str | None = None
    type: PostRunCheckType | None = None
    order: int | None = None
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
    started_at: Moment | None = None
    ended_at: Moment | None = None
    error_message: str | None = None
    messages: list[str] | None = None
    matched_filenames: list[str] | None = None


class RunUpdate(RequestModel):
    """What a worker reports. Absent keys stay."""

    status: RunStatus | None = None
    error: list[str] | None = None
    output_data: OpenObject | None = None
    output_attachment_ids: list[str] | None = None
    run_message_history: list[OpenObject] | None = None
    input_values: OpenObject | None = None
    usage_metadata: OpenObject | None = None
    post_run_checks: list[RunPostRunCheckSnapshot] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    release_session_after: bool | None = None


class _RunFields(ReplyModel):
    id: ReplyId
    workflow_id: ReplyId
    status: RunStatus
    created_at: ReplyTime
    user_id: ReplyId | None = None
    organization_id: str | None = None
    is_priority: bool = False
    error: list[str] | None = None
    output_data: OpenObject | None = None
    input_attachment_ids: list[str] | None = None
    output_attachment_ids: list[str] | None = None
    run_message_history: list[OpenObject] | None = None
    input_values: OpenObject | None = None
    main_prompt: str | None = None
    model_metadata: WorkflowModelMetadata | None = None
    pool_ids: list[ReplyId] | None = None
    sensitive_input_aliases: Secrets | None = None
    usage_metadata: OpenObject | None = None
    post_run_checks: list[RunPostRunCheckSnapshot] | None = None
    session_id: ReplyId | None = None
    session_alias: str | None = None
    release_session_after: bool | None = None
    started_at: ReplyTime | None = None
    ended_at: ReplyTime | None = None


class RunResponse(_RunFields):
    """One run as it is now."""

    machine_id: ReplyId | None


class RunResponseWithIncludes(_RunFields):
    """One run read by id."""

    machine_id: ReplyId | None = None
    included: list[IncludedResource] | None = None


class RunBulkCreateResponse(ReplyModel):
    """The runs made and the ones that could not be."""

    created_runs: list[RunResponse]
    failed_count: int = 0
    errors: list[str] = Field(default_factory=list)


class RunImageSignedUrlResponse(ReplyModel):
    """An address that serves a screenshot of a run for a while."""

    supabase_url: str
    signed_url: str
    expires_in: int
