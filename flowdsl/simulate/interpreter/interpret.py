"""Executes a workflow of a checked program in a world."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import SemanticModel, WorkflowSymbol
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from ..shapes import without_missing
from ..trace import FAILED, SUCCESS, Ending, Recorder, Trace
from ..world import World
from .defaults import with_defaults
from .errors import NotAProgram
from .expressions import constant, constant_in, line
from .frames import Frame, Run
from .reading import reported
from .statements.leaving import Abort, Fail, Finish
from .statements.perform import perform
from .values import MISSING
from .watching import NOBODY, Watcher

NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})


def interpret(
    model: SemanticModel,
    workflow: WorkflowSymbol,
    world: World,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
    watcher: Watcher = NOBODY,
) -> Trace:
    """The trace of a workflow in a world.

    The program has no errors, and `environment` has every variable of `env` that it names. Raises
    `NotAProgram` for a workflow that takes its prompt from a file, `MissingInText` for a text with
    a missing value, `TooLong` for a run without an end, `UnknownDay` where the default of
    an input cannot be worked out, and whatever the world raises.
    """
    body = _steps(workflow)
    if body is None:
        raise NotAProgram(workflow.name)
    recorder = Recorder(world)
    watcher.begins(recorder)
    run = Run(model, recorder, {}, environment, watcher)
    frame = Frame(run, workflow.module.source, body, workflow.outputs, {})
    run.inputs = _inputs(frame, workflow, world)
    recorder.rules = tuple(line(frame, rule) for rule in _rules(workflow))
    return recorder.trace(_heading(frame, workflow), _ending(frame, workflow, body))


def _ending(frame: Frame, workflow: WorkflowSymbol, body: ast.Block) -> Ending:
    """Execute the steps; a `fail` that no `retry` took and an `abort` end a run alike."""
    try:
        perform(body, frame)
    except (Fail, Abort) as failure:
        return Ending(FAILED, failure.reason, {})
    except Finish as finish:
        return Ending(SUCCESS, finish.reason, _outputs(frame, workflow))
    return Ending(SUCCESS, None, _outputs(frame, workflow))


def _inputs(frame: Frame, workflow: WorkflowSymbol, world: World) -> dict[str, Any]:
    """The inputs by their names on the wire: what is given, else the default."""
    found = with_defaults(frame, workflow.inputs, world.inputs, world.today)
    return {name: without_missing(value) for name, value in found.items()}


def _outputs(frame: Frame, workflow: WorkflowSymbol) -> dict[str, Any]:
    """The outputs by their names on the wire; with `outputs from`, those that were emitted.

    A missing one that is written `name?:` is left out.
    """
    fields = frame.fields
    if workflow.outputs_from is not None:
        fields = {name: types.FieldType(name, types.ANY) for name in frame.emitted}
    found = {
        field.wire_name: reported(
            frame.take(frame.emitted.get(name, MISSING)), field.type, constant_in(frame)
        )
        for name, field in fields.items()
    }
    absent = {field.wire_name for field in fields.values() if field.absent}
    return {name: value for name, value in found.items() if value is not None or name not in absent}


def _heading(frame: Frame, workflow: WorkflowSymbol) -> tuple[str, str]:
    """Title and description as they are read: the title on one line."""
    title = constant(frame, workflow.settings.get("title", workflow.name))
    return on_one_line(title), workflow.declaration.doc or ""


def _steps(workflow: WorkflowSymbol) -> ast.Block | None:
    sections = (item for item in workflow.declaration.items)
    return next((each.body for each in sections if isinstance(each, ast.StepsSection)), None)


def _rules(workflow: WorkflowSymbol) -> tuple[ast.Text, ...]:
    sections = (item for item in workflow.declaration.items)
    return next((each.rules for each in sections if isinstance(each, ast.AlwaysSection)), ())
