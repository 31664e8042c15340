"""Stores of the emulator in memory, which the tests of a process take over from each other.

And what else they share: applications are made in no time, statements compiled once.

To make the tables of a store and to compile its statements takes longer than most deploys of a
test; one in a file waits for the disk at every write as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Connection, Engine, event

from flowdsl.emulator.app import create_app
from flowdsl.emulator.context import EmulatorContext
from flowdsl.emulator.store import Store

_BEFORE_ALL = datetime(2026, 1, 1, tzinfo=UTC)
"""When the rows that every organisation has were made: before any test begins."""

_free: list[Store] = []
"""Stores that were given back."""

_taken: list[MemoryStore] = []
"""Stores that were not."""


class MemoryStore(Store):
    """A new store, or one with what another held when `image` was made of it.

    To close it gives its database back, for the next one to fill.
    """

    def __init__(self, clock: Callable[[], datetime], image: bytes | None = None) -> None:
        new, signing_key = _new_store()
        self._lent: Store | None = _free.pop() if _free else Store.open(None)
        super().__init__(
            self._lent._engine, signing_key=signing_key, clock=clock, new_id=self._lent._new_id
        )
        self._left = b""
        _taken.append(self)
        self.fill(image or new)

    def fill(self, image: bytes) -> None:
        """Let it hold what the image does, and nothing else."""
        with _database(self) as database:
            database.deserialize(image)

    def image(self) -> bytes:
        """All that it holds, or held when it was closed."""
        return _image(self) if self._lent else self._left

    def close(self) -> None:
        if self._lent:
            self._left = _image(self)
            _free.append(self._lent)
            self._lent = None
            _taken.remove(self)
            # Whoever comes too late must not meet the rows of another.
            del self._engine, self._writer


def app_over(store: Store, **behaviour: Any) -> FastAPI:
    """The application over a store; `behaviour` is that of its `EmulatorContext`."""
    app = create_app(store)
    app.state.emulator = EmulatorContext(store, **behaviour)
    return app


def close_stores() -> None:
    """Close what a test has left open.

    The collector of garbage would find its database in the middle of another test, and Python 3.13
    warns of that: an error of the other test.
    """
    for store in list(_taken):
        store.close()


@cache
def _new_store() -> tuple[bytes, bytes]:
    """The image of a store in which nothing was done, and the key that it signs with."""
    with Store.open(None, clock=lambda: _BEFORE_ALL) as store:
        return _image(store), store.signing_key


def _image(store: Store) -> bytes:
    with _database(store) as database:
        return database.serialize()


@contextmanager
def _database(store: Store) -> Iterator[sqlite3.Connection]:
    """The one connection of a store in memory, which is its database."""
    connection = store._engine.raw_connection()
    try:
        database = connection.driver_connection
        assert isinstance(database, sqlite3.Connection)
        yield database
    finally:
        connection.close()


class _Statements(dict[Any, Any]):
    """Compiled statements by what they say, without the dialect, which each store has of its own.

    All of them are the same SQLite.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        _dialect, *said = key
        return super().get(tuple(said), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        _dialect, *said = key
        super().__setitem__(tuple(said), compiled)


@cache
def share_statements() -> None:
    """Have what one store of this process compiles be there for all others."""
    statements = _Statements()

    @event.listens_for(Engine, "engine_connect")
    def _(connection: Connection) -> None:
        connection.execution_options(compiled_cache=statements)
