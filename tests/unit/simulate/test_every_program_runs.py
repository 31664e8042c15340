"""Every program of the corpus and the examples runs to an end, in worlds that say yes or no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.interpreter.errors import MissingInText, NotAProgram
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.trace import FAILED, SUCCESS
from flowdsl.source.files import MemoryFiles, library_of
from tests.support.flows.compiling import EXAMPLES, ROOT, read_folder
from tests.support.flows.worlds import default_world
from tests.support.rows import for_rows

KNOWN = {
    "archive": {"{total}"},
    "fits": {"{line.money.amount}", "{until_day}"},
    "first": {"{table.anything[3]}"},
    "mixed": {"{patient.name}"},
}
"""Workflows that put values into a text that are missing in one of the worlds.

The check lets them today; of `mixed`, whose inputs are in a schema, the worlds know no inputs.
"""

FOLDERS = (
    *sorted(path for path in (ROOT / "tests/corpus/valid").iterdir() if path.is_dir()),
    *sorted(path.parent for path in EXAMPLES.glob("*/flowdsl.toml")),
)


def _programs() -> Iterator[tuple[SemanticModel, WorkflowSymbol, Mapping[str, str]]]:
    for folder in FOLDERS:
        model, environment = _analysed(folder)
        for workflow in model.workflows:
            yield model, workflow, environment


def _analysed(folder: Path) -> tuple[SemanticModel, Mapping[str, str]]:
    files = read_folder(folder)
    options, environment = CompileOptions(), {}
    if "flowdsl.toml" in files:
        project = load_project((folder / "flowdsl.toml").read_text(), "flowdsl.toml", Sink())
        assert project is not None
        options = CompileOptions(project)
        environment = dict(project.environments["local"].vars)
    flows = (name for name in files if name.endswith(".flow") and library_of(name) is None)
    entries = sorted(flows)
    analysis = analyze(MemoryFiles(files), entries, options)
    assert not analysis.has_errors
    return analysis.model, environment


@for_rows(_programs, name=lambda row: row[1].name, fewest=10)
def test_a_program_runs_to_an_end(
    row: tuple[SemanticModel, WorkflowSymbol, Mapping[str, str]],
) -> None:
    model, workflow, environment = row
    if workflow.prompt_from is not None:
        return
    missed: set[str] = set()
    for agrees, missing, entries in product((True, False), (True, False), (0, 2)):
        world = default_world(workflow, agrees=agrees, missing=missing, entries=entries)
        try:
            trace = interpret(model, workflow, world, environment)
        except MissingInText as error:
            missed.add(error.place.text)
            continue
        assert trace.ending.status in (SUCCESS, FAILED)
        assert len(trace.places) == len(trace.events)
        if trace.ending.status == SUCCESS:
            absent = {field.wire_name for field in workflow.outputs if field.absent}
            every = {field.wire_name for field in workflow.outputs}
            assert every - absent <= set(trace.ending.outputs) <= every
    assert missed == KNOWN.get(workflow.name, set())


def test_a_prompt_from_a_file_is_no_program() -> None:
    found = [row for row in _programs() if row[1].prompt_from is not None]
    assert found
    for model, workflow, environment in found:
        world = default_world(workflow, agrees=True, missing=False)
        try:
            interpret(model, workflow, world, environment)
        except NotAProgram as error:
            assert f"`{workflow.name}`" in str(error)
        else:
            raise AssertionError(f"{workflow.name} was executed")
