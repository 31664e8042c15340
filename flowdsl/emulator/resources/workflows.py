"""Workflow rows: reading, creating, changing and their history."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, insert, select, update

from flowdsl.emulator.errors import invalid, not_found, refused
from flowdsl.emulator.resources.changes import sent_changes
from flowdsl.emulator.resources.checks import checks_of_workflows, copy_checks, reconcile_checks
from flowdsl.emulator.resources.model_configurations import refuse_unusable_models
from flowdsl.emulator.resources.prompt_images import copy_referenced_images
from flowdsl.emulator.resources.tags import copy_tags, tags_of_workflows
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import trajectories, workflow_versions, workflows
from flowdsl.emulator.wire.models import WorkflowCreate, WorkflowResponse, WorkflowUpdate
from flowdsl.emulator.wire.values import OpenObject

COPY_PREFIX = "(Copy) "
NAME_LIMIT = 255

_INPUT_VARIABLE = re.compile(r"(?<![\\{])\{[A-Za-z_]\w*(?:\.\w+|\[[^\]]*\])*\}(?!\})")

_VERSIONED = (
    "name",
    "main_prompt",
    "input_schema",
    "output_schema",
    "terminal_command_allowlist",
)
"""The columns a version keeps beside the checks (assumption `version-content`)."""

_COPIED = (
    "main_prompt",
    "input_schema",
    "output_schema",
    "includes_file_exports",
    "is_webhooks_enabled",
    "terminal_command_allowlist",
    "model_metadata",
    "post_run_check_failure_cleanup_prompt",
)
"""The columns `duplicate` and `merge` carry over; name and history are not among them."""

_ONE = select(workflows).where(
    workflows.c.id == bindparam("id"),
    workflows.c.organization_id == bindparam("organization_id"),
)
_VERSIONS = (
    select(workflow_versions.c.workflow_id, workflow_versions.c.content)
    .where(workflow_versions.c.workflow_id.in_(bindparam("ids", expanding=True)))
    .order_by(workflow_versions.c.sequence)
)


@dataclass(frozen=True, slots=True)
class Include:
    """Which related rows fill fields of the workflow itself; null where not asked for."""

    tags: bool = True
    post_run_checks: bool = True
    old_versions: bool = True


def workflow_replies(
    transaction: Transaction, rows: Sequence[Row[Any]], include: Include
) -> list[WorkflowResponse]:
    """The replies of `rows`, in their order, with the related rows of `include`."""
    ids = [row.id for row in rows]
    tags = tags_of_workflows(transaction, ids) if include.tags else {}
    checks = checks_of_workflows(transaction, ids) if include.post_run_checks else {}
    versions = _versions_of(transaction, ids) if include.old_versions else {}
    return [
        WorkflowResponse(
            **{name: getattr(row, name) for name in _COPIED},
            id=row.id,
            name=row.name,
            created_at=row.created_at,
            updated_at=row.updated_at,
            organization_id=row.organization_id,
            includes_input_variables=_INPUT_VARIABLE.search(row.main_prompt) is not None,
            workflow_metadata=row.workflow_metadata,
            old_versions=versions.get(row.id),
            tags=tags.get(row.id),
            post_run_checks=checks.get(row.id),
        )
        for row in rows
    ]


def workflow_row(transaction: Transaction, workflow_id: UUID | str) -> Row[Any]:
    """One row; 404 where the organisation has none of this id."""
    row = transaction.connection.execute(
        _ONE, {"id": str(workflow_id), "organization_id": transaction.organization_id}
    ).one_or_none()
    if row is None:
        raise not_found("workflow", workflow_id)
    return row


def get_workflow(
    transaction: Transaction, workflow_id: UUID | str, include: Include | None = None
) -> WorkflowResponse:
    """One workflow with everything that belongs to it, or with what `include` names."""
    row = workflow_row(transaction, workflow_id)
    return workflow_replies(transaction, [row], include or Include())[0]


def workflow_versions_of(transaction: Transaction, workflow_id: UUID) -> list[OpenObject]:
    """The earlier states, oldest first (assumption `version-content`)."""
    row = workflow_row(transaction, workflow_id)
    return _versions_of(transaction, [row.id])[row.id]


def create_workflow(transaction: Transaction, body: WorkflowCreate) -> WorkflowResponse:
    """A new workflow; 422 for an unusable model or an input schema that is no JSON.

    Names need not be unique.
    """
    _refuse_unusable(transaction, body)
    identifier = transaction.new_id()
    values = body.model_dump(mode="json", exclude={"post_run_checks"})
    _insert_workflow(transaction, identifier, values)
    reconcile_checks(transaction, identifier, body.post_run_checks or [])
    return get_workflow(transaction, identifier)


def update_workflow(
    transaction: Transaction, workflow_id: UUID, body: WorkflowUpdate
) -> WorkflowResponse:
    """The workflow with the keys sent changed, its earlier state in the history.

    Absent keys stay. Null clears, but for `main_prompt` (422), for the two booleans
    (`null-boolean`) and for the checks (`null-checks`), which it leaves as they are. 422 for what
    `create_workflow` refuses, too.
    """
    row = workflow_row(transaction, workflow_id)
    _refuse_unusable(transaction, body)
    changes = sent_changes(
        body,
        required=("main_prompt",),
        keep_on_null=("includes_file_exports", "is_webhooks_enabled"),
    )
    changes.pop("post_run_checks", None)
    if "workflow_metadata" in changes:
        changes["workflow_metadata"] = _merged_metadata(row.workflow_metadata, body)
    _push_version(transaction, row)
    transaction.connection.execute(
        update(workflows)
        .where(workflows.c.id == row.id)
        .values(updated_at=transaction.now, **changes)
    )
    if body.post_run_checks is not None:
        reconcile_checks(transaction, row.id, body.post_run_checks)
    return get_workflow(transaction, workflow_id)


def delete_workflow(transaction: Transaction, workflow_id: UUID | str) -> None:
    """Removes the workflow and every row that belongs to it; there is no way back."""
    row = workflow_row(transaction, workflow_id)
    transaction.connection.execute(delete(workflows).where(workflows.c.id == row.id))


def duplicate_workflow(
    transaction: Transaction, workflow_id: UUID, *, with_trajectories: bool
) -> WorkflowResponse:
    """A copy with its own checks and prompt images, the same tags, and no history."""
    row = workflow_row(transaction, workflow_id)
    identifier = transaction.new_id()
    values = {name: getattr(row, name) for name in _COPIED}
    values["main_prompt"] = copy_referenced_images(transaction, row.main_prompt)
    values["name"] = (COPY_PREFIX + (row.name or ""))[:NAME_LIMIT].strip()
    _insert_workflow(transaction, identifier, values)
    copy_checks(transaction, row.id, identifier)
    copy_tags(transaction, row.id, identifier)
    if with_trajectories:
        copy_trajectories(transaction, row.id, identifier)
    return get_workflow(transaction, identifier)


def merge_workflow(
    transaction: Transaction, source_id: UUID, target_id: UUID, *, with_trajectories: bool
) -> WorkflowResponse:
    """The target with the source's content and its own name; the source is gone.

    The service deletes the source a little later; here it goes at once (assumption
    `merge-deletes-at-once`).
    """
    source = workflow_row(transaction, source_id)
    target = workflow_row(transaction, target_id)
    if source.id == target.id:
        raise refused("a workflow cannot be merged into itself")
    _push_version(transaction, target)
    transaction.connection.execute(
        update(workflows)
        .where(workflows.c.id == target.id)
        .values(updated_at=transaction.now, **{name: getattr(source, name) for name in _COPIED})
    )
    copy_checks(transaction, source.id, target.id)
    copy_tags(transaction, source.id, target.id)
    if with_trajectories:
        copy_trajectories(transaction, source.id, target.id)
    delete_workflow(transaction, source.id)
    return get_workflow(transaction, target_id)


def _refuse_unusable(transaction: Transaction, body: WorkflowCreate | WorkflowUpdate) -> None:
    """422 for a model that no agent may use and for an `input_schema` that is no JSON."""
    refuse_unusable_models(transaction, body.model_metadata, ("body", "model_metadata"))
    if body.input_schema is not None:
        try:
            json.loads(body.input_schema)
        except (ValueError, RecursionError) as error:
            message = f"`input_schema` is no JSON: {error}"
            raise invalid(("body", "input_schema"), message, "json_invalid") from None


def _insert_workflow(transaction: Transaction, identifier: str, values: dict[str, Any]) -> None:
    transaction.connection.execute(
        insert(workflows).values(
            id=identifier,
            organization_id=transaction.organization_id,
            created_at=transaction.now,
            updated_at=transaction.now,
            **values,
        )
    )


def _merged_metadata(current: dict[str, Any] | None, body: WorkflowUpdate) -> dict[str, Any] | None:
    """The metadata after a change, merged key by key.

    A null key is removed, and a null object clears all (SDK model `WorkflowUpdate`).
    """
    if body.workflow_metadata is None:
        return None
    sent = body.workflow_metadata.model_dump(mode="json", exclude_unset=True)
    merged = {**(current or {}), **sent}
    return {name: value for name, value in merged.items() if value is not None} or None


def _push_version(transaction: Transaction, row: Row[Any]) -> None:
    checks = checks_of_workflows(transaction, [row.id])[row.id]
    content = {name: getattr(row, name) for name in _VERSIONED}
    content["post_run_checks"] = [check.model_dump(mode="json") for check in checks]
    content["updated_at"] = row.updated_at
    transaction.connection.execute(
        insert(workflow_versions).values(workflow_id=row.id, content=content)
    )


def _versions_of(
    transaction: Transaction, workflow_ids: Sequence[str]
) -> dict[str, list[OpenObject]]:
    result: dict[str, list[OpenObject]] = {item: [] for item in workflow_ids}
    for row in transaction.connection.execute(_VERSIONS, {"ids": workflow_ids}):
        result[row.workflow_id].append(row.content)
    return result


def copy_trajectories(transaction: Transaction, source_id: str, target_id: str) -> None:
    """Copies the generated trajectories of one workflow to another, oldest first.

    They keep their approval and stop being main (assumption `copied-trajectories`).
    """
    rows = transaction.connection.execute(
        select(trajectories)
        .where(trajectories.c.workflow_id == source_id, trajectories.c.is_generated)
        .order_by(trajectories.c.created_at, trajectories.c.id)
    ).all()
    for row in rows:
        values = {
            **row._mapping,
            "id": transaction.new_id(),
            "workflow_id": target_id,
            "run_id": None,
            "is_main": False,
            "created_at": transaction.now,
            "updated_at": transaction.now,
        }
        transaction.connection.execute(insert(trajectories).values(values))
