"""Laws of compilation, on generated workflows."""

from __future__ import annotations

import json
import re

from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from openapi_client.cyberdesk_cloud_client.models import WorkflowCreate

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.semantics.capabilities import TOOLS
from flowdsl.source.files import MemoryFiles
from tests.support.effort import examples
from tests.support.flows.generated.workflows import workflows

MAIN_ONLY = [name for name, tool in TOOLS.items() if not tool.focused and "_" in name]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflows())
def test_a_program_without_errors_compiles_to_a_prompt_that_keeps_the_protocol(source: str) -> None:
    files = MemoryFiles({"main.flow": source})
    compilation = compile_project(files, ["main.flow"], CompileOptions())
    if compilation.analysis.has_errors:
        # By design: a null check inside the same null check decides nothing, and an input must not
        # decide what only the main agent can do, nor anything in a loop what it does there.
        errors = {
            each.name for each in compilation.analysis.diagnostics if each.severity == "error"
        }
        assert errors <= {"branch-frozen-by-replay", "branch-frozen-in-loop"}
        return
    assert compilation.bundle is not None
    (artifact,) = compilation.bundle.workflows
    payload = render_plain_json(artifact.payload)
    assert WorkflowCreate.from_dict(json.loads(json.dumps(payload))).to_dict() == payload
    for key in ("input_schema", "output_schema"):
        Draft202012Validator.check_schema(json.loads(payload[key]))

    lines = payload["main_prompt"].split("\n")
    assert len(lines) == len({line.line for line in artifact.source_map.lines}) + lines.count("")
    _check_tools(lines)
    _check_loops(lines)
    _check_decisions(lines)
    written = {line.line: line.source for line in artifact.source_map.lines}
    assert all(1 <= place.start_line <= source.count("\n") + 1 for place in written.values())

    again = compile_project(files, ["main.flow"], CompileOptions())
    assert again.bundle is not None
    assert render_plain_json(again.bundle.workflows[0].payload) == payload


def _check_tools(lines: list[str]) -> None:
    """Bullets are for a focused agent.

    None names a tool it may not have, and only they save values.
    """
    steps = lines[lines.index("Steps") :]
    for line in steps:
        bullet = line.lstrip().startswith("- ")
        assert not (bullet and any(tool in line for tool in (*MAIN_ONLY, "end_loop"))), line
        assert bullet or not re.search(r'\b[Ss]ave (it as |its output as )?"', line), line


def _check_loops(lines: list[str]) -> None:
    """Every loop is closed before the next one begins."""
    open_loop = False
    for line in lines:
        if "Use start_loop" in line:
            assert not open_loop
            open_loop = True
        if "Use end_loop_iteration" in line:
            assert open_loop
            open_loop = False
    assert not open_loop


def _check_decisions(lines: list[str]) -> None:
    """A decision is saved in a line before the lines that depend on it."""
    saved: set[str] = set()
    for line in lines:
        for name in re.findall(r"\{\{(decision_\d+)\}\}", line):
            assert name in saved, line
        saved.update(re.findall(r'\b[Ss]ave "(decision_\d+)"', line))
