"""Payloads against what others say about them: JSON Schema, and the official SDK."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from openapi_client.cyberdesk_cloud_client.models import WorkflowCreate

from flowdsl.codegen.artifacts import ModelAlias, Template, WorkflowArtifact, render_plain_json
from flowdsl.codegen.input_patterns import LINE, TEXT
from flowdsl.semantics.capabilities import NO_COMMAND
from tests.support.flows.compiling import (
    PROJECTS,
    compile_folder,
    compiled,
    only_workflow,
    workflow,
)
from tests.support.flows.expectations import CORPUS
from tests.support.rows import for_rows, in_rows

SOME_ID = "8d0f3c1e-5f0a-4a53-9f7b-0c5d8f0b7a11"


@cache
def _workflows() -> list[WorkflowArtifact]:
    """The workflows of all projects."""
    bundles = [compile_folder(folder).bundle for folder in PROJECTS]
    return [artifact for bundle in bundles if bundle for artifact in bundle.workflows]


def _named(artifact: WorkflowArtifact) -> str:
    return artifact.name


of_workflows = for_rows(_workflows, name=_named, fewest=len(PROJECTS))


def _resolved(value: Any) -> Any:
    """A payload with an id for every alias, as deploy sends it."""
    match value:
        case ModelAlias():
            return SOME_ID
        case Template():
            return render_plain_json(value)
        case dict():
            return {key: _resolved(inner) for key, inner in value.items()}
        case list():
            return [_resolved(inner) for inner in value]
        case _:
            return value


@of_workflows
def test_the_sdk_carries_every_payload_unchanged(artifact: WorkflowArtifact) -> None:
    payload = _resolved(artifact.payload)
    assert WorkflowCreate.from_dict(json.loads(json.dumps(payload))).to_dict() == payload


@of_workflows
def test_schemas_are_json_schema(artifact: WorkflowArtifact) -> None:
    for key in ("input_schema", "output_schema"):
        if key in artifact.payload:
            schema = json.loads(artifact.payload[key])
            Draft202012Validator.check_schema(schema)
            assert schema.get("additionalProperties", True) is not False


@of_workflows
def test_every_command_is_in_the_allowlist_byte_for_byte(artifact: WorkflowArtifact) -> None:
    prompt = str(render_plain_json(artifact.payload["main_prompt"]))
    allowed = artifact.payload["terminal_command_allowlist"]
    assert allowed, "an empty allowlist would lift every restriction"
    for command in allowed:
        assert command == NO_COMMAND or command in prompt


def test_types_become_schemas() -> None:
    artifact = only_workflow(
        workflow(
            "emit seen = false",
            sections="""
            inputs {
              a: string @pattern(r"^x$") @example("x")
              b: int? @min(1) @max(3)
              c: number = 1.50
              d: "p" | "q"
              e: { f: date, g: url?[] }[] @min_items(1) @max_items(9)
              h: any
              j: any?
              ## A name with no place in an identifier.
              i: string @wire("取引先")
            }
            secrets { pin: string }
            outputs { seen: bool, note: string? }
            """,
        )
    )
    schema = json.loads(artifact.payload["input_schema"])
    properties = schema["properties"]
    said = {"type": "string", "pattern": "^x$", "not": LINE.schema(), "examples": ["x"]}
    assert properties["a"] == said
    assert properties["b"] == {"type": ["integer", "null"], "minimum": 1, "maximum": 3}
    assert properties["c"] == {"type": "number", "default": 1.5}
    assert properties["d"] == {"type": "string", "enum": ["p", "q"]}
    assert properties["e"]["minItems"] == 1
    assert properties["e"]["items"]["properties"]["f"] == {
        "type": "string",
        "format": "date",
        "not": TEXT.schema(),
    }
    assert properties["h"] == properties["j"] == {}
    assert properties["取引先"]["description"] == "A name with no place in an identifier."
    assert schema["required"] == ["a", "c", "d", "e", "h", "取引先", "$pin"]

    outputs = json.loads(artifact.payload["output_schema"])
    assert outputs["properties"]["seen"]["const"] is False
    assert outputs["required"] == ["seen", "note"]


def test_what_stands_as_json_may_have_lines_and_what_stands_bare_may_not() -> None:
    steps = """
    for region in regions max 5 { choose "the region {region}" }
    for line in lines max 5 {
      choose "the row {line.no}" else abort "no row {line.no}"
      do "Look at {line.kind}."
      type line.memo into "the memo"
    }
    for each in typed max 5 { type each into "the note" }
    choose "the row {key}"
    """
    inputs = """inputs {
      regions: string[], lines: { no: string, kind: string, memo: string }[], typed: string[]
      key: string?, unused: string, count: int
    }"""
    source = workflow(steps.replace("{key}", "x"), sections=inputs)
    properties = json.loads(only_workflow(source).payload["input_schema"])["properties"]
    line = properties["lines"]["items"]["properties"]
    assert properties["regions"]["items"]["not"] == line["kind"]["not"] == LINE.schema()
    assert line["no"]["not"] == line["memo"]["not"] == TEXT.schema()
    assert properties["typed"]["items"]["not"] == TEXT.schema()
    assert properties["key"]["not"] == properties["unused"]["not"] == TEXT.schema()
    assert "not" not in properties["count"]


def test_what_a_run_is_given_needs_fields_with_a_default_at_any_depth() -> None:
    """Nobody but FlowDSL fills them in; what a run reports may lack them."""
    source = """
