"""The lease: which deploy may write, kept inside the state document.

Some stores exclude other processes by themselves (`StateStore.excludes`). There, a lease in the
document is that of a dead process, and is taken over at once.

With any other store the holder renews its lease by writing. A waiter takes it over only after it
has itself observed the same version of the document for a whole `TIME_TO_LIVE` on its own clock, so
that no two clocks are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress

from flowdsl.state.document import Lease, StateDocument, refuse_moved
from flowdsl.state.errors import (
    LeaseLost,
    Locked,
    NoSuchLease,
    StateError,
    StateMoved,
    StoreBusy,
    StoreUnusable,
)
from flowdsl.state.held import TIME_TO_LIVE, HeldState, Runtime, finish_despite_cancellation
from flowdsl.state.stores import StateStore, Versioned

__all__ = ["TIME_TO_LIVE", "HeldState", "Runtime", "acquire", "break_lease"]

POLL_SECONDS = 0.25
"""How often a waiter tries a lock of the operating system, in seconds."""

WATCH_SECONDS = 2.0
"""How often a waiter reads a document that others can write, in seconds."""

REPORT_SECONDS = 15.0
_UNLOCK_ATTEMPTS = 5


@asynccontextmanager
async def acquire(
    store: StateStore,
    first: StateDocument,
    *,
    holder: str,
    timeout: float,
    runtime: Runtime,
    waiting: Callable[[str, float], None],
    heartbeat: bool = True,
) -> AsyncIterator[tuple[HeldState, StateDocument]]:
    """Hold the lease inside the context.

    Yields the held state, and the current document: `first` if there is none. Waits up to `timeout`
    seconds for another holder, and calls `waiting` about every 15 s with the holder and the time
    waited; then raises `Locked`. Raises `MovedState` for a document that was moved to another
    store.

    The lease is released at the end of the block, also if the block fails or is cancelled. It is
    not released if the process is being ended or the state cannot be written: then it stays in the
    document, and the next holder takes it over. With `heartbeat` False only the block's own writes
    renew it.
    """
    with ExitStack() as stack:
        wait = _LeaseWait(timeout, runtime, waiting)
        await _hold_store_lock(stack, store, wait)
        held, document = await _take_lease(store, first, holder, runtime, wait)
        try:
            if heartbeat and not store.excludes:
                held.start_heartbeat()
            yield held, document
        except (StateMoved, StoreUnusable):
            raise
        except (Exception, asyncio.CancelledError):
            with suppress(StateError):
                await held.abandon()
            raise
        else:
            await held.abandon()
        finally:
            await held.stop_heartbeat()


async def break_lease(store: StateStore, lease_id: str, runtime: Runtime) -> StateDocument:
    """Remove the lease `lease_id` from the document, whoever holds it; return the stored document.

    Raises `NoSuchLease` if the document has another lease or none, and `StoreBusy` if the holder is
    a living process of a store that excludes others.
    """
    attempt = 0
    while True:
        attempt += 1
        versioned = await asyncio.to_thread(store.load)
        lease = None if versioned is None else versioned.document.lease
        if versioned is None or lease is None or lease.id != lease_id:
            there = "no lease" if lease is None else f"the lease `{lease.id}` of `{lease.holder}`"
            raise NoSuchLease(
                f"the state at `{store.url}` has {there}, not `{lease_id}`; nothing was unlocked"
            )
        freed = versioned.document.replace(
            serial=versioned.document.serial + 1, nonce=runtime.new_id(), lease=None
        )
        try:
            await finish_despite_cancellation(
                asyncio.to_thread(store.write, freed, versioned.version)
            )
        except StateMoved:  # a heartbeat of that lease, or its end
            if attempt == _UNLOCK_ATTEMPTS:
                raise
        except StoreBusy:
            raise StoreBusy(
                f"the holder of `{lease_id}`, `{lease.holder}`, is still at work on this machine; "
                "stop that process, which frees the lease"
            ) from None
        else:
            return freed


class _LeaseWait:
    """The wait for another holder: its start, its limit, and the callback to notify."""

    def __init__(
        self, timeout: float, runtime: Runtime, tell: Callable[[str, float], None]
    ) -> None:
        self._timeout, self._runtime, self._tell = timeout, runtime, tell
        self._started = self._told = runtime.monotonic()

    async def for_holder(self, lease: Lease | None, seconds: float, *, alive: bool) -> None:
        """Sleep for up to `seconds`, or raise `Locked` if the time has expired.

        `alive` is true if the store itself reports that the holder lives.
        """
        now = self._runtime.monotonic()
        waited = now - self._started
        holder = "another process" if lease is None else f"`{lease.holder}`"
        if waited >= self._timeout:
            raise Locked(
                _describe_lock_holder(holder, lease, waited, alive),
                holder,
                None if lease is None else lease.id,
            )
        if now - self._told >= REPORT_SECONDS:
            self._told = now
            self._tell(holder, waited)
        await self._runtime.sleep(min(seconds, max(self._timeout - waited, 0.001)))


def _describe_lock_holder(holder: str, lease: Lease | None, waited: float, alive: bool) -> str:
    said = f"this environment is being deployed by {holder}; waited {waited:.0f} s"
    if lease is None or alive:
        return f"{said}; wait for it to end, or end it"
    since = lease.acquired_at
    return (
        f"{said}; it began at {since:%Y-%m-%d %H:%M:%S %Z}; if it is dead, "
        f"`flowdsl unlock --lock-id {lease.id}` frees the lease"
    )


async def _hold_store_lock(stack: ExitStack, store: StateStore, wait: _LeaseWait) -> None:
    """Enter the store's own lock for the rest of `stack`, waiting for another holder."""
    while True:
        try:
            stack.enter_context(store.hold())
            return
        except StoreBusy:
            versioned = await asyncio.to_thread(store.load)
            lease = None if versioned is None else versioned.document.lease
            await wait.for_holder(lease, POLL_SECONDS, alive=True)


async def _take_lease(
    store: StateStore, first: StateDocument, holder: str, runtime: Runtime, wait: _LeaseWait
) -> tuple[HeldState, StateDocument]:
    """Write our lease into the document, as soon as that is allowed."""
    watched: Versioned | None = None
    since = 0.0
    while True:
        asked = runtime.monotonic()
        versioned = await asyncio.to_thread(store.load)
        lease = None if versioned is None else versioned.document.lease
        if versioned is not None:
            refuse_moved(versioned.document, store.url)
        if lease is not None and not store.excludes:
            if not _is_unwritten_since(watched, versioned):
                watched, since = versioned, runtime.monotonic()
            if asked - since < TIME_TO_LIVE.total_seconds():
                await wait.for_holder(lease, WATCH_SECONDS, alive=False)
                continue
        held = HeldState(store, versioned, holder, runtime)
        document = first if versioned is None else versioned.document
        try:
            return held, await held.write(document)
        except LeaseLost:  # Another waiter was faster.
            await wait.for_holder(lease, WATCH_SECONDS, alive=False)
        except asyncio.CancelledError:
            with suppress(StateError):
                await held.abandon()
            raise


def _is_unwritten_since(watched: Versioned | None, found: Versioned | None) -> bool:
    """Whether nothing was written between two reads, not even a heartbeat."""
    if watched is None or found is None or watched.version != found.version:
        return False
    return watched.document.nonce == found.document.nonce
