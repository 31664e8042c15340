"""Execute a workflow of a checked program in a world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from ..schemas import find_refusal
from ..shapes import without_missing
from ..trace import FAILED, SUCCESS, Ending, Recorder, Trace
from ..world import World
from .bounds import out_of_bounds
from .budget import Budget
from .checks import evaluate_checks
from .defaults import fill_in_defaults
from .errors import NotAProgram
from .expressions import begin_with_defaults, constant_in, render_line, resolve_constant
from .frames import Frame, Run
from .reading import fill_in_field_defaults, output_value_of
from .statements.leaving import Abort, Fail, Finish
from .statements.perform import perform_block
from .statements.spelling import types_what_it_read
from .values import MISSING
from .watching import NOBODY, Watcher

NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})


def interpret(
    model: SemanticModel,
    workflow: WorkflowSymbol,
    world: World,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
    watcher: Watcher = NOBODY,
    budget: Budget | None = None,
) -> Trace:
    """Return the trace of a workflow in a world.

    The program has no errors, and `environment` has every variable of `env` that it names. Raises
    `NotAProgram` for a workflow that loads its prompt from a file, `MissingInText` for a text with
    a missing value, `TooLong` for a run over its budget, `UnknownDay` if the default of an input
    cannot be computed, `NoSuchDay` if a day that is typed cannot, and any exception of the world.
    """
    body = workflow.declaration.steps
    if body is None:
        raise NotAProgram(workflow.name)
    recorder = Recorder(world)
    watcher.begins(recorder)
    run = Run(model, recorder, {}, environment, watcher, budget)
    run.types_what_it_read = types_what_it_read(model, workflow, body)
    frame = Frame(run, workflow.module.source, body, workflow.outputs, {})
    begin_with_defaults(frame)
    given = fill_in_defaults(frame, workflow.inputs, world.inputs, world.today)
    run.inputs = _complete_inputs(frame, workflow, without_missing(given))
    run.given = _complete_inputs(frame, workflow, given)
    recorder.rules = tuple(render_line(frame, rule) for rule in _find_rules(workflow))
    ending = _execute_steps(frame, workflow, body)
    heading = _render_heading(frame, workflow)
    if ending.status != SUCCESS:
        return recorder.trace(heading, ending)
    wrong = out_of_bounds(frame.fields.values(), ending.outputs)
    if wrong is not None:
        watcher.refuses(frame.source, _find_maker(frame, workflow, wrong.field.name))
        return recorder.trace(heading, ending, wrong.reason)
    if workflow.outputs_from is not None:
        refused = find_refusal(model.texts[workflow.outputs_from], ending.outputs)
        if refused is not None:
            watcher.refuses(frame.source, _find_maker(frame, workflow, ""))
            reason = f"the outputs do not fit `{workflow.outputs_from}`: {refused}"
            return recorder.trace(heading, ending, reason)
    return recorder.trace(heading, ending, checks=evaluate_checks(frame, workflow))


def _execute_steps(frame: Frame, workflow: WorkflowSymbol, body: ast.Block) -> Ending:
    """Execute the steps; an `abort`, or a `fail` outside any `retry`, ends the run."""
    try:
        perform_block(body, frame)
    except (Fail, Abort) as failure:
        return Ending(FAILED, failure.reason, {})
    except Finish as finish:
        return Ending(SUCCESS, finish.reason, _collect_outputs(frame, workflow))
    return Ending(SUCCESS, None, _collect_outputs(frame, workflow))


def _find_maker(frame: Frame, workflow: WorkflowSymbol, name: str) -> ast.Node:
    """Return the `emit` that set an output; its declaration if none did."""
    declared = (
        field
        for item in workflow.declaration.items
        if isinstance(item, ast.OutputsSection)
        for field in item.fields
        if field.name.text == name
    )
    return frame.makers.get(name) or next(declared, workflow.declaration)


def _complete_inputs(
    frame: Frame, workflow: WorkflowSymbol, found: Mapping[str, Any]
) -> dict[str, Any]:
    """Return inputs by wire name, with the defaults of the fields that they lack."""
    declared = {field.wire_name: field.type for field in workflow.inputs}
    known = constant_in(frame)
    return {
        name: fill_in_field_defaults(value, declared.get(name, types.ANY), known)
        for name, value in found.items()
    }


def _collect_outputs(frame: Frame, workflow: WorkflowSymbol) -> dict[str, Any]:
    """Return the outputs by wire name; with `outputs from`, those of the schema.

    A missing one declared as `name?:` is left out.
    """
    fields = frame.fields
    if workflow.outputs_from is not None:
        schema = json.loads(frame.run.model.texts[workflow.outputs_from])
        names = (*schema.get("properties", ()), *frame.emitted)
        fields = {name: types.FieldType(name, types.ANY) for name in names}
    found = {
        field.wire_name: output_value_of(
            frame.emitted.get(name, MISSING).data, field.type, constant_in(frame)
        )
        for name, field in fields.items()
    }
    absent = {field.wire_name for field in fields.values() if field.absent}
    return {name: value for name, value in found.items() if value is not None or name not in absent}


def _render_heading(frame: Frame, workflow: WorkflowSymbol) -> tuple[str, str]:
    """Return title and description as agents read them, each on one line."""
    title = resolve_constant(frame, workflow.settings.get("title", workflow.name))
    return on_one_line(title), on_one_line(workflow.declaration.doc or "")


def _find_rules(workflow: WorkflowSymbol) -> tuple[ast.Text, ...]:
    sections = (item for item in workflow.declaration.items)
    return next((each.rules for each in sections if isinstance(each, ast.AlwaysSection)), ())
