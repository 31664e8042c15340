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


def _id_column() -> Column[str]:
    return Column("id", String, primary_key=True)


def _organization_column() -> Column[str]:
    return Column("organization_id", String, nullable=False, index=True)


def _time_columns() -> tuple[Column[str], Column[str]]:
    return Column("created_at", String, nullable=False), Column(
        "updated_at", String, nullable=False
    )


def _owner_column(name: str, table: str) -> Column[str]:
    """Return a column with the id of the owning row; deleting the owner deletes the row."""
    return Column(name, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False, index=True)


def _label_columns() -> tuple[Column[Any], ...]:
    """Return the position and display columns that tags and groups have in common."""
    texts = (Column(name, String) for name in ("description", "emoji", "color"))
    position = Column("position", Integer, nullable=False)
    return position, Column("name", String, nullable=False), *texts


def _json_column(name: str) -> Column[Any]:
    return Column(name, JSON(none_as_null=True))


store_facts = Table(
    "store_facts",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

idempotent_replies = Table(
    "idempotent_replies",
    metadata,
    Column("organization_id", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("media_type", String),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", String, nullable=False),
)

workflows = Table(
    "workflows",
    metadata,
    _id_column(),
    Column("organization_id", String, nullable=False),
    *_time_columns(),
    Column("name", String),
    Column("main_prompt", String, nullable=False),
    Column("input_schema", String),
    Column("output_schema", String),
    Column("includes_file_exports", Boolean, nullable=False),
    Column("is_webhooks_enabled", Boolean, nullable=False),
    _json_column("terminal_command_allowlist"),
    _json_column("model_metadata"),
    _json_column("workflow_metadata"),
    Column("post_run_check_failure_cleanup_prompt", String),
    Index("workflows_newest", "organization_id", "updated_at"),
)

workflow_versions = Table(
    "workflow_versions",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    _owner_column("workflow_id", "workflows"),
    Column("content", JSON, nullable=False),
)

post_run_checks = Table(
    "post_run_checks",
    metadata,
    _id_column(),
    _organization_column(),
    _owner_column("workflow_id", "workflows"),
    Column("position", Integer, nullable=False),
    Column("definition", JSON, nullable=False),
    *_time_columns(),
)

tag_groups = Table(
    "tag_groups",
    metadata,
    _id_column(),
    _organization_column(),
    *_time_columns(),
    *_label_columns(),
    UniqueConstraint("organization_id", "name"),
)

tags = Table(
    "tags",
    metadata,
    _id_column(),
    _organization_column(),
    *_time_columns(),
    *_label_columns(),
    Column("group_id", ForeignKey("tag_groups.id", ondelete="SET NULL"), index=True),
    Column("is_archived", Boolean, nullable=False),
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
    _id_column(),
    Column("organization_id", String, index=True),
    *_time_columns(),
    Column("name", String, nullable=False),
    Column("is_archived", Boolean, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("api_key_alias", String),
)

prompt_images = Table(
    "prompt_images",
    metadata,
    Column("path", String, primary_key=True),
    _organization_column(),
    Column("filename", String, nullable=False),
    Column("content_type", String, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", String, nullable=False),
)

machines = Table(
    "machines",
    metadata,
    _id_column(),
    _organization_column(),
    Column("created_at", String, nullable=False),
    Column("last_seen", String, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("unkey_key_id", String, nullable=False),
    Column("name", String),
    Column("version", String),
    Column("hostname", String),
    Column("os_info", String),
    Column("status", String, nullable=False),
    Column("is_available", Boolean, nullable=False),
    Column("alerts_enabled", Boolean, nullable=False),
    Column("reserved_session_id", String),
    Column("reserved_until", String),
    _json_column("machine_parameters"),
    _json_column("machine_sensitive_parameters"),
)

pools = Table(
    "pools",
    metadata,
    _id_column(),
    _organization_column(),
    *_time_columns(),
    Column("name", String, nullable=False),
    Column("description", String),
    _json_column("pool_parameters"),
    _json_column("pool_sensitive_parameters"),
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
    _id_column(),
    _organization_column(),
    _owner_column("machine_id", "machines"),
    Column("websocket_id", String, nullable=False),
    Column("connected_at", String, nullable=False),
    Column("disconnected_at", String),
    Column("last_ping", String, nullable=False),
    Column("status", String, nullable=False),
    Column("ip_address", String),
    Column("user_agent", String),
)

trajectories = Table(
    "trajectories",
    metadata,
    _id_column(),
    _organization_column(),
    _owner_column("workflow_id", "workflows"),
    Column("run_id", ForeignKey("runs.id", ondelete="SET NULL"), index=True),
    *_time_columns(),
    Column("name", String),
    Column("description", String),
    Column("is_approved", Boolean, nullable=False),
    Column("has_been_approved", Boolean, nullable=False),
    Column("is_generated", Boolean, nullable=False),
    Column("is_main", Boolean, nullable=False),
    Column("trajectory_data", JSON, nullable=False),
    Column("dimensions", JSON, nullable=False),
    _json_column("original_input_values"),
)

runs = Table(
    "runs",
    metadata,
    _id_column(),
    Column("organization_id", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("position", Integer, nullable=False),
    _owner_column("workflow_id", "workflows"),
    Column("machine_id", ForeignKey("machines.id", ondelete="SET NULL")),
    Column("session_id", String, index=True),
    Column("session_alias", String),
    Column("release_session_after", Boolean),
    Column("is_priority", Boolean, nullable=False),
    Column("main_prompt", String),
    _json_column("model_metadata"),
    _json_column("pool_ids"),
    Column("input_values", SearchedJSON),
    _json_column("sensitive_input_aliases"),
    _json_column("effects"),
    # When it was last queued, and the number of attempts before that.
    Column("queued_at", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    # The run plan: how long each state takes, and the final values.
    Column("running_ms", Integer),
    Column("checking_ms", Integer),
    Column("held", String),
    Column("outcome", String),
    Column("error", SearchedJSON),
    Column("output_data", SearchedJSON),
    Column("run_message_history", SearchedJSON),
    _json_column("message_ms"),
    _json_column("usage_metadata"),
    _json_column("post_run_checks"),
    _json_column("output_attachment_ids"),
    # The schedule; NULL means never, as far as is known.
    Column("starts_at", String),
    Column("checks_at", String),
    Column("ends_at", String),
    Column("frees_at", String),
    # Set once a request has taken over the run from the emulator: then nothing changes by itself.
    Column("status", String),
    Index("runs_newest", "organization_id", "created_at", "position"),
    Index("runs_by_machine", "machine_id", "frees_at"),
    Index("runs_by_end", "organization_id", "ends_at"),
)

run_attachments = Table(
    "run_attachments",
    metadata,
    _id_column(),
    _organization_column(),
    _owner_column("run_id", "runs"),
    # In the future for a file that an unfinished run will attach later; `at_ms` is its time in the
    # run plan.
    Column("created_at", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("at_ms", Integer),
    Column("filename", String, nullable=False),
    Column("content_type", String, nullable=False),
    Column("attachment_type", String, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("storage_path", String, nullable=False),
    Column("target_path", String),
    Column("cleanup_imports_after_run", Boolean, nullable=False),
    Column("expires_at", String),
    Column("content", LargeBinary, nullable=False),
)

provider_credentials = Table(
    "provider_credentials",
    metadata,
    # The parts of a credential that may be shown; the secret is never stored.
    Column("organization_id", String, primary_key=True),
    Column("slot", String, primary_key=True),
    *_time_columns(),
    Column("status", String, nullable=False),
    Column("auth_type", String),
    Column("display_metadata", JSON, nullable=False),
    Column("activated_at", String),
    Column("last_validated_at", String),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    # The id of the event, the same for every attempt.
    _id_column(),
    _organization_column(),
    Column("created_at", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    # NULL once it was delivered or given up.
    Column("next_attempt_at", String, index=True),
    Column("delivered_at", String),
)
