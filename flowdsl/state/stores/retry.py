"""Requests to a store that may fail, and what became of a write that did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from flowdsl.state.document import StateDocument
from flowdsl.state.errors import StateMoved, StoreUnusable
from flowdsl.state.stores import Versioned

T = TypeVar("T")


class Failure(Exception):
    """One request failed. `final`: the same request would fail again. `refused`: for a condition on the version."""

    def __init__(self, reason: str, *, final: bool = False, refused: bool = False) -> None:
        super().__init__(reason)
        self.final = final
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is repeated: after each of `pauses` (seconds), none begun later than `limit` seconds."""

    pauses: tuple[float, ...] = (0.3, 1.0, 2.5)
    limit: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def attempts(self) -> Iterator[None]:
        """One step for each attempt that may be made."""
        started = self.monotonic()
        yield
        for pause in self.pauses:
            self.sleep(pause)
            if self.monotonic() - started > self.limit:
                return
            yield


def patiently(work: Callable[[], T], patience: Patience) -> T:
    """The result of `work`, which may be repeated; raises its last `Failure`."""
    failure = Failure("was not tried")
    for _ in patience.attempts():
        try:
            return work()
        except Failure as error:
            failure = error
            if error.final:
                break
    raise failure


def write_with_retry(
    document: StateDocument,
    expected: str | None,
    *,
    attempt: Callable[[], str],
    read: Callable[[], Versioned | None],
    url: str,
    patience: Patience,
) -> str:
    """The version of `document` once it is stored by `attempt`.

    After any failure the store is read: when the document is there, it was our write and only its reply was lost; when
    the version is still `expected`, nothing has happened yet and the write is repeated; otherwise somebody else has
    written. A write that arrives late is harmless, as `expected` is gone by then or the document is the same. Raises
    `StateMoved` and `StoreUnusable`.
    """
    failure = Failure("was not tried")
    for _ in patience.attempts():
        try:
            return attempt()
        except Failure as error:
            failure = error
        try:
            found = patiently(read, patience)
        except Failure as unread:
            raise StoreUnusable(
                f"whether the state at `{url}` was written is not known: the write failed ({failure}), and so did "
                f"reading it back ({unread})"
            ) from None
        if found is not None and found.document.nonce == document.nonce:
            return found.version
        if (None if found is None else found.version) != expected:
            raise StateMoved(
                f"the state at `{url}` was changed by somebody else; run the command again"
            )
        if failure.final:
            break
    raise StoreUnusable(f"the state at `{url}` cannot be written: {failure}")
