"""Notes on imported workflows: what is told, and what is not worth a word."""

from __future__ import annotations

import json
import re
from typing import Any

from flowdsl.decompile.model import ImportedProject
from flowdsl.decompile.project import import_workflows
from flowdsl.semantics.capabilities import NO_COMMAND
from tests.support.flows.compiling import only_workflow
from tests.support.rows import in_rows

NAMES = ("team", "claim", "first name", "团号")
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {name: {"type": "string"} for name in (*NAMES, "$pin")},
        "required": [*NAMES, "$pin"],
    }
)
BODY = {
    "name": "Claims",
    "main_prompt": "Open the claims portal.",
    "input_schema": SCHEMA,
    "terminal_command_allowlist": [NO_COMMAND],
}


FILE = {"name": "kept", "type": "run_attachment_exists", "file_target_mode": "exact"}


def project(**fields: Any) -> ImportedProject:
    return import_workflows([BODY | fields])


def messages(**fields: Any) -> list[str]:
    return [note.message for note in project(**fields).notes]


def told(words: str, **fields: Any) -> str:
    """The one message with these words; empty without one."""
    found = [message for message in messages(**fields) if words in message]
    assert len(found) < 2
    return "".join(found)


def prompt(text: str, words: str) -> str:
    return told(words, main_prompt=text)


# Errors


def test_what_would_stop_a_deploy_is_told() -> None:
    outputs = json.dumps({"type": "object", "properties": {"total": {"type": "number"}}})
    text = "Type {taem}, {claim}. Save it as {{totla}}, then as {{total}}."
    message = told("stop a deploy", main_prompt=text, output_schema=outputs)
    assert message.startswith("2 errors of the workflow would stop a deploy; ")
    assert "`# flow: ignore[undeclared-in-prompt] REASON`" in message
    assert prompt("Type {team}.", "stop a deploy") == ""


# Backslashes


@in_rows(
    ("text", "touched"),
    [
        (r"Save as C:\X\{team}.pdf.", "`{team}`"),
        (r"Save as C:\{team}\{claim}.", "`{claim}`, `{team}`"),
        (r"Save as \\files.test\{{folder}}\a.", "`{{folder}}`"),
        (r"Type DESK\{$pin}.", "`{$pin}`"),
        (r"Save as \{claim[0].no}.", "`{claim[0].no}`"),
        (r"Save as C:\X\{undeclared}.", "`{undeclared}`"),
        (r"Save as C:\发票\{团号}.pdf.", "`{团号}`"),
        (r"Save as {claim}\\{team}.", "`{team}`"),
    ],
)
def test_a_backslash_before_a_variable_is_told(text: str, touched: str) -> None:
    message = prompt(text, "backslash")
    assert message.startswith(f"a backslash touches {touched} in the prompt, ")
    assert "write `/`" in message


@in_rows(
    "text",
    [
        r"Type \{undeclared} as it stands.",
        r"Open C:\X\ and {team}.",
        r"A brace: \{team\}.",
        r"\d{2} \{ {team}",
    ],
)
def test_other_backslashes_are_not(text: str) -> None:
    assert not prompt(text, "backslash")


def test_commands_and_checks_are_looked_at_too() -> None:
    command = r'Get-Item "C:\X\{team}"'
    allowed = {"terminal_command_allowlist": [command]}
    assert " `{team}` in the terminal allowlist, " in told("backslash", **allowed)
    checks = [FILE | {"file_names": [r"C:\{team}.pdf"]}]
    assert " `{team}` in the post-run checks, " in told("backslash", post_run_checks=checks)
    both = told("backslash", main_prompt=f"Run {command}.", **allowed)
    assert " `{team}` in the prompt and the terminal allowlist, " in both
    other = told("backslash", main_prompt=r"Open C:\{claim}.", **allowed)
    assert " `{claim}` in the prompt and `{team}` in the terminal allowlist, " in other


# Almost variables


@in_rows(
    ("text", "listed"),
    [
        (
            "Type {patient name}.",
            "`{patient name}` in the prompt looks like a variable and is none",
        ),
        ("Type { claim }.", "`{ claim }` in"),
        ("Type {claim }.", "`{claim }` in"),
        (
            "{a-b} and ${claim}",
            "`${claim}`, `{a-b}` in the prompt look like variables and are none",
        ),
        ("{If you are not the reader} stop.", "`{If you are not the reader}` in"),
        ("{panel:title=Scope|borderColor=#ccc}", "`{panel:title=Scope|borderColor=#ccc}` in"),
        (
            "{say the claim no. " + "again " * 20 + "}",
            "`{say the claim no. again again again ag…}` in",
        ),
        ("{claim[-1]}", "`{claim[-1]}` in"),
        ("Run:\n```\ntype {second name}\n```", "`{second name}` in"),
    ],
)
def test_what_is_almost_a_variable_is_told(text: str, listed: str) -> None:
    assert prompt(text, " like ").startswith(listed)


