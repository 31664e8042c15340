"""Finding the addresses of workflows again after any history of a project.

Never the wrong one, never a copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.config.address import workflow_address
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.ownership.found import Matches
from flowdsl.deploy.ownership.matching import match_workflows
from flowdsl.deploy.resources.mark import Mark, insert_mark
from flowdsl.deploy.resources.resource import Desired
from flowdsl.deploy.target import DeployTarget
from flowdsl.state.document import ResourceState, StateDocument, new_document
from tests.support.effort import examples

NAMES = [workflow_address(letter) for letter in "abc"]
TARGET = DeployTarget("prj_1", "test", "http://x")


@dataclass
class History:
    """What happened to a project.

    `truth` is the state that was lost, `source` maps addresses to `renamed_from`.
    """

    truth: dict[str, str] = field(default_factory=dict)
    source: dict[str, str | None] = field(default_factory=dict)
    rows: list[Workflow] = field(default_factory=list)
    copies: set[str] = field(default_factory=set)
    hops: dict[str, int] = field(default_factory=dict)
    reused: bool = False
    marks: dict[str, Mark] = field(default_factory=dict)

    def row(self, mark: Mark | None) -> str:
        identifier = str(UUID(int=len(self.rows) + 1))
        self.rows.append(
            Workflow.model_validate(
                {
                    "id": identifier,
                    "name": "Same name",
                    "main_prompt": "x",
                    "input_schema": insert_mark(None, mark),
                    "created_at": f"2026-03-02T08:{len(self.rows):02}:00Z",
                    "updated_at": "2026-03-02T09:00:00Z",
                }
            )
        )
        return identifier

    def create(self, address: str) -> None:
        if address in self.source:
            return
        self.source[address] = None
        if address not in self.truth:
            mark = Mark("prj_1", "test", address, 1, f"{len(self.rows):08x}")
            self.reused |= any(each.address == address for each in self.marks.values())
            identifier = self.truth[address] = self.row(mark)
            self.marks[identifier], self.hops[identifier] = mark, 0

    def rename(self, old: str, new: str) -> None:
        if old not in self.source or new in self.source or new in self.truth:
            return
        self.source[new] = old
        del self.source[old]
        identifier = self.truth[new] = self.truth.pop(old)
        self.hops[identifier] += 1
        self.reused |= any(each.address == new for each in self.marks.values())

    def swap(self, one: str, other: str) -> None:
        if one == other or not {one, other} <= self.source.keys():
            return
        self.source[one], self.source[other] = other, one
        self.truth[one], self.truth[other] = self.truth[other], self.truth[one]
        for address in (one, other):
            self.hops[self.truth[address]] += 1
        self.reused = True

    def remove(self, address: str) -> None:
        self.source.pop(address, None)

    def copy(self, address: str) -> None:
        if address in self.truth:
            self.copies.add(self.row(self.marks[self.truth[address]]))

    def foreign(self, address: str) -> None:
        for mark in (
            None,
            Mark("prj_2", "test", address, 1, "0"),
            Mark("prj_1", "prod", address, 1, "0"),
        ):
            self.copies.add(self.row(mark))

    def wanted(self) -> dict[str, Desired]:
        return {
            address: Desired(address, "Same name", {}, renamed_from=old)
            for address, old in self.source.items()
        }

    def document(self, known: set[str]) -> StateDocument:
        document = new_document("prj_1", "test", api_base="x", lineage="l", nonce="n")
        return document.replace(
            resources={
                address: ResourceState(
                    id=found, generation=1, name="x", renamed_from=self.source.get(address)
                )
                for address, found in self.truth.items()
                if address in known
            }
        )

    def match(self, known: set[str] = set(), ids: dict[str, str] | None = None) -> Matches:  # noqa: B006
        prior = self.document(known)
        live = {resource.id for resource in prior.resources.values()}
        return match_workflows(TARGET, prior, self.wanted(), self.rows, live, ids or {}, {})


address = st.sampled_from(NAMES)
step = st.one_of(
    st.tuples(st.just("create"), address),
    st.tuples(st.just("create"), address),
    st.tuples(st.just("rename"), address, address),
    st.tuples(st.just("rename"), address, address),
    st.tuples(st.just("swap"), address, address),
    st.tuples(st.just("remove"), address),
    st.tuples(st.just("copy"), address),
    st.tuples(st.just("foreign"), address),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    history = History()
    for name, *addresses in draw(st.lists(step, max_size=12)):
        getattr(history, name)(*addresses)
    return history


@settings(max_examples=examples(400))
@given(histories(), st.sets(address))
def test_nothing_is_taken_twice_and_no_copy_is(history: History, known: set[str]) -> None:
    found = history.match(known)

    ids = [item.id for item in found.recovered]
    addresses = [item.address for item in found.recovered]
    assert len({*ids}) == len(ids) and len({*addresses}) == len(addresses)
    assert history.copies.isdisjoint(ids)
    assert {*addresses}.isdisjoint(history.document(known).resources)
    assert {*ids}.isdisjoint(each.id for each in history.document(known).resources.values())
    wanted = [item.wanted for item in found.recovered if item.wanted is not None]
    assert len({*wanted}) == len(wanted)
    unfound = {each.address for each in found.unfound}
    assert unfound.isdisjoint(wanted)
    for item in found.recovered:
        copies = {
            row.id
            for row in history.rows
            if row.input_schema == insert_mark(None, history.marks[item.id])
        }
        assert {copy.id for copy in item.copies} == copies - {item.id}


@settings(max_examples=examples(400))
@given(histories())
def test_what_is_taken_is_right_wherever_nothing_was_renamed_twice(history: History) -> None:
    if any(number > 1 for number in history.hops.values()):
        return
    for item in history.match().recovered:
        if item.wanted is not None:
            assert history.truth.get(item.wanted) == item.id


@settings(max_examples=examples(300))
@given(histories())
def test_everything_is_found_where_no_address_was_used_twice(history: History) -> None:
    if history.reused or any(number > 1 for number in history.hops.values()):
        return
    found = {item.wanted: item.id for item in history.match().recovered if item.wanted is not None}
    assert found == {address: history.truth[address] for address in history.source}
    assert history.match().unfound == ()
