"""`/v1/workflows`: workflows, their versions and their tags."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import Row, bindparam, insert, select

from flowdsl.emulator.errors import invalid_request, refused
from flowdsl.emulator.resources.checks import checks_of_workflows, copy_checks, reconcile_checks
from flowdsl.emulator.resources.model_configurations import refuse_unusable_models
from flowdsl.emulator.resources.prompt_images import copy_referenced_images
from flowdsl.emulator.resources.rows import (
    Resource,
    conditions_for_needle,
    conditions_of,
    include_names,
)
from flowdsl.emulator.resources.tags import add_tags, copy_tags, remove_tag, tags_of_workflows
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import trajectories, workflow_tags, workflow_versions, workflows
from flowdsl.emulator.wire.models import (
    AddTagsRequest,
    BulkAddTagsRequest,
    PaginatedResponseWithIncludesWorkflowResponse,
    WorkflowCreate,
    WorkflowDuplicateRequest,
    WorkflowMergeRequest,
    WorkflowResponse,
    WorkflowResponseWithIncludes,
    WorkflowTagResponse,
    WorkflowUpdate,
)
from flowdsl.emulator.wire.values import OpenObject, Paging

router = APIRouter(prefix="/v1/workflows", tags=["Workflows"], route_class=StoreRoute)

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
"""The columns that a version stores besides the checks (assumption `version-content`)."""

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

WORKFLOWS = Resource(
    kind="workflow",
    table=workflows,
    reply=WorkflowResponse,
    order=(workflows.c.updated_at.desc(), workflows.c.id),
    required=("main_prompt",),
    kept_on_null=("includes_file_exports", "is_webhooks_enabled"),
)
_VERSIONS = (
    select(workflow_versions.c.workflow_id, workflow_versions.c.content)
    .where(workflow_versions.c.workflow_id.in_(bindparam("ids", expanding=True)))
    .order_by(workflow_versions.c.sequence)
)


@dataclass(frozen=True, slots=True)
class Include:
    """Which related rows fill fields of the workflow itself; the other fields are null."""

    tags: bool = True
    post_run_checks: bool = True
    old_versions: bool = True


class WorkflowFilter(Paging):
    """Conditions and contents of a list of workflows; `tag_ids` is comma-separated."""

    search: str | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
    updated_at_from: datetime | None = None
    updated_at_to: datetime | None = None
    tag_ids: str | None = None
    include_tags: bool = False
    include: str | None = None


@router.get("")
async def list_workflows(
    transaction: Current, wanted: Annotated[WorkflowFilter, Query()]
) -> PaginatedResponseWithIncludesWorkflowResponse:
    """One page, newest `updated_at` first; `include` wins over `include_tags`."""
    conditions = conditions_of(workflows, wanted)
    conditions += conditions_for_needle(wanted.search, workflows.c.id, workflows.c.name)
    for tag_id in _parse_tag_ids(wanted.tag_ids):
        holders = select(workflow_tags.c.workflow_id).where(workflow_tags.c.tag_id == str(tag_id))
        conditions.append(workflows.c.id.in_(holders))
    rows, total = WORKFLOWS.page(transaction, wanted, *conditions)
    legacy = "tags" if wanted.include_tags else None
    tokens = include_names(legacy if wanted.include is None else wanted.include)
    # A page does not include the history (assumption `list-without-history`).
    shown = Include("tags" in tokens, "post_run_checks" in tokens, old_versions=False)
    items = workflow_replies(transaction, rows, shown)
    return PaginatedResponseWithIncludesWorkflowResponse.of(wanted, items, total)


@router.post("", status_code=201, name="create_workflow")
async def create(transaction: Current, body: WorkflowCreate) -> WorkflowResponse:
    """Makes a workflow; only `main_prompt` is required."""
    return create_workflow(transaction, body)


@router.get("/{workflow_id}", name="get_workflow")
async def get(
    transaction: Current, workflow_id: UUID, include: str | None = None
) -> WorkflowResponseWithIncludes:
    """One workflow; without `include`, with its tags and checks."""
    tokens = include_names("tags,post_run_checks" if include is None else include)
    shown = Include("tags" in tokens, "post_run_checks" in tokens)
    reply = get_workflow(transaction, workflow_id, shown)
    return WorkflowResponseWithIncludes(**dict(reply))


@router.patch("/{workflow_id}")
async def update_workflow(
    transaction: Current, workflow_id: UUID, body: WorkflowUpdate
) -> WorkflowResponse:
    """The workflow with the keys sent changed, its earlier state in the history.

    Absent keys stay. Null clears, but for `main_prompt` (422), for the two booleans
    (`null-boolean`) and for the checks (`null-checks`), which it leaves as they are. 422 for what
    `create_workflow` refuses, too.
    """
    row = WORKFLOWS.row(transaction, workflow_id)
    _refuse_unusable(transaction, body)
    changes = WORKFLOWS.changes(transaction, body)
    changes.pop("post_run_checks", None)
    if "workflow_metadata" in changes:
        changes["workflow_metadata"] = _merge_metadata(row.workflow_metadata, body)
    _push_version(transaction, row)
    WORKFLOWS.change(transaction, row.id, **changes)
    if body.post_run_checks is not None:
        reconcile_checks(transaction, row.id, body.post_run_checks)
    return get_workflow(transaction, workflow_id)


@router.get("/{workflow_id}/versions")
async def get_workflow_versions(transaction: Current, workflow_id: UUID) -> list[OpenObject]:
    """The earlier states, oldest first (assumption `version-content`)."""
    row = WORKFLOWS.row(transaction, workflow_id)
    return _versions_of(transaction, [row.id])[row.id]


@router.post("/{workflow_id}/duplicate", status_code=201)
async def duplicate_workflow(
    transaction: Current, workflow_id: UUID, body: WorkflowDuplicateRequest | None = None
) -> WorkflowResponse:
    """A copy with its own checks and prompt images, the same tags, and no history.

    Its generated trajectories are copied when that is asked.
    """
    row = WORKFLOWS.row(transaction, workflow_id)
    values = {name: getattr(row, name) for name in _COPIED}
    values["main_prompt"] = copy_referenced_images(transaction, row.main_prompt)
    values["name"] = (COPY_PREFIX + (row.name or ""))[:NAME_LIMIT].strip()
    identifier = WORKFLOWS.insert(transaction, **values)
    copy_checks(transaction, row.id, identifier)
    copy_tags(transaction, row.id, identifier)
    if body is not None and body.include_trajectories:
        copy_trajectories(transaction, row.id, identifier)
    return get_workflow(transaction, identifier)


@router.post("/{workflow_id}/merge")
async def merge_workflow(
    transaction: Current, workflow_id: UUID, body: WorkflowMergeRequest
) -> WorkflowResponse:
    """The target with this workflow's content and its own name; this workflow is gone.

    The service deletes it a little later; here it goes at once (assumption
    `merge-deletes-at-once`).
    """
    source = WORKFLOWS.row(transaction, workflow_id)
    target = WORKFLOWS.row(transaction, body.target_workflow_id)
    if source.id == target.id:
        raise refused("a workflow cannot be merged into itself")
    _push_version(transaction, target)
    content = {name: getattr(source, name) for name in _COPIED}
    WORKFLOWS.change(transaction, target.id, **content)
    copy_checks(transaction, source.id, target.id)
    copy_tags(transaction, source.id, target.id)
    if body.copy_trajectories:
        copy_trajectories(transaction, source.id, target.id)
    WORKFLOWS.delete(transaction, source.id)
    return get_workflow(transaction, body.target_workflow_id)


@router.post("/bulk/tags", status_code=204)
async def bulk_add_tags_to_workflows(transaction: Current, body: BulkAddTagsRequest) -> None:
    """Adds all the tags to all the workflows, or none."""
    for workflow_id in body.workflow_ids:
        row = WORKFLOWS.row(transaction, workflow_id)
        add_tags(transaction, row.id, body.tag_ids)


@router.get("/{workflow_id}/tags")
async def get_workflow_tags(transaction: Current, workflow_id: UUID) -> list[WorkflowTagResponse]:
    """The tags of a workflow."""
    row = WORKFLOWS.row(transaction, workflow_id)
    return tags_of_workflows(transaction, [row.id])[row.id]


@router.post("/{workflow_id}/tags")
async def add_tags_to_workflow(
    transaction: Current, workflow_id: UUID, body: AddTagsRequest
) -> list[WorkflowTagResponse]:
    """Adds tags and returns all the workflow has then."""
    row = WORKFLOWS.row(transaction, workflow_id)
    add_tags(transaction, row.id, body.tag_ids)
    return tags_of_workflows(transaction, [row.id])[row.id]


@router.delete("/{workflow_id}/tags/{tag_id}", status_code=204)
async def remove_tag_from_workflow(transaction: Current, workflow_id: UUID, tag_id: UUID) -> None:
    """Takes one tag off a workflow."""
    row = WORKFLOWS.row(transaction, workflow_id)
    remove_tag(transaction, row.id, tag_id)


def workflow_replies(
    transaction: Transaction, rows: Sequence[Row[Any]], include: Include
) -> list[WorkflowResponse]:
    """Return the replies for `rows`, in order, with the related rows of `include`."""
    ids = [row.id for row in rows]
    tags = tags_of_workflows(transaction, ids) if include.tags else {}
    checks = checks_of_workflows(transaction, ids) if include.post_run_checks else {}
    versions = _versions_of(transaction, ids) if include.old_versions else {}
    return [
        WORKFLOWS.show(
            row,
            includes_input_variables=_INPUT_VARIABLE.search(row.main_prompt) is not None,
            old_versions=versions.get(row.id),
            tags=tags.get(row.id),
            post_run_checks=checks.get(row.id),
        )
        for row in rows
    ]


def get_workflow(
    transaction: Transaction, workflow_id: UUID | str, include: Include | None = None
) -> WorkflowResponse:
    """Return one workflow with everything that belongs to it, or with what `include` names."""
    row = WORKFLOWS.row(transaction, workflow_id)
    return workflow_replies(transaction, [row], include or Include())[0]


def create_workflow(transaction: Transaction, body: WorkflowCreate) -> WorkflowResponse:
    """Create a workflow; 422 for an unusable model or an input schema that is not JSON.

    Names need not be unique.
    """
    _refuse_unusable(transaction, body)
    values = body.model_dump(mode="json", exclude={"post_run_checks"})
    identifier = WORKFLOWS.insert(transaction, **values)
    reconcile_checks(transaction, identifier, body.post_run_checks or [])
    return get_workflow(transaction, identifier)


def _parse_tag_ids(text: str | None) -> list[UUID]:
    """Parse a comma-separated list of ids; 422 for one that is not a UUID."""
    ids = []
    for item in filter(None, map(str.strip, (text or "").split(","))):
        try:
            ids.append(UUID(item))
        except ValueError:
            place = ("query", "tag_ids")
            raise invalid_request(place, f"`{item}` is not a UUID", "uuid_parsing") from None
    return ids


def _refuse_unusable(transaction: Transaction, body: WorkflowCreate | WorkflowUpdate) -> None:
    """Raise a 422 for a model that no agent may use, or an `input_schema` that is not JSON."""
    refuse_unusable_models(transaction, body.model_metadata, ("body", "model_metadata"))
    if body.input_schema is not None:
        try:
            json.loads(body.input_schema)
        except (ValueError, RecursionError) as error:
            message = f"`input_schema` is no JSON: {error}"
            raise invalid_request(("body", "input_schema"), message, "json_invalid") from None


def _merge_metadata(current: dict[str, Any] | None, body: WorkflowUpdate) -> dict[str, Any] | None:
    """Merge the metadata of an update into the current metadata, key by key.

    A null key is removed, and a null object clears everything (SDK model `WorkflowUpdate`).
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
    """Copy the generated trajectories of one workflow to another, oldest first.

    The copies stay approved but are not main (assumption `copied-trajectories`).
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
