from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.state.document import (
    DeployedSource,
    Intent,
    Lease,
    ResourceState,
    StateDocument,
    dump_document,
    load_document,
    new_document,
)
from flowdsl.state.errors import CorruptState, StateError

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
TIMES = st.datetimes(min_value=datetime(2020, 1, 1), timezones=st.just(UTC))

RESOURCES = st.builds(
    ResourceState,
    id=NAMES,
    generation=st.integers(1, 9),
    name=NAMES,
    protect=st.booleans(),
    applied=st.dictionaries(NAMES, HASHES, max_size=3),
    children=st.dictionaries(NAMES, NAMES, max_size=3),
    tags=st.lists(NAMES, max_size=3).map(tuple),
    source_map=st.none() | HASHES,
)
INTENTS = st.builds(
    Intent,
    id=IDS,
    action=st.sampled_from(["create", "update"]),
    address=NAMES,
    created_at=TIMES,
    generation=st.integers(1, 9),
    name=NAMES,
    resource_id=st.none() | NAMES,
    applied=st.dictionaries(NAMES, HASHES, max_size=2),
    tags=st.lists(NAMES, max_size=2).map(tuple),
)
SOURCES = st.builds(
    DeployedSource, commit=NAMES, dirty=st.booleans(), committed_at=st.none() | TIMES
)
DOCUMENTS = st.builds(
    StateDocument,
    project=st.just("p"),
    environment=st.just("e"),
    lineage=NAMES,
    serial=st.integers(0, 10**6),
    nonce=NAMES,
    api_base=NAMES,
    organization_id=st.none() | NAMES,
    source=st.none() | SOURCES,
    resources=st.dictionaries(NAMES, RESOURCES, max_size=3),
    pending=st.lists(INTENTS, max_size=2).map(tuple),
    lease=st.none() | st.builds(Lease, holder=NAMES, id=NAMES, acquired_at=TIMES, expires=TIMES),
)


def load(content: bytes) -> StateDocument:
    return load_document(content, where="file:x", project="p", environment="e")


@given(DOCUMENTS)
def test_a_document_survives_the_disk(document: StateDocument) -> None:
    assert load(dump_document(document)) == document


@given(DOCUMENTS, st.data())
def test_a_truncated_document_is_never_read(document: StateDocument, data: st.DataObject) -> None:
    content = dump_document(document)
    cut = data.draw(st.integers(0, len(content) - 2))
    with pytest.raises(CorruptState):
        load(content[:cut])


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_give_anything_but_a_state_error(content: bytes) -> None:
    with pytest.raises(StateError):
        load(content)


def test_a_new_document_holds_nothing() -> None:
    document = new_document("p", "e", api_base="local", lineage="l", nonce="n")
    assert (document.serial, document.resources, document.pending) == (0, {}, ())


def test_the_message_names_the_place_and_not_the_value() -> None:
    content = dump_document(new_document("p", "e", api_base="x", lineage="l", nonce="secret"))
    broken = content.replace(b'"secret"', b'["secret"]')
    with pytest.raises(CorruptState) as caught:
        load(broken)
    assert "`nonce`" in str(caught.value) and "secret" not in str(caught.value)
