"""The SQLite file of the emulator: opening it, its format, and its transactions.

Several processes may use one file. Readers see a snapshot (WAL); writers take the write lock when
they begin, so a transaction never fails half way for want of it. `synchronous=FULL` puts every
commit on disk before it is acknowledged. Frequent queries are built once, as constants next to the
functions that execute them: building a statement takes longer than executing it.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, select, update
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolBusyError
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateIndex, CreateTable

from flowdsl.emulator.clock import Clock, format_time, next_time, system_clock
from flowdsl.emulator.store_error import StoreError
from flowdsl.emulator.system_models import insert_system_models
from flowdsl.emulator.tables import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    metadata,
    store_facts,
)
from flowdsl.host.writing import make_database

OPEN_TIMEOUT_SECONDS = 10.0
"""How long opening waits for another process that is creating or upgrading the same file."""

_LOCK_WAIT_SECONDS = 0.02
"""Short, since SQLite blocks the event loop while it waits for a lock; see `routing.StoreRoute`."""

_LAST_TIME = "last_time"
_LAST_WRITE = select(store_facts.c.value).where(store_facts.c.name == _LAST_TIME)
_SET_LAST_WRITE = update(store_facts).where(store_facts.c.name == _LAST_TIME)
_SIGNING_KEY = "signing_key"


class StoreBusyError(Exception):
    """Another request or process holds the lock; retrying shortly is safe."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One organisation's view of the store during one request.

    `now` is the time of every row the request writes. In a write it is later than the time of any
    earlier write to the store, even if the clock goes back; in a read it is never earlier. Rows
    created after `listed_until` are missing from lists; None lists all rows.
    """

    connection: Connection
    organization_id: str
    now: str
    new_id: Callable[[], str]
    listed_until: str | None = None


def _random_id() -> str:
    return str(uuid4())


class Store:
    """An open data file. `Store.open` makes one; `close` (or `with`) releases it."""

    def __init__(
        self, engine: Engine, *, signing_key: bytes, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        self._engine = engine
        self._writer = engine.execution_options(begin_statement="BEGIN IMMEDIATE")
        self._new_id = new_id
        self.clock = clock
        self.signing_key = signing_key

    @classmethod
    def open(
        cls,
        path: Path | None,
        *,
        below: Path | None = None,
        clock: Clock = system_clock,
        new_id: Callable[[], str] = _random_id,
    ) -> Store:
        """Open `path`, creating file and parent folders; None is a store in memory.

        `below` is the folder that the file must be in, None for a file that a person named. Raises
        `StoreError` for a file of a newer format, for a file that is not the emulator's, and for
        one that cannot be opened.
        """
        try:
            root = None if below is None else str(below)
            made = None if path is None else make_database(str(path), root)
        except OSError as error:
            raise StoreError(_explain_error(path, error)) from error
        engine = _create_engine(made)
        try:
            signing_key = _prepare_store(engine, str(path), clock)
        except BaseException as error:
            engine.dispose()
            if isinstance(error, OSError | DatabaseError):
                raise StoreError(_explain_error(path, error)) from error
            raise
        return cls(engine, signing_key=signing_key, clock=clock, new_id=new_id)

    def close(self) -> None:
        """Closes the file. Open transactions are lost."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def read(self, organization_id: str) -> Iterator[Transaction]:
        """Return a snapshot of the store; raises `StoreBusyError` if none is available now."""
        with _begin_connection(self._engine) as connection:
            last = connection.scalar(_LAST_WRITE)
            # Never before the last write, or else the rows of that write would be in the future.
            now = max(last or "", format_time(self.clock()))
            yield Transaction(connection, organization_id, now, self._new_id)

    @contextmanager
    def write(self, organization_id: str) -> Iterator[Transaction]:
        """Hold the write lock; commit when the block ends, roll back when it raises.

        Raises `StoreBusyError` at once if another writer holds the lock.
        """
        with _begin_connection(self._writer) as connection:
            last = connection.scalar(_LAST_WRITE)
            now = next_time(last, self.clock())
            connection.execute(_SET_LAST_WRITE, {"value": now})
            yield Transaction(connection, organization_id, now, self._new_id)


@contextmanager
def _begin_connection(engine: Engine) -> Iterator[Connection]:
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(engine.connect())
            stack.enter_context(connection.begin())
        except PoolBusyError as error:
            raise StoreBusyError from error
        except OperationalError as error:
            if _is_locked(error):
                raise StoreBusyError from error
            raise
        yield connection


