"""What every store must do, wherever it keeps the document."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from flowdsl.state import held as held_module
from flowdsl.state.document import (
    FORMAT,
    DeployedSource,
    Intent,
    Lease,
    ResourceState,
    StateDocument,
    dump_document,
)
from flowdsl.state.errors import (
    CorruptState,
    ForeignState,
    NewerState,
    StateError,
    StateMoved,
    StoreBusy,
    StoreUnusable,
)
from flowdsl.state.lease import Runtime, acquire, break_lease
from flowdsl.state.stores import StateStore, Versioned
from flowdsl.state.stores import file as file_module
from flowdsl.state.stores import git as git_module
from tests.state.state_places import FilePlace, Place, first
from tests.support.effort import THOROUGH, every
from tests.support.rows import check_rows

HASH = "0123456789abcdef" * 4
NAME = f"source-maps/{HASH}.json"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FULL = first(
    source=DeployedSource(commit="4f2c1d0b", dirty=True, committed_at=NOW),
    resources={
        "workflow.intake": ResourceState(
            id="2f1e", generation=3, name="Intake – Müller\u2028", applied={"main_prompt": HASH}
        )
    },
    pending=(
        Intent(
            id="5" * 32,
            action="create",
            address="workflow.x",
            created_at=NOW,
            generation=1,
            name="X",
        ),
    ),
    lease=Lease(holder="runner", id="a1", acquired_at=NOW, expires=NOW),
)


def stored(store: StateStore) -> Versioned:
    versioned = store.load()
    assert versioned is not None
    return versioned


def test_nothing_is_there_until_it_is_created_once(place: Place) -> None:
    ours, theirs = place.open(), place.open()
    assert ours.load() is None
    version = ours.write(first("a"), None)
    with pytest.raises(StateMoved):
        theirs.write(first("b"), None)
    assert stored(theirs) == Versioned(first("a"), version)


def test_what_is_written_is_what_others_read(place: Place) -> None:
    version = place.open().write(FULL, None)
    assert stored(place.open()) == Versioned(FULL, version)


def test_only_the_version_that_was_read_is_replaced(place: Place) -> None:
    ours, theirs = place.open(), place.open()
    before = ours.write(first("a"), None)
    now = theirs.write(first("b"), before)
    for store in (ours, theirs):
        with pytest.raises(StateMoved):
            store.write(first("c"), before)
        with pytest.raises(StateMoved):
            store.write(first("d"), None)
        assert stored(store) == Versioned(first("b"), now)


def test_no_version_comes_back(place: Place) -> None:
    store = place.open()
    versions = [None]
    for number in range(4):
        versions.append(store.write(first(f"n{number}"), versions[-1]))
    assert len(set(versions)) == 5


def test_a_write_whose_reply_is_lost_is_known_to_be_done(place: Place) -> None:
    store = place.open()
    place.lose_reply()
    version = store.write(first("a"), None)
    assert stored(place.open()) == Versioned(first("a"), version)
    place.lose_reply()
    version = store.write(first("b"), version)
    assert stored(place.open()) == Versioned(first("b"), version)
    store.write(first("c"), version)


def test_a_write_that_fails_at_first_is_done_or_leaves_all_as_it_was(place: Place) -> None:
    store = place.open()
    version = store.write(first("a"), None)
    place.fail_before()
    try:
        version = store.write(first("b"), version)
    except StoreUnusable:
        assert isinstance(place, FilePlace), "only a disk is not tried again"
        assert stored(place.open()) == Versioned(first("a"), version)
    else:
        assert stored(place.open()) == Versioned(first("b"), version)
    store.write(first("c"), version)


def test_a_write_that_is_never_answered_is_known_to_be_done(place: Place) -> None:
    place.hang()
    store = place.open()
    version = store.write(first("a"), None)
    assert stored(place.open()) == Versioned(first("a"), version)


def test_of_a_lost_reply_and_another_writer_the_other_wins(place: Place) -> None:
    ours, theirs = place.open(), place.open()
    before = ours.write(first("a"), None)
    now = theirs.write(first("b"), before)
    place.fail_before()
    with pytest.raises((StateMoved, StoreUnusable)) as caught:
        ours.write(first("c"), before)
    assert isinstance(place, FilePlace) or caught.type is StateMoved
    assert stored(theirs) == Versioned(first("b"), now)


def test_a_place_that_is_not_there_says_so(place: Place) -> None:
    store, said = place.missing()
    for work in (store.load, lambda: store.write(first(), None), lambda: store.get(NAME)):
        with pytest.raises(StoreUnusable, match=said):
            work()


TIMES = 50 if THOROUGH else 5
"""How often each of two writers writes."""


def test_racing_writers_lose_no_update(place: Place) -> None:
    place.open().write(first("start", serial=0), None)
    done: list[str] = []

    def write_often() -> None:
        store = place.open()
        found = stored(store)
        for _ in range(TIMES):
            nonce = uuid4().hex
            while True:
                document = first(nonce, serial=found.document.serial + 1)
                try:
                    found = Versioned(document, store.write(document, found.version))
                except (StateMoved, StoreBusy):
                    found = stored(store)
                else:
                    done.append(nonce)
                    break

    threads = [threading.Thread(target=write_often) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2 * TIMES
    assert stored(place.open()).document.serial == 2 * TIMES


def test_objects_come_back_and_do_not_move_the_document(place: Place) -> None:
    store = place.open()
    assert store.get(NAME) is None
    version = store.write(first("a"), None)
    big = b'{"big": "' + b"x" * 100_000 + b'"}'
    store.put({NAME: big, NAME.replace("source-maps", "prompts"): b""})
    store.put({NAME.replace("0", "1"): b"1"})
    store.put({})
    version = store.write(first("b"), version)
    version = store.write(first("c"), version)
    other = place.open()
    assert other.get(NAME) == big
    assert other.get(NAME.replace("source-maps", "prompts")) == b""
    assert other.get(NAME.replace("0", "1")) == b"1"
    assert other.get(NAME.replace("0", "2")) is None
    assert stored(other).version == version


ELSEWHERE = [
    "",
    HASH,
    f"../{HASH}.json",
    f"source-maps/../{HASH}.json",
    f"/source-maps/{HASH}.json",
    f"source-maps/{HASH}.json\n",
    f"source-maps/{HASH}.json/x",
    f"source-maps/{HASH[:-1]}.json",
    f"source-maps/{HASH.upper()}.json",
    f"-x/{HASH}.json",
    "state.json",
]


def test_names_that_lead_elsewhere_are_refused(place: Place) -> None:
    store = place.open()

    def check(name: str) -> None:
        with pytest.raises(StateError, match="cannot be the name"):
            store.put({NAME: b"x", name: b"x"})
        with pytest.raises(StateError, match="cannot be the name"):
            store.get(name)

    check_rows(ELSEWHERE, check, repr)


def test_the_probe_passes_and_leaves_the_document_alone(place: Place) -> None:
    store = place.open()
    store.probe()
    assert store.load() is None
    version = store.write(first("a"), None)
    store.probe()
    assert stored(store) == Versioned(first("a"), version)


GOOD = dump_document(FULL)


NO_DOCUMENTS: list[tuple[bytes, type[StateError], str]] = [
    (b"", CorruptState, "is empty"),
    (GOOD[: len(GOOD) // 2], CorruptState, "cut off"),
    (b"\xff\xfe" + GOOD, CorruptState, "not UTF-8"),
    (GOOD.replace(b"{", b'{"resources": {}, ', 1), CorruptState, "`resources` twice"),
    (b"<html>502</html>", CorruptState, "not JSON"),
    (GOOD.replace(b'"prod"', b'"test"'), ForeignState, "`test`"),
    (GOOD.replace(b"prj_harbour", b"prj_other"), ForeignState, "`prj_other`"),
    (
        GOOD.replace(b'"format": %d' % FORMAT, b'"format": %d' % (FORMAT + 1)),
        NewerState,
        f"format {FORMAT + 1}",
    ),
]


def test_what_is_no_document_of_ours_is_refused_and_kept(place: Place) -> None:
    def check(row: tuple[bytes, type[StateError], str]) -> None:
        content, error, said = row
        place.plant(content)
        store = place.open()
        for work in (store.load, lambda: store.write(first(), None)):
            with pytest.raises((error, StateMoved)):
                work()
        with pytest.raises(error, match=said) as caught:
            place.open().load()
        assert store.url in str(caught.value)

    # What tells them apart is shared by all stores.
    tried = NO_DOCUMENTS if isinstance(place, FilePlace) else every(3, NO_DOCUMENTS)
    check_rows(tried, check, lambda row: row[2])


def test_a_huge_document_is_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from flowdsl.state.stores import objects as objects_module

    for module in (file_module, git_module, objects_module):
        monkeypatch.setattr(module, "MAX_BYTES", len(GOOD) - 1)
    place.plant(GOOD)
    with pytest.raises(CorruptState, match=f"has {len(GOOD)} bytes"):
        place.open().load()


def test_a_deploy_holds_writes_and_releases(place: Place) -> None:
    store = place.open()
    runtime = Runtime(lambda: NOW, lambda: 0.0, asyncio.sleep, lambda: uuid4().hex)

    async def deploy(holder: str) -> StateDocument:
        async with acquire(
            store, first(), holder=holder, timeout=0, runtime=runtime, waiting=lambda *_: None
        ) as (held, document):
            held.check()
            written = await held.write(document.replace(organization_id=holder))
            assert stored(place.open()).document == written
            return await held.release(written)

    for number, holder in enumerate(("one", "two"), 1):
        document = asyncio.run(deploy(holder))
        assert stored(place.open()).document == document
        assert (document.serial, document.lease) == (3 * number, None)
        assert document.organization_id == holder


def test_heartbeats_and_checkpoints_take_turns(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With real threads and a real clock, at a hundred times the pace."""
    store, reader = place.open(), place.open()
    if store.excludes:
        pytest.skip("the operating system knows who lives")
    monkeypatch.setattr(held_module, "HEARTBEAT", timedelta(seconds=0.07))
    runtime = Runtime(lambda: datetime.now(UTC), time.monotonic, asyncio.sleep, lambda: uuid4().hex)

    async def deploy() -> None:
        async with (
            asyncio.timeout(60),
            acquire(
                store, first(), holder="me", timeout=0, runtime=runtime, waiting=lambda *_: None
            ) as (held, document),
        ):
            for serial in (3, 6):
                while stored(reader).document.serial < serial:
                    await asyncio.sleep(0.01)
                document = await held.write(document.replace(organization_id=str(serial)))
                held.check()

    asyncio.run(deploy())
    last = stored(reader).document
    assert (last.organization_id, last.lease) == ("6", None)
    assert last.serial >= 8


def test_a_lease_that_was_left_is_unlocked_by_its_id(place: Place) -> None:
    store = place.open()
    store.write(FULL, None)
    runtime = Runtime(lambda: NOW, lambda: 0.0, asyncio.sleep, lambda: uuid4().hex)
    with pytest.raises(StateError, match="`a1` of `runner`"):
        asyncio.run(break_lease(store, "a2", runtime))
    freed = asyncio.run(break_lease(store, "a1", runtime))
    assert stored(place.open()).document == freed
    assert freed == FULL.replace(serial=1, nonce=freed.nonce, lease=None)
    with pytest.raises(StateError, match="no lease"):
        asyncio.run(break_lease(store, "a1", runtime))


def test_the_address_is_one_that_opens_the_place_again(place: Place) -> None:
    url = place.open().url
    assert "@" not in url and "canary" not in url
