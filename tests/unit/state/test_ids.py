from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.state.document import ResourceState, new_document
from flowdsl.state.ids import IdList, UnusableIds, dump_ids, ids_of, load_ids
from tests.support.rows import for_rows, in_rows

DOCUMENT = new_document("prj_1", "prod", api_base="x", lineage="l", nonce="n").replace(
    resources={
        "workflow.b": ResourceState(id="2", generation=1, name="B"),
        "workflow.a": ResourceState(id="1", generation=1, name="A"),
        "tag.t": ResourceState(id="1", generation=1, name="t"),
    }
)


def load(content: bytes) -> IdList:
    return load_ids(content, where="ids.json", project="prj_1", environment="prod")


def test_what_is_written_is_read_and_changes_only_with_the_ids() -> None:
    content = dump_ids(ids_of(DOCUMENT))
    assert load(content) == ids_of(DOCUMENT)
    later = DOCUMENT.replace(
        serial=9, nonce="m", resources=dict(reversed(DOCUMENT.resources.items()))
    )
    assert dump_ids(ids_of(later)) == content
    assert load(b"\xef\xbb\xbf" + content) == ids_of(DOCUMENT), "an editor's byte order mark"


@for_rows(
    lambda: [
        (b"", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"[1]", "is no JSON object"),
        (b"[" * 100_000, "nests deeper than"),
        (b'{"ids": {}, "ids": {}}', "has the key `ids` twice"),
        (b'{"ids": {"workflow.a": "1", "workflow.a": "2"}}', "has the key `workflow.a` twice"),
        ({"project": "prj_2"}, "lists the ids of project `prj_2`, not of `prj_1`"),
        ({"environment": "test"}, "lists the ids of environment `test`, not of `prod`"),
        ({"format_version": 2}, "has format 2"),
        ({"format_version": 0}, "at `format_version`"),
        ({"format_version": True}, "at `format_version`"),
        ({"format_version": "1"}, "at `format_version`"),
        ({"kind": "state"}, "at `kind`"),
        ({"serial": 1}, "at `serial`"),
        ({"organization_id": 1}, "at `organization_id`"),
        ({"ids": {"workflow.a": 7}}, "at `ids.workflow.a`"),
        (
            {"ids": {"workflow.a": "x", "workflow.b": "X"}},
            "gives the id `X` to `workflow.a` and `workflow.b`",
        ),
    ]
)
def test_another_list_is_refused(row: tuple[Any, str]) -> None:
    content, said = row
    if not isinstance(content, bytes):
        content = json.dumps({**json.loads(dump_ids(ids_of(DOCUMENT))), **content}).encode()
    with pytest.raises(UnusableIds) as caught:
        load(content)
    assert said in str(caught.value) and "`ids.json`" in str(caught.value)


@in_rows("key", ["format_version", "kind", "project", "environment", "ids"])
def test_a_list_without_a_part_is_no_list(key: str) -> None:
    raw = json.loads(dump_ids(ids_of(DOCUMENT)))
    del raw[key]
    with pytest.raises(UnusableIds):
        load(json.dumps(raw).encode())


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_bytes_are_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(UnusableIds):
        load(content)
