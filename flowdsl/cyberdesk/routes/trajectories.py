"""The routes of trajectories. A new one comes from a run: `Runs.generate_trajectory`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.trajectory import Trajectory, TrajectoryPage, TrajectoryPatch
from flowdsl.cyberdesk.paging import walk_all
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.routes.told import redacted_model
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/trajectories"


class Trajectories:
    """The routes below `/v1/trajectories`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self,
        *,
        is_generated: bool,
        skip: int = 0,
        limit: int = 100,
        workflow_id: str | None = None,
        run_id: str | None = None,
        is_approved: bool | None = None,
        search: str | None = None,
        created_at_from: str | None = None,
        created_at_to: str | None = None,
        updated_at_from: str | None = None,
        updated_at_to: str | None = None,
        include: Sequence[str] = (),
    ) -> TrajectoryPage:
        """One page of the generated trajectories, or of the others.

        The service has no list of both, and gives only generated ones by default. Times are
        ISO 8601 in UTC.
        """
        params = chosen(
            is_generated=is_generated,
            skip=skip,
            limit=limit,
            workflow_id=workflow_id,
            run_id=run_id,
            is_approved=is_approved,
            search=search,
            created_at_from=created_at_from,
            created_at_to=created_at_to,
            updated_at_from=updated_at_from,
            updated_at_to=updated_at_to,
            include=include,
        )
        page = (await self._sender.get(_PATH, params)).model(TrajectoryPage)
        page.items[:] = map(self._clean, page.items)
        return page

    def _clean(self, found: Trajectory) -> Trajectory:
        """The recording without a secret of its run."""
        return redacted_model(found, self._sender.secrets_of_runs.of(found.run_id))

    async def list_all(
        self,
        *,
        is_generated: bool,
        workflow_id: str | None = None,
        run_id: str | None = None,
        is_approved: bool | None = None,
        search: str | None = None,
        created_at_from: str | None = None,
        created_at_to: str | None = None,
        updated_at_from: str | None = None,
        updated_at_to: str | None = None,
    ) -> Sequence[Trajectory]:
        """Every trajectory that matches, once, whatever is edited meanwhile (see `walk_all`).

        Arguments as in `list`.
        """
        return await walk_all(
            lambda skip: self.list(
                is_generated=is_generated,
                skip=skip,
                limit=LIST_LIMIT,
                workflow_id=workflow_id,
                run_id=run_id,
                is_approved=is_approved,
                search=search,
                created_at_from=created_at_from,
                created_at_to=created_at_to,
                updated_at_from=updated_at_from,
                updated_at_to=updated_at_to,
            ),
            "trajectories",
        )

    async def get(self, trajectory_id: str) -> Trajectory:
        """One trajectory with its steps."""
        return self._clean((await self._sender.get(_one(trajectory_id))).model(Trajectory))

    async def update(
        self,
        trajectory_id: str,
        patch: TrajectoryPatch | Mapping[str, Any],
        *,
        idempotency_key: str,
    ) -> Trajectory:
        """The trajectory after the change; in `patch` an absent field stays and None clears.

        `is_approved` lets runs replay it or stops them. `is_main` takes that mark from the other
        trajectories of the workflow.
        """
        body = TrajectoryPatch.model_validate(patch).to_wire()
        reply = await self._sender.write("PATCH", _one(trajectory_id), idempotency_key, body)
        return self._clean(reply.model(Trajectory))

    async def duplicate(self, trajectory_id: str, *, idempotency_key: str) -> Trajectory:
        """The copy, not approved, with "(Copy)" in its name."""
        path = f"{_one(trajectory_id)}/duplicate"
        reply = await self._sender.write("POST", path, idempotency_key, once=True)
        return self._clean(reply.model(Trajectory))

    async def delete(self, trajectory_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, False when it was already gone."""
        return await self._sender.delete(_one(trajectory_id), idempotency_key)


def _one(trajectory_id: str) -> str:
    return f"{_PATH}/{segment(trajectory_id)}"
