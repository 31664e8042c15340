from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from flowdsl.config.address import Address, workflow_address
from flowdsl.state.document import (
    FORMAT,
    Intent,
    ResourceState,
    StateDocument,
    dump_document,
    load_document,
)
from flowdsl.state.errors import CorruptState, NewerState
from tests.state.state_places import first


def load(content: bytes) -> StateDocument:
    return load_document(content, where="file:x", project="prj_harbour", environment="prod")


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
        (b"{" * 200_000, "more than 200000 values"),
        (b"[" * 2000 + b"]" * 2000, "nests deeper"),
        (b'{"format": true}', "no `format`"),
        (b'{"format": 2}', "unknown format 2"),
    ],
)
def test_what_is_no_document_is_named(content: bytes, said: str) -> None:
    with pytest.raises(CorruptState) as caught:
        load(content)
    assert said in str(caught.value) and "state rebuild" in str(caught.value)


def test_a_document_in_which_two_addresses_have_one_workflow_is_refused() -> None:
    """As after a merge by hand; `deploy --prune` would delete the workflow of both."""
    one = ResourceState(id="2f1e", generation=1, name="One")
    tags = {Address("tag", "a"): one, Address("tag", "b"): one}
    assert load(dump_document(first(resources=tags)))
    both = {workflow_address("a"): one, workflow_address("b"): one}
    with pytest.raises(CorruptState, match=r"2f1e to `workflow\.a` and `workflow\.b`"):
        load(dump_document(first(resources=both)))


def test_a_stray_without_an_end_is_refused() -> None:
    stray = Intent(
        id="5" * 32,
        action="update",
        address=workflow_address("a"),
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        generation=1,
        name="A",
    )
    with pytest.raises(CorruptState, match=r"wrong at `strays\.0`: .*given_up_at"):
        load(dump_document(first(strays=(stray,))))
