"""Request and reply bodies of the contract of SDK 2.2.69. Generated, do not edit.

To regenerate: `python -m tools.wire_models --write`.
Made of the schemas with the digest 7cac408f409a379d.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from flowdsl.emulator.wire.values import (
    OpenObject,
    PageModel,
    RepeatedTime,
    ReplyId,
    ReplyModel,
    ReplyTime,
    RequestModel,
    SecretRequestModel,
)
from pydantic import ConfigDict, Field


class AddTagsRequest(RequestModel):
    """Body of POST /v1/workflows/{workflow_id}/tags."""

    tag_ids: Annotated[list[UUID], Field(min_length=1)]


class AttachmentType(StrEnum):
    """Parameter of GET /v1/run-attachments. Part of RunAttachmentCreate, …"""

    INPUT = "input"
    OUTPUT = "output"


class BedrockAuthMode(StrEnum):
    """Part of ProviderCredentialUpsert."""

    API_KEY = "api_key"
    IAM = "iam"


class BulkAddTagsRequest(RequestModel):
    """Body of POST /v1/workflows/bulk/tags."""

    workflow_ids: Annotated[list[UUID], Field(min_length=1)]
    tag_ids: Annotated[list[UUID], Field(min_length=1)]


class ConnectionCreate(RequestModel):
    """Body of POST /v1/connections."""

    websocket_id: Annotated[str, Field(max_length=255, min_length=1)]
    machine_id: UUID
    ip_address: str | None = None
    user_agent: str | None = None


class ConnectionStatus(StrEnum):
    """Parameter of GET /v1/connections. Part of ConnectionResponse, ConnectionUpdate."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERROR = "error"


class ConnectionUpdate(RequestModel):
    """Body of PATCH /v1/connections/{connection_id}."""

    status: ConnectionStatus | None = None
    last_ping: datetime | None = None
    disconnected_at: datetime | None = None


class FileInput(RequestModel):
    """Part of RunBulkCreate, RunCreate, RunRetry, WorkflowChainCreate."""

    filename: str
    content: str
    target_path: str | None = None
    cleanup_imports_after_run: bool = False


class MachineHealthCheckError(ReplyModel):
    """Part of MachinesHealthCheckResponse."""

    machine_id: str
    error: str
    organization_id: str | None = None
    machine_name: str | None = None
    status_code: int | None = None


class MachinePoolAssignment(RequestModel):
    """Body of POST /v1/pools/{pool_id}/machines, DELETE /v1/pools/{pool_id}/machines."""

    machine_ids: list[UUID]


class MachinePoolUpdate(RequestModel):
    """Body of PUT /v1/machines/{machine_id}/pools."""

    pool_ids: list[UUID]


class MachineStatus(StrEnum):
    """Parameter of GET /v1/machines. Part of MachineResponse, MachineResponseWithIncludes, …"""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERROR = "error"


class MachinesHealthCheckResponse(ReplyModel):
    """Reply to GET /v1/health/machines."""

    status: Literal["error", "ok"]
    scope: Literal["all_organizations", "organization"]
    checked_machines: int
    healthy_machines: int
    errored_machines: list[MachineHealthCheckError]
    message: str


class PaginatedResponse(PageModel):
    """Reply to GET /v1/request-logs."""

    items: list[Any]


class PostRunCheckFileTargetMode(StrEnum):
    """Part of RunPostRunCheckSnapshot, WorkflowPostRunCheckResponse, …"""

    EXACT = "exact"
    LOOP_ITEMS = "loop_items"
    REGEX = "regex"


class PostRunCheckStatus(StrEnum):
    """Part of RunPostRunCheckSnapshot."""

    CANCELLED = "cancelled"
    FAILED = "failed"
    INFRA_ERROR = "infra_error"
    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"


class PostRunCheckType(StrEnum):
    """Part of RunPostRunCheckSnapshot, WorkflowPostRunCheckResponse, …"""

    OUTPUT_DATA_AGENTIC_CHECK = "output_data_agentic_check"
    OUTPUT_DATA_PASSES_SCHEMA_VALIDATION = "output_data_passes_schema_validation"
    RUN_ATTACHMENT_EXISTS = "run_attachment_exists"
    RUN_ATTACHMENT_IMAGE_CHECK = "run_attachment_image_check"


