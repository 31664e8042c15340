"""The journal: the only writer of state during a deploy.

Changes are collected in memory and stored at checkpoints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from flowdsl.config.address import Address
from flowdsl.state.document import DeployedSource, Intent, ResourceState, StateDocument
from flowdsl.state.lease import HeldState, Runtime

CHECKPOINT_SECONDS = 1.0


class Journal:
    """Records the operations done; intents restore what a crash loses between checkpoints.

    `document` is the current, possibly unstored document. `stored` is called with the serial of
    each document that was stored.
    """

    def __init__(
        self,
        held: HeldState,
        document: StateDocument,
        runtime: Runtime,
        stored: Callable[[int], None] = lambda _serial: None,
    ) -> None:
        self.document = document
        self._pending = {intent.id: intent for intent in document.pending}
        self._held = held
        self._runtime = runtime
        self._told = stored
        self._stored = document
        self._stored_at = runtime.monotonic()
        self._awaited: asyncio.Task[None] | None = None

    @property
    def has_abandoned_lease(self) -> bool:
        """Whether the lease was taken over from a process that did not release it."""
        return self._held.taken_over

    def put(self, address: Address, resource: ResourceState) -> None:
        """Record the state of an address."""
        before = self.document.resources.get(address)
        if before is not None and before.id != resource.id:
            self.hold(before.id, ())
        self._replace(resources={**self.document.resources, address: resource})

    def drop(self, address: Address) -> None:
        """Drop an address, and the strays of its resource."""
        if (resource := self.document.resources.get(address)) is not None:
            self.hold(resource.id, ())
        rest = {key: value for key, value in self.document.resources.items() if key != address}
        self._replace(resources=rest)

    def move(self, moves: Iterable[tuple[Address, Address]]) -> None:
        """Move resources to other addresses, all at once, so that two can be swapped.

        Each remembers its former address. Otherwise, after a deploy that dies before it has
        verified them, the next one would move them back.
        """
        moves = list(moves)
        moved = {new: self.document.resources[old].replace(renamed_from=old) for old, new in moves}
        gone = {old for old, _ in moves}
        rest = {key: value for key, value in self.document.resources.items() if key not in gone}
        assert rest.keys().isdisjoint(moved), "the plan moves a workflow over another one"
        self._replace(resources=rest | moved)

    def see_organization(self, organization_id: str | None) -> None:
        """Record the organisation, the first time that a reply shows it."""
        if self.document.organization_id is None and organization_id is not None:
            self._replace(organization_id=organization_id)

    def see_source(self, source: DeployedSource | None) -> None:
        """Record the commit that the organisation now matches."""
        self._replace(source=source)

    def resolve(self, intent: Intent) -> None:
        """Record that the outcome of an intent is known."""
        self._pending.pop(intent.id, None)
        self._replace(pending=tuple(self._pending.values()))

    def hold(self, resource_id: str, strays: Iterable[Intent]) -> None:
        """Record which writes of a resource may still arrive, replacing those recorded before."""
        others = [each for each in self.document.strays if each.resource_id != resource_id]
        if (held := (*others, *strays)) != self.document.strays:
            self._replace(strays=held)

    def give_up(self, stray: Intent) -> None:
        """Record that a stray is not expected to arrive any more."""
        self._replace(strays=tuple(each for each in self.document.strays if each != stray))

    async def record_intents(self, intents: Iterable[Intent]) -> None:
        """Record writes that are about to be sent, and store them at once.

        This does not wait for `wait_for`, since nothing has been written yet.
        """
        self._pending |= {intent.id: intent for intent in intents}
        self._replace(pending=tuple(self._pending.values()))
        await self._store()

    def wait_for(self, work: asyncio.Task[None]) -> None:
        """Store no results of operations before `work` is done: state refers to its objects."""
        self._awaited = work

    async def tick(self) -> None:
        """Store the collected changes, at most once a second and only when that is allowed."""
        if self._awaited is not None and not self._awaited.done():
            return
        if self._runtime.monotonic() - self._stored_at >= CHECKPOINT_SECONDS:
            await self.flush()

    async def flush(self) -> None:
        """Store the collected changes; raises the exception of the `wait_for` task, if any."""
        await self._allowed()
        await self._store()

    async def _store(self) -> None:
        if self.document is not self._stored:
            document = self._stored = self.document
            # Set before the write, so that no concurrent call stores the same changes.
            self._stored_at = self._runtime.monotonic()
            self._take_in(document, await self._held.write(document))

    async def close(self) -> None:
        """Store everything and release the lease in one write.

        Raises the exception of the `wait_for` task, if any.
        """
        await self._allowed()
        document = self._stored = self.document
        self._take_in(document, await self._held.release(document))

    async def give_back(self) -> None:
        """Release the lease without a checkpoint, if nothing was recorded."""
        self.document = self._stored = await self._held.release(self.document)

    async def _allowed(self) -> None:
        if self._awaited is not None:
            await asyncio.shield(self._awaited)

    def _take_in(self, document: StateDocument, written: StateDocument) -> None:
        """Continue from the document that was written, merged with changes recorded meanwhile."""
        if self.document is document:
            self.document = self._stored = written
        else:
            self._replace(serial=written.serial, nonce=written.nonce, lease=written.lease)
        self._told(written.serial)

    def _replace(self, **changes: object) -> None:
        self.document = self.document.replace(**changes)
