"""The tables of the store. A resource is one table here and one module in `routes`.

Times are text in the fixed-width form of `clock.format_time`, so that they sort as text. JSON
columns hold values the emulator never searches.
"""

from __future__ import annotations

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
    UniqueConstraint,
)

SCHEMA_VERSION = 1
APPLICATION_ID = 0x464C4F57
"""The bytes `FLOW` in SQLite's `application_id`: tells our files from other SQLite files."""

metadata = MetaData()


def _id() -> Column[str]:
    return Column("id", String, primary_key=True)


def _organization() -> Column[str]:
    return Column("organization_id", String, nullable=False, index=True)


def _times() -> tuple[Column[str], Column[str]]:
    return Column("created_at", String, nullable=False), Column(
        "updated_at", String, nullable=False
    )


def _json(name: str) -> Column[Any]:
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
    _id(),
    Column("organization_id", String, nullable=False),
    *_times(),
    Column("name", String),
    Column("main_prompt", String, nullable=False),
    Column("input_schema", String),
    Column("output_schema", String),
    Column("includes_file_exports", Boolean, nullable=False),
    Column("is_webhooks_enabled", Boolean, nullable=False),
    _json("terminal_command_allowlist"),
    _json("model_metadata"),
    _json("workflow_metadata"),
    Column("post_run_check_failure_cleanup_prompt", String),
    Index("workflows_newest", "organization_id", "updated_at"),
)

workflow_versions = Table(
    "workflow_versions",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column(
        "workflow_id",
        ForeignKey("workflows.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("content", JSON, nullable=False),
)

post_run_checks = Table(
    "post_run_checks",
    metadata,
    _id(),
    _organization(),
    Column(
        "workflow_id",
        ForeignKey("workflows.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("position", Integer, nullable=False),
    Column("definition", JSON, nullable=False),
    *_times(),
)

tag_groups = Table(
    "tag_groups",
    metadata,
    _id(),
    _organization(),
    *_times(),
    Column("position", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("description", String),
    Column("emoji", String),
    Column("color", String),
    UniqueConstraint("organization_id", "name"),
)

tags = Table(
    "tags",
    metadata,
    _id(),
    _organization(),
    *_times(),
    Column("position", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("description", String),
    Column("emoji", String),
    Column("color", String),
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
    _id(),
    Column("organization_id", String, index=True),
    *_times(),
    Column("name", String, nullable=False),
    Column("is_archived", Boolean, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("api_key_alias", String),
)

prompt_images = Table(
    "prompt_images",
    metadata,
    Column("path", String, primary_key=True),
    _organization(),
    Column("filename", String, nullable=False),
    Column("content_type", String, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", String, nullable=False),
)