class ProviderCredentialAuthType(StrEnum):
    """Part of ProviderCredentialResponse."""

    API_KEY = "api_key"
    AWS_BEDROCK_API_KEY = "aws_bedrock_api_key"
    AWS_IAM = "aws_iam"
    SERVICE_ACCOUNT_JSON = "service_account_json"


class ProviderCredentialDisplayMetadata(ReplyModel):
    """Part of ProviderCredentialResponse."""

    key_last4: str | None = None
    project_id: str | None = None
    client_email: str | None = None
    aws_region: str | None = None
    access_key_id_last4: str | None = None


class ProviderCredentialSlot(StrEnum):
    """Parameter of PUT /v1/provider-credentials/{slot}, DELETE …"""

    ANTHROPIC = "anthropic"
    AWS_BEDROCK = "aws_bedrock"
    GOOGLE = "google"
    OPENAI = "openai"


class ProviderCredentialSource(StrEnum):
    """Part of ProviderCredentialResponse."""

    CYBERDESK = "cyberdesk"
    ORGANIZATION = "organization"


class ProviderCredentialStatus(StrEnum):
    """Part of ProviderCredentialResponse."""

    ACTIVE = "active"
    INVALID = "invalid"
    MISSING = "missing"


class ProviderCredentialUpsert(SecretRequestModel):
    """Body of PUT /v1/provider-credentials/{slot}."""

    model_config = ConfigDict(
        extra="forbid",
    )
    api_key: str | None = None
    service_account_json: str | None = None
    bedrock_auth_mode: BedrockAuthMode | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_region: Literal["us-east-1", "us-east-2", "us-west-2"] | None = None


class ProviderCredentialValidationCheck(ReplyModel):
    """Part of ProviderCredentialValidationResponse."""

    check: str
    label: str
    ok: bool
    model: str | None = None
    location: str | None = None
    error: str | None = None
    is_auth_error: bool = False


class ReorderRequest(RequestModel):
    """Body of PUT /v1/workflow-tag-groups/reorder, PUT /v1/workflow-tags/reorder."""

    ids: list[UUID]


class RunAttachmentCreate(FileInput):
    """Body of POST /v1/run-attachments."""

    run_id: UUID
    content_type: str
    attachment_type: AttachmentType
    expires_at: datetime | None = None


class RunAttachmentDownloadUrlResponse(ReplyModel):
    """Reply to GET /v1/run-attachments/{attachment_id}/download-url."""

    url: str
    expires_in: int


class RunAttachmentUpdate(RequestModel):
    """Body of PUT /v1/run-attachments/{attachment_id}."""

    expires_at: datetime | None = None


class RunField(StrEnum):
    """Parameter of GET /v1/runs."""

    ENDED_AT = "ended_at"
    ERROR = "error"
    INPUT_ATTACHMENT_IDS = "input_attachment_ids"
    INPUT_VALUES = "input_values"
    IS_PRIORITY = "is_priority"
    MACHINE_ID = "machine_id"
    MAIN_PROMPT = "main_prompt"
    MODEL_METADATA = "model_metadata"
    ORGANIZATION_ID = "organization_id"
    OUTPUT_ATTACHMENT_IDS = "output_attachment_ids"
    OUTPUT_DATA = "output_data"
    POOL_IDS = "pool_ids"
    POST_RUN_CHECKS = "post_run_checks"
    RELEASE_SESSION_AFTER = "release_session_after"
    RUN_MESSAGE_HISTORY = "run_message_history"
    SENSITIVE_INPUT_ALIASES = "sensitive_input_aliases"
    SESSION_ALIAS = "session_alias"
    SESSION_ID = "session_id"
    STARTED_AT = "started_at"
    USAGE_METADATA = "usage_metadata"
    USER_ID = "user_id"


class RunImageSignedUrlResponse(ReplyModel):
    """Reply to GET /v1/runs/{run_id}/image/signed-url."""

    supabase_url: str
    signed_url: str
    expires_in: int


class RunListSortMode(StrEnum):
    """Parameter of GET /v1/runs."""

    ACTIVITY = "activity"
    CREATED_AT_DESC = "created_at_desc"


