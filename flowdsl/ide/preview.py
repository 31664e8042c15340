"""The compiled prompts of a file, and which lines of them come from which place of a flow."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.codegen.artifacts import Bundle, Template, WorkflowArtifact, stand_in
from flowdsl.compiler.pipeline import CompileOptions, compile_analysis
from flowdsl.ir.source_map import MappedLine
from flowdsl.source.record import Record, replace
from flowdsl.syntax import ast

from .session import Session, Snapshot


class Preview(Record):
    """The prompt of one workflow: its lines, and the source of each that has one.

    `errors` counts what keeps the text of now from being compiled; the prompt is then that of the
    last text that was.
    """

    workflow: str
    text: str
    lines: tuple[MappedLine, ...]
    errors: int = 0


def find_bundle(session: Session, snapshot: Snapshot) -> Bundle | None:
    """Return what an analysis compiles to, computed once; None if an error stops it."""
    if snapshot.bundle is None:
        options = _options_with_environment(session)
        if any(map(options.stops, snapshot.analysis.diagnostics)):
            return None
        snapshot.bundle = compile_analysis(snapshot.analysis, options).bundle
    return snapshot.bundle


def _options_with_environment(session: Session) -> CompileOptions:
    """Return the options for compiling: `env` has the values of the first environment, if any."""
    options = session.options
    if options.environment is not None or options.project is None:
        return options
    environments = options.project.environments
    first = next((environments[name] for name in sorted(environments)), None)
    return replace(options, environment=first)


def make_preview(session: Session, path: str, offset: int) -> Preview | None:
    """Return the prompt of the workflow at an offset, or of the first one of the file.

    In a file without workflows, that of a workflow that uses it. None if there is none, or if it
    never could be compiled.
    """
    snapshot = session.analyze_file(path)
    bundle = find_bundle(session, snapshot)
    errors = 0
    if bundle is None:
        errors = sum(map(session.options.stops, snapshot.analysis.diagnostics))
        bundle = session.last_bundles.get(path)
    else:
        session.last_bundles[path] = bundle
    if bundle is None:
        return None
    wanted = _workflow_at(snapshot, path, offset)
    workflows = {each.name: each for each in bundle.workflows}
    found = workflows.get(wanted or "") or next(
        (each for each in bundle.workflows if any(_lines_from(each, path))), None
    )
    if found is None:
        return None
    return Preview(found.name, render_prompt(found), found.source_map.lines, errors)


def render_prompt(workflow: WorkflowArtifact) -> str:
    """Return the prompt as text, with readable words for what the organisation fills in."""
    prompt = workflow.payload.get("main_prompt")
    return prompt.render(stand_in) if isinstance(prompt, Template) else str(prompt or "")


def _workflow_at(snapshot: Snapshot, path: str, offset: int) -> str | None:
    module = snapshot.module(path)
    declared = () if module is None else module.declarations
    workflows = [each for each in declared if isinstance(each, ast.WorkflowDecl)]
    around = [each for each in workflows if each.start <= offset <= each.end]
    return next((each.name.text for each in (*around, *workflows)), None)


def _lines_from(workflow: WorkflowArtifact, path: str) -> Iterator[MappedLine]:
    return (line for line in workflow.source_map.lines if line.source.path == path)


def find_prompt_lines(
    session: Session, snapshot: Snapshot, path: str, line: int
) -> tuple[str, ...]:
    """Return the lines of a prompt that come from a line of a file, of the first that has any."""
    bundle = find_bundle(session, snapshot)
    for workflow in () if bundle is None else bundle.workflows:
        numbers = [
            each.line for each in _lines_from(workflow, path) if each.source.start_line == line
        ]
        if numbers:
            lines = render_prompt(workflow).split("\n")
            return tuple(lines[number - 1] for number in numbers if number <= len(lines))
    return ()
