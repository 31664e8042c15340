"""Texts that the platform would read differently from how they were meant."""

from __future__ import annotations

import pytest

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles
from tests.support.compiling import only_workflow, steps_of, workflow


def _findings(source: str) -> list[tuple[str, int]]:
    files = MemoryFiles({"main.flow": "flow 1\n" + source})
    compilation = compile_project(files, ["main.flow"], CompileOptions())
    found = [(d.name, d.span.first.line) for d in compilation.analysis.diagnostics]
    assert (compilation.bundle is None) == bool(found)
    return found


def test_a_backslash_that_comes_to_stand_before_a_variable() -> None:
    source = 'const folder = r"C:\\Reports\\"\n' + workflow(
        'do "Open {folder}{name}."', sections="inputs { name: string }"
    )
    assert _findings(source) == [("backslash-before-variable", 5)]


def test_a_slash_is_fine() -> None:
    source = 'const folder = "C:/Reports/"\n' + workflow(
        'do "Open {folder}{name}."', sections="inputs { name: string }"
    )
    assert _findings(source) == []


@pytest.mark.parametrize("command", ["${env:TEMP}", "{$_.Name}", "{{x}}"])
def test_braces_in_commands_that_look_like_variables(command: str) -> None:
    findings = _findings(workflow(f'run r"Get-Item {command}"'))
    assert findings == [("brace-in-command", 4)]


def test_blocks_of_powershell_are_sent_byte_for_byte() -> None:
    command = "Get-ChildItem | ForEach-Object { $_.Name }"
    files = MemoryFiles({"main.flow": "flow 1\n" + workflow(f'run "{command}"')})
    bundle = compile_project(files, ["main.flow"], CompileOptions()).bundle
    assert bundle is not None
    assert bundle.workflows[0].payload["terminal_command_allowlist"] == [command]


def test_control_characters() -> None:
    assert _findings(workflow('do "a\x07b"')) == [("control-character", 4)]


def test_the_output_of_a_command_needs_a_focused_agent_with_a_terminal() -> None:
    source = workflow('run "Get-Date" as now: string\ndo "Type {{now}}."')
    assert _findings(source) == [("command-output-unreadable", 4)]


def test_a_team_that_has_verified_a_terminal_may_read_command_output() -> None:
    sink = Sink()
    toml = '[project]\nname = "x"\n[platform]\nfocused_agent_tools = ["execute_terminal_command"]\n'
    project = load_project(toml, "flowdsl.toml", sink)
    steps = steps_of(workflow('run "Get-Date" as now: string\ndo "Type {{now}}."'), project=project)
    instruction, _, rest = steps.partition("2. ")
    assert "- Use execute_terminal_command with exactly this command: Get-Date" in instruction
    assert 'Save its output with upsert_runtime_values as {{now}} (key "now")' in instruction
    assert rest == "Type {{now}}."


def test_extra_cannot_replace_what_flowdsl_writes() -> None:
    source = workflow('do "x"', sections='extra { main_prompt: "mine", novel: 1 }')
    assert _findings(source) == [("extra-sets-known-field", 2)]
    source = workflow(
        'do "x"', sections='checks { output satisfies "a" extra { type: "b", c: 1 } }'
    )
    assert _findings(source) == [("extra-sets-known-field", 2)]


def test_extra_passes_unknown_fields_through() -> None:
    source = workflow('do "x"', sections='extra { novel: { deep: [1, "x"] } }')
    assert only_workflow(source).payload["novel"] == {"deep": [1, "x"]}
