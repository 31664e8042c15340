"""An address is its text, and its text is an address."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flowdsl.config.address import KINDS, MANAGED, Address, NotAnAddress, workflow_address
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.state.document import Intent, ResourceState, StateDocument, dump_document
from flowdsl.state.document import load_document as load
from tests.support.rows import in_rows

NAMES = st.text(min_size=1)
ADDRESSES = st.builds(Address, st.sampled_from(KINDS), NAMES)


@given(ADDRESSES)
def test_what_is_written_is_read_back(address: Address) -> None:
    again = Address.parse(str(address))
    assert again == address and (again.kind, again.name) == (address.kind, address.name)


@given(st.sampled_from(KINDS), NAMES)
def test_a_name_may_hold_dots(kind: str, name: str) -> None:
    address = Address(kind, name)
    assert (address.kind, address.name) == (kind, name)
    assert str(address) == f"{kind}.{name}" and type(str(address)) is str


@given(st.lists(ADDRESSES))
def test_addresses_sort_as_their_texts_do(addresses: list[Address]) -> None:
    assert [*map(str, sorted(addresses))] == sorted(map(str, addresses))


@given(st.text())
def test_any_other_text_is_refused_with_one_error(text: str) -> None:
    kind, dot, name = text.partition(".")
    if kind in KINDS and dot and name:
        assert Address.parse(text) == text
        return
    with pytest.raises(NotAnAddress) as refused:
        Address.parse(text)
    assert all(each in str(refused.value) for each in (f"`{text}`", *KINDS))


@in_rows("text", ["", "workflow", "workflow.", ".a", "Workflow.a", "chain.a", "a"])
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(NotAnAddress):
        Address.parse(text)


@given(st.text())
def test_unchecked_keeps_every_letter(text: str) -> None:
    address = Address.unchecked(text)
    assert str(address) == text and json.loads(json.dumps(address)) == text
    if "." in text:
        assert f"{address.kind}.{address.name}" == text
    else:
        assert (address.kind, address.name) == ("", "")
    for copied in (copy.deepcopy(address), pickle.loads(pickle.dumps(address))):
        assert type(copied) is Address and str(copied) == text


def test_an_address_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        workflow_address("a").name = "b"  # type: ignore[misc]


@given(st.dictionaries(st.text(), st.just(ResourceState(id="1", generation=1, name="A"))))
def test_state_keeps_addresses_as_texts(resources: dict[str, ResourceState]) -> None:
    """Whatever stood in a document comes back from it, and as addresses."""
    document = StateDocument(
        project="p",
        environment="e",
        lineage="l",
        serial=1,
        nonce="n",
        api_base="b",
        resources=resources,
    )
    content = dump_document(document)
    assert json.loads(content)["resources"].keys() == resources.keys()
    again = load(content, where="here", project="p", environment="e")
    assert dump_document(again) == content
    assert {type(each) for each in again.resources} <= {Address}


def test_state_gives_its_workflows() -> None:
    texts = ["workflow.b", "tag.t", "workflow.a", "tag_group.t", "workflow", "model.m.n"]
    document = StateDocument(
        project="p",
        environment="e",
        lineage="l",
        serial=1,
        nonce="n",
        api_base="b",
        resources={text: ResourceState(id=f"id-{text}", generation=1, name=text) for text in texts},
    )
    assert [*document.workflows()] == ["workflow.b", "workflow.a"]
    assert document.workflow_ids() == {
        "workflow.b": "id-workflow.b",
        "workflow.a": "id-workflow.a",
    }


def test_an_address_in_a_document_is_a_text() -> None:
    given = {"id": "0" * 32, "action": "create", "created_at": "2026-01-01T00:00:00Z"}
    rest = {"generation": 1, "name": "A"}
    intent = Intent.model_validate({**given, **rest, "address": "workflow.a"})
    assert intent.address.name == "a"
    assert intent.model_dump(mode="json")["address"] == "workflow.a"
    with pytest.raises(ValidationError):
        Intent.model_validate({**given, **rest, "address": 1})


@in_rows("kind", KINDS)
def test_a_project_gives_up_what_state_holds(kind: str) -> None:
    text = f'[project]\nname = "p"\n\n[[removed]]\naddress = "{kind}.a b.c"\nmode = "forget"\n'
    sink = Sink()
    project = load_project(text, "flowdsl.toml", sink)
    if kind not in MANAGED:
        assert project is None and sink.has_errors
        return
    assert project is not None, sink.findings_in_order()
    (removal,) = project.removed
    assert (removal.address.kind, removal.address.name) == (kind, "a b.c")
