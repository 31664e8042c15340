"""The three-way comparison as laws over every combination of wanted, last applied and live."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.config.address import workflow_address
from flowdsl.deploy.comparison.diff import compare
from flowdsl.deploy.resources.resource import Desired, Live, hash_fields
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.state.document import ResourceState

PATHS = ("main_prompt", "output_schema", "is_webhooks_enabled", "terminal_command_allowlist")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "main_prompt": st.sampled_from(["a", "b", "c"]),
    "output_schema": st.sampled_from([None, "{}", '{"a":1}', '{ "a": 1 }']),
    "is_webhooks_enabled": st.sampled_from([None, False, True]),
    "terminal_command_allowlist": st.sampled_from([None, [], ["x"], ["x", "y"], ["y", "x"]]),
}
SOME = st.fixed_dictionaries({}, optional=VALUES)
ALL = st.fixed_dictionaries(VALUES)
TAGS = st.frozensets(st.sampled_from("tuv"))


def desired(values: dict[str, Any], tags: frozenset[str] = frozenset()) -> Desired:
    return Desired(workflow_address("a"), "A", values, tags)


def prior(values: dict[str, Any], tags: frozenset[str] = frozenset()) -> ResourceState:
    applied = hash_fields(POLICIES, values)
    return ResourceState(id="1", generation=1, name="A", applied=applied, tags=tuple(sorted(tags)))


def live(values: dict[str, Any], tags: frozenset[str] = frozenset()) -> Live:
    return Live("1", "A", values, {}, tags={tag: tag for tag in tags})


@given(SOME, SOME, ALL)
def test_sending_the_difference_removes_it(
    wanted: dict[str, Any], last: dict[str, Any], there: dict[str, Any]
) -> None:
    found = compare(POLICIES, desired(wanted), prior(last), live(there))
    sent = {change.path: change.value for change in found.fields}
    after = live({**there, **sent})
    state = prior(last).replace(applied=dict(found.applied))
    again = compare(POLICIES, desired(wanted), state, after)
    assert again.is_empty and not again.state_is_behind


@given(SOME, SOME, ALL)
def test_what_is_neither_declared_nor_was_is_not_touched(
    wanted: dict[str, Any], last: dict[str, Any], there: dict[str, Any]
) -> None:
    found = compare(POLICIES, desired(wanted), prior(last), live(there))
    assert {change.path for change in found.fields} <= wanted.keys() | last.keys()
    assert found.applied.keys() == wanted.keys()


@given(SOME, ALL)
def test_without_an_edit_elsewhere_there_is_no_drift(
    wanted: dict[str, Any], there: dict[str, Any]
) -> None:
    found = compare(POLICIES, desired(wanted), prior(there), live(there))
    assert found.drifted == frozenset()


@given(SOME, ALL, ALL)
def test_an_edit_elsewhere_is_drift_unless_it_is_what_is_wanted(
    wanted: dict[str, Any], last: dict[str, Any], there: dict[str, Any]
) -> None:
    found = compare(POLICIES, desired(wanted), prior(last), live(there))
    target = {path: wanted.get(path, POLICIES[path].cleared_by) for path in PATHS}
    applied, now, goal = (hash_fields(POLICIES, v) for v in (last, there, target))
    expected = {p for p in PATHS if now[p] != applied[p] and now[p] != goal[p]}
    assert found.drifted == expected


@given(TAGS, TAGS, TAGS)
def test_tags_of_others_stay_and_ours_end_as_wanted(
    wanted: frozenset[str], ours: frozenset[str], there: frozenset[str]
) -> None:
    found = compare(POLICIES, desired({}, wanted), prior({}, ours), live({}, there))
    after = (there - found.tags_to_remove) | found.tags_to_add
    assert wanted <= after
    assert there - ours <= after, "never takes off what we did not put there"
    assert not (ours - wanted) & after
    assert found.tags <= after
    assert found.tags <= ours | found.tags_to_add
    assert found.tags_drifted == (ours & wanted) - there
