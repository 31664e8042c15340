"""The tables of the store. A resource is one table here and one module in `routes`.

Times are text in the fixed-width form of `clock.format_time`, so that they sort as text. JSON
columns hold values the emulator never searches.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

SCHEMA_VERSION = 3
APPLICATION_ID = 0x464C4F57
"""The bytes `FLOW` in SQLite's `application_id`, which identify the emulator's files."""

metadata = MetaData()


class SearchedJSON(TypeDecorator[Any]):
    """JSON with a searchable text: characters outside ASCII are not escaped."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: object) -> str | None:
        """Return the text of `value`; NULL for None."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: Any, _dialect: object) -> Any:
        """Parse the value of a text; None for NULL."""
        return None if value is None else json.loads(value)


def _required(kind: Any, *names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, kind, nullable=False) for name in names)


def _optional(kind: Any, *names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, kind) for name in names)


def _key(*names: str) -> tuple[Column[Any], ...]:
    """Return the columns of text that together identify a row."""
    return tuple(Column(name, String, primary_key=True) for name in names)


def _organization_column() -> Column[str]:
    return Column("organization_id", String, nullable=False, index=True)


def _time_columns() -> tuple[Column[Any], ...]:
    return _required(String, "created_at", "updated_at")


def _owner_column(name: str, table: str) -> Column[str]:
    """Return a column with the id of the owning row; deleting the owner deletes the row."""
    return Column(name, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False, index=True)


def _label_columns() -> tuple[Column[Any], ...]:
    """Return the position and display columns that tags and groups have in common."""
    labels = _optional(String, "description", "emoji", "color")
    return *_required(Integer, "position"), *_required(String, "name"), *labels


_NULLABLE_JSON = JSON(none_as_null=True)

store_facts = Table("store_facts", metadata, *_key("name"), *_required(String, "value"))

idempotent_replies = Table(
    "idempotent_replies",
    metadata,
    *_key("organization_id", "key"),
    *_required(Integer, "status"),
    *_optional(String, "media_type"),
    *_required(LargeBinary, "body"),
    *_required(String, "created_at"),
)

workflows = Table(
    "workflows",
    metadata,
    *_key("id"),
    *_required(String, "organization_id", "created_at", "updated_at", "main_prompt"),
    *_optional(String, "name", "input_schema", "output_schema"),
    *_required(Boolean, "includes_file_exports", "is_webhooks_enabled"),
    *_optional(_NULLABLE_JSON, "terminal_command_allowlist", "model_metadata", "workflow_metadata"),
    *_optional(String, "post_run_check_failure_cleanup_prompt"),
    Index("workflows_newest", "organization_id", "updated_at"),
)

workflow_versions = Table(
    "workflow_versions",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    _owner_column("workflow_id", "workflows"),
    *_required(JSON, "content"),
)

post_run_checks = Table(
    "post_run_checks",
    metadata,
    *_key("id"),
    _organization_column(),
    _owner_column("workflow_id", "workflows"),
    *_required(Integer, "position"),
    *_required(JSON, "definition"),
    *_time_columns(),
)

tag_groups = Table(
    "tag_groups",
    metadata,
    *_key("id"),
    _organization_column(),
    *_time_columns(),
    *_label_columns(),
    UniqueConstraint("organization_id", "name"),
)

tags = Table(
    "tags",
    metadata,
    *_key("id"),
    _organization_column(),
    *_time_columns(),
    *_label_columns(),
    Column("group_id", ForeignKey("tag_groups.id", ondelete="SET NULL"), index=True),
    *_required(Boolean, "is_archived"),
    UniqueConstraint("organization_id", "name"),
)

workflow_tags = Table(
    "workflow_tags",
    metadata,
    Column("workflow_id", ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)

model_configurations = Table(
    "model_configurations",
    metadata,
    *_key("id"),
    Column("organization_id", String, index=True),
    *_time_columns(),
    *_required(String, "name"),
    *_required(Boolean, "is_archived"),
    *_required(JSON, "settings"),
    *_optional(String, "api_key_alias"),
)

prompt_images = Table(
    "prompt_images",
    metadata,
    *_key("path"),
    _organization_column(),
    *_required(String, "filename", "content_type", "created_at"),
    *_required(Integer, "size_bytes"),
    *_required(LargeBinary, "content"),
)

machines = Table(
    "machines",
    metadata,
    *_key("id"),
    _organization_column(),
    *_required(String, "created_at", "last_seen", "fingerprint", "unkey_key_id", "status"),
    *_optional(String, "name", "version", "hostname", "os_info"),
    *_required(Boolean, "is_available", "alerts_enabled"),
    *_optional(String, "reserved_session_id", "reserved_until"),
    *_optional(_NULLABLE_JSON, "machine_parameters", "machine_sensitive_parameters"),
)

pools = Table(
    "pools",
    metadata,
    *_key("id"),
    _organization_column(),
    *_time_columns(),
    *_required(String, "name"),
    *_optional(String, "description"),
    *_optional(_NULLABLE_JSON, "pool_parameters", "pool_sensitive_parameters"),
)

pool_machines = Table(
    "pool_machines",
    metadata,
    Column("pool_id", ForeignKey("pools.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "machine_id", ForeignKey("machines.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
)

connections = Table(
    "connections",
    metadata,
    *_key("id"),
    _organization_column(),
    _owner_column("machine_id", "machines"),
    *_required(String, "websocket_id", "connected_at", "last_ping", "status"),
    *_optional(String, "disconnected_at", "ip_address", "user_agent"),
)

trajectories = Table(
    "trajectories",
    metadata,
    *_key("id"),
    _organization_column(),
    _owner_column("workflow_id", "workflows"),
    Column("run_id", ForeignKey("runs.id", ondelete="SET NULL"), index=True),
    *_time_columns(),
    *_optional(String, "name", "description"),
    *_required(Boolean, "is_approved", "has_been_approved", "is_generated", "is_main"),
    *_required(JSON, "trajectory_data", "dimensions"),
    *_optional(_NULLABLE_JSON, "original_input_values"),
)

runs = Table(
    "runs",
    metadata,
    *_key("id"),
    *_required(String, "organization_id", "created_at"),
    *_required(Integer, "position"),
    _owner_column("workflow_id", "workflows"),
    Column("machine_id", ForeignKey("machines.id", ondelete="SET NULL")),
    Column("session_id", String, index=True),
    *_optional(String, "session_alias", "main_prompt"),
    *_optional(Boolean, "release_session_after"),
    *_required(Boolean, "is_priority"),
    *_optional(_NULLABLE_JSON, "model_metadata", "pool_ids", "sensitive_input_aliases", "effects"),
    *_optional(SearchedJSON, "input_values"),
    # When it was last queued, and the number of attempts before that.
    *_required(String, "queued_at"),
    *_required(Integer, "attempt"),
    # The run plan: how long each state takes, and the final values.
    *_optional(Integer, "running_ms", "checking_ms"),
    *_optional(String, "held", "outcome"),
    *_optional(SearchedJSON, "error", "output_data", "run_message_history"),
    *_optional(
        _NULLABLE_JSON, "message_ms", "usage_metadata", "post_run_checks", "output_attachment_ids"
    ),
    # The schedule; NULL means never, as far as is known.
    *_optional(String, "starts_at", "checks_at", "ends_at", "frees_at"),
    # Set once a request has taken over the run from the emulator: then nothing changes by itself.
    *_optional(String, "status"),
    Index("runs_newest", "organization_id", "created_at", "position"),
    Index("runs_by_machine", "machine_id", "frees_at"),
    Index("runs_by_end", "organization_id", "ends_at"),
)

run_attachments = Table(
    "run_attachments",
    metadata,
    *_key("id"),
    _organization_column(),
    _owner_column("run_id", "runs"),
    # In the future for a file that an unfinished run will attach later; `at_ms` is its time in the
    # run plan.
    *_required(String, "created_at"),
    *_optional(Integer, "at_ms"),
    *_required(Integer, "position", "size_bytes"),
    *_required(String, "filename", "content_type", "attachment_type", "storage_path"),
    *_optional(String, "target_path", "expires_at"),
    *_required(Boolean, "cleanup_imports_after_run"),
    *_required(LargeBinary, "content"),
)

provider_credentials = Table(
    "provider_credentials",
    metadata,
    # The parts of a credential that may be shown; the secret is never stored.
    *_key("organization_id", "slot"),
    *_time_columns(),
    *_required(String, "status"),
    *_optional(String, "auth_type", "activated_at", "last_validated_at"),
    *_required(JSON, "display_metadata"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    # The id of the event, the same for every attempt.
    *_key("id"),
    _organization_column(),
    *_required(String, "created_at"),
    *_required(LargeBinary, "body"),
    *_required(Integer, "attempts"),
    # NULL once it was delivered or given up.
    Column("next_attempt_at", String, index=True),
    *_optional(String, "delivered_at"),
)
