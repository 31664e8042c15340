"""The routes of workflows, their versions and their tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.tag import Tag
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.cyberdesk.models.workflow import Workflow, WorkflowCreate, WorkflowPage, WorkflowPatch
from flowdsl.cyberdesk.paging import walk_all
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.routes.told import redacted_model
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/workflows"


class Workflows:
    """The routes below `/v1/workflows`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self,
        *,
        skip: int = 0,
        limit: int = 100,
        search: str | None = None,
        created_at_from: str | None = None,
        created_at_to: str | None = None,
        updated_at_from: str | None = None,
        updated_at_to: str | None = None,
        tag_ids: Sequence[str] = (),
        include: Sequence[str] = (),
    ) -> WorkflowPage:
        """One page, newest `updated_at` first.

        `search` is a part of the id or the name, without case. Times are ISO 8601 in UTC. A
        workflow must have all of `tag_ids`. Tags and checks are filled only when `include` names
        `tags` and `post_run_checks`.
        """
        params = chosen(
            skip=skip,
            limit=limit,
            search=search,
            created_at_from=created_at_from,
            created_at_to=created_at_to,
            updated_at_from=updated_at_from,
            updated_at_to=updated_at_to,
            tag_ids=",".join(tag_ids) or None,
            include=include,
        )
        return (await self._sender.get(_PATH, params)).model(WorkflowPage)

    async def list_all(
        self,
        *,
        search: str | None = None,
        created_at_from: str | None = None,
        tag_ids: Sequence[str] = (),
        include: Sequence[str] = (),
    ) -> Sequence[Workflow]:
        """Every workflow that matches, once, whatever is edited meanwhile (see `walk_all`).

        Arguments as in `list`.
        """
        return await walk_all(
            lambda skip: self.list(
                skip=skip,
                limit=LIST_LIMIT,
                search=search,
                created_at_from=created_at_from,
                tag_ids=tag_ids,
                include=include,
            ),
            "workflows",
        )

    async def get(self, workflow_id: str) -> Workflow:
        """The workflow with its tags and checks."""
        return (await self._sender.get(_one(workflow_id))).model(Workflow)

    async def create(
        self, workflow: WorkflowCreate, *, idempotency_key: str, once: bool = False
    ) -> Workflow:
        """The new workflow; `once` is that of `Sender.write`.

        Whether the reply has the checks is not known, so read the workflow again before comparing.
        """
        body = workflow.to_wire()
        reply = await self._sender.write("POST", _PATH, idempotency_key, body, once=once)
        return reply.model(Workflow)

    async def update(
        self,
        workflow_id: str,
        patch: WorkflowPatch | Mapping[str, Any],
        *,
        idempotency_key: str,
    ) -> Workflow:
        """The workflow after the change; in `patch` an absent field stays and None clears.

        Raises `ValueError` for a patch without fields, which would still push a version, and for
        fields or values that `WorkflowPatch` does not take.
        """
        body = WorkflowPatch.model_validate(patch).to_wire()
        if not body:
            raise ValueError("a patch without fields is not sent")
        reply = await self._sender.write("PATCH", _one(workflow_id), idempotency_key, body)
        return reply.model(Workflow)

    async def delete(self, workflow_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, with **all its runs and trajectories**; False when already gone."""
        return await self._sender.delete(_one(workflow_id), idempotency_key)

    async def versions(self, workflow_id: str) -> Sequence[dict[str, Any]]:
        """Earlier versions as JSON objects.

        The contract gives neither their content nor their order.
        """
        return (await self._sender.get(f"{_one(workflow_id)}/versions")).mappings()

    async def duplicate(
        self, workflow_id: str, *, include_trajectories: bool = False, idempotency_key: str
    ) -> Workflow:
        """The copy, with "(Copy)" in its name.

        It has the prompt, schemas, checks, settings, tags and images, but no history.
        """
        body = {"include_trajectories": include_trajectories}
        path = f"{_one(workflow_id)}/duplicate"
        reply = await self._sender.write("POST", path, idempotency_key, body, once=True)
        return reply.model(Workflow)

    async def merge(
        self,
        workflow_id: str,
        target_workflow_id: str,
        *,
        copy_trajectories: bool = False,
        idempotency_key: str,
    ) -> Workflow:
        """The target, which took over everything but the name.

        **This workflow is deleted**, some time later.
        """
        body = {
            "target_workflow_id": segment(target_workflow_id),
            "copy_trajectories": copy_trajectories,
        }
        path = f"{_one(workflow_id)}/merge"
        return (await self._sender.write("POST", path, idempotency_key, body)).model(Workflow)

    async def latest_trajectory(self, workflow_id: str) -> Trajectory:
        """The trajectory of the workflow that was changed last; `NotFound` when it has none."""
        reply = await self._sender.get(f"{_one(workflow_id)}/latest-trajectory")
        found = reply.model(Trajectory)
        return redacted_model(found, self._sender.secrets_of_runs.of(found.run_id))

    async def tags(self, workflow_id: str) -> Sequence[Tag]:
        """The tags of a workflow."""
        return (await self._sender.get(f"{_one(workflow_id)}/tags")).models(Tag)

    async def add_tags(
        self, workflow_id: str, tag_ids: Sequence[str], *, idempotency_key: str
    ) -> Sequence[Tag]:
        """The tags of the workflow after adding at least one.

        The service drops a tag of the same group.
        """
        body = {"tag_ids": list(tag_ids)}
        path = f"{_one(workflow_id)}/tags"
        return (await self._sender.write("POST", path, idempotency_key, body)).models(Tag)

    async def add_tags_to_many(
        self, workflow_ids: Sequence[str], tag_ids: Sequence[str], *, idempotency_key: str
    ) -> None:
        """Add every tag to every workflow, at least one of each."""
        body = {"workflow_ids": list(workflow_ids), "tag_ids": list(tag_ids)}
        path = f"{_PATH}/bulk/tags"
        (await self._sender.write("POST", path, idempotency_key, body)).nothing()

    async def remove_tag(self, workflow_id: str, tag_id: str, *, idempotency_key: str) -> bool:
        """True when removed, False when the workflow did not have the tag."""
        path = f"{_one(workflow_id)}/tags/{segment(tag_id)}"
        return await self._sender.delete(path, idempotency_key)


def _one(workflow_id: str) -> str:
    return f"{_PATH}/{segment(workflow_id)}"
