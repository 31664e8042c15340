"""The lease: which deploy may write, kept inside the state document.

The document shows people and other machines who is at work; that the holder is alive is known from the store's own lock
(`StateStore.hold`), so a dead holder's lease is taken over at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowdsl.state.document import Lease, StateDocument
from flowdsl.state.errors import Locked, StateError, StoreBusy
from flowdsl.state.stores import StateStore, Versioned

TIME_TO_LIVE = timedelta(seconds=30)
POLL_SECONDS = 0.25
REPORT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time and chance, injected. `now` is aware UTC, `monotonic` seconds, `new_id` 32 random hex digits."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    new_id: Callable[[], str]


class HeldState:
    """The document while we hold its lease: the only way to write it during a deploy."""

    def __init__(
        self, store: StateStore, versioned: Versioned | None, lease: Lease, around: Surroundings
    ) -> None:
        self._store = store
        self._version = None if versioned is None else versioned.version
        self._lease = lease
        self._around = around
        self._released = False
        self._last: StateDocument | None = None

    def write(self, document: StateDocument) -> StateDocument:
        """Store `document` with the next serial, a new nonce and the lease extended (a heartbeat); returns it so."""
        return self._store_as(
            document, self._lease.replace(expires=self._around.now() + TIME_TO_LIVE)
        )

    def release(self, document: StateDocument) -> StateDocument:
        """Store `document` without a lease and return it so. Nothing may be written afterwards."""
        written = self._store_as(document, None)
        self._released = True
        return written

    def abandon(self) -> None:
        """Release with the document last written, unless that has been done."""
        if not self._released and self._last is not None:
            self.release(self._last)

    def _store_as(self, document: StateDocument, lease: Lease | None) -> StateDocument:
        written = document.replace(
            serial=document.serial + 1, nonce=self._around.new_id(), lease=lease
        )
        self._version = self._store.write(written, self._version)
        self._last = written
        return written


@asynccontextmanager
async def acquire(
    store: StateStore,
    first: StateDocument,
    *,
    holder: str,
    timeout: float,
    around: Surroundings,
    waiting: Callable[[str, float], None],
) -> AsyncIterator[tuple[HeldState, StateDocument]]:
    """Hold the lease for the block; gives the held state and the document as it is now, `first` when there is none.

    Waits up to `timeout` seconds for another holder and tells `waiting` who it is and for how long, about every 15 s;
    then raises `Locked`. The lease is released at the end of the block, unless the process is being torn down: then it
    stays in the document, where the next holder finds it and takes over.
    """
    with ExitStack() as stack:
        await _hold(stack, store, timeout, around, waiting)
        versioned = store.load()
        document = first if versioned is None else versioned.document
        lease = Lease(holder=holder, id=around.new_id(), expires=around.now() + TIME_TO_LIVE)
        held = HeldState(store, versioned, lease, around)
        document = held.write(document)
        try:
            yield held, document
        except StateError:
            raise
        except Exception:
            held.abandon()
            raise
        held.abandon()


async def _hold(
    stack: ExitStack,
    store: StateStore,
    timeout: float,
    around: Surroundings,
    waiting: Callable[[str, float], None],
) -> None:
    started = reported = around.monotonic()
    while True:
        try:
            stack.enter_context(store.hold())
            return
        except StoreBusy:
            now = around.monotonic()
            holder = _holder_named_in(store)
            if now - started >= timeout:
                message = (
                    f"this environment is being deployed by {holder}; waited {now - started:.0f} s"
                )
                raise Locked(message, holder) from None
            if now - reported >= REPORT_SECONDS:
                reported = now
                waiting(holder, now - started)
        await around.sleep(POLL_SECONDS)


def _holder_named_in(store: StateStore) -> str:
    versioned = store.load()
    lease = None if versioned is None else versioned.document.lease
    return "another process" if lease is None else f"`{lease.holder}`"
