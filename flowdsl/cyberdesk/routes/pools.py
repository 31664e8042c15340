"""The routes of machine pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.machine import Pool, PoolCreate, PoolPage, PoolPatch
from flowdsl.cyberdesk.paging import walk_all
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/pools"


class Pools:
    """The routes below `/v1/pools`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self, *, skip: int = 0, limit: int = 100, include: Sequence[str] = ()
    ) -> PoolPage:
        """One page; the machines of a pool are there only when `include` names `machines`."""
        params = chosen(skip=skip, limit=limit, include=include)
        return (await self._sender.get(_PATH, params)).model(PoolPage)

    async def list_all(self, *, include: Sequence[str] = ()) -> Sequence[Pool]:
        """Every pool, once, whatever is edited meanwhile (see `walk_all`)."""
        return await walk_all(
            lambda skip: self.list(skip=skip, limit=LIST_LIMIT, include=include), "pools"
        )

    async def get(self, pool_id: str, *, include: Sequence[str] = ()) -> Pool:
        """One pool."""
        return (await self._sender.get(_one(pool_id), chosen(include=include))).model(Pool)

    async def create(self, pool: PoolCreate, *, idempotency_key: str) -> Pool:
        """The new pool."""
        body = pool.to_wire()
        reply = await self._sender.write("POST", _PATH, idempotency_key, body, once=True)
        return reply.model(Pool)

    async def update(
        self, pool_id: str, patch: PoolPatch | Mapping[str, Any], *, idempotency_key: str
    ) -> Pool:
        """The pool after the change; in `patch` an absent field stays and None clears."""
        body = PoolPatch.model_validate(patch).to_wire()
        reply = await self._sender.write("PATCH", _one(pool_id), idempotency_key, body)
        return reply.model(Pool)

    async def delete(self, pool_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, but not its machines; False when it was already gone."""
        return await self._sender.delete(_one(pool_id), idempotency_key)

    async def add_machines(
        self, pool_id: str, machine_ids: Sequence[str], *, idempotency_key: str
    ) -> Pool:
        """The pool with all of its machines."""
        body = {"machine_ids": list(machine_ids)}
        path = f"{_one(pool_id)}/machines"
        return (await self._sender.write("POST", path, idempotency_key, body)).model(Pool)

    async def remove_machines(
        self, pool_id: str, machine_ids: Sequence[str], *, idempotency_key: str
    ) -> bool:
        """True when they are out of the pool, False when there is no such pool or machine."""
        body = {"machine_ids": list(machine_ids)}
        return await self._sender.delete(f"{_one(pool_id)}/machines", idempotency_key, body=body)


def _one(pool_id: str) -> str:
    return f"{_PATH}/{segment(pool_id)}"
