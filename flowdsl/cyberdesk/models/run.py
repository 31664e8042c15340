"""Runs of workflows: single ones, in bulk, and chains. Fields and limits: SDK 2.2.69."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import Items, ReadModel, UuidText, WriteModel
from flowdsl.cyberdesk.models.workflow import ModelMetadata, Prompt

TERMINAL_STATUSES = frozenset({"success", "task_failed", "error", "cancelled"})
"""The statuses of runs that have ended.

Any other status, known or unknown, means that the run has not ended.
"""

RunField = Literal[
    "ended_at",
    "error",
    "input_attachment_ids",
    "input_values",
    "is_priority",
    "machine_id",
    "main_prompt",
    "model_metadata",
    "organization_id",
    "output_attachment_ids",
    "output_data",
    "pool_ids",
    "post_run_checks",
    "release_session_after",
    "run_message_history",
    "sensitive_input_aliases",
    "session_alias",
    "session_id",
    "started_at",
    "usage_metadata",
    "user_id",
]
"""Fields that a list of runs may be limited to.

Id, workflow, machine, status and creation time are always included.
"""

Secrets = dict[str, Any]


class FileInput(WriteModel):
    """A file for a run.

    `content` is base64. Without `target_path` the file is put into the machine's transfer folder.
    """

    filename: str
    content: str = Field(repr=False)
    target_path: str | None = None
    cleanup_imports_after_run: bool = False


class _RunStart(WriteModel):
    workflow_id: UuidText
    machine_id: UuidText | None = None
    pool_ids: list[UuidText] | None = None
    session_id: UuidText | None = None
    start_session: bool | None = None
    is_priority: bool = False
    input_values: dict[str, Any] | None = None
    sensitive_input_values: Secrets | None = Field(default=None, repr=False)
    file_inputs: list[FileInput] | None = None


class RunCreate(_RunStart):
    """The body of `POST /v1/runs`.

    `session_id` overrides `machine_id`, which overrides `pool_ids`; a machine must be in all of
    these pools. `main_prompt` and the models apply to this run only.
    """

    session_alias: str | None = None
    release_session_after: bool | None = None
    main_prompt: Prompt | None = None
    main_agent_model_id: UuidText | None = None
    model_metadata: ModelMetadata | None = None


class RunBulkCreate(_RunStart):
    """The body of `POST /v1/runs/bulk`: `count` runs with the same inputs."""

    count: int = Field(ge=1, le=1000)


class ChainStep(WriteModel):
    """One run of a chain.

    A value of `inputs` may be `{"$ref": "alias.outputs.path"}` for an output of an earlier step.
    """

    workflow_id: UuidText
    session_alias: str | None = None
    inputs: dict[str, Any] | None = None
    sensitive_inputs: Secrets | None = Field(default=None, repr=False)


class ChainCreate(WriteModel):
    """The body of `POST /v1/runs/chain`: runs one after the other in one session."""

    steps: list[ChainStep] = Field(min_length=1)
    shared_inputs: dict[str, Any] | None = None
    shared_sensitive_inputs: Secrets | None = Field(default=None, repr=False)
    shared_file_inputs: list[FileInput] | None = None
    keep_session_after_completion: bool | None = None
    machine_id: UuidText | None = None
    pool_ids: list[UuidText] | None = None
    session_id: UuidText | None = None
    is_priority: bool = False


class RunRetry(WriteModel):
    """The body of `POST /v1/runs/{id}/retry`: an absent field is unchanged.

    The service deletes the secrets of a run when it ends, so they are sent again.
    """

    input_values: dict[str, Any] | None = None
    sensitive_input_values: Secrets | None = Field(default=None, repr=False)
    file_inputs: list[FileInput] | None = None
    machine_id: UuidText | None = None
    pool_ids: list[UuidText] | None = None
    reuse_session: bool | None = None
    session_id: UuidText | None = None
    start_session: bool | None = None
    session_alias: str | None = None
    release_session_after: bool | None = None
    is_priority: bool | None = None


class RunPatch(WriteModel):
    """The body of `PATCH /v1/runs/{id}`, without the fields that a worker of the service writes.

    Those report what a run did and how it ended.
    """

    never_sent: ClassVar[frozenset[str]] = frozenset(
        {
            "error",
            "output_data",
            "output_attachment_ids",
            "run_message_history",
            "usage_metadata",
            "post_run_checks",
            "started_at",
            "ended_at",
        }
    )

    status: Literal["cancelled"] = "cancelled"
    input_values: dict[str, Any] | None = None
    release_session_after: bool | None = None


class RunCheck(ReadModel):
    """A post-run check as it was when the run began, with its result."""

    status: str
    name: str | None = None
    type: str | None = None
    error_message: str | None = None
    messages: Items[str] | None = None
    matched_filenames: Items[str] | None = None
    id: str | None = None
    post_run_check_id: str | None = None
    order: int | None = None
    started_at: str | None = None
    ended_at: str | None = None


class Run(ReadModel):
    """A run. In a list with `fields`, a field that was not requested is absent."""

    id: str
    status: str
    workflow_id: str | None = None
    machine_id: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    error: Items[str] | None = None
    input_values: dict[str, Any] | None = None
    sensitive_input_aliases: dict[str, Any] | None = None
    output_data: dict[str, Any] | None = None
    input_attachment_ids: Items[str] | None = None
    output_attachment_ids: Items[str] | None = None
    run_message_history: Items[dict[str, Any]] | None = None
    post_run_checks: Items[RunCheck] | None = None
    usage_metadata: dict[str, Any] | None = None
    main_prompt: str | None = None
    model_metadata: dict[str, Any] | None = None
    pool_ids: Items[str] | None = None
    session_id: str | None = None
    session_alias: str | None = None
    release_session_after: bool | None = None
    is_priority: bool | None = None
    organization_id: str | None = None
    user_id: str | None = None
    included: Items[dict[str, Any]] | None = None

    @property
    def is_live(self) -> bool:
        """Whether the run has not ended; True also for a status that this client does not know."""
        return self.status not in TERMINAL_STATUSES


class BulkCreated(ReadModel):
    """The reply to a bulk creation.

    It is a success even when some runs failed, as `failed_count` and `errors` show.
    """

    created_runs: Items[Run]
    failed_count: int = 0
    errors: Items[str] = Field(default_factory=list)


class ChainStarted(ReadModel):
    """The reply to the creation of a chain.

    It is a success even when its runs could not be dispatched, as their statuses show.
    """

    session_id: str
    run_ids: Items[str]
