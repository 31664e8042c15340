from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from flowdsl.emulator import routing
from flowdsl.emulator import store as store_module
from flowdsl.emulator.app import create_app
from flowdsl.emulator.clock import format_time, next_time, parse_time
from flowdsl.emulator.embedded import open_embedded
from flowdsl.emulator.store import Store, StoreBusyError
from flowdsl.emulator.store_error import StoreError
from flowdsl.emulator.tables import SCHEMA_VERSION, metadata
from tests.emulator.emulator_desk import STANDSTILL, Desk

moments = st.datetimes(
    min_value=datetime(1900, 1, 1),
    max_value=datetime(9000, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))]),
)


@given(first=moments, second=moments)
def test_times_sort_as_text_and_read_back(first: datetime, second: datetime) -> None:
    texts = format_time(first), format_time(second)
    assert len(texts[0]) == len("2026-01-31T09:30:00.000000Z")
    assert (texts[0] < texts[1]) == (first < second)
    assert parse_time(texts[0]) == first
    assert next_time(texts[0], second) == max(
        texts[1], format_time(first + timedelta(microseconds=1))
    )


def test_data_survives_closing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "50% of #1?x=ä" / "desk.sqlite"
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        made = desk.workflow(name="Ledger")
        url = desk.ok(
            "POST", "/v1/workflows/prompt-image", 201, files={"file": ("a.gif", b"GIF89a")}
        )["signed_url"]
    app, close = open_embedded(path)
    with Desk(app) as desk:
        assert desk.get(made) == {**made, "included": None}
        assert desk.send("GET", url).content == b"GIF89a"
    close()


def test_a_new_store_has_the_tables_that_an_older_one_is_given(tmp_path: Path) -> None:
    path, older = tmp_path / "desk.sqlite", tmp_path / "older.sqlite"
    Store.open(path).close()
    engine = create_engine(f"sqlite:///{older}")
    metadata.create_all(engine)
    engine.dispose()

    def definitions(file: Path) -> set[tuple[str, str]]:
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            return {(name, sql) for name, sql in rows}

    assert definitions(path) == definitions(older)


def test_time_goes_on_where_an_earlier_opening_stopped(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        later = desk.workflow()
    earlier_clock = STANDSTILL - timedelta(days=3650)
    with Store.open(path, clock=lambda: earlier_clock) as store, Desk(create_app(store)) as desk:
        assert desk.workflow()["updated_at"] > later["updated_at"]


def test_injected_clock_and_ids_decide_every_byte(tmp_path: Path) -> None:
    def replies() -> list[bytes]:
        numbers = iter(range(1, 100))
        store = Store.open(
            None,
            clock=lambda: STANDSTILL,
            new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
        )
        with store, Desk(create_app(store)) as desk:
            desk.workflow(post_run_checks=[{"name": "c", "type": "run_attachment_exists"}])
            desk.tag("red")
            return [
                desk.send("GET", path).content
                for path in ("/v1/workflows", "/v1/workflow-tags", "/v1/model-configurations")
            ]

    assert replies() == replies()


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    Store.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"format {SCHEMA_VERSION + 1} .* update flowdsl"):
        Store.open(path)
    assert path.read_bytes() == before


def test_files_of_other_programs_are_refused(tmp_path: Path) -> None:
    database = tmp_path / "other.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        Store.open(database)
    note = tmp_path / "note.txt"
    note.write_text("not a database, " * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(note)
    with pytest.raises(StoreError, match="cannot open emulator data"):
        Store.open(note / "below" / "desk.sqlite")
    with pytest.raises(StoreError, match="cannot open emulator data"):
        Store.open(tmp_path)


def test_many_can_create_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"

    with ThreadPoolExecutor(8) as pool, ExitStack() as stack:
        stores = list(pool.map(lambda _: stack.enter_context(Store.open(path)), range(16)))
        # FastAPI cannot build applications in several threads at once.
        desks = [stack.enter_context(Desk(create_app(store))) for store in stores]
        counts = {len(desk.ok("GET", "/v1/model-configurations")) for desk in desks}
        list(pool.map(lambda number: desks[number].workflow(name=str(number)), range(16)))
    assert len(counts) == 1
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        rows = desk.ok("GET", "/v1/workflows")["items"]
    assert {row["name"] for row in rows} == {str(number) for number in range(16)}
    assert len({row["updated_at"] for row in rows}) == 16


def test_a_connection_to_a_busy_file_is_closed_where_it_cannot_be_prepared(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "desk.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        connection = sqlite3.connect(tmp_path / "desk.sqlite", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            store_module._configure_connection(connection, None)
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_locked_file_answers_503_and_reads_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "BUSY_TIMEOUT_SECONDS", 0.1)
    path = tmp_path / "desk.sqlite"
    with Store.open(path) as store, Desk(create_app(store)) as desk:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError), store.write("org_local"):
            raise AssertionError("the lock is taken")
        reply = desk.send("POST", "/v1/workflows", json={"main_prompt": "p"})
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
        assert desk.ids() == []
        other.execute("COMMIT")
        other.close()
        desk.workflow()
        assert len(desk.ids()) == 1


def test_a_failing_transaction_leaves_nothing_behind() -> None:
    with Store.open(None, clock=lambda: STANDSTILL) as store, Desk(create_app(store)) as desk:
        desk.workflow()
        with (
            pytest.raises(RuntimeError, match="half way"),
            store.write("org_local") as transaction,
        ):
            transaction.connection.exec_driver_sql("DELETE FROM workflows")
            raise RuntimeError("half way")
        assert len(desk.ids()) == 1


posix_links = pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")


@posix_links
@pytest.mark.parametrize(
    "place", ["data", "data/e.sqlite", "data/e.sqlite-wal", "data/e.sqlite-shm"]
)
def test_data_goes_through_no_link(tmp_path: Path, place: str) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    (root / place).parent.mkdir(parents=True)
    outside.mkdir()
    for target in (outside, outside / "none", "."):
        (root / place).symlink_to(target)
        with pytest.raises(StoreError, match="is a symbolic link"):
            Store.open(root / "data/e.sqlite", below=root)
        (root / place).unlink()
    assert list(outside.iterdir()) == []
    Store.open(root / "data/e.sqlite", below=root).close()
    assert (root / "data/e.sqlite").stat().st_size > 0


@posix_links
def test_a_file_that_is_replaced_before_sqlite_opens_it_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    (tmp_path / "data").mkdir()
    outside.mkdir()
    made = store_module.make_database

    def swapped(path: str, below: str | None) -> tuple[str, tuple[int, int]]:
        found = made(path, below)
        (tmp_path / "data").rename(tmp_path / "moved")
        (tmp_path / "data").symlink_to(outside)
        return found

    monkeypatch.setattr(store_module, "make_database", swapped)
    with pytest.raises(StoreError, match="was replaced while the emulator used it"):
        Store.open(tmp_path / "data/e.sqlite", below=tmp_path)
    assert [each.stat().st_size for each in outside.iterdir()] in ([], [0])


@posix_links
def test_a_pipe_is_no_data_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for below in (tmp_path, None):
        with pytest.raises(StoreError, match="it is no regular file"):
            Store.open(tmp_path / "pipe", below=below)