type Part { no: string, unit: string = "kg", memo: string?, spare: string? = null }
type Line { part: Part = { no: "1" }, parts: Part?[], other: Part? }
## Books lines.
workflow w {
  inputs { line: Line, lines: Line[] @max_items(3) }
  outputs { line: Line }
  steps {
    for each in lines { do "Enter {each.part.no} in {each.part.unit}." }
    emit line = line
  }
}
"""
    payload = only_workflow(source).payload
    schema = json.loads(payload["input_schema"])
    for line in (schema["properties"]["line"], schema["properties"]["lines"]["items"]):
        assert line["required"] == ["part", "parts"]
        inner = line["properties"]
        for part in (inner["part"], inner["parts"]["items"], inner["other"]):
            assert part["required"] == ["no", "unit"]
        assert inner["part"]["default"] == {"no": "1", "unit": "kg"}
    reported = json.loads(payload["output_schema"])["properties"]["line"]
    assert reported["required"] == ["parts"]
    assert reported["properties"]["part"]["required"] == ["no"]


def test_a_bound_of_a_loop_limits_its_input() -> None:
    artifact = only_workflow(
        workflow(
            'for name in names max 5 { do "Type {name}." }',
            sections="inputs { names: string[] }",
        )
    )
    names = json.loads(artifact.payload["input_schema"])["properties"]["names"]
    assert names["maxItems"] == 5


def test_the_terminal_is_closed_unless_a_flow_opens_it() -> None:
    closed = only_workflow(workflow('do "Nothing."'))
    assert closed.payload["terminal_command_allowlist"] == [NO_COMMAND]
    opened = only_workflow(workflow('run "Get-Date"', sections='terminal { allow = ["Get-Host"] }'))
    assert opened.payload["terminal_command_allowlist"] == ["Get-Date", "Get-Host"]
    free = only_workflow(workflow('do "Nothing."', sections="terminal { unrestricted = true }"))
    assert free.payload["terminal_command_allowlist"] is None


def test_model_metadata_always_has_four_keys() -> None:
    artifact = only_workflow(
        workflow('do "Nothing."', sections='model { main = "careful" fallbacks = ["spare"] }')
    )
    assert artifact.payload["model_metadata"] == {
        "main_agent_model_id": ModelAlias("careful"),
        "cache_detection_model_id": None,
        "fallback_model_1_id": ModelAlias("spare"),
        "fallback_model_2_id": None,
    }


def test_checks_have_unique_and_stable_names() -> None:
    source = workflow(
        'capture "a.png"\ncapture "b.png"',
        sections="""
        checks {
          image "a.png" shows "a grid"
          image "a.png" shows "a grid"
          file "a.png", "b.png" exists if present as "both"
          output satisfies "true"
        }
        """,
    )
    names = [check["name"] for check in only_workflow(source).payload["post_run_checks"]]
    assert names == [
        "a.png shows a grid",
        "a.png shows a grid (2)",
        "both",
        "output satisfies true",
    ]


def checks_of_known_files() -> list[dict[str, Any]]:
    source = (CORPUS / "valid/files/known_files.flow").read_text("utf-8")
    checks: list[dict[str, Any]] = only_workflow({"a.flow": source}).payload["post_run_checks"]
    return checks


def test_the_files_of_a_known_list_are_named_one_by_one() -> None:
    sent = [
        {key: each[key] for key in ("name", "file_names", "check_prompt") if key in each}
        for each in checks_of_known_files()
        if each["file_target_mode"] == "exact"
    ]
    assert sent == [
        {"name": "overviews", "file_names": ["cards.png", "loans.png"]},
        {"name": "cards.png, loans.png exists", "file_names": ["cards.png", "loans.png"]},
        {
            "name": "2026-02-cards.png, 2026-03-cards.png exists",
            "file_names": ["2026-02-cards.png", "2026-03-cards.png"],
        },
        {
            "name": "overview",
            "file_names": ["cards.png"],
            "check_prompt": "the overview of cards",
        },
        {
            "name": "overview (2)",
            "file_names": ["loans.png"],
            "check_prompt": "the overview of loans",
        },
        {
            "name": "any overview",
            "file_names": ["cards.png", "loans.png"],
            "check_prompt": "an overview",
        },
        {
            "name": "2026-02-cards.png shows 3 pages",
            "file_names": ["2026-02-cards.png"],
            "check_prompt": "3 pages",
        },
        {
            "name": "2026-03-cards.png shows 5 pages",
            "file_names": ["2026-03-cards.png"],
            "check_prompt": "5 pages",
        },
    ]


def test_the_length_of_a_known_list_counts_files() -> None:
    (counted,) = (each for each in checks_of_known_files() if each["file_target_mode"] == "regex")
    assert counted["expected_match_count"] == 2


def test_a_chain_names_workflows_references_and_its_own_parameters() -> None:
    bundle = compiled(
        """
        workflow first { inputs { day: date } secrets { pin: string } outputs { total: number }
          steps { extract total: number from "the total" emit total = total } }
        workflow second {
          inputs { total: number, note: string = "-" } steps { do "Type {total}." } }
        chain both { keep_session = true
          inputs { day: date } secrets { pin: string }
          shared { note = "month end" }
          step a = run first(day: day, pin: $pin)
          step b = run second(total: a.outputs.total) }
        """
    )
    assert bundle.chains[0].payload == {
        "steps": [
            {
                "workflow_id": "first",
                "session_alias": "a",
                "inputs": {"day": {"$input": "day"}},
                "sensitive_inputs": {"pin": {"$secret": "pin"}},
            },
            {
                "workflow_id": "second",
                "session_alias": "b",
                "inputs": {"total": {"$ref": "a.outputs.total"}},
            },
        ],
        "shared_inputs": {"note": "month end"},
        "keep_session_after_completion": True,
        "is_priority": False,
    }


@in_rows("name", ['say "A"', "C:\\a", "one\ntwo", "a⟧", "tab\there"])
def test_a_text_that_a_literal_list_would_spell_otherwise_is_refused(name: str) -> None:
    source = workflow(
        'for each in ["{name}", "b"] { type each into "Note" }',
        sections="inputs { name: string }",
    )
    schema = json.loads(only_workflow(source).payload["input_schema"])
    given = Draft202012Validator(schema)
    assert not given.is_valid({"name": name})
    assert given.is_valid({"name": "Ann Lee's {x}"})


def test_the_author_s_pattern_of_such_a_text_is_kept_beside_ours() -> None:
    source = workflow(
        'for each in ["{name}"] { do "Open {name}." type each into "Note" }',
        sections='inputs { name: string @pattern("^[ -~]+$") }',
    )
    schema = json.loads(only_workflow(source).payload["input_schema"])
    given = Draft202012Validator(schema)
    assert given.is_valid({"name": "Ann"})
    assert not given.is_valid({"name": 'An"n'})
    assert not given.is_valid({"name": "Änn"})


def test_a_bracket_of_ours_inside_a_record_is_refused() -> None:
    source = "type Row { number: string } " + workflow(
        'type "all: {rows}" into "Note"', sections="inputs { rows: Row[] }"
    )
    schema = json.loads(only_workflow(source).payload["input_schema"])
    given = Draft202012Validator(schema)
    assert given.is_valid({"rows": [{"number": "7"}]})
    for bracket in "⟦⟧":
        assert not given.is_valid({"rows": [{"number": f"7{bracket}"}]})
