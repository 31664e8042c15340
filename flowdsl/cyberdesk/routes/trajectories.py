"""The routes of trajectories. A new one comes from a run: `Runs.generate_trajectory`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.trajectory import Trajectory, TrajectoryPage, TrajectoryPatch
from flowdsl.cyberdesk.paging import walk_all
from flowdsl.cyberdesk.routes.resource import Editable, redact_model


class TrajectoryFilter(TypedDict, total=False):
    """Which trajectories a list has; times are ISO 8601 in UTC."""

    workflow_id: str | None
    run_id: str | None
    is_approved: bool | None
    search: str | None
    created_at_from: str | None
    created_at_to: str | None
    updated_at_from: str | None
    updated_at_to: str | None
    include: Sequence[str]


class Trajectories(Editable[Trajectory, TrajectoryPatch]):
    """The routes below `/v1/trajectories`.

    In a patch, `is_approved` lets runs replay the trajectory or stops them. `is_main` takes that
    mark from the other trajectories of the workflow.
    """

    path, row, patch = "/v1/trajectories", Trajectory, TrajectoryPatch

    def _clean(self, row: Trajectory) -> Trajectory:
        """The recording without a secret of its run."""
        return redact_model(row, self._sender.secrets_of_runs.of(row.run_id))

    async def list(
        self,
        *,
        is_generated: bool,
        skip: int = 0,
        limit: int = 100,
        **wanted: Unpack[TrajectoryFilter],
    ) -> TrajectoryPage:
        """One page of the generated trajectories, or of the others.

        The service has no list of both, and gives only generated ones by default.
        """
        chosen = {"is_generated": is_generated, **wanted}
        return await self._fetch_page(TrajectoryPage, skip, limit, chosen)

    async def list_all(
        self, *, is_generated: bool, **wanted: Unpack[TrajectoryFilter]
    ) -> Sequence[Trajectory]:
        """Every trajectory that matches, once, whatever is edited meanwhile (see `walk_all`)."""
        return await walk_all(
            lambda skip: self.list(
                is_generated=is_generated, skip=skip, limit=LIST_LIMIT, **wanted
            ),
            "trajectories",
        )

    async def duplicate(self, trajectory_id: str, *, idempotency_key: str) -> Trajectory:
        """The copy, not approved, with "(Copy)" in its name."""
        path = self._one(trajectory_id, "duplicate")
        return await self._write("POST", path, idempotency_key, once=True)
