"""The routes of machines, their pools, their connections and their request logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.cyberdesk.models.machine import (
    Connection,
    Machine,
    MachineCreate,
    MachinePatch,
    MachinesHealth,
    Pool,
    PoolCreate,
    PoolPatch,
    RequestLog,
)
from flowdsl.cyberdesk.models.wire_model import ListPage
from flowdsl.cyberdesk.routes.resource import Readable, Resource
from flowdsl.cyberdesk.transport import Sender


class MachineFilter(TypedDict, total=False):
    """The conditions on the machines of a list.

    `search` matches a part of the id, name or host name. `name` must match exactly, including case;
    several machines may have it. Times are ISO 8601 in UTC.
    """

    search: str | None
    name: str | None
    status: str | None
    created_at_from: str | None
    created_at_to: str | None
    include: Sequence[str]


class Machines(Resource[Machine, MachineCreate, MachinePatch]):
    """The routes below `/v1/machines`.

    Real machines are created by their agents when they join. Deleting a machine deletes its
    connections, but not its runs.
    """

    path, row, patch = "/v1/machines", Machine, MachinePatch

    async def list(
        self, *, skip: int = 0, limit: int = 100, **wanted: Unpack[MachineFilter]
    ) -> ListPage[Machine]:
        """One page of the machines."""
        return await self._fetch_page(skip, limit, wanted)

    async def list_all(self, **wanted: Unpack[MachineFilter]) -> Sequence[Machine]:
        """Return every machine that matches, once, even if rows change (see `walk_all`)."""
        return await self._fetch_all(wanted)

    async def clear_session(self, machine_id: str, *, idempotency_key: str) -> Machine:
        """Free the machine and return it; all unfinished runs of its session are **cancelled**."""
        patch = MachinePatch(reserved_session_id=None)
        return await self.update(machine_id, patch, idempotency_key=idempotency_key)

    async def pools(self, machine_id: str) -> Sequence[Pool]:
        """Return the pools that the machine is in."""
        return (await self._sender.get(self._one(machine_id, "pools"))).models(Pool)

    async def set_pools(
        self, machine_id: str, pool_ids: Sequence[str], *, idempotency_key: str
    ) -> Machine:
        """Put the machine into these pools and no others; return the machine."""
        body = {"pool_ids": list(pool_ids)}
        return await self._write("PUT", self._one(machine_id, "pools"), idempotency_key, body)


class Pools(Resource[Pool, PoolCreate, PoolPatch]):
    """The routes below `/v1/pools`; deleting a pool deletes none of its machines.

    The machines of a pool are returned only when `include` names `machines`.
    """

    path, row, patch = "/v1/pools", Pool, PoolPatch

    async def list_all(self, *, include: Sequence[str] = ()) -> Sequence[Pool]:
        """Return every pool, once, even if rows change (see `walk_all`)."""
        return await self._fetch_all({"include": include})

    async def add_machines(
        self, pool_id: str, machine_ids: Sequence[str], *, idempotency_key: str
    ) -> Pool:
        """Add machines to the pool; return it with all of its machines."""
        body = {"machine_ids": list(machine_ids)}
        return await self._write("POST", self._one(pool_id, "machines"), idempotency_key, body)

    async def remove_machines(
        self, pool_id: str, machine_ids: Sequence[str], *, idempotency_key: str
    ) -> bool:
        """Return True when removed, False when the pool or a machine does not exist."""
        body = {"machine_ids": list(machine_ids)}
        path = self._one(pool_id, "machines")
        return await self._sender.delete(path, idempotency_key, body=body)


class ConnectionFilter(TypedDict, total=False):
    """The conditions on the connections of a list."""

    machine_id: str | None
    status: str | None


class Connections(Readable[Connection]):
    """The read routes below `/v1/connections`, whose rows the platform writes."""

    path, row = "/v1/connections", Connection

    async def list_all(self, **wanted: Unpack[ConnectionFilter]) -> Sequence[Connection]:
        """Return every connection that matches, once, even if rows change (see `walk_all`)."""
        return await self._fetch_all(wanted)


class RequestLogFilter(TypedDict, total=False):
    """The conditions on the requests to desktops of a list."""

    machine_id: str | None
    method: str | None
    status_code: int | None


class RequestLogs(Readable[RequestLog]):
    """The read routes below `/v1/request-logs`, whose rows the platform writes."""

    path, row = "/v1/request-logs", RequestLog

    async def list(
        self, *, skip: int = 0, limit: int = 100, **wanted: Unpack[RequestLogFilter]
    ) -> ListPage[RequestLog]:
        """One page of the requests to desktops."""
        return await self._fetch_page(skip, limit, wanted)


async def machines_health(sender: Sender) -> MachinesHealth:
    """Return the body of `GET /v1/health/machines`, which has status 503 when a machine fails."""
    return (await sender.get("/v1/health/machines", answers=_is_health)).model(MachinesHealth)


def _is_health(status: int, body: bytes) -> bool:
    # A 503 with any other body is from a gateway or a service that is down, and is retried.
    if status != 503:
        return False
    try:
        value = read_json(body)
    except UnreadableJson:
        return False
    return isinstance(value, dict) and "errored_machines" in value