class RunLlmCostRow(ReplyModel):
    """Part of RunLlmCostsResponse."""

    role: str
    billing_platform: str
    model: str
    endpoint_type: str
    call_count: int
    input_tokens: int
    uncached_input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    source: str
    cost_usd: float | None = None


class RunStatus(StrEnum):
    """Parameter of GET /v1/runs. Part of RunResponse, RunResponseWithIncludes, RunUpdate."""

    CANCELLED = "cancelled"
    ERROR = "error"
    RUNNING = "running"
    RUNNING_CHECKS = "running_checks"
    SCHEDULING = "scheduling"
    SUCCESS = "success"
    TASK_FAILED = "task_failed"


class UsageMode(StrEnum):
    """Parameter of GET /v1/usage/aggregate. Part of UsageAggregateResponse."""

    BILLED = "billed"
    SIMULATED = "simulated"


class WorkflowDuplicateRequest(RequestModel):
    """Body of POST /v1/workflows/{workflow_id}/duplicate."""

    include_trajectories: bool = False


class WorkflowInternalMetadataUpdate(RequestModel):
    """Part of WorkflowUpdate."""

    has_unaddressed_error: bool | None = None
    last_errored_run_start: datetime | None = None
    last_errored_run_uuid: UUID | None = None


class WorkflowMergeRequest(RequestModel):
    """Body of POST /v1/workflows/{workflow_id}/merge."""

    target_workflow_id: UUID
    copy_trajectories: bool = False


class WorkflowModelMetadata(RequestModel):
    """Part of RunCreate, RunResponse, RunResponseWithIncludes, WorkflowCreate, …"""

    main_agent_model_id: UUID | None = None
    cache_detection_model_id: UUID | None = None
    fallback_model_1_id: UUID | None = None
    fallback_model_2_id: UUID | None = None


class WorkflowPostRunCheckUpsert(RequestModel):
    """Part of WorkflowCreate, WorkflowUpdate."""

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


class WorkflowPromptImageResponse(ReplyModel):
    """Reply to POST /v1/workflows/prompt-image."""

    supabase_url: str
    signed_url: str
    filename: str
    content_type: str
    size_bytes: int


class WorkflowPromptImageSignedUrlResponse(ReplyModel):
    """Reply to GET /v1/workflows/prompt-image/signed-url."""

    supabase_url: str
    signed_url: str
    expires_in: int


class WorkflowTagGroupCreate(RequestModel):
    """Body of POST /v1/workflow-tag-groups."""

    name: Annotated[str, Field(max_length=100, min_length=1)]
    description: Annotated[str | None, Field(max_length=500)] = None
    emoji: Annotated[str | None, Field(max_length=10)] = None
    color: Annotated[str | None, Field(max_length=20)] = None


class WorkflowTagGroupUpdate(RequestModel):
    """Body of PATCH /v1/workflow-tag-groups/{group_id}."""

    name: Annotated[str | None, Field(max_length=100, min_length=1)] = None
    description: Annotated[str | None, Field(max_length=500)] = None
    emoji: Annotated[str | None, Field(max_length=10)] = None
    color: Annotated[str | None, Field(max_length=20)] = None


class WorkflowTagUpdate(WorkflowTagGroupUpdate):
    """Body of PATCH /v1/workflow-tags/{tag_id}."""

    group_id: UUID | None = None
    is_archived: bool | None = None


class WorkflowUpdate(RequestModel):
    """Body of PATCH /v1/workflows/{workflow_id}."""

    name: Annotated[str | None, Field(max_length=255)] = None
    main_prompt: Annotated[str | None, Field(min_length=1)] = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool | None = None
    is_webhooks_enabled: bool | None = None
    terminal_command_allowlist: list[str] | None = None
    model_metadata: WorkflowModelMetadata | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    workflow_metadata: WorkflowInternalMetadataUpdate | None = None
    post_run_checks: list[WorkflowPostRunCheckUpsert] | None = None


class ChainStep(RequestModel):
    """Part of WorkflowChainCreate."""

    workflow_id: UUID
    session_alias: str | None = None
    inputs: OpenObject | None = None
    sensitive_inputs: OpenObject | None = None


