"""Machines, pools, connections, recordings and usage, for a program with an event loop."""

from __future__ import annotations

import asyncio
from typing import Literal

from flowdsl.api.checked import Moment, checked, moment_of, word_of
from flowdsl.api.made import log
from flowdsl.api.session import Session
from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.machine import Connection, Machine, Pool
from flowdsl.cyberdesk.models.run import Run
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.runs.names import find_run, find_workflow_id
from flowdsl.runs.resources.machines import (
    list_connections,
    list_machines,
    list_pools,
    one_connection,
    one_machine,
    one_pool,
)
from flowdsl.runs.resources.recordings import list_trajectories, one_trajectory
from flowdsl.runs.resources.usage import UsageReport, read_usage, resolve_period
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.workspace.state import read_known_ids


class Resources:
    """The read-only methods of a project for machines, pools, connections, recordings and usage.

    Mixed into `AsyncProject`. Lists are read in full, up to the limit of the client, beyond which
    `CyberdeskError` is raised. Every method raises `UnusableArguments` for an argument of another
    type.
    """

    _session: Session

    @checked
    async def machines(
        self,
        *,
        search: str | None = None,
        name: str | None = None,
        status: str | None = None,
        pool: str | None = None,
        since: Moment = None,
        until: Moment = None,
    ) -> list[Machine]:
        """Return the machines that match, with their pools, sorted by name.

        `search` is a part of the id, name or host name, `name` the exact, case-sensitive name,
        `status` `connected`, `disconnected` or `error`, and `pool` a name or an id. `since` and
        `until` bound the time of creation; a time without a zone is UTC. Raises `NoSuchName` and
        `CyberdeskError`.
        """
        async with self._session.client() as client:
            return await list_machines(
                client,
                search=search,
                name=name,
                status=status,
                pool=pool,
                since=moment_of(since),
                until=moment_of(until),
            )

    @checked
    async def get_machine(self, machine: str) -> Machine:
        """Return the machine with an id or a name, with its pools.

        Raises `NoSuchName` and `CyberdeskError`. The values of sensitive parameters are returned as
        the service sends them.
        """
        async with self._session.client() as client:
            return await one_machine(client, machine)

    @checked
    async def pools(self, *, machine: str | None = None) -> list[Pool]:
        """Return the pools, sorted by name; with `machine`, a name or an id, only its own.

        `get_pool` also returns the machines of a pool. Raises `NoSuchName` and `CyberdeskError`.
        """
        async with self._session.client() as client:
            return await list_pools(client, machine=machine)

    @checked
    async def get_pool(self, pool: str) -> Pool:
        """Return the pool with an id or a name, with its machines.

        Raises `NoSuchName` and `CyberdeskError`.
        """
        async with self._session.client() as client:
            return await one_pool(client, pool)

    @checked
    async def connections(
        self, *, machine: str | None = None, status: str | None = None
    ) -> list[Connection]:
        """Return the connections between the agents of machines and the service, the newest first.

        `machine` is a name or an id, `status` as for machines. Raises `NoSuchName` and
        `CyberdeskError`.
        """
        async with self._session.client() as client:
            return await list_connections(client, machine=machine, status=status)

    @checked
    async def get_connection(self, connection: str) -> Connection:
        """Return the connection with an id; raises `NoSuchName` and `CyberdeskError`."""
        async with self._session.client() as client:
            return await one_connection(client, connection)

    @checked
    async def trajectories(
        self,
        *,
        workflow: str | None = None,
        run: str | Run | None = None,
        approved: bool | None = None,
        generated: bool | None = None,
        search: str | None = None,
        since: Moment = None,
        until: Moment = None,
        updated_since: Moment = None,
        updated_until: Moment = None,
    ) -> list[Trajectory]:
        """Return the recordings that match, the newest first.

        `workflow` is a name in source or an id. `run` is the recorded run: a `Run`, its id or the
        first digits of it, or `last`. `approved` recordings are replayed by runs, and `generated`
        ones are shown by the dashboard; None selects both kinds.
        `search` is a part of the id, name or description. The times bound creation and last change.
        Raises `NoSuchName` and `CyberdeskError`.
        """
        workflow_id = None
        if workflow is not None:
            workflow_id = find_workflow_id(workflow, await self._deployed())
        async with self._session.client() as client:
            return await list_trajectories(
                client,
                generated=generated,
                workflow_id=workflow_id,
                run_id=None if run is None else await _run_id(client, run),
                approved=approved,
                search=search,
                since=moment_of(since),
                until=moment_of(until),
                updated_since=moment_of(updated_since),
                updated_until=moment_of(updated_until),
            )

    @checked
    async def get_trajectory(self, trajectory: str) -> Trajectory:
        """Return the recording with an id or a name, with its steps.

        Raises `NoSuchName` and `CyberdeskError`.
        """
        async with self._session.client() as client:
            return await one_trajectory(client, trajectory)

    @checked
    async def usage(
        self,
        *,
        since: Moment = None,
        until: Moment = None,
        mode: Literal["simulated", "billed"] = "simulated",
        workflow: str | None = None,
    ) -> UsageReport:
        """Return the steps and cost of the runs created from `since` until before `until`.

        The default is the 30 days before `until`, or before now. `mode` says which steps count.
        `workflow`, a name in source or an id, restricts the report to its runs. If the service has
        no prices for the organisation, costs are None and the logger `flowdsl.runs` says so. Raises
        `NoPeriod`, `NoSuchName` and `CyberdeskError`.
        """
        start, end = resolve_period(moment_of(since), moment_of(until), self._session.runtime.now())
        deployed = await self._deployed()
        async with self._session.client() as client:
            return await read_usage(
                client,
                start,
                end,
                mode=mode,
                workflow_id=None if workflow is None else find_workflow_id(workflow, deployed),
                addresses_by_id=lambda: {each: address for address, each in deployed.items()},
                tell=log.warning,
            )

    async def _deployed(self) -> dict[Address, str]:
        return await asyncio.to_thread(read_known_ids, self._session.store)


async def _run_id(client: CyberdeskClient, run: str | Run) -> str:
    word = word_of(run)
    return word if is_uuid(word) else (await find_run(client, word)).id
