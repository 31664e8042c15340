"""State shared by the requests of one emulator application: store, keys and writes in progress."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from flowdsl.emulator.simulation.rules import RuleTally
from flowdsl.emulator.store import Store

LOCAL_ORGANIZATION = "org_local"
"""The organisation of every key when no keys are configured."""


class KeyInUseError(Exception):
    """The first request with this idempotency key has not been answered yet."""


@dataclass(slots=True)
class EmulatorContext:
    """What all requests of one application share; `keys` maps an API key to its organisation.

    `idempotency_seconds` is how long a key returns its first reply: None is forever, 0 not at all.
    Rows younger than `listing_lag` seconds are missing from lists.
    """

    store: Store
    keys: Mapping[str, str] | None = None
    strict: bool = False
    run_rules: RuleTally = field(default_factory=RuleTally)
    idempotency_seconds: float | None = None
    listing_lag: float = 0.0
    _in_progress: set[tuple[str, str]] = field(default_factory=set, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def organization_of(self, authorization: str | None) -> str:
        """Return the organisation that a bearer header selects; 401 without a known key."""
        scheme, _, key = (authorization or "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise _unauthorized_error("send `Authorization: Bearer <key>`")
        if self.keys is None:
            return LOCAL_ORGANIZATION
        organization = self.keys.get(key)
        if organization is None:
            raise _unauthorized_error("the API key is unknown")
        return organization

    @property
    def organizations(self) -> Collection[str]:
        """Return every organisation that a key selects."""
        return (LOCAL_ORGANIZATION,) if self.keys is None else sorted(set(self.keys.values()))

    @contextmanager
    def hold(self, organization_id: str, key: str) -> Iterator[None]:
        """Mark an idempotency key as in progress; raises `KeyInUseError` if it already is."""
        entry = (organization_id, key)
        with self._lock:
            if entry in self._in_progress:
                raise KeyInUseError
            self._in_progress.add(entry)
        try:
            yield
        finally:
            with self._lock:
                self._in_progress.discard(entry)


def context_of(request: Request) -> EmulatorContext:
    """Return the context of the application that serves `request`."""
    context = request.app.state.emulator
    assert isinstance(context, EmulatorContext)
    return context


async def _run_rules(request: Request) -> RuleTally:
    return context_of(request).run_rules


Rules = Annotated[RuleTally, Depends(_run_rules)]
"""The rules of the scenario, which count the runs that are created."""


def _unauthorized_error(message: str) -> HTTPException:
    return HTTPException(401, message, headers={"WWW-Authenticate": "Bearer"})