class ConnectionResponse(ReplyModel):
    """Reply to POST /v1/connections, GET /v1/connections/{connection_id}, PATCH …"""

    websocket_id: Annotated[str, Field(max_length=255, min_length=1)]
    id: ReplyId
    machine_id: ReplyId
    connected_at: ReplyTime
    disconnected_at: ReplyTime | None
    last_ping: ReplyTime
    status: ConnectionStatus
    ip_address: str | None = None
    user_agent: str | None = None


class IncludedResource(ReplyModel):
    """Part of MachineResponseWithIncludes, PaginatedResponseWithIncludesMachineResponse, …"""

    model_config = ConfigDict(
        extra="allow",
    )
    type: str
    id: ReplyId


class MachineCreate(RequestModel):
    """Body of POST /v1/machines."""

    fingerprint: str
    unkey_key_id: str
    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    machine_parameters: OpenObject | None = None
    machine_sensitive_parameters: dict[str, str] | None = None


class MachineUpdate(RequestModel):
    """Body of PATCH /v1/machines/{machine_id}."""

    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    status: MachineStatus | None = None
    is_available: bool | None = None
    alerts_enabled: bool | None = None
    last_seen: datetime | None = None
    reserved_session_id: UUID | None = None
    machine_parameters: OpenObject | None = None
    machine_sensitive_parameters: dict[str, str] | None = None


class ModelConfigurationCreate(RequestModel):
    """Body of POST /v1/model-configurations."""

    name: Annotated[str, Field(max_length=255, min_length=1)]
    provider: Annotated[str, Field(max_length=50, min_length=1)]
    model: Annotated[str, Field(max_length=255, min_length=1)]
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: OpenObject | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool = False
    is_archived: bool = False
    api_key: str | None = None


class ModelConfigurationResponse(ReplyModel):
    """Reply to GET /v1/model-configurations, POST /v1/model-configurations, GET …"""

    name: Annotated[str, Field(max_length=255, min_length=1)]
    provider: Annotated[str, Field(max_length=50, min_length=1)]
    model: Annotated[str, Field(max_length=255, min_length=1)]
    id: ReplyId
    is_system_default: bool
    created_at: ReplyTime
    updated_at: ReplyTime
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: OpenObject | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool = False
    is_archived: bool = False
    organization_id: str | None = None
    api_key_alias: str | None = None


class ModelConfigurationUpdate(RequestModel):
    """Body of PATCH /v1/model-configurations/{model_configuration_id}."""

    name: Annotated[str | None, Field(max_length=255, min_length=1)] = None
    description: str | None = None
    provider: Annotated[str | None, Field(max_length=50, min_length=1)] = None
    model: Annotated[str | None, Field(max_length=255, min_length=1)] = None
    api_key: str | None = None
    clear_api_key: bool | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: OpenObject | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool | None = None
    is_archived: bool | None = None


class PaginatedResponseConnectionResponse(PageModel):
    """Reply to GET /v1/connections."""

    items: list[ConnectionResponse]


class PoolCreate(RequestModel):
    """Body of POST /v1/pools."""

    name: str
    description: str | None = None
    pool_parameters: OpenObject | None = None
    pool_sensitive_parameters: dict[str, str] | None = None


class PoolResponse(ReplyModel):
    """Reply to GET /v1/machines/{machine_id}/pools, POST /v1/pools, PATCH …"""

    name: str
    id: ReplyId
    organization_id: str
    created_at: ReplyTime
    updated_at: ReplyTime
    description: str | None = None
    pool_parameters: OpenObject | None = None
    pool_sensitive_parameters: dict[str, str] | None = None
    machine_count: int | None = 0


class PoolUpdate(RequestModel):
    """Body of PATCH /v1/pools/{pool_id}."""

    name: str | None = None
    description: str | None = None
    pool_parameters: OpenObject | None = None
    pool_sensitive_parameters: dict[str, str] | None = None


class ProviderCredentialResponse(ReplyModel):
    """Reply to GET /v1/provider-credentials, PUT /v1/provider-credentials/{slot}, DELETE …"""

    slot: ProviderCredentialSlot
    display_name: str
    source: ProviderCredentialSource
    covered_providers: list[str]
    status: ProviderCredentialStatus | None = None
    auth_type: ProviderCredentialAuthType | None = None
    display_metadata: Annotated[
        ProviderCredentialDisplayMetadata, Field(default_factory=dict, validate_default=True)
    ]
    last_error: str | None = None
    activated_at: ReplyTime | None = None
    last_validated_at: ReplyTime | None = None
    created_at: ReplyTime | None = None
    updated_at: ReplyTime | None = None


