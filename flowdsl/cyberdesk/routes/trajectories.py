"""The routes of trajectories. A new one is generated from a run: `Runs.generate_trajectory`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from flowdsl.cyberdesk.models.trajectory import Trajectory, TrajectoryPatch
from flowdsl.cyberdesk.models.wire_model import ListPage
from flowdsl.cyberdesk.routes.resource import Editable, redact_model


class TrajectoryFilter(TypedDict, total=False):
    """The conditions on the trajectories of a list; times are ISO 8601 in UTC."""

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

    In a patch, `is_approved` determines whether runs may replay the trajectory. `is_main` clears
    the same field of the other trajectories of the workflow.
    """

    path, row, patch = "/v1/trajectories", Trajectory, TrajectoryPatch

    def _clean(self, row: Trajectory) -> Trajectory:
        """Return the recording with the secrets of its run redacted."""
        return redact_model(row, self._sender.secrets_of_runs.of(row.run_id))

    async def list(
        self,
        *,
        is_generated: bool,
        skip: int = 0,
        limit: int = 100,
        **wanted: Unpack[TrajectoryFilter],
    ) -> ListPage[Trajectory]:
        """Return one page of the generated trajectories, or of the others.

        The service has no list of both, and returns only generated ones by default.
        """
        return await self._fetch_page(skip, limit, {"is_generated": is_generated, **wanted})

    async def list_all(
        self, *, is_generated: bool, **wanted: Unpack[TrajectoryFilter]
    ) -> Sequence[Trajectory]:
        """Return every trajectory that matches, once, even if rows change (see `walk_all`)."""
        return await self._fetch_all({"is_generated": is_generated, **wanted})

    async def duplicate(self, trajectory_id: str, *, idempotency_key: str) -> Trajectory:
        """Duplicate a trajectory; return the copy, not approved, with "(Copy)" in its name."""
        path = self._one(trajectory_id, "duplicate")
        return await self._write("POST", path, idempotency_key, once=True)