def _create_engine(made: tuple[str, tuple[int, int]] | None) -> Engine:
    """Return the engine of a file that `make_database` made, or of a database in memory.

    The pool of a database in memory holds exactly one connection, which is the database; for a
    second simultaneous request the store is busy.
    """
    if made is None:
        engine = create_engine(
            "sqlite://",
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=0,
            connect_args={"check_same_thread": False},
        )
    else:
        engine = create_engine(
            URL.create("sqlite", database=made[0]),
            poolclass=QueuePool,
            max_overflow=-1,
            connect_args={"check_same_thread": False, "timeout": _LOCK_WAIT_SECONDS},
        )
        event.listen(engine, "connect", _same_file(*made))
    event.listen(engine, "connect", _configure_connection)
    event.listen(engine, "begin", _emit_begin)
    return engine


def _same_file(
    path: str, identity: tuple[int, int]
) -> Callable[[sqlite3.Connection, object], None]:
    """Return a check, run before any write, that SQLite has opened the file made for it.

    SQLite identifies files by path only. The check does not detect a link that was put in the path
    and removed again before the check.
    """

    def check(connection: sqlite3.Connection, _record: object) -> None:
        found = os.lstat(path)
        if (found.st_dev, found.st_ino) != identity:
            connection.close()
            raise StoreError(f"the file `{path}` was replaced while the emulator used it")

    return check


def _configure_connection(connection: sqlite3.Connection, _record: object) -> None:
    # Python's sqlite3 would begin transactions itself, deferred and only before writes.
    connection.isolation_level = None
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        # SQLAlchemy 2.0 leaves a connection open if it fails to check it out.
        connection.close()
        raise
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # SQLite's lower() handles ASCII only; the service's search ignores case.
    connection.create_function("casefold", 1, _casefold_text, deterministic=True)


def _casefold_text(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _emit_begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get("begin_statement", "BEGIN")
    connection.exec_driver_sql(statement)


def _is_locked(error: BaseException) -> bool:
    cause = error.orig if isinstance(error, DatabaseError) else None
    return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )


def _prepare_store(engine: Engine, name: str, clock: Clock) -> bytes:
    """Create or check the tables; return the key that signs image URLs."""
    deadline = time.monotonic() + OPEN_TIMEOUT_SECONDS
    writer = engine.execution_options(begin_statement="BEGIN IMMEDIATE")
    while True:
        try:
            with writer.begin() as connection:
                return _prepare_tables(connection, name, clock)
        except OperationalError as error:
            if not _is_locked(error) or time.monotonic() > deadline:
                raise
            time.sleep(_LOCK_WAIT_SECONDS)


def _prepare_tables(connection: Connection, name: str, clock: Clock) -> bytes:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    objects = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if objects and application != APPLICATION_ID:
        raise StoreError(f"`{name}` is a database of another program; name another file")
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"`{name}` has emulator format {version} and this version reads up to "
            f"{SCHEMA_VERSION}; update flowdsl or name another file"
        )
    if version == 0:
        _create_tables(connection, clock)
    elif version < SCHEMA_VERSION:
        # So far each newer format only adds tables.
        metadata.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    key = connection.scalar(select(store_facts.c.value).where(store_facts.c.name == _SIGNING_KEY))
    return bytes.fromhex(str(key))


@cache
def _table_definitions() -> tuple[str, ...]:
    """Return the statements that create all tables and indexes in an empty database.

    `metadata.create_all` would compile them for every store, and check each table for existence:
    three quarters of the time of opening a new one.
    """
    made: list[CreateTable | CreateIndex] = []
    for table in metadata.sorted_tables:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        made += [CreateTable(table), *map(CreateIndex, indexes)]
    return tuple(str(each.compile(dialect=sqlite_dialect())) for each in made)


def _create_tables(connection: Connection, clock: Clock) -> None:
    for definition in _table_definitions():
        connection.exec_driver_sql(definition)
    now = format_time(clock())
    connection.execute(
        insert(store_facts),
        [
            {"name": _LAST_TIME, "value": now},
            {"name": _SIGNING_KEY, "value": secrets.token_hex(32)},
        ],
    )
    insert_system_models(connection, now)
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _explain_error(path: Path | None, error: OSError | DatabaseError) -> str:
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
    elif _is_locked(error):
        reason = "another process holds it locked"
    else:
        reason = str(error.orig)
    return f"cannot open emulator data `{path}`: {reason}"
