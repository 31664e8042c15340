from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.config.address import workflow_address
from flowdsl.deploy.resources.mark import Mark, insert_mark, mark_in
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.deploy.resources.workflow import POLICIES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
SCHEMAS = st.dictionaries(st.text(max_size=8), JSON, max_size=4)
MARKS = st.builds(
    Mark,
    project=st.text(min_size=1, max_size=8),
    environment=st.text(min_size=1, max_size=8),
    address=st.text(min_size=1, max_size=8).map(workflow_address),
    generation=st.integers(1, 99),
    intent=st.text("0123456789abcdef", min_size=8, max_size=8),
)
INPUT = POLICIES["input_schema"]


def same(path: str, one: Any, other: Any) -> bool:
    policy = POLICIES[path]
    return fingerprint(normalise_value(policy, one)) == fingerprint(normalise_value(policy, other))


@given(SCHEMAS, MARKS)
def test_a_mark_is_read_back_and_never_compared(schema: dict[str, Any], mark: Mark) -> None:
    text = json.dumps(schema)
    marked = insert_mark(text, mark)
    assert marked is not None
    assert mark_in(marked) == mark
    assert next(iter(json.loads(marked))) == "$comment"
    assert same("input_schema", text, marked)


@given(st.none() | SCHEMAS.map(json.dumps), MARKS, MARKS)
def test_marking_again_replaces_the_mark(text: str | None, one: Mark, other: Mark) -> None:
    assert same("input_schema", insert_mark(text, one), insert_mark(text, other))


def test_a_workflow_without_inputs_carries_a_mark_and_compares_as_null() -> None:
    mark = Mark("p", "e", workflow_address("a"), 1, "0123abcd")
    assert same("input_schema", None, insert_mark(None, mark))


def test_only_what_a_deploy_writes_is_a_mark() -> None:
    for address, generation in (
        ("workflow.a", "0"),
        ("workflow.a", "9" * 5000),
        ("workflow.a", "١"),
        ("workflow.", "1"),
        ("tag.a", "1"),
        ("a", "1"),
    ):
        comment = f"flowdsl:p/e/{address}/{generation}/0123abcd"
        assert mark_in(json.dumps({"$comment": comment})) is None, comment


def test_a_schema_nested_too_deeply_is_compared_as_text() -> None:
    deep = '{"a":' * 700 + "1" + "}" * 700
    assert same("input_schema", deep, deep) and not same("input_schema", deep, deep + " ")
    assert mark_in(deep) is None


def test_the_authors_comment_stays() -> None:
    mark = Mark("p", "e", workflow_address("a"), 1, "0123abcd")
    text = '{"$comment": "written by hand", "type": "object"}'
    assert json.loads(insert_mark(text, mark) or "")["$comment"].endswith(" written by hand")
    assert not same("input_schema", text, '{"type": "object"}')


@given(JSON)
def test_writing_json_differently_is_no_difference(value: Any) -> None:
    compact = json.dumps(value, separators=(",", ":"))
    roomy = json.dumps(value, indent=3, sort_keys=True, ensure_ascii=False)
    assert same("output_schema", compact, roomy)


@given(st.text(max_size=20) | st.none())
def test_any_text_can_be_an_output_schema(text: str | None) -> None:
    assert same("output_schema", text, text)


def test_what_means_nothing_compares_as_null() -> None:
    assert same("terminal_command_allowlist", None, [])
    assert same("is_webhooks_enabled", None, False)
    assert same("post_run_check_failure_cleanup_prompt", None, "")
    assert same("post_run_checks", None, [])
    assert not same("is_webhooks_enabled", False, True)


@given(st.lists(st.text(max_size=5), max_size=5), st.randoms())
def test_the_order_of_commands_says_nothing(commands: list[str], random: Any) -> None:
    shuffled = list(commands)
    random.shuffle(shuffled)
    assert same("terminal_command_allowlist", commands, shuffled)


def test_the_order_of_checks_counts_and_what_the_service_adds_does_not() -> None:
    one = {"name": "a", "type": "run_attachment_exists"}
    two = {"name": "b", "type": "run_attachment_exists"}
    answered = {
        **one,
        "id": "1",
        "order": 0,
        "description": None,
        "allow_missing_attachments": False,
    }
    assert same("post_run_checks", [one], [answered])
    assert same("post_run_checks", [one], [{**answered, "field_of_next_year": 1}])
    assert not same("post_run_checks", [one, two], [two, one])


def test_whole_numbers_are_one_value_however_they_are_written() -> None:
    assert same("output_schema", '{"a": 1.0}', '{"a": 1}')
    assert not same("output_schema", '{"a": true}', '{"a": 1}')


def test_every_policy_says_why() -> None:
    assert all(policy.reason for policy in POLICIES.values())


def test_a_workflow_without_a_name_is_called_as_an_import_calls_it() -> None:
    for nothing in (None, "", " \t"):
        assert same("name", nothing, "Untitled workflow")
    assert not same("name", None, "Look up")
    assert not same("main_prompt", None, " ")


def test_a_command_that_is_allowed_twice_is_allowed_once() -> None:
    path = "terminal_command_allowlist"
    assert same(path, ["b", "a", "b"], ["a", "b"])
    assert not same(path, ["a"], ["a", "b"])
