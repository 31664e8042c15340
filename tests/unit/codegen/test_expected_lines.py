"""A prompt is the same whether the values that it passes are expected or found out."""

from __future__ import annotations

import pytest

from flowdsl.codegen.prompt import document
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.ir import nodes
from flowdsl.ir.facts import noted_failures
from flowdsl.ir.passes.handing import find_text_variables
from flowdsl.semantics.capabilities import DOCUMENTED
from flowdsl.source.files import MemoryFiles
from tests.support.effort import THOROUGH
from tests.support.meaning.checked import checked_seed

SEEDS = 400 if THOROUGH else 25

FLOW = """flow 1

workflow w {
  inputs { rows: { name: string }[] @max_items(9) }
  outputs { last: string }
  steps {
    MORE
    for row in rows {
      expect "the row {row.name} is open" else abort "no {row.name}"
      press "Enter"
      capture "{row.name}.png"
    }
    emit last = "done"
  }
}
"""


def _workflows_of(text: str) -> tuple[nodes.Workflow, ...]:
    made = compile_project(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions())
    assert made.program is not None, made.analysis.diagnostics
    return made.program.workflows


def test_lines_with_expected_values_are_those_that_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = 'extract name: string from "the name"\n    capture "a.png"\n    '
    typed = read + 'expect "{name} is shown"'
    workflows = [
        *_workflows_of(FLOW.replace("MORE", "")),
        *_workflows_of(FLOW.replace("MORE", typed)),
    ]
    for seed in range(SEEDS):
        checked = checked_seed(seed)
        program = None if checked is None else checked.compilation.program
        workflows += [] if program is None else program.workflows
    workflows = [each for each in workflows if each.prompt is None]
    prompts = [document.emit_prompt(each, DOCUMENTED)[1] for each in workflows]
    expected = [_is_expected(each) for each in workflows]
    assert expected[:2] == [True, False]
    monkeypatch.setattr(document, "_emit_expected_lines", lambda *args: None)
    for workflow, prompt in zip(workflows, prompts, strict=True):
        found = document.emit_prompt(workflow, DOCUMENTED)[1]
        assert found.template == prompt.template, workflow.name


def _is_expected(workflow: nodes.Workflow) -> bool:
    noted = noted_failures(workflow.body)
    texts = find_text_variables(workflow, noted)
    lines = document._emit_expected_lines(workflow, noted & texts, texts, DOCUMENTED)
    return lines is not None
