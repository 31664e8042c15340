"""Remote stores: requests that may fail, and the outcome of a failed write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from flowdsl.state.document import StateDocument, load_document
from flowdsl.state.errors import StateMoved, StoreUnusable
from flowdsl.state.stores import Versioned

T = TypeVar("T")


class StoreFailure(Exception):
    """One failed request.

    `final` is true if the same request would fail again, and `refused` if the store refused it
    because of its condition on the version.
    """

    def __init__(self, reason: str, *, final: bool = False, refused: bool = False) -> None:
        super().__init__(reason)
        self.final = final
        self.refused = refused


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is repeated.

    It is repeated after each of `pauses` (seconds), unless `limit` seconds have passed.
    """

    pauses: tuple[float, ...] = (0.3, 1.0, 2.5)
    limit: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def attempts(self) -> Iterator[None]:
        """Yield once for each attempt that may be made; sleeps between them."""
        started = self.monotonic()
        yield
        for pause in self.pauses:
            self.sleep(pause)
            if self.monotonic() - started > self.limit:
                return
            yield


def repeat_while_failing(work: Callable[[], T], patience: RetryPolicy) -> T:
    """Return the result of `work`, repeated while it fails; raises its last `StoreFailure`."""
    failure = StoreFailure("was not tried")
    for _ in patience.attempts():
        try:
            return work()
        except StoreFailure as error:
            failure = error
            if error.final:
                break
    raise failure


class RemoteStore:
    """The common part of `StateStore`s that other machines reach.

    `_load` and `_probe` are one attempt each, and raise `StoreFailure`.
    """

    shared = True
    excludes = False

    def __init__(self, url: str, *, project: str, environment: str, patience: RetryPolicy) -> None:
        self.url = url
        self._project = project
        self._environment = environment
        self._patience = patience

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Do nothing, since no lock reaches other machines."""
        yield

    def load(self) -> Versioned | None:
        """Return the document, or None if there is none yet."""
        return self._tried(self._load, f"the state at `{self.url}` cannot be read")

    def probe(self) -> None:
        """Prove that the store keeps two writers apart; raises `UnsafeStore` otherwise."""
        self._tried(self._probe, f"whether `{self.url}` keeps two writers apart cannot be tried")

    def _load(self) -> Versioned | None:
        raise NotImplementedError

    def _probe(self) -> None:
        raise NotImplementedError

    def _tried(self, work: Callable[[], T], problem: str) -> T:
        """Return the result of `work`, repeated while it fails; `StoreUnusable` has `problem`."""
        try:
            return repeat_while_failing(work, self._patience)
        except StoreFailure as failure:
            raise StoreUnusable(f"{problem}: {failure}") from None

    def _write_with_retry(
        self, document: StateDocument, expected: str | None, attempt: Callable[[], str]
    ) -> str:
        """Return the version of `document` after `attempt` has stored it.

        After any failure the store is read. If it holds the document, the write succeeded and only
        its reply was lost. If the version is still `expected`, the write is repeated. Otherwise
        somebody else has written. A write that arrives late does no harm: by then the version is no
        longer `expected`, or the document is the same. Raises `StateMoved` and `StoreUnusable`.
        """
        failure = StoreFailure("was not tried")
        for _ in self._patience.attempts():
            try:
                return attempt()
            except StoreFailure as error:
                failure = error
            try:
                found = repeat_while_failing(self._load, self._patience)
            except StoreFailure as unread:
                raise StoreUnusable(
                    f"whether the state at `{self.url}` was written is not known: the write failed "
                    f"({failure}), and so did reading it back ({unread})"
                ) from None
            if found is not None and found.document.nonce == document.nonce:
                return found.version
            if (None if found is None else found.version) != expected:
                raise StateMoved(
                    f"the state at `{self.url}` was changed by somebody else; run the command again"
                )
            if failure.final:
                break
        raise StoreUnusable(f"the state at `{self.url}` cannot be written: {failure}")

    def _document(self, content: bytes, version: str) -> Versioned:
        document = load_document(
            content, where=self.url, project=self._project, environment=self._environment
        )
        return Versioned(document, version)
