"""Payloads as they are read.

Every shape the service or a file may have, and clear words for every other.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowdsl.decompile.payload import (
    UNTITLED,
    ImportProblem,
    find_differing_fields,
    read_payloads,
    read_workflow,
    require_inputs,
)
from flowdsl.deploy.resources.mark import Mark, insert_mark
from tests.support.rows import in_rows

SOME_ID = "8d0f3c1e-5f0a-4a53-9f7b-0c5d8f0b7a11"
BODY = {"name": "Claims", "main_prompt": "Open the claims portal."}
REPLY = {
    **BODY,
    "id": SOME_ID,
    "user_id": SOME_ID,
    "organization_id": "org_test",
    "created_at": "2026-02-11T10:00:00Z",
    "updated_at": "2026-02-12T10:00:00Z",
    "includes_input_variables": False,
    "workflow_metadata": {"has_unaddressed_error": True},
    "old_versions": [{"main_prompt": "Open it."}],
    "input_schema": None,
    "output_schema": None,
    "includes_file_exports": False,
    "is_webhooks_enabled": None,
    "terminal_command_allowlist": None,
    "model_metadata": {"main_agent_model_id": None, "cache_detection_model_id": None},
    "post_run_check_failure_cleanup_prompt": None,
    "tags": [],
    "post_run_checks": [],
    "field_of_tomorrow": None,
}
CHECK = {"name": "kept", "type": "run_attachment_exists", "file_target_mode": "exact"}


def refusal(payload: Any) -> str:
    with pytest.raises(ImportProblem) as raised:
        read_workflow(payload, "workflow 2")
    return str(raised.value)


# Files


@in_rows(
    ("document", "count"),
    [
        (BODY, 1),
        ([BODY, REPLY], 2),
        ([], 0),
        ({"items": [REPLY], "total": 1, "skip": 0, "limit": 100}, 1),
    ],
)
def test_a_file_holds_one_workflow_a_list_or_a_page(document: Any, count: int) -> None:
    assert len(read_payloads(json.dumps(document), "a.json")) == count


def test_a_byte_order_mark_is_no_part_of_the_json() -> None:
    assert read_payloads("\ufeff" + json.dumps(BODY), "a.json") == [BODY]


@in_rows(
    ("text", "problem"),
    [
        ("{", "`a.json` is no JSON: Expecting property name"),
        ("", "`a.json` is no JSON"),
        ('{"main_prompt": "x", "main_prompt": "y"}', "`a.json` has the key `main_prompt` twice"),
        ('{"main_prompt": "x", "n": NaN}', "`a.json` holds `NaN`"),
        ('{"main_prompt": "x", "n": -Infinity}', "`a.json` holds `-Infinity`"),
        ('{"main_prompt": "x", "n": 1e999}', "`a.json` holds `1e999`"),
        ('{"main_prompt": "\\ud800"}', "`a.json` has half of a surrogate pair"),
        ("[" * 100_000, "the JSON in `a.json` is nested too deeply"),
        ('"text"', "`a.json` is text, not a workflow"),
        ("[1]", "workflow 1 in `a.json` is a number, not a workflow"),
        ('[{"main_prompt": "x"}, null]', "workflow 2 in `a.json` is null, not a workflow"),
        ('{"items": {}}', "`items` in `a.json` is an object, not a list"),
        ('{"type": "object"}', "`a.json` is no workflow: it has no `main_prompt`"),
        ('{"steps": [], "is_priority": false}', "it has no `main_prompt`"),
    ],
)
def test_what_is_no_workflow_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(ImportProblem) as raised:
        read_payloads(text, "a.json")
    assert problem in str(raised.value)


# Fields


@in_rows(
    ("fields", "problem"),
    [
        ({"main_prompt": None}, "has an empty `main_prompt`"),
        ({"main_prompt": ""}, "has an empty `main_prompt`"),
        ({"main_prompt": 1}, "has a number in `main_prompt`, not text"),
        ({"name": ["x"]}, "has a list in `name`, not text"),
        ({"input_schema": 3}, "has a number in `input_schema`, not text"),
        ({"is_webhooks_enabled": "yes"}, "has text in `is_webhooks_enabled`, not true or false"),
        ({"terminal_command_allowlist": "dir"}, "has text in `terminal_command_allowlist`"),
        ({"terminal_command_allowlist": ["dir", None]}, "`terminal_command_allowlist[1]`"),
        ({"model_metadata": []}, "has a list in `model_metadata`, not an object"),
        ({"model_metadata": {"main_agent_model_id": 5}}, "`model_metadata.main_agent_model_id`"),
        ({"post_run_checks": {}}, "has an object in `post_run_checks`, not a list"),
        ({"post_run_checks": ["x"]}, "has text in `post_run_checks[0]`, not a check"),
        ({"post_run_checks": [CHECK, {"name": "n"}]}, "has no text in `post_run_checks[1].type`"),
        ({"tags": [{"id": "x"}]}, "has null in `tags[0]`, not the name of a tag"),
    ],
)
def test_a_field_of_another_kind_is_refused_by_its_path(fields: Any, problem: str) -> None:
    message = refusal(BODY | fields)
    assert message.startswith("workflow 2 ")
    assert problem in message


def test_a_reply_says_what_its_body_said() -> None:
    stored = read_workflow(REPLY, "x")
    assert stored.id == SOME_ID
    assert stored.extra == {}
    assert (stored.models, stored.checks, stored.tags, stored.allowlist) == ({}, (), (), ())
    assert find_differing_fields(REPLY, BODY) == ()


def test_tags_are_names_in_a_body_and_objects_in_a_reply() -> None:
    reply = {"tags": [{"name": "claims", "emoji": "x"}, {"name": "nightly"}]}
    assert read_workflow(BODY | reply, "x").tags == ("claims", "nightly")
    assert read_workflow(BODY | {"tags": ["nightly"]}, "x").tags == ("nightly",)


def test_a_check_loses_what_only_the_service_writes() -> None:
    owned = {"id": SOME_ID, "order": 3, "organization_id": "o", "created_at": "t", "model": None}
    stored = read_workflow(BODY | {"post_run_checks": [CHECK | owned | {"newer": 0}]}, "x")
    assert stored.checks == (CHECK | {"newer": 0},)


def test_ids_of_models_are_compared_in_lower_case_and_aliases_as_they_are() -> None:
    models = {"main_agent_model_id": SOME_ID.upper(), "fallback_model_1_id": "Backup", "planner": 1}
    stored = read_workflow(BODY | {"model_metadata": models}, "x")
    assert stored.models == {"main_agent_model_id": SOME_ID, "fallback_model_1_id": "Backup"}
    assert stored.unknown_models == {"planner": 1}


@in_rows(
    ("text", "document"),
    [
        ('{"mrn": "string"}', {"mrn": "string"}),
        ("mrn: string", None),
        ("[]", None),
        ('{"default": NaN}', None),
        ('{"default": 1e999}', None),
        ('{"default": "\\ud800"}', None),
    ],
)
def test_a_schema_is_its_json_object_or_a_text(text: str, document: Any) -> None:
    schema = read_workflow(BODY | {"output_schema": text}, "x").output_schema
    assert schema is not None
    assert (schema.text, schema.document) == (text, document)


def test_the_mark_of_a_deploy_is_no_part_of_the_schema() -> None:
    mark = Mark("prj_1", "prod", "workflow.claim_intake", 1, "0" * 8)
    marked = BODY | {"input_schema": insert_mark(None, mark)}
    assert read_workflow(marked, "x").input_schema is None
    assert find_differing_fields(marked, BODY) == ()

    own = '{"$comment": "ours", "type": "object", "properties": {"a": {}}}'
    stored = read_workflow(BODY | {"input_schema": insert_mark(own, mark)}, "x")
    assert stored.input_schema is not None
    assert stored.input_schema.document == json.loads(own)


# Comparison


@in_rows(
    ("field", "one", "other"),
    [
        ("main_prompt", "a", "a "),
        ("name", "a", "b"),
        ("input_schema", '{"default": 1}', '{"default": true}'),
        ("output_schema", "[1, 2]", "[2, 1]"),
        ("output_schema", "a: string", "a:  string"),
        ("includes_file_exports", True, None),
        ("is_webhooks_enabled", True, False),
        ("terminal_command_allowlist", ["a"], ["b"]),
        ("terminal_command_allowlist", ["a"], None),
        ("model_metadata", {"main_agent_model_id": SOME_ID}, {"main_agent_model_id": None}),
        ("post_run_checks", [CHECK], [CHECK | {"allow_missing_attachments": True}]),
        ("post_run_checks", [CHECK, CHECK | {"name": "b"}], [CHECK | {"name": "b"}, CHECK]),
        ("post_run_check_failure_cleanup_prompt", "a", None),
        ("tags", ["a"], ["b"]),
        ("field_of_tomorrow", 0, None),
        ("field_of_tomorrow", 1, True),
    ],
)
def test_what_differs_in_meaning_is_named(field: str, one: Any, other: Any) -> None:
    assert find_differing_fields(BODY | {field: one}, BODY | {field: other}) == (field,)


@in_rows(
    ("field", "one", "other"),
    [
        ("name", None, UNTITLED),
        ("input_schema", '{"a": 1, "b": [1.0]}', '{"b": [1],\n"a": 1}'),
        ("input_schema", "", None),
        ("input_schema", '{"type": "object", "properties": {}}', None),
        ("output_schema", "[1, 2]", "[1,2]"),
        ("output_schema", '{"default": NaN}', '{ "default": NaN }'),
        ("includes_file_exports", False, None),
        ("terminal_command_allowlist", ["a", "b", "a"], ["b", "a"]),
        ("terminal_command_allowlist", [], None),
        ("model_metadata", {"main_agent_model_id": None}, None),
        ("post_run_checks", [CHECK], [CHECK | {"allow_missing_attachments": False, "model": None}]),
        ("post_run_checks", [], None),
        ("tags", ["a", "b"], [{"name": "b"}, {"name": "a"}]),
        ("field_of_tomorrow", [], None),
        ("updated_at", "2026-01-01", "2026-02-02"),
    ],
)
def test_what_means_the_same_is_the_same(field: str, one: Any, other: Any) -> None:
    assert find_differing_fields(BODY | {field: one}, BODY | {field: other}) == ()


def test_tags_are_compared_only_where_both_name_them() -> None:
    assert find_differing_fields(BODY | {"tags": ["a"]}, BODY) == ()


def test_a_number_that_json_cannot_hold_is_refused() -> None:
    words = "workflow 2 has a number that JSON cannot hold"
    assert refusal(BODY | {"field_of_tomorrow": [float("nan")]}) == words


def test_inputs_that_may_be_null_are_not_made_required() -> None:
    text = {"type": "string"}
    properties = {
        "a": text,
        "b": text | {"nullable": True},
        "c": {"enum": ["x", None]},
        "d": {"type": ["string", "null"]},
        "e": {"anyOf": [text, {"type": "null"}]},
    }
    schema = {"type": "object", "properties": properties}
    for given in (schema, json.dumps(schema)):
        payload, required = require_inputs(BODY | {"input_schema": given})
        assert required == ("a",)
        assert json.loads(payload["input_schema"]) == schema | {"required": ["a"]}
