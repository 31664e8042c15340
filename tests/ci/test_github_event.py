"""What is trusted is named; everything else is not."""

from __future__ import annotations

from typing import Any

from flowdsl_ci.github.event import judged
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rows import in_rows
from tests.support.services.pipeline import pull_request

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pull_request", "head", "base", "repo", "id", "repository", "sha"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
IDS: list[Any] = [None, True, False, 0, -5, "5", 5.0, [5], {}]


@in_rows("name", ["push", "workflow_dispatch", "schedule", "merge_group", "release"])
def test_what_the_repository_holds_is_trusted(name: str) -> None:
    assert judged(name, {"repository": {"id": 5}}).refusal == ""


def test_a_pull_request_of_the_same_repository_is_trusted() -> None:
    event = judged("pull_request", pull_request())
    assert (event.refusal, event.pull_request, event.head) == ("", 7, "a" * 40)


@in_rows("source", IDS)
def test_an_id_that_is_none_is_a_fork(source: object) -> None:
    payload = pull_request()
    payload["pull_request"]["head"]["repo"] = {"id": source}
    assert judged("pull_request", payload).refusal
    payload["pull_request"]["base"]["repo"] = {"id": source}
    payload["repository"] = {"id": source}
    assert judged("pull_request", payload).refusal


@in_rows("ids", [(6, 5, 5), (5, 6, 5), (5, 5, 6), (6, 6, 5)])
def test_head_base_and_repository_have_to_be_one(ids: tuple[int, int, int]) -> None:
    payload = pull_request()
    for place, number in zip(("head", "base"), ids, strict=False):
        payload["pull_request"][place]["repo"] = {"id": number}
    payload["repository"] = {"id": ids[2]}
    assert judged("pull_request", payload).refusal


@given(JSON, JSON, st.sampled_from(["pull_request", "pull_request_target", "push"]))
def test_no_payload_of_a_pull_request_is_trusted_by_chance(
    pull: object, repository: object, name: str
) -> None:
    payload = {"pull_request": pull, "repository": repository}
    event = judged(name, payload)
    if not event.refusal:
        assert isinstance(pull, dict) and isinstance(repository, dict)
        ids = [pull["head"]["repo"]["id"], pull["base"]["repo"]["id"], repository["id"]]
        assert ids[0] == ids[1] == ids[2] > 0 and {type(one) for one in ids} == {int}


@in_rows("name", ["workflow_run", "issue_comment", "discussion", "fork", "watch", "", "PUSH"])
def test_events_that_strangers_start_are_not_trusted(name: str) -> None:
    assert judged(name, {"repository": {"id": 5}}).refusal


@in_rows("name", ["pull_request_review", "pull_request_review_comment", "push"])
def test_pull_requests_by_other_events_are_not_trusted(name: str) -> None:
    assert judged(name, pull_request()).refusal


def test_dependabot_has_no_secrets_to_plan_with() -> None:
    assert judged("pull_request", pull_request(), "dependabot[bot]").refusal
    assert not judged("pull_request", pull_request(), "octocat").refusal