@in_rows(
    "text",
    [
        "Type {claim}, {claim.no}, {first name}, {团号}, {团号.a}, {$pin}, {{total}}.",
        'Answer {"a": 1} or { "b": {} }, [0-9]{3}, {}, {0}.',
        "Run `Get-Item | ForEach-Object { $_.Name }`.",
        "```powershell\n$x | ForEach-Object { $x.Name }; ${x}\n```",
        "```\nGet-Item $x | Select { x }\n```",
        "body {color: red;}",
    ],
)
def test_what_is_none_is_not(text: str) -> None:
    assert not prompt(text, " like ")


def test_braces_of_an_allowlisted_command_are_its_own() -> None:
    command = "Get-Item a | Where { $x.Kind }"
    text = f"Run this: {command}"
    assert prompt(text, " like ")
    assert not told(" like ", main_prompt=text, terminal_command_allowlist=[command])


def test_a_runtime_value_named_like_a_tool_is_told() -> None:
    message = prompt("Use {{focused_action}}, {{declare_task_failed}}, {{total}}.", "vanish")
    assert message.startswith("`{{declare_task_failed}}`, `{{focused_action}}` in the prompt are ")
    assert not prompt("Use focused_action, {{screenshot}}, {{total}}.", "vanish")


# Why something is in a file


