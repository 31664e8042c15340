"""What a workflow takes from files as it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowdsl.codegen.artifacts import ModelAlias, WorkflowArtifact, render_plain_json
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles
from tests.support.flows.compiling import compiled

SOME_ID = "8d0f3c1e-5f0a-4a53-9f7b-0c5d8f0b7a11"
CHECK = {"name": "kept", "type": "run_attachment_exists", "file_names": ["{anything}.pdf"]}


def artifact_with(sections: str, **files: str) -> WorkflowArtifact:
    source = f'flow 1\nworkflow claims {{ {sections} steps {{ do "Open the claims." }} }}\n'
    named: dict[str, str | bytes] = {f"{name}.json": text for name, text in files.items()}
    return compiled({"main.flow": source, **named}).workflows[0]


def test_checks_from_a_file_are_sent_word_for_word() -> None:
    content = {"post_run_checks": [CHECK], "post_run_check_failure_cleanup_prompt": "Close {x}."}
    payload = artifact_with('checks from "./c.json"', c=json.dumps(content)).payload
    assert {key: payload[key] for key in content} == content


@pytest.mark.parametrize("content", [{}, {"post_run_checks": []}])
def test_a_checks_file_may_leave_out_either_part(content: dict[str, Any]) -> None:
    payload = artifact_with('checks from "./c.json"', c=json.dumps(content)).payload
    assert "post_run_check_failure_cleanup_prompt" not in payload
    assert payload.get("post_run_checks") == content.get("post_run_checks")


def test_a_model_in_checks_is_an_id_or_an_alias_in_both_forms() -> None:
    checks = [CHECK | {"model": SOME_ID}, CHECK | {"model": "careful"}]
    file = json.dumps({"post_run_checks": checks})
    section = f"""checks {{
      output satisfies "it fits" using "{SOME_ID}"
      output satisfies "it is whole" using "careful"
    }}"""
    for artifact in (artifact_with('checks from "./c.json"', c=file), artifact_with(section)):
        models = [check["model"] for check in artifact.payload["post_run_checks"]]
        assert models == [SOME_ID, ModelAlias("careful")]


def test_extra_fields_from_a_file_win_over_what_source_says() -> None:
    content = {"name": "From\telsewhere\r", "terminal_command_allowlist": ["dir\r\n"], "new": [1]}
    artifact = artifact_with('title = "Elsewhere" extra from "./x.json"', x=json.dumps(content))
    assert artifact.title == content["name"]
    assert render_plain_json(artifact.payload) | content == render_plain_json(artifact.payload)


@pytest.mark.parametrize("field", ["input_schema", "output_schema"])
@pytest.mark.parametrize(
    "text", ["{mrn: string}", "mrn", "", "[]", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}']
)
def test_a_schema_that_is_no_json_object_is_passed_on_by_an_extra_file_alone(
    field: str, text: str
) -> None:
    payload = artifact_with('extra from "./x.json"', x=json.dumps({field: text})).payload
    assert payload[field] == text

    section = field.removesuffix("_schema") + "s"
    files: dict[str, str | bytes] = {
        "main.flow": (
            f'flow 1\nworkflow a {{ {section} from "./s.json" steps {{ do "Open it." }} }}\n'
        ),
        "s.json": text,
    }
    analysis = compile_project(MemoryFiles(files), ["main.flow"], CompileOptions()).analysis
    assert "malformed-schema-file" in [each.name for each in analysis.diagnostics]
    assert analysis.has_errors


def test_a_short_notation_in_json_is_kept() -> None:
    text = '{"mrn": "string", "medications": "array"}'
    payload = artifact_with('outputs from "./s.json"', s=text).payload
    assert json.loads(payload["output_schema"]) == json.loads(text)


def test_a_fallback_may_stand_without_the_one_before_it() -> None:
    payload = artifact_with('model { fallbacks = [null, "backup"] }').payload
    assert render_plain_json(payload["model_metadata"]) == {
        "main_agent_model_id": None,
        "cache_detection_model_id": None,
        "fallback_model_1_id": None,
        "fallback_model_2_id": "backup",
    }


def test_a_schema_file_may_call_an_input_and_a_secret_alike_where_no_statement_names_them() -> None:
    schema = '{"type": "object", "properties": {"x": {}, "$x": {}, "env": {}}}'
    files: dict[str, str | bytes] = {"s.json": schema, "p.md": "Type {x} and {$x}."}
    sections = 'inputs from "./s.json" prompt from "./p.md"'
    assert compiled({"main.flow": f"flow 1\nworkflow claims {{ {sections} }}\n", **files})

    steps = 'inputs from "./s.json" steps { do "Type {x}." }'
    found = compile_project(
        MemoryFiles({"main.flow": f"flow 1\nworkflow claims {{ {steps} }}\n", **files}),
        ["main.flow"],
        CompileOptions(),
    ).analysis.diagnostics
    assert "shadowed-name" in [each.name for each in found]


def test_a_command_of_the_allowlist_may_name_an_input_of_the_prompt() -> None:
    allow = '["Get-Item \\"C:/{mrn}.pdf\\""]'.replace("{", "\\{")
    sections = f"inputs {{ mrn: string }} terminal {{ allow = {allow} }}"
    payload = artifact_with(sections).payload
    assert payload["terminal_command_allowlist"] == ['Get-Item "C:/{mrn}.pdf"']


def test_texts_of_a_schema_file_are_refused_what_ends_their_place() -> None:
    text = {"type": "string"}
    refused = {"not": {"type": "string", "pattern": r"^x"}}
    schema = {
        "type": "object",
        "properties": {
            "name": text,
            "memo": text | refused,
            "rows": {"type": "array", "items": {"type": "object", "properties": {"a": text}}},
            "n": {"type": "integer"},
        },
        "required": ["name"],
    }
    section = 'inputs from "./s.json"'
    source = (
        f"flow 1\nworkflow w {{ {section} "
        'steps { do "Open {name}." do "Look at {memo} and {rows}." } }\n'
    )
    payload = compiled({"main.flow": source, "s.json": json.dumps(schema)}).workflows[0].payload
    properties = json.loads(payload["input_schema"])["properties"]
    assert "\\u2028" in properties["name"]["not"]["pattern"]
    assert "⟦" in properties["rows"]["items"]["properties"]["a"]["not"]["pattern"]
    assert properties["n"] == {"type": "integer"}
    assert properties["memo"]["allOf"] == [refused]
    assert "⟦" in properties["memo"]["not"]["pattern"]
    again = {"main.flow": source, "s.json": payload["input_schema"]}
    assert compiled(again).workflows[0].payload["input_schema"] == payload["input_schema"]


def test_a_condition_of_the_author_stays_beside_a_keyword_of_the_wrong_type() -> None:
    refused = {"not": {"const": "a"}}
    schema = {"type": "object", "properties": {"x": {"type": "string", "allOf": None, **refused}}}
    source = 'flow 1\nworkflow w { inputs from "./s.json" steps { do "Open {x}." } }\n'
    payload = compiled({"main.flow": source, "s.json": json.dumps(schema)}).workflows[0].payload
    assert json.loads(payload["input_schema"])["properties"]["x"]["allOf"] == [refused]


def test_a_schema_file_beside_a_prompt_file_stays_as_it_is() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    source = 'flow 1\nworkflow w { inputs from "./s.json" prompt from "./p.md" }\n'
    files = {"main.flow": source, "s.json": json.dumps(schema), "p.md": "Open {name}."}
    payload = compiled(files).workflows[0].payload
    assert json.loads(payload["input_schema"]) == schema
