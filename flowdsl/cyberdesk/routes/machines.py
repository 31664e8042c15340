"""The routes of machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.machine import (
    Machine,
    MachineCreate,
    MachinePage,
    MachinePatch,
    MachinesHealth,
    Pool,
)
from flowdsl.cyberdesk.paging import walk_all
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/machines"


class Machines:
    """The routes below `/v1/machines`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self,
        *,
        skip: int = 0,
        limit: int = 100,
        search: str | None = None,
        name: str | None = None,
        status: str | None = None,
        created_at_from: str | None = None,
        created_at_to: str | None = None,
        include: Sequence[str] = (),
    ) -> MachinePage:
        """One page of the machines.

        `search` is a part of the id, name or host name. `name` is exact, with case; several
        machines may have it. Times are ISO 8601 in UTC.
        """
        params = chosen(
            skip=skip,
            limit=limit,
            search=search,
            name=name,
            status=status,
            created_at_from=created_at_from,
            created_at_to=created_at_to,
            include=include,
        )
        return (await self._sender.get(_PATH, params)).model(MachinePage)

    async def list_all(
        self,
        *,
        search: str | None = None,
        name: str | None = None,
        status: str | None = None,
        created_at_from: str | None = None,
        created_at_to: str | None = None,
        include: Sequence[str] = (),
    ) -> Sequence[Machine]:
        """Every machine that matches, once, whatever is edited meanwhile (see `walk_all`).

        Arguments as in `list`.
        """
        return await walk_all(
            lambda skip: self.list(
                skip=skip,
                limit=LIST_LIMIT,
                search=search,
                name=name,
                status=status,
                created_at_from=created_at_from,
                created_at_to=created_at_to,
                include=include,
            ),
            "machines",
        )

    async def get(self, machine_id: str, *, include: Sequence[str] = ()) -> Machine:
        """One machine."""
        return (await self._sender.get(_one(machine_id), chosen(include=include))).model(Machine)

    async def create(self, machine: MachineCreate, *, idempotency_key: str) -> Machine:
        """The new machine. Real ones are created by their agent when it joins."""
        body = machine.to_wire()
        reply = await self._sender.write("POST", _PATH, idempotency_key, body, once=True)
        return reply.model(Machine)

    async def update(
        self, machine_id: str, patch: MachinePatch | Mapping[str, Any], *, idempotency_key: str
    ) -> Machine:
        """The machine after the change; in `patch` an absent field stays and None clears."""
        body = MachinePatch.model_validate(patch).to_wire()
        return (await self._sender.write("PATCH", _one(machine_id), idempotency_key, body)).model(
            Machine
        )

    async def clear_session(self, machine_id: str, *, idempotency_key: str) -> Machine:
        """The machine, free again; all unfinished runs of its session are **cancelled**."""
        patch = MachinePatch(reserved_session_id=None)
        return await self.update(machine_id, patch, idempotency_key=idempotency_key)

    async def delete(self, machine_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, with its connections but not its runs; False when already gone."""
        return await self._sender.delete(_one(machine_id), idempotency_key)

    async def pools(self, machine_id: str) -> Sequence[Pool]:
        """The pools that the machine is in."""
        return (await self._sender.get(f"{_one(machine_id)}/pools")).models(Pool)

    async def set_pools(
        self, machine_id: str, pool_ids: Sequence[str], *, idempotency_key: str
    ) -> Machine:
        """The machine, in these pools and in no others."""
        body = {"pool_ids": list(pool_ids)}
        path = f"{_one(machine_id)}/pools"
        return (await self._sender.write("PUT", path, idempotency_key, body)).model(Machine)


async def machines_health(sender: Sender) -> MachinesHealth:
    """The body of `GET /v1/health/machines`, which has status 503 when a machine fails."""
    return (await sender.get("/v1/health/machines", answers=_is_health)).model(MachinesHealth)


def _is_health(status: int, body: bytes) -> bool:
    # A 503 with any other body comes from a gateway or a service that is down, and is repeated.
    if status != 503:
        return False
    try:
        value = read_json(body)
    except UnreadableJson:
        return False
    return isinstance(value, dict) and "errored_machines" in value


def _one(machine_id: str) -> str:
    return f"{_PATH}/{segment(machine_id)}"