def of(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


STRING = {"type": "string"}


@in_rows(
    ("schema", "words"),
    [
        (of(a={"type": ["string", "null"]}), "`a` may be null but not absent"),
        (
            {"type": "object", "properties": {"a": STRING | {"default": "x"}}},
            "`a` has a default and may be absent",
        ),
        (
            of(reading={"type": "object", "properties": {"a": STRING | {"default": "x"}}}),
            "`reading.a` has a default and may be absent",
        ),
        (
            of(reading=of(a={"type": ["string", "null"], "default": None})),
            "`reading.a` may be null but not absent",
        ),
        (
            of(a=STRING, b={"type": "integer", "multipleOf": 2}),
            "`b` has `multipleOf`, which no type says",
        ),
        (
            of(rows={"type": "array", "items": of(no=STRING | {"const": "x"})}),
            "`rows[].no` has `const`, which no type says",
        ),
        (
            of(**{"$the pin": STRING}),
            "a field that source refuses: `the pin` cannot be the name of",
        ),
        (of(rows={"type": "array"}), "`rows` is a list of entries that nothing describes"),
        (of(a={"type": "object"}), "`a` is an object without `properties`"),
        (
            of(a={"type": "integer", "enum": [1, "b"]}),
            "`a` has `enum`, which no type says",
        ),
        (
            of(a={"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            "`a` has `anyOf`, which no type says",
        ),
        (of(a={"$ref": "#/x"}), "`a` has `$ref`, which no type says"),
        (of(a={"type": ["string", "integer"]}), "`a` has several types"),
        (of(a={"type": "integer", "minimum": 3, "maximum": 1}), "a field that source refuses: "),
        (of(a=STRING) | {"additionalProperties": False}, "it has `additionalProperties`, which"),
        ({"properties": {"a": STRING}}, "it has no `type` beside its `properties`"),
    ],
)
def test_the_note_on_a_schema_names_what_no_type_says(schema: dict[str, Any], words: str) -> None:
    message = told("schema of the inputs", input_schema=json.dumps(schema))
    refused = "the pin" in words  # for which there is no field at all
    stands = "is kept in claims.inputs.json: " if refused else "stands in `extra`: "
    what = "" if refused else "what no type says of "
    assert message.startswith(f"{what}the schema of the inputs {stands}")
    assert words in message


@in_rows(
    ("schema", "words"),
    [
        ({"a": "number"}, "it is in the short notation, not a JSON schema"),
        ({"a": "string", "rows": [{"b": "date"}]}, "it is in the short notation"),
        ({"type": "string", "items": "array", "v": {"x": "int"}}, "it is in the short notation"),
        ({"type": "array"}, "it is no schema of an object"),
        ({"items": {"type": "string"}}, "it is no schema of an object"),
        ({"anyOf": []}, "it is no schema of an object"),
        ({}, "it is empty"),
    ],
)
def test_the_same_for_outputs(schema: dict[str, Any], words: str) -> None:
    message = told("schema of the outputs", output_schema=json.dumps(schema))
    assert f"claims.outputs.json: {words}" in message


@in_rows(
    ("fields", "words"),
    [
        ({"file_names": ["{团号}.pdf"]}, "they name the input `团号`, which source would have to"),
        ({"file_names": ["{$pin}.pdf"]}, "`kept` names the secret `{$pin}`, which no check may"),
        ({"file_names": ["{{x}}.pdf"]}, "`kept` names the runtime value `{{x}}`"),
        ({"file_names": []}, "`kept` names no file"),
        ({"file_names": ["a.pdf"], "description": 5}, "`kept` is described by no text"),
        ({"type": "human_review"}, "`kept` has the type `human_review`, which this version does"),
        ({"file_target_mode": "glob"}, "`kept` finds its files by `glob`"),
        (
            {"file_names": ["a.pdf"], "expected_match_count": 2},
            "`kept` has `expected_match_count` as no check in source has it",
        ),
    ],
)
def test_the_note_on_checks_says_why(fields: dict[str, Any], words: str) -> None:
    name = "Claims\x07"  # which is kept in a file, and what no type says of the schema with it
    schema = json.dumps(json.loads(SCHEMA) | {"additionalProperties": True})
    checks = [FILE | fields]
    message = told("post-run checks", name=name, post_run_checks=checks, input_schema=schema)
    assert f"claims.checks.json: {words}" in message


def test_checks_of_one_name_are_told_as_the_compiler_tells_them() -> None:
    checks = [FILE | {"file_names": ["a.pdf"]}, FILE | {"file_names": ["b.pdf"]}]
    assert "`kept`" in told("post-run checks are", post_run_checks=checks)


def test_an_odd_name_that_no_check_uses_keeps_no_check_in_a_file() -> None:
    schema = json.dumps(json.loads(SCHEMA) | {"additionalProperties": True})
    checks = [FILE | {"file_names": ["{claim}.pdf"]}]
    files = project(
        main_prompt="Open {claim}.",
        input_schema=schema,
        post_run_checks=checks,
        post_run_check_failure_cleanup_prompt="Close {claim}.",
    ).files
    assert b"checks {" in files["flows/claims.flow"] and "flows/claims.checks.json" not in files


def test_a_prompt_of_a_former_version_is_not_called_somebody_elses() -> None:
    artifact = only_workflow('workflow w { title = "Claims" steps { do "Open the portal." } }\n')
    text = "".join(map(str, artifact.payload["main_prompt"].parts))
    former = text.replace("Do the numbered lines in order", "Do the lines")
    assert former != text
    message = prompt(former, "the prompt is kept in claims.prompt.md")
    assert message.endswith(": it has the form of FlowDSL, and this version writes it differently")
    assert prompt("Steps\n1. Open it.", "is kept in").endswith("FlowDSL did not write it")


# Order, titles, spelling


def test_security_comes_first_and_what_is_kept_last() -> None:
    found = messages(
        terminal_command_allowlist=None,
        main_prompt="Type {undeclared}.",
        model_metadata={"main_agent_model_id": "8d0f3c1e-5f0a-4a53-9f7b-0c5d8f0b7a11"},
        field_of_tomorrow=1,
        output_schema="{}",
    )
    order = ["any terminal command", "`{undeclared}`", "by id", "newer", "is kept", "is kept"]
    for message, words in zip(found, order, strict=True):
        assert words in message


def test_notes_have_the_title_where_the_name_does_not_tell_it() -> None:
    notes = project(name="請求書").notes
    assert {(note.workflow, note.title) for note in notes} == {("workflow", "請求書")}
    assert {note.title for note in project().notes} == {None}
    assert {
        note.title for note in import_workflows([BODY | {"name": "請求書"}], name="x").notes
    } == {None}


@in_rows(
    ("commands", "written"),
    [
        (["whoami", "Get-Date"], '["whoami", "Get-Date"]'),
        ([r"dir C:\X", "Get-Date"], r'["dir C:\X", "Get-Date"]'),
        (["dir C:\\X\\", "Get-Date"], 'r"dir C:\\X\\", r"Get-Date"'),
        (["type {claim}", "Get-Date"], 'r"type {claim}", r"Get-Date"'),
        (
            ['echo "{claim}"', "type {claim}", "Get-Date"],
            r'"echo \"\{claim}\"", r"type {claim}", r"Get-Date"',
        ),
    ],
)
def test_an_allowlist_has_one_spelling(commands: list[str], written: str) -> None:
    text = project(terminal_command_allowlist=commands).files["flows/claims.flow"].decode()
    allowed = re.search(r"allow = \[([^\]]*)\]", text)
    assert allowed is not None
    entries = [line.strip().rstrip(",") for line in allowed[1].strip().splitlines()]
    assert ", ".join(entries) == written.strip("[]")
