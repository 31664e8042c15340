"""Workflows and their post-run checks.

Fields and limits: SDK 2.2.69 and the API reference of `create-workflow`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from flowdsl.cyberdesk.models.tag import Tag
from flowdsl.cyberdesk.models.wire_model import (
    Items,
    OverlayModel,
    ReadModel,
    UuidText,
    WriteModel,
)

Prompt = Annotated[str, Field(min_length=1)]
WorkflowName = Annotated[str, Field(max_length=255)]

CheckType = Literal[
    "run_attachment_exists",
    "run_attachment_image_check",
    "output_data_agentic_check",
    "output_data_passes_schema_validation",
]
FileTargetMode = Literal["exact", "regex", "loop_items"]

CHECK_READ_ONLY = frozenset({"order", "organization_id", "user_id", "created_at", "updated_at"})
"""Fields of a check in a reply that a request must not carry (`check-reconcile`)."""

WORKFLOW_READ_ONLY = frozenset(
    {
        "id",
        "user_id",
        "organization_id",
        "created_at",
        "updated_at",
        "includes_input_variables",
        "old_versions",
        "tags",
        "included",
        "workflow_metadata",
    }
)
"""Fields of a workflow that no request may contain (SDK 2.2.69).

The service sets most of them. `tags` have routes of their own. `workflow_metadata` belongs to the
dashboard: null would delete its error flags.
"""


class ModelMetadata(OverlayModel):
    """The model configurations of a workflow, by id; null is the service's default."""

    always_sent: ClassVar[tuple[str, ...]] = (
        "main_agent_model_id",
        "cache_detection_model_id",
        "fallback_model_1_id",
        "fallback_model_2_id",
    )

    main_agent_model_id: UuidText | None = None
    cache_detection_model_id: UuidText | None = None
    fallback_model_1_id: UuidText | None = None
    fallback_model_2_id: UuidText | None = None


class PostRunCheckUpsert(OverlayModel):
    """One check in the complete list of a workflow's checks; `id` names the check it updates.

    For an existing check, use `lay_over(remote.as_sent(), owned)`, which keeps its id and the
    fields that FlowDSL does not manage.
    """

    always_sent: ClassVar[tuple[str, ...]] = ("allow_missing_attachments",)
    never_sent: ClassVar[frozenset[str]] = CHECK_READ_ONLY

    name: str
    type: CheckType
    description: str | None = None
    file_target_mode: FileTargetMode | None = None
    file_names: list[str] | None = None
    file_name_regex: str | None = None
    expected_match_count: int | None = None
    expected_match_count_ref: str | None = None
    loop_input: str | None = None
    loop_item_filename_template: str | None = None
    allow_missing_attachments: bool = False
    check_prompt: str | None = None
    model: UuidText | None = None
    id: UuidText | None = None


class _WorkflowBody(WriteModel):
    """The fields of a workflow in a request; both schemas are strings that hold JSON."""

    never_sent: ClassVar[frozenset[str]] = WORKFLOW_READ_ONLY

    name: WorkflowName | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool = False
    is_webhooks_enabled: bool = False
    terminal_command_allowlist: list[str] | None = None
    model_metadata: ModelMetadata | None = None
    post_run_check_failure_cleanup_prompt: str | None = None


class WorkflowCreate(_WorkflowBody):
    """The body of `POST /v1/workflows`; the checks have no ids."""

    always_sent: ClassVar[tuple[str, ...]] = ("includes_file_exports", "is_webhooks_enabled")

    main_prompt: Prompt
    post_run_checks: list[PostRunCheckUpsert] | None = None


class WorkflowPatch(_WorkflowBody):
    """The body of `PATCH /v1/workflows/{id}`: an absent field is unchanged, null clears.

    A field does not accept null if its meaning is not documented: send false for a boolean, `[]`
    for the checks.
    """

    main_prompt: Prompt = ""
    post_run_checks: list[PostRunCheckUpsert] = Field(default_factory=list)


class PostRunCheck(ReadModel):
    """A check in a reply."""

    id: str
    name: str
    type: str
    order: int | None = None
    description: str | None = None
    file_target_mode: str | None = None
    file_names: Items[str] | None = None
    file_name_regex: str | None = None
    expected_match_count: int | None = None
    expected_match_count_ref: str | None = None
    loop_input: str | None = None
    loop_item_filename_template: str | None = None
    allow_missing_attachments: bool | None = None
    check_prompt: str | None = None
    model: str | None = None
    organization_id: str | None = None
    user_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Workflow(ReadModel):
    """A workflow in a reply.

    In a list, null `tags` or `post_run_checks` means "not requested".
    """

    id: str
    main_prompt: str
    updated_at: str
    name: str | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool | None = None
    is_webhooks_enabled: bool | None = None
    terminal_command_allowlist: Items[str] | None = None
    model_metadata: dict[str, Any] | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    post_run_checks: Items[PostRunCheck] | None = None
    tags: Items[Tag] | None = None
    created_at: str | None = None
    organization_id: str | None = None
    user_id: str | None = None
    includes_input_variables: bool | None = None
    workflow_metadata: dict[str, Any] | None = None
    old_versions: Items[dict[str, Any]] | None = None
    included: Items[dict[str, Any]] | None = None
