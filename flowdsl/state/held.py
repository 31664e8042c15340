"""The state document while this process holds its lease.

The holder renews the lease by writing the document, at least every `HEARTBEAT`. A waiter takes over
a lease that has not changed for `TIME_TO_LIVE`. So the holder stops `MARGIN` before that: it calls
`check` before each request to the service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flowdsl.state.document import Lease, StateDocument
from flowdsl.state.errors import LeaseLost, StateError, StateMoved
from flowdsl.state.stores import StateStore, Versioned

TIME_TO_LIVE = timedelta(seconds=30)
HEARTBEAT = timedelta(seconds=7)
MARGIN = timedelta(seconds=5)
"""How long before its end a lease is no longer relied on.

The following request takes time, and two clocks may run at unequal speed.
"""

_RETRY_SECONDS = 2.0
"""The delay before a failed heartbeat is tried again."""

_GIVEN_BACK = "the lease has been given back; nothing more may be written"
_CLOSE_ENOUGH = 0.001
"""Seconds: a sleep that ends early by no more than this is not continued."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Runtime:
    """Time and randomness, injected.

    `now` gives aware UTC, `monotonic` and `sleep` are in seconds, and `new_id` gives 32 random hex
    digits.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Renewal:
    """The start of the last successful write.

    On two clocks, because the monotonic one may stop while the computer sleeps.
    """

    monotonic: float
    now: datetime


class HeldState:
    """The document while its lease is ours: the only way to write it during a deploy.

    `lease.acquire` creates it. Calls may overlap; they and the heartbeat are carried out one after
    the other. `taken_over` is true if the document had the lease of another holder, who never
    released it.
    """

    def __init__(
        self, store: StateStore, versioned: Versioned | None, holder: str, runtime: Runtime
    ) -> None:
        now = runtime.now()
        self._store = store
        self._version = None if versioned is None else versioned.version
        self.taken_over = versioned is not None and versioned.document.lease is not None
        self._lease = Lease(
            holder=holder, id=runtime.new_id(), acquired_at=now, expires=now + TIME_TO_LIVE
        )
        self._runtime = runtime
        self._turn = asyncio.Lock()
        self._last: StateDocument | None = None
        self._renewal = _Renewal(runtime.monotonic(), now)
        self._unknown: set[str] = set()
        self._released = False
        self._releasing = False
        self._lost: str | None = None
        self._trouble = ""
        self._heartbeat: asyncio.Task[None] | None = None

    async def write(self, document: StateDocument) -> StateDocument:
        """Store `document` with the next serial, a new nonce and the lease renewed; return that.

        Raises `LeaseLost` if somebody else has written, and `StoreUnusable`. A call that is
        cancelled still finishes its write, successfully or not, before it raises `CancelledError`.
        """
        return await finish_despite_cancellation(self._in_turn(document, release=False))

    async def release(self, document: StateDocument) -> StateDocument:
        """Store `document` without a lease and return that; no further writes are allowed."""
        return await finish_despite_cancellation(self._in_turn(document, release=True))

    async def abandon(self) -> None:
        """Release with the document last written, unless the lease was already released or lost."""
        if not self._released and self._last is not None and self._lost is None:
            await finish_despite_cancellation(self._in_turn(None, release=True))

    def check(self) -> None:
        """Raise `LeaseLost` unless the lease is safely ours for the next `MARGIN`."""
        if self._lost is not None:
            raise LeaseLost(self._lost)
        if self._releasing:
            raise LeaseLost(_GIVEN_BACK)
        if self._store.excludes:
            return
        age = max(
            timedelta(seconds=self._runtime.monotonic() - self._renewal.monotonic),
            self._runtime.now() - self._renewal.now,
        )
        if age >= TIME_TO_LIVE - MARGIN:
            reason = f" ({self._trouble})" if self._trouble else ""
            raise LeaseLost(
                f"the lease on `{self._store.url}` could not be renewed for "
                f"{age.total_seconds():.0f} s{reason}; "
                "another deploy may have begun; run the command again"
            )

    def start_heartbeat(self) -> None:
        """Renew the lease in the background until it is released or lost."""
        self._heartbeat = asyncio.create_task(self._keep_lease_alive())

    async def stop_heartbeat(self) -> None:
        """End the background task, after its current write."""
        task, self._heartbeat = self._heartbeat, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    async def _keep_lease_alive(self) -> None:
        failed = False
        while not self._releasing and self._lost is None:
            age = self._runtime.monotonic() - self._renewal.monotonic
            due = HEARTBEAT.total_seconds() - age
            if failed or due > _CLOSE_ENOUGH:
                await self._runtime.sleep(_RETRY_SECONDS if failed else due)
                failed = False
                continue
            try:
                await self._renew_lease()
            except StateError:
                failed = True

    async def _renew_lease(self) -> None:
        begun = self._renewal
        async with self._turn:
            # Another write happened meanwhile, and served as a heartbeat.
            if self._releasing or self._lost is not None or self._renewal is not begun:
                return
            await finish_despite_cancellation(self._store_as(self._last_document(), release=False))

    def _last_document(self) -> StateDocument:
        assert self._last is not None, "the lease is taken by a write"
        return self._last

    async def _in_turn(self, document: StateDocument | None, *, release: bool) -> StateDocument:
        """Store `document`, or the one last written when the turn comes."""
        async with self._turn:
            return await self._store_as(document or self._last_document(), release=release)

    async def _store_as(self, document: StateDocument, *, release: bool) -> StateDocument:
        if self._lost is not None:
            raise LeaseLost(self._lost)
        if self._released:
            raise LeaseLost(_GIVEN_BACK)
        # From here on the lease may be released, until a write proves otherwise.
        self._releasing |= release
        begun = _Renewal(self._runtime.monotonic(), self._runtime.now())
        lease = None if release else self._lease.replace(expires=begun.now + TIME_TO_LIVE)
        before = document if self._last is None else self._last
        written = document.replace(
            serial=before.serial + 1, nonce=self._runtime.new_id(), lease=lease
        )
        try:
            self._version, written = await self._stored(written)
        except StateMoved as moved:
            self._lost = (
                f"the lease on `{self._store.url}` was taken over: {moved}"
                if self._last is not None
                else str(moved)
            )
            raise LeaseLost(self._lost) from None
        except BaseException as error:
            self._unknown.add(written.nonce)
            self._trouble = str(error)
            raise
        self._last, self._renewal = written, begun
        self._released = self._releasing = release
        self._unknown.clear()
        self._trouble = ""
        if release and self._heartbeat is not None:
            self._heartbeat.cancel()
        return written

    async def _stored(self, written: StateDocument) -> tuple[str, StateDocument]:
        """Write `written`; return its version, and the document as it was stored.

        A failed write may be carried out later. If the store holds a document of ours, it is
        overwritten.
        """
        try:
            return await asyncio.to_thread(self._store.write, written, self._version), written
        except StateMoved:
            if not self._unknown:
                raise
            found = await asyncio.to_thread(self._store.load)
            if found is None or found.document.nonce not in self._unknown:
                raise
        written = written.replace(serial=found.document.serial + 1)
        return await asyncio.to_thread(self._store.write, written, found.version), written


async def finish_despite_cancellation(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work`, which finishes even if the caller is cancelled.

    The cancellation is raised afterwards, in place of the result.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()
        raise cancelled
    return task.result()
