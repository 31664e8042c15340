"""Import as a whole.

Every valid workflow becomes a project that checks without errors and compiles to the same payload.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.decompile.model import ImportedProject
from flowdsl.decompile.payload import ImportProblem
from flowdsl.decompile.project import find_differing_fields, import_workflows
from flowdsl.deploy.resources.workflow import UNTITLED
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.capabilities import NO_COMMAND
from flowdsl.source.files import MemoryFiles
from tests.support.cpu import GIVEN_UP, cpu_seconds
from tests.support.flows.compiling import only_workflow
from tests.support.flows.decompile.round_trip import compile_files, served
from tests.support.rows import in_rows

SOME_ID = "8d0f3c1e-5f0a-4a53-9f7b-0c5d8f0b7a11"
OTHER_ID = "1d0f3c1e-5f0a-4a53-9f7b-0c5d8f0b7a11"
BODY: dict[str, Any] = {
    "name": "Claims",
    "main_prompt": "Open the claims portal.",
    "terminal_command_allowlist": [NO_COMMAND],
}
OBJECT = {"type": "object", "properties": {"mrn": {"type": "string"}}, "required": ["mrn"]}


def imported(*payloads: dict[str, Any], **options: Any) -> ImportedProject:
    """The project of the payloads, once it is shown that it gives them back."""
    project = import_workflows(payloads, **options)
    back = list(served(compile_files(project.files).bundle or pytest.fail("no bundle")).values())
    for payload in payloads:
        named = payload | {"tags": payload.get("tags") or []}
        assert any(find_differing_fields(named, each) == () for each in back)
    return project


def warnings_of(project: ImportedProject) -> list[str]:
    entries = [path for path in project.files if path.endswith(".flow")]
    analysis = compile_project(MemoryFiles(dict(project.files)), entries, CompileOptions()).analysis
    return [found.name for found in analysis.diagnostics if found.severity != "info"]


def messages(project: ImportedProject) -> str:
    return "\n".join(note.message for note in project.notes)


# Fields


@in_rows(
    "fields",
    [
        {"name": None},
        {"name": ' say "{hello}" to C:\\ '},
        {"name": "{mrn}", "input_schema": json.dumps(OBJECT)},
        {"name": "a\tb\nc"},
        {"name": "a\rb\x07"},
        {"tags": [{"name": 'q"{x}'}, {"name": "Lohn & Gehalt"}]},
        {"is_webhooks_enabled": True, "includes_file_exports": True},
        {"terminal_command_allowlist": None},
        {"terminal_command_allowlist": []},
        {"terminal_command_allowlist": ["dir", "dir"]},
        {
            "terminal_command_allowlist": ['Get-Item "C:\\x\\{mrn}.pdf"', "{ $_.Name }", "a\r\nb"],
            "input_schema": json.dumps(OBJECT),
        },
        {"terminal_command_allowlist": ['Get-Item "{mrn}"'], "input_schema": json.dumps(OBJECT)},
        {"model_metadata": {"main_agent_model_id": SOME_ID, "fallback_model_2_id": OTHER_ID}},
        {"model_metadata": {"cache_detection_model_id": SOME_ID.upper()}},
        {"input_schema": '{"type": "object"}'},
        {"input_schema": "{}"},
        {"input_schema": json.dumps(OBJECT | {"additionalProperties": True})},
        {"input_schema": '{"properties": {"a": {"default": NaN}}}'},
        {"input_schema": '{"properties": {"a": {"description": "\\ud800"}}}'},
        {
            "input_schema": json.dumps(
                {"type": "object", "properties": {"x": {}, "$x": {}, "env": {}}}
            )
        },
        {"input_schema": "not json at all\r\n"},
        {"output_schema": '{"mrn": "string", "medications": "array"}'},
        {"output_schema": "{mrn: string}"},
        {"output_schema": "[1,2]"},
        {"output_schema": '{"items": ' * 300 + "{}" + "}" * 300},
        {"post_run_checks": [], "post_run_check_failure_cleanup_prompt": "Close {it}."},
        {"field_of_tomorrow": {"a b": [1, 0.5, None, True, 1e30]}, "other": "a\x00b"},
        {"priority": 0},
    ],
    ids=lambda fields: "-".join(fields),
)
def test_a_field_comes_back(fields: dict[str, Any]) -> None:
    imported(BODY | fields)


@in_rows(
    "prompt",
    [
        "\ufeffOpen it.",
        "\ufeff\ufeffOpen it.",
        "Open it.\r\nThen close it.\r",
        "Open it.\n\n",
        " ",
        "\x00",
        "{" * 200,
        "Type {x}, {{y}}, {$z}, \\{w}, ${v}, { u }, {t s}.",
        "<p>Open <b>it</b>.</p><img src='supabase://workflow-prompt-images/org_x/a.png'>",
        "日本語の指示 🙂 \u2028 \u202e",
        "Open the portal. " * 30_000,
    ],
    ids=lambda prompt: repr(prompt[:40]),
)
def test_a_prompt_is_kept_to_the_byte(prompt: str) -> None:
    project = imported(BODY | {"main_prompt": prompt})
    kept = project.files["flows/claims.prompt.md"]
    mark = "\ufeff" if prompt.startswith("\ufeff") else ""
    assert kept == (mark + prompt).encode()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_prompt_is_kept(prompt: str) -> None:
    imported(
        BODY
        | {"main_prompt": prompt, "name": prompt, "post_run_check_failure_cleanup_prompt": prompt}
    )


# Checks

FILE = {"name": "a.pdf exists", "type": "run_attachment_exists", "file_target_mode": "exact"}


@in_rows(
    ("checks", "in_source"),
    [
        ([FILE | {"file_names": ["a.pdf"]}], True),
        ([FILE | {"file_names": ["{mrn}.pdf"], "allow_missing_attachments": True}], True),
        ([FILE | {"file_names": ["{undeclared}.pdf"]}], False),
        ([FILE | {"file_names": ["{$mrn}.pdf"]}], False),
        ([FILE | {"file_names": []}], False),
        ([FILE | {"file_names": ["a.pdf"]}, FILE | {"file_names": ["b.pdf"]}], False),
        ([FILE | {"file_names": ["a.pdf"], "newer": {"x": 1}}], True),
        ([FILE | {"file_names": ["a.pdf"], "description": "Kept for the audit."}], True),
        ([FILE | {"file_target_mode": "regex", "file_name_regex": r"^a\.pdf$"}], True),
        ([FILE | {"file_target_mode": "regex", "file_name_regex": 'a"b'}], False),
        ([FILE | {"file_target_mode": "regex", "file_name_regex": "["}], False),
        ([FILE | {"file_target_mode": "glob", "file_names": ["a"]}], False),
        ([{"name": "x", "type": "output_data_passes_schema_validation"}], True),
        (
            [
                {
                    "name": "x",
                    "type": "output_data_passes_schema_validation",
                    "allow_missing_attachments": True,
                }
            ],
            False,
        ),
        ([{"name": "x", "type": "check_of_tomorrow", "level": 3}], False),
        (
            [
                {
                    "name": "sound",
                    "type": "output_data_agentic_check",
                    "check_prompt": "the total fits {mrn}",
                    "model": SOME_ID,
                }
            ],
            True,
        ),
    ],
)
def test_checks_are_a_section_where_that_gives_the_same(
    checks: list[dict[str, Any]], in_source: bool
) -> None:
    payload = BODY | {"post_run_checks": checks, "input_schema": json.dumps(OBJECT)}
    payload["main_prompt"] = "Open {mrn}."
    project = imported(payload)
    assert ("flows/claims.checks.json" not in project.files) == in_source
    assert (b"checks {" in project.files["flows/claims.flow"]) == in_source


def test_checks_of_a_verbatim_workflow_may_name_inputs_of_its_schema_file() -> None:
    schema = OBJECT | {"additionalProperties": True}
    checks = [FILE | {"name": "kept", "file_names": ["{mrn}.pdf"]}]
    payload = BODY | {"post_run_checks": checks, "input_schema": json.dumps(schema)}
    project = imported(payload | {"name": "Claims\x07"})
    assert b"inputs from" in project.files["flows/claims.flow"]
    assert warnings_of(project) == []


# Names and files


def test_the_order_of_the_payloads_decides_nothing() -> None:
    payloads = [
        BODY | {"id": SOME_ID},
        BODY | {"id": OTHER_ID, "main_prompt": "Close the portal."},
        BODY | {"name": "Überweisung prüfen"},
        BODY | {"name": None},
        BODY | {"name": "請求書"},
    ]
    first = imported(*payloads, project="clinic")
    random.Random(1).shuffle(payloads)
    second = imported(*payloads, project="clinic")
    assert (first.files, first.addresses) == (second.files, second.addresses)
    assert [note.message for note in first.notes] == [note.message for note in second.notes]
    flows = [path for path in first.files if path.endswith(".flow")]
    assert flows == [
        "flows/claims.flow",
        "flows/claims_2.flow",
        "flows/ueberweisung_pruefen.flow",
        "flows/untitled_workflow.flow",
        "flows/workflow.flow",
    ]
    assert first.addresses == {"claims": OTHER_ID, "claims_2": SOME_ID}
    assert "2 workflows are called `Claims`" in messages(first)


def test_names_that_are_taken_and_a_name_that_is_wished_for() -> None:
    assert "flows/claims_2.flow" in imported(BODY, taken={"claims"}).files
    assert "flows/intake.flow" in imported(BODY, name="intake").files


def test_a_new_project_has_a_project_file_and_git_leaves_its_prompts_alone() -> None:
    project = imported(BODY, project='Nordic "Health"\x7f')
    sink = Sink()
    read = load_project(project.files["flowdsl.toml"].decode(), "flowdsl.toml", sink)
    assert read is not None, sink.findings_in_order()
    assert (read.name, list(read.environments)) == ('Nordic "Health"\x7f', ["local"])
    assert read.id is not None
    assert project.files[".gitattributes"] == b"flows/*.prompt.md -text\n"
    assert imported(BODY).files.keys() == {"flows/claims.flow", "flows/claims.prompt.md"}


def test_a_schema_that_is_no_json_is_kept_with_its_line_breaks() -> None:
    project = imported(BODY | {"output_schema": "mrn:\r\n  string"})
    kept = json.loads(project.files["flows/claims.extra.json"])
    assert kept == {"output_schema": "mrn:\r\n  string"}


def test_json_files_are_indented_and_keep_the_order_of_their_keys() -> None:
    schema = {"properties": {"z": {"type": "string", "const": "x"}, "a": {}}, "type": "object"}
    project = imported(BODY | {"input_schema": json.dumps(schema), "name": "Claims\x07"})
    assert project.files["flows/claims.inputs.json"].decode() == json.dumps(schema, indent=2) + "\n"


# Notes and warnings


@in_rows(
    ("fields", "words"),
    [
        ({"name": None}, f"called `{UNTITLED}`"),
        ({"terminal_command_allowlist": None}, "may run any terminal command"),
        ({"model_metadata": {"main_agent_model_id": SOME_ID}}, f"by id, .* `{SOME_ID}`"),
        ({"model_metadata": {"planner_id": "x"}}, "`planner_id` is newer"),
        ({"field_of_tomorrow": 1}, "`field_of_tomorrow` is newer than this version and passed on"),
        ({"main_prompt": "Type {mrn}."}, "`{mrn}`, and the workflow has no input schema"),
        (
            {"main_prompt": "Type {mrn} {$pin}.", "input_schema": json.dumps(OBJECT)},
            "uses `{\\$pin}`, which the input schema does not declare",
        ),
        ({"main_prompt": "Type {patient name}."}, "`{patient name}` in the prompt looks like"),
        ({"main_prompt": "<p>Open it.</p>"}, "the prompt is HTML"),
        ({"main_prompt": '<img src="supabase://a/b.png">'}, "shows a picture by address"),
        ({"output_schema": "{mrn: string}"}, "`output_schema` stays in a file"),
        ({"name": "a\x07"}, "`name` stays in a file"),
    ],
)
def test_a_note_tells_of_it(fields: dict[str, Any], words: str) -> None:
    project = imported(BODY | fields)
    assert any(re.search(words, note.message) for note in project.notes)


@in_rows("model", [5, "a\nb", "{x}", 'with "quotes"', "careful"])
def test_a_model_that_is_no_id_comes_back_as_it_was(model: Any) -> None:
    check = {"name": "a", "type": "output_data_agentic_check", "check_prompt": "x", "model": model}
    payloads = [BODY | {"post_run_checks": [check]}]
    if isinstance(model, str):
        payloads.append(BODY | {"model_metadata": {"main_agent_model_id": model}})
    for payload in payloads:
        bundle = compile_files(import_workflows([payload]).files).bundle
        assert bundle is not None
        assert find_differing_fields(payload, render_plain_json(bundle.workflows[0].payload)) == ()


def test_a_plain_workflow_has_one_note_and_no_warning() -> None:
    project = imported(BODY)
    assert messages(project) == "the prompt is kept in claims.prompt.md: FlowDSL did not write it"
    assert warnings_of(project) == []


def test_variables_of_a_workflow_without_a_schema_are_no_warnings() -> None:
    assert warnings_of(imported(BODY | {"main_prompt": "Type {mrn} and {$pin}."})) == []


def test_an_undeclared_variable_is_one_warning_however_often_it_stands() -> None:
    payload = {
        "main_prompt": "Type {mrn}, {dob}, {dob}, {dob}.",
        "input_schema": json.dumps(OBJECT),
    }
    assert warnings_of(imported(BODY | payload)) == ["unlisted-in-prompt"]


def test_a_misspelt_variable_is_an_error_of_the_prompt_as_it_came() -> None:
    payload = {
        "main_prompt": "Type {mnr}, {$mrn} and {mrn.first}.",
        "input_schema": json.dumps(OBJECT),
    }
    project = imported(BODY | payload)
    assert warnings_of(project) == [
        "undeclared-in-prompt",
        "unlisted-in-prompt",
        "unknown-path-in-prompt",
    ]
    assert b"inputs {" in project.files["flows/claims.flow"]


# Ours


def test_a_workflow_of_our_own_comes_back_as_statements_with_its_commands() -> None:
    source = """workflow report {
  title = "Daily report"
  inputs { day: date }
  outputs { total: number }
  terminal { allow = ["whoami"] }
  steps {
    do "Open the report of {day}."
    run "Get-Date"
    extract total: number from "the field Total"
    emit total = total
  }
  checks { output matches schema cleanup "Close {day}." }
}
"""
    artifact = only_workflow(source)
    payload = artifact.payload | {
        "main_prompt": "".join(map(str, artifact.payload["main_prompt"].parts))
    }
    project = imported(payload)
    assert list(project.files) == ["flows/daily_report.flow"]
    assert 'allow = ["whoami"]' in project.files["flows/daily_report.flow"].decode()
    assert project.notes == ()


def test_a_prompt_of_ours_under_another_title_stays_verbatim() -> None:
    artifact = only_workflow('workflow report { steps { do "Open the report." } }\n')
    prompt = "".join(map(str, artifact.payload["main_prompt"].parts))
    project = imported(artifact.payload | {"main_prompt": prompt, "name": "Renamed"})
    assert project.files["flows/renamed.prompt.md"].decode() == prompt


# Refusals and speed


def test_what_is_no_workflow_is_refused_by_its_number() -> None:
    with pytest.raises(ImportProblem, match="workflow 2 is no workflow"):
        import_workflows([BODY, {"name": "x"}])


def test_two_hundred_workflows_take_seconds() -> None:
    payloads = [BODY | {"main_prompt": f"Open claim {n}."} for n in range(200)]
    with cpu_seconds(GIVEN_UP):
        project = import_workflows(payloads)
    assert len([path for path in project.files if path.endswith(".flow")]) == 200
    compile_files(project.files)


def test_what_a_reference_holds_stays_restricted_and_comes_back() -> None:
    source = """
type Row { no: string, memo: string }
workflow w {
  inputs { row: Row, names: string[] }
  steps { do "Open {row.no}." for name in names max 3 { do "Click {name}." } }
  extra {
    input_schema: {
      "$defs": {
        Row: {
          type: "object",
          properties: { no: { type: "string" }, memo: { type: "string" } },
          required: ["no", "memo"],
        },
        Name: { type: "string" },
      },
      properties: {
        row: { "$ref": "#/$defs/Row", properties: null, required: null, type: null },
        names: { items: { "$ref": "#/$defs/Name", type: null } },
      },
    },
  }
}
"""
    (payload,) = served(compile_files({"main.flow": f"flow 1{source}".encode()}).bundle).values()
    fields = json.loads(payload["input_schema"])["properties"]
    line, text = fields["row"]["properties"]["no"], fields["row"]["properties"]["memo"]
    assert "u0000" in line["not"]["pattern"] and "u0000" not in text["not"]["pattern"]
    assert fields["row"]["additionalProperties"] is False
    assert fields["row"].keys() == {"$ref", "properties", "additionalProperties"}
    assert fields["names"]["items"]["not"] == line["not"]
    project = imported(payload)
    assert [*project.files] == ["flows/w.flow"]