class ProviderCredentialValidationResponse(ReplyModel):
    """Reply to POST /v1/provider-credentials/{slot}/validate."""

    slot: ProviderCredentialSlot
    ok: bool
    checks: list[ProviderCredentialValidationCheck]
    credential: ProviderCredentialResponse


class RequestLogResponse(ReplyModel):
    """Reply to GET /v1/request-logs/{log_id}."""

    request_id: str
    method: str
    path: str
    id: ReplyId
    machine_id: ReplyId
    created_at: ReplyTime
    completed_at: ReplyTime | None
    status_code: int | None = None
    request_size_bytes: int | None = None
    response_size_bytes: int | None = None
    duration_ms: int | None = None
    error_message: str | None = None
    organization_id: str | None = None


class RunAttachmentResponse(ReplyModel):
    """Reply to POST /v1/run-attachments, GET /v1/run-attachments/{attachment_id}, PUT …"""

    filename: str
    content_type: str
    attachment_type: AttachmentType
    id: ReplyId
    run_id: ReplyId
    size_bytes: int
    storage_path: str
    created_at: ReplyTime
    target_path: str | None = None
    cleanup_imports_after_run: bool = False
    user_id: ReplyId | None = None
    organization_id: str | None = None
    expires_at: ReplyTime | None = None


class RunBulkCreate(RequestModel):
    """Body of POST /v1/runs/bulk."""

    workflow_id: UUID
    count: Annotated[int, Field(gt=0, le=1000)]
    is_priority: bool = False
    machine_id: UUID | None = None
    pool_ids: list[UUID] | None = None
    input_values: OpenObject | None = None
    file_inputs: list[FileInput] | None = None
    sensitive_input_values: OpenObject | None = None
    session_id: UUID | None = None
    start_session: bool | None = False


class RunCreate(RequestModel):
    """Body of POST /v1/runs."""

    workflow_id: UUID
    is_priority: bool = False
    main_prompt: Annotated[str | None, Field(min_length=1)] = None
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


class RunLlmCostTotalResponse(ReplyModel):
    """Part of PaginatedResponseRunLlmCostTotalResponse."""

    run_id: ReplyId
    workflow_id: ReplyId
    created_at: ReplyTime
    has_unpriced: bool
    total_cost_usd: float | None = None


class RunLlmCostsResponse(ReplyModel):
    """Reply to GET /v1/runs/{run_id}/llm-costs."""

    run_id: ReplyId
    has_unpriced: bool
    rows: list[RunLlmCostRow]
    total_cost_usd: float | None = None


class RunPostRunCheckSnapshot(RequestModel):
    """Part of RunResponse, RunResponseWithIncludes, RunUpdate."""

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
    started_at: RepeatedTime | None = None
    ended_at: RepeatedTime | None = None
    error_message: str | None = None
    messages: list[str] | None = None
    matched_filenames: list[str] | None = None


class RunResponse(ReplyModel):
    """Reply to POST /v1/runs, PATCH /v1/runs/{run_id}, POST /v1/runs/{run_id}/retry. Part of …"""

    workflow_id: ReplyId
    machine_id: ReplyId | None
    id: ReplyId
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
    sensitive_input_aliases: dict[str, str] | None = None
    usage_metadata: OpenObject | None = None
    post_run_checks: list[RunPostRunCheckSnapshot] | None = None
    session_id: ReplyId | None = None
    session_alias: str | None = None
    release_session_after: bool | None = None
    started_at: ReplyTime | None = None
    ended_at: ReplyTime | None = None


class RunResponseWithIncludes(ReplyModel):
    """Reply to GET /v1/runs/{run_id}."""

    id: ReplyId
    workflow_id: ReplyId
    status: RunStatus
    created_at: ReplyTime
    machine_id: ReplyId | None = None
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
    sensitive_input_aliases: dict[str, str] | None = None
    usage_metadata: OpenObject | None = None
    post_run_checks: list[RunPostRunCheckSnapshot] | None = None
    session_id: ReplyId | None = None
    session_alias: str | None = None
    release_session_after: bool | None = None
    started_at: ReplyTime | None = None
    ended_at: ReplyTime | None = None
    included: list[IncludedResource] | None = None


