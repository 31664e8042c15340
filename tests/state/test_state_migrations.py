from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flowdsl.state.document import (
    FORMAT,
    Lease,
    Source,
    StateDocument,
    dump_document,
    load_document,
)
from flowdsl.state.errors import CorruptState, NewerState
from flowdsl.state.migrations import MIGRATIONS

STORED = Path(__file__).parent / "documents"


def load(content: bytes) -> StateDocument:
    return load_document(content, where="file:x", project="prj_harbour", environment="prod")


def raw(number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STORED / f"format_{number}.json").read_bytes())
    return found


def test_a_stored_document_of_format_1_keeps_everything() -> None:
    old = raw(1)
    document = load((STORED / "format_1.json").read_bytes())
    assert document.source == Source(commit=old["source_commit"])
    until = datetime(2026, 3, 2, 8, 0, 30, 250000, UTC)
    assert document.lease == Lease(
        holder="runner-4 (process 311)",
        id="0f2a6c1de4b94e0c8d1a77f0a3b5c9e2",
        acquired_at=until,
        expires=until,
    )
    new = json.loads(dump_document(document))
    assert (new["format"], new["moved_to"], new["strays"]) == (3, None, [])
    changed = {"format", "source", "source_commit", "lease", "resources", "pending", "moved_to"}
    changed |= {"strays"}
    assert {k: v for k, v in new.items() if k not in changed} == {
        k: v for k, v in old.items() if k not in changed
    }
    assert new["resources"] == {
        address: {**resource, "source_map": None, "renamed_from": None}
        for address, resource in old["resources"].items()
    }
    (creation,) = old["pending"]
    assert new["pending"] == [{**creation, "protect": False, **SENT, "tagged": creation["tags"]}]


SENT = {"sent": {}, "tagged": [], "untagged": [], "given_up_at": None}


def test_a_stored_document_of_format_2_keeps_everything() -> None:
    old = raw(2)
    document = load((STORED / "format_2.json").read_bytes())
    new = json.loads(dump_document(document))
    creation, change = old["pending"]
    assert new == {
        **old,
        "format": 3,
        "strays": [],
        "pending": [
            {**creation, **SENT, "tagged": ["claims"]},
            {**change, **SENT, "sent": change["applied"], "tagged": ["claims"]},
        ],
    }
    assert load(dump_document(document)) == document


@pytest.mark.parametrize("pending", [7, "", {}, [None], [7], [{}], [{"applied": 7}]])
def test_broken_intents_of_format_2_are_refused_with_the_place(pending: object) -> None:
    with pytest.raises(CorruptState, match="`pending"):
        load(json.dumps({**raw(2), "pending": pending}).encode())


def test_a_document_without_commit_and_lease_is_lifted() -> None:
    document = load(json.dumps({**raw(1), "source_commit": None, "lease": None}).encode())
    assert (document.source, document.lease) == (None, None)
    assert load(dump_document(document)) == document


@pytest.mark.parametrize("key", ["source_commit", "lease", "resources", "pending"])
@pytest.mark.parametrize("value", [7, "", [], {}, {"x": {}}, [None]])
def test_a_broken_old_document_is_refused_with_the_place(key: str, value: Any) -> None:
    try:
        document = load(json.dumps({**raw(1), key: value}).encode())
    except CorruptState as error:
        assert f"`{key.replace('source_commit', 'source')}" in str(error)
        assert "state rebuild" in str(error)
    else:
        assert value in ([], {}), "only what is empty may pass for nothing"
        assert document.serial == 41


def test_every_older_format_has_a_way_up_and_a_stored_example() -> None:
    assert sorted(MIGRATIONS) == list(range(1, FORMAT))
    for number in MIGRATIONS:
        assert raw(number)["format"] == number


@pytest.mark.parametrize(
    ("min_cli", "named"),
    [("9.1.0", "flowdsl 9.1.0"), ("\x1b]0;x\a", "the version"), (None, "the version")],
)
def test_a_newer_document_says_which_version_reads_it(min_cli: object, named: str) -> None:
    content = json.dumps({"format": FORMAT + 1, "min_cli": min_cli, "anything": 1}).encode()
    with pytest.raises(NewerState) as caught:
        load(content)
    assert named in str(caught.value) and "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"\xff{}", "not UTF-8"),
        (b"[]", "no JSON object"),
        (b"{" * 200_000, "not JSON"),
        (b'{"format": true}', "no `format`"),
        (b'{"format": 0}', "unknown format 0"),
    ],
)
def test_what_is_no_document_is_named(content: bytes, said: str) -> None:
    with pytest.raises(CorruptState) as caught:
        load(content)
    assert said in str(caught.value) and "state rebuild" in str(caught.value)
