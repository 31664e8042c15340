"""The routes of workflows, their versions and their tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from flowdsl.cyberdesk.models.tag import Tag
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.cyberdesk.models.wire_model import ListPage
from flowdsl.cyberdesk.models.workflow import Workflow, WorkflowCreate, WorkflowPatch
from flowdsl.cyberdesk.routes.resource import Resource, redact_model
from flowdsl.cyberdesk.transport import quote_segment


class WorkflowFilter(TypedDict, total=False):
    """The conditions on the workflows of a list.

    `search` matches a part of the id or the name, ignoring case. Times are ISO 8601 in UTC. A
    workflow must have all of `tag_ids`. Tags and checks are filled only when `include` names `tags`
    and `post_run_checks`.
    """

    search: str | None
    created_at_from: str | None
    created_at_to: str | None
    updated_at_from: str | None
    updated_at_to: str | None
    tag_ids: Sequence[str]
    include: Sequence[str]


class Workflows(Resource[Workflow, WorkflowCreate, WorkflowPatch]):
    """The routes below `/v1/workflows`.

    `get` returns a workflow with its tags and checks. It is not known whether the reply to `create`
    contains the checks, so read the workflow again before comparing. Deleting a workflow deletes
    **all its runs and trajectories**.
    """

    path, row, patch = "/v1/workflows", Workflow, WorkflowPatch

    async def list(
        self, *, skip: int = 0, limit: int = 100, **wanted: Unpack[WorkflowFilter]
    ) -> ListPage[Workflow]:
        """One page, newest `updated_at` first."""
        return await self._fetch_page(skip, limit, wanted)

    async def list_all(self, **wanted: Unpack[WorkflowFilter]) -> Sequence[Workflow]:
        """Return every workflow that matches, once, even if rows change (see `walk_all`)."""
        return await self._fetch_all(wanted)

    async def update(
        self, identifier: str, patch: WorkflowPatch | Mapping[str, Any], *, idempotency_key: str
    ) -> Workflow:
        """Like `Editable.update`, but also raises `ValueError` for a patch without fields.

        The service would save a version for such a patch.
        """
        patch = WorkflowPatch.model_validate(patch)
        if not patch.to_wire():
            raise ValueError("a patch without fields is not sent")
        return await super().update(identifier, patch, idempotency_key=idempotency_key)

    async def versions(self, workflow_id: str) -> Sequence[dict[str, Any]]:
        """Return the earlier versions as JSON objects.

        The contract defines neither their content nor their order.
        """
        return (await self._sender.get(self._one(workflow_id, "versions"))).mappings()

    async def duplicate(
        self, workflow_id: str, *, include_trajectories: bool = False, idempotency_key: str
    ) -> Workflow:
        """Duplicate a workflow; return the copy, with "(Copy)" in its name.

        It has the prompt, schemas, checks, settings, tags and images, but no history.
        """
        body = {"include_trajectories": include_trajectories}
        path = self._one(workflow_id, "duplicate")
        return await self._write("POST", path, idempotency_key, body, once=True)

    async def latest_trajectory(self, workflow_id: str) -> Trajectory:
        """Return the workflow's trajectory that was changed last; `NotFound` without one."""
        reply = await self._sender.get(self._one(workflow_id, "latest-trajectory"))
        trajectory = reply.model(Trajectory)
        return redact_model(trajectory, self._sender.secrets_of_runs.of(trajectory.run_id))

    async def tags(self, workflow_id: str) -> Sequence[Tag]:
        """Return the tags of a workflow."""
        return (await self._sender.get(self._one(workflow_id, "tags"))).models(Tag)

    async def add_tags(
        self, workflow_id: str, tag_ids: Sequence[str], *, idempotency_key: str
    ) -> Sequence[Tag]:
        """Add at least one tag; return the tags of the workflow.

        The service removes a tag of the same group.
        """
        body = {"tag_ids": list(tag_ids)}
        path = self._one(workflow_id, "tags")
        return (await self._sender.write("POST", path, idempotency_key, body)).models(Tag)

    async def add_tags_to_many(
        self, workflow_ids: Sequence[str], tag_ids: Sequence[str], *, idempotency_key: str
    ) -> None:
        """Add every tag to every workflow, at least one of each."""
        body = {"workflow_ids": list(workflow_ids), "tag_ids": list(tag_ids)}
        path = f"{self.path}/bulk/tags"
        (await self._sender.write("POST", path, idempotency_key, body)).expect_no_content()

    async def remove_tag(self, workflow_id: str, tag_id: str, *, idempotency_key: str) -> bool:
        """Return True when removed, False when the workflow did not have the tag."""
        path = self._one(workflow_id, "tags", quote_segment(tag_id))
        return await self._sender.delete(path, idempotency_key)