class RunRetry(RequestModel):
    """Body of POST /v1/runs/{run_id}/retry."""

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


class RunUpdate(RequestModel):
    """Body of PATCH /v1/runs/{run_id}."""

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


class TrajectoryCreate(RequestModel):
    """Body of POST /v1/trajectories."""

    workflow_id: UUID
    trajectory_data: Annotated[list[OpenObject], Field(min_length=1)]
    dimensions: dict[str, int]
    name: Annotated[str | None, Field(max_length=255)] = None
    description: str | None = None
    run_id: UUID | None = None
    original_input_values: OpenObject | None = None
    is_approved: bool = False


class TrajectoryResponse(ReplyModel):
    """Reply to POST /v1/runs/{run_id}/generate-trajectory, GET /v1/runs/{run_id}/trajectory, …"""

    workflow_id: ReplyId
    trajectory_data: Annotated[list[OpenObject], Field(min_length=1)]
    dimensions: dict[str, int]
    is_approved: bool
    has_been_approved: bool
    is_generated: bool
    is_main: bool
    id: ReplyId
    created_at: ReplyTime
    updated_at: ReplyTime
    name: Annotated[str | None, Field(max_length=255)] = None
    description: str | None = None
    run_id: ReplyId | None = None
    original_input_values: OpenObject | None = None
    user_id: ReplyId | None = None
    organization_id: str | None = None


class TrajectoryResponseWithIncludes(ReplyModel):
    """Reply to GET /v1/trajectories/{trajectory_id}."""

    id: ReplyId
    workflow_id: ReplyId
    is_approved: bool
    has_been_approved: bool
    is_generated: bool
    is_main: bool
    dimensions: dict[str, int]
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


class TrajectoryUpdate(RequestModel):
    """Body of PATCH /v1/trajectories/{trajectory_id}."""

    name: Annotated[str | None, Field(max_length=255)] = None
    description: str | None = None
    trajectory_data: Annotated[list[OpenObject] | None, Field(min_length=1)] = None
    is_approved: bool | None = None
    is_main: bool | None = None


class UsageAggregateResponse(ReplyModel):
    """Reply to GET /v1/usage/aggregate."""

    total_agentic_steps: int
    total_cached_steps: int
    period_start: ReplyTime
    period_end: ReplyTime
    mode: UsageMode
    runs_counted: int


class WorkflowChainCreate(RequestModel):
    """Body of POST /v1/runs/chain."""

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
    """Reply to POST /v1/runs/chain."""

    session_id: ReplyId
    run_ids: list[ReplyId]


class WorkflowCreate(RequestModel):
    """Body of POST /v1/workflows."""

    main_prompt: Annotated[str, Field(min_length=1)]
    name: Annotated[str | None, Field(max_length=255)] = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool = False
    is_webhooks_enabled: bool = False
    terminal_command_allowlist: list[str] | None = None
    model_metadata: WorkflowModelMetadata | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    post_run_checks: list[WorkflowPostRunCheckUpsert] | None = None


class WorkflowInternalMetadata(ReplyModel):
    """Part of WorkflowResponse, WorkflowResponseWithIncludes."""

    has_unaddressed_error: bool | None = None
    last_errored_run_start: ReplyTime | None = None
    last_errored_run_uuid: ReplyId | None = None


class WorkflowPostRunCheckResponse(ReplyModel):
    """Part of WorkflowResponse, WorkflowResponseWithIncludes."""

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


class WorkflowPromptImageListItem(ReplyModel):
    """Reply to GET /v1/workflows/prompt-images."""

    supabase_url: str
    path: str
    filename: str
    created_at: ReplyTime | None = None
    size_bytes: int | None = None


class WorkflowTagCreate(WorkflowTagGroupCreate):
    """Body of POST /v1/workflow-tags."""

    group_id: UUID | None = None


class WorkflowTagGroupResponse(ReplyModel):
    """Reply to GET /v1/workflow-tag-groups, POST /v1/workflow-tag-groups, GET …"""

    name: Annotated[str, Field(max_length=100, min_length=1)]
    id: ReplyId
    organization_id: str
    order: int
    created_at: ReplyTime
    updated_at: ReplyTime
    description: Annotated[str | None, Field(max_length=500)] = None
    emoji: Annotated[str | None, Field(max_length=10)] = None
    color: Annotated[str | None, Field(max_length=20)] = None


