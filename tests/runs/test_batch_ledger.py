"""A ledger that is cut off anywhere says no more and no less than what had happened by then."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowdsl.cyberdesk.models.run import Run, RunBulkCreate, RunCreate
from flowdsl.runs.batches.folder import MOST, Folder, Ledger
from flowdsl.runs.batches.ledger import (
    RESOLVED,
    SENT,
    WAITING,
    About,
    UnreadableLedger,
    read_ledger,
)
from flowdsl.runs.batches.resuming import find_earlier_batches, submissions_of
from flowdsl.runs.submit import BulkRequest, Request, SingleRequest, Submission
from flowdsl.state.errors import StoreBusy, StoreUnusable
from flowdsl.workspace.state import system_runtime

WORKFLOW = "00000000-0000-4000-8000-000000000001"
ABOUT = About("prod", "https://desk.example.test", "workflow", "note", "2026-03-01", {}, {})
NOW = datetime.now(UTC)


def one(text: str, **secrets: str) -> SingleRequest:
    return SingleRequest(
        RunCreate(
            workflow_id=WORKFLOW,
            input_values={"text": text},
            sensitive_input_values=secrets or None,
        )
    )


def begun(folder: Folder, *requests: Request) -> tuple[Ledger, list[Submission]]:
    every = [Submission(each, f"key-{at}", f"row {at}") for at, each in enumerate(requests)]
    ledger = folder.new(ABOUT, system_runtime())
    ledger.begin(every, Run(id="before", status="success", created_at="2026-03-01T00:00:00Z"))
    return ledger, every


def written(root: Path) -> Path:
    (path,) = (root / ".flowdsl/runs/prod").glob("*.jsonl")
    return path


def test_every_beginning_of_a_ledger_is_one_that_can_be_gone_on_with(tmp_path: Path) -> None:
    ledger, every = begun(Folder(str(tmp_path), "prod"), one("a"), one("b"))
    path = written(tmp_path)
    sizes = {path.stat().st_size: [WAITING, WAITING]}
    stages = [WAITING, WAITING]
    for at, stage in ((0, SENT), (1, SENT), (1, RESOLVED), (0, RESOLVED)):
        every[at].runs = [Run(id=f"run-{at}", status="scheduling")] if stage == RESOLVED else []
        (ledger.resolved if stage == RESOLVED else ledger.sending)(every[at])
        stages[at] = stage
        sizes[path.stat().st_size] = [*stages]
    content = path.read_bytes()
    for cut in range(len(content) + 1):
        batch = read_ledger(content[:cut], "ledger")
        whole = max((size for size in sizes if size <= cut), default=None)
        if whole is None:
            assert batch is None or not batch.has_begun
            continue
        assert batch is not None and batch.newest is not None and batch.newest.id == "before"
        assert [each.stage for each in batch.entries] == sizes[whole]
        assert [run.id for run in batch.runs] == [
            f"run-{at}" for at, stage in enumerate(sizes[whole]) if stage == RESOLVED
        ]


def test_a_line_that_was_cut_off_does_not_spoil_the_next_one(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path), "prod")
    ledger, every = begun(folder, one("a"), one("b"))
    ledger.sending(every[0])
    ledger.leave()
    with written(tmp_path).open("ab") as file:
        file.write(b'{"made": 0, "ru')
    (batch,) = folder.left(NOW)
    again = folder.open(batch)
    again.sending(every[1])
    again.leave()
    assert [each.stage for each in folder.left(NOW)[0].entries] == [SENT, SENT]


def test_a_value_of_a_secret_is_in_no_digest(tmp_path: Path) -> None:
    ledger, every = begun(Folder(str(tmp_path), "prod"), one("a", pin="0000"))
    content = written(tmp_path).read_text()
    assert "0000" not in content.replace(WORKFLOW, "") and "pin" not in content
    ledger.sending(every[0])
    assert find_earlier_batches([ledger.batch], [(one("a", pin="9999"), "")]) == [ledger.batch]
    assert find_earlier_batches([ledger.batch], [(one("a", code="0000"), ""), (one("b"), "")]) == []


def test_what_a_bulk_is_short_of_is_asked_for_with_another_key(tmp_path: Path) -> None:
    bulk = BulkRequest(RunBulkCreate(workflow_id=WORKFLOW, count=5))
    ledger, every = begun(Folder(str(tmp_path), "prod"), bulk)
    ledger.sending(every[0])
    every[0].runs = [Run(id=f"r{number}", status="scheduling") for number in range(3)]
    ledger.resolved(every[0])
    first, rest = submissions_of(ledger.batch, [(bulk, "row 0")], lambda: "new key")
    assert (first.key, len(first.runs), first.is_sent) == ("key-0", 3, True)
    assert (rest.key, rest.request.count, rest.is_sent, rest.instead_of) == (
        "new key",
        2,
        False,
        "key-0",
    )
    ledger.begin([first, rest], None)
    assert not ledger.batch.is_whole and ledger.batch.asked == 5
    rest.runs = [Run(id=f"s{number}", status="scheduling") for number in range(2)]
    ledger.resolved(rest)
    assert ledger.batch.is_whole


def test_a_ledger_that_is_held_is_seen_and_not_taken(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path), "prod")
    ledger, every = begun(folder, one("a"))
    ledger.sending(every[0])
    (batch,) = folder.left(NOW + timedelta(days=99))
    assert batch.is_live
    with pytest.raises(StoreBusy, match="another process continues batch"):
        folder.open(batch)
    folder.drop(batch)
    assert written(tmp_path).exists()
    ledger.leave()
    first = folder.open(batch)
    with pytest.raises(StoreBusy):
        folder.open(batch)
    first.give_up()
    with pytest.raises(StoreUnusable, match="is done"):
        folder.open(batch)


def test_of_two_tables_that_begin_at_once_each_sees_the_other(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path), "prod")
    requests = [(one("a"), ""), (one("b"), "")]
    beside, _ = begun(folder, one("b"), one("c"))
    assert [each.id for each in find_earlier_batches(folder.left(NOW), requests)] == [
        beside.batch.id
    ]

    def refuse() -> None:
        raise StoreBusy("another one")

    ledger = folder.new(ABOUT, system_runtime())
    ledger.check_alone = refuse
    with pytest.raises(StoreBusy, match="another one"):
        ledger.begin([Submission(requests[0][0], "key", "row")], None)
    assert written(tmp_path).name == f"{beside.batch.id}.jsonl"


def test_a_ledger_is_not_lost_to_who_looks_when_it_is_made(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path), "prod")
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            folder.left(NOW)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(100):
            ledger, every = begun(folder, one("a"))
            ledger.sending(every[0])
            assert written(tmp_path).read_bytes().count(b"\n") == 3
            ledger.give_up()
    finally:
        over.set()
        looking.join()


def test_ledgers_are_bounded_in_number(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path), "prod")
    ledger, every = begun(folder, one("a"))
    ledger.sending(every[0])
    ledger.leave()
    content = written(tmp_path).read_bytes()
    for number in range(MOST + 5):
        name = f"20200101-000000-{number:06x}.jsonl"
        (tmp_path / ".flowdsl/runs/prod" / name).write_bytes(content)
    folder.left(NOW)
    assert len(folder.left(NOW)) == MOST


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed there")
def test_no_link_is_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    for place in (".flowdsl", ".flowdsl/runs", ".flowdsl/runs/prod"):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).symlink_to(outside)
        with pytest.raises(StoreUnusable, match="symbolic link"):
            begun(Folder(str(root), "prod"), one("a"))
        (root / place).unlink()
    folder = Folder(str(root), "prod")
    ledger, every = begun(folder, one("a"))
    ledger.sending(every[0])
    ledger.leave()
    path = written(root)
    path.rename(outside / "kept.jsonl")
    path.symlink_to(outside / "kept.jsonl")
    before = (outside / "kept.jsonl").read_bytes()
    with pytest.raises(StoreUnusable):
        folder.left(NOW)
    assert (outside / "kept.jsonl").read_bytes() == before
    assert [each.name for each in outside.iterdir()] == ["kept.jsonl"]


@pytest.mark.parametrize(
    "change",
    [
        ('"ledger": 1', '"ledger": 2'),
        ('"request": ["key-0"', '"request": [0'),
        ('"sent": 0', '"sent": 9'),
        ('"sent": 0', '"sent": true'),
        ('"versions": {', '"ids": [], "versions": {'),
        ('"today": "2026-03-01"', '"today": "soon"'),
        ('"began": ', '"began": "soon", "before": '),
        ('"began": ', '"began": "0001-01-01T00:00:00+05:00", "before": '),
        ('row 0", 1,', 'row 0", 0,'),
    ],
)
def test_a_ledger_that_says_something_else_is_refused(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    ledger, every = begun(Folder(str(tmp_path), "prod"), one("a"))
    ledger.sending(every[0])
    content = written(tmp_path).read_text()
    assert change[0] in content
    with pytest.raises(UnreadableLedger, match="is no ledger of runs that this version can read"):
        read_ledger(content.replace(*change).encode(), "ledger")