class WorkflowTagResponse(ReplyModel):
    """Reply to GET /v1/workflow-tags, POST /v1/workflow-tags, GET …"""

    name: Annotated[str, Field(max_length=100, min_length=1)]
    id: ReplyId
    organization_id: str
    order: int
    created_at: ReplyTime
    updated_at: ReplyTime
    description: str | None = None
    emoji: str | None = None
    color: str | None = None
    group_id: ReplyId | None = None
    is_archived: bool = False
    workflow_count: int | None = None
    group: WorkflowTagGroupResponse | None = None


class MachineResponse(ReplyModel):
    """Reply to POST /v1/machines, PATCH /v1/machines/{machine_id}, PUT …"""

    id: ReplyId
    unkey_key_id: str
    status: MachineStatus
    is_available: bool
    alerts_enabled: bool
    created_at: ReplyTime
    last_seen: ReplyTime
    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    machine_parameters: OpenObject | None = None
    machine_sensitive_parameters: dict[str, str] | None = None
    user_id: ReplyId | None = None
    organization_id: str | None = None
    reserved_session_id: ReplyId | None = None
    linked_keepalive_machine_id: ReplyId | None = None
    physical_server_id: str | None = None
    pools: list[PoolResponse] | None = None


class MachineResponseWithIncludes(MachineResponse):
    """Reply to GET /v1/machines/{machine_id}."""

    included: list[IncludedResource] | None = None


class PaginatedResponseRunAttachmentResponse(PageModel):
    """Reply to GET /v1/run-attachments."""

    items: list[RunAttachmentResponse]


class PaginatedResponseRunLlmCostTotalResponse(PageModel):
    """Reply to GET /v1/usage/llm-costs."""

    items: list[RunLlmCostTotalResponse]


class PaginatedResponseWithIncludesMachineResponse(PageModel):
    """Reply to GET /v1/machines."""

    items: list[MachineResponse]
    included: list[IncludedResource] | None = None


class PaginatedResponseWithIncludesPoolResponse(PageModel):
    """Reply to GET /v1/pools."""

    items: list[PoolResponse]
    included: list[IncludedResource] | None = None


class PaginatedResponseWithIncludesRunResponse(PageModel):
    """Reply to GET /v1/runs."""

    items: list[RunResponse]
    included: list[IncludedResource] | None = None


class PaginatedResponseWithIncludesTrajectoryResponse(PageModel):
    """Reply to GET /v1/trajectories."""

    items: list[TrajectoryResponse]
    included: list[IncludedResource] | None = None


class PoolResponseWithIncludes(PoolResponse):
    """Reply to GET /v1/pools/{pool_id}."""

    machines: list[MachineResponse] | None = None
    included: list[IncludedResource] | None = None


class PoolWithMachines(PoolResponse):
    """Reply to POST /v1/pools/{pool_id}/machines."""

    machines: Annotated[list[MachineResponse], Field(default_factory=list)]


class RunBulkCreateResponse(ReplyModel):
    """Reply to POST /v1/runs/bulk."""

    created_runs: list[RunResponse]
    failed_count: int = 0
    errors: Annotated[list[str], Field(default_factory=list)]


class RunCompletedEvent(ReplyModel):
    """Reply to the webhook `run_complete`."""

    run: RunResponse
    event_id: ReplyId
    event_type: str = "run_complete"
    occurred_at: ReplyTime


class WorkflowResponse(ReplyModel):
    """Reply to POST /v1/workflows, PATCH /v1/workflows/{workflow_id}, POST …"""

    main_prompt: Annotated[str, Field(min_length=1)]
    id: ReplyId
    created_at: ReplyTime
    updated_at: ReplyTime
    name: Annotated[str | None, Field(max_length=255)] = None
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
    """Reply to GET /v1/workflows/{workflow_id}."""

    included: list[IncludedResource] | None = None


class PaginatedResponseWithIncludesWorkflowResponse(PageModel):
    """Reply to GET /v1/workflows."""

    items: list[WorkflowResponse]
    included: list[IncludedResource] | None = None