"""The order of analysis: from sources to a `SemanticModel`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import FileSystem
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from . import errors, places
from .annotations import check_declaration_annotations
from .body import BodyChecker, EmitTargets
from .call_graph import first_loops, order_tasks, report_nested_calls
from .chains import check_chain
from .constants import constant_json, resolve_consts
from .dataflow import Follower
from .expressions import check_text, infer
from .flow_tests import check_test
from .model import INPUT, SECRET, ChainSymbol, SemanticModel, TaskSymbol, WorkflowSymbol
from .modules import Sources
from .post_run_checks import check_checks
from .program import Environments, Program
from .prompt_files import check_prompt_file
from .runtime import declare_runtime
from .scopes import ValueScope, build_module_scopes
from .settings import MODEL_SETTINGS, TERMINAL_SETTINGS, WORKFLOW_SETTINGS, check_settings
from .signatures import declare_task, declare_workflow, value_symbols
from .type_expressions import resolve_declared_types
from .types import RecordOf


def analyze_program(
    sources: Sources,
    environments: Environments | None,
    files: FileSystem,
    sink: Sink,
    *,
    only: Collection[str] | None = None,
) -> SemanticModel:
    """Resolve and check a program, and follow its paths.

    `environments` holds the `vars` of each environment of the project; without a project it is None or empty, and `env.x` is
    an error. `only` names the files whose workflows, chains and tests the result lists; None means all. Everything loaded is
    checked either way.
    """
    program = Program(sources, environments or {}, files, sink)
    build_module_scopes(program)
    resolve_consts(program)
    resolve_declared_types(program)
    _declare_signatures(program)
    scopes = _declare_runtime(program)
    _check_bodies(program, scopes)
    chains = _check_chains(program)
    tests = _check_tests(program)
    _follow_paths(program)
    return _model(program, chains, tests, only)


def _declare_signatures(program: Program) -> None:
    for module in program.sources.modules:
        scope = program.scopes[module]
        for declaration in module.declarations:
            check_declaration_annotations(program, scope, declaration.annotations)
            if isinstance(declaration, ast.TaskDecl):
                declare_task(program, scope, declaration)
            elif isinstance(declaration, ast.WorkflowDecl):
                declare_workflow(program, scope, declaration)


def _body_of(workflow: ast.WorkflowDecl) -> ast.Block | None:
    for item in workflow.items:
        if isinstance(item, ast.StepsSection):
            return item.body
    return None


def _declare_runtime(program: Program) -> dict[ast.Decl, ValueScope]:
    """The values in reach of each task and workflow, runtime variables included."""
    scopes: dict[ast.Decl, ValueScope] = {}
    for task in program.tasks.values():
        scope = ValueScope(program.scopes[task.module])
        for param in task.params:
            scope.declare(program, param)
        task.runtime.update(declare_runtime(program, scope, task.declaration.body))
        scopes[task.declaration] = scope
    for workflow in program.workflows.values():
        scope = _workflow_scope(program, workflow)
        body = _body_of(workflow.declaration)
        if body is not None:
            workflow.runtime.update(declare_runtime(program, scope, body))
        scopes[workflow.declaration] = scope
    return scopes


def _workflow_scope(program: Program, workflow: WorkflowSymbol) -> ValueScope:
    module = program.scopes[workflow.module]
    scope = ValueScope(module)
    fields = program.workflow_fields[workflow.declaration]
    for section, kind in ((fields.inputs or (), INPUT), (fields.secrets, SECRET)):
        for symbol in value_symbols(module, workflow.declaration, section, kind):
            scope.declare(program, symbol)
    return scope


def _check_bodies(program: Program, scopes: dict[ast.Decl, ValueScope]) -> None:
    for task in program.tasks.values():
        fields = task.result.fields if isinstance(task.result, RecordOf) else None
        if task.result is None:
            fields = ()
        targets = EmitTargets("result field", fields)
        BodyChecker(program, scopes[task.declaration], targets).check(task.declaration.body)
    for workflow in program.workflows.values():
        _check_workflow(program, scopes[workflow.declaration], workflow)


def _check_workflow(program: Program, scope: ValueScope, workflow: WorkflowSymbol) -> None:
    declaration = workflow.declaration
    fields = program.workflow_fields[declaration]
    settings = tuple(item for item in declaration.items if isinstance(item, ast.Setting))
    workflow.settings.update(
        check_settings(program, scope, settings, WORKFLOW_SETTINGS, "a workflow")
    )
    for item in declaration.items:
        match item:
            case ast.ModelSection(settings=model):
                _fill(
                    workflow.models,
                    check_settings(program, scope, model, MODEL_SETTINGS, "`model`"),
                )
            case ast.TerminalSection(settings=terminal):
                _fill(
                    workflow.terminal,
                    check_settings(program, scope, terminal, TERMINAL_SETTINGS, "`terminal`"),
                )
            case ast.AlwaysSection(rules=rules):
                for rule in rules:
                    check_text(program, scope, rule, places.INSTRUCTION)
            case ast.StepsSection(body=body):
                targets = EmitTargets("output", fields.outputs)
                BodyChecker(program, scope, targets).check(body)
            case ast.ChecksSection():
                check_checks(program, scope, item)
            case ast.ExtraSection(value=value):
                infer(program, scope, value, places.SETTING)
                _fill(workflow.extra, constant_json(program, value))
            case _:
                pass
    if workflow.prompt_from is not None:
        check_prompt_file(program, workflow.prompt_from, fields)
    sections = {type(item) for item in declaration.items}
    if not sections & {ast.StepsSection, ast.PromptFrom}:
        span = declaration.name.span(workflow.module.source)
        program.sink.report(errors.MISSING_STEPS, span, name=workflow.name)


def _fill(table: dict[str, Any], values: dict[str, Any]) -> None:
    """A section that stands twice is reported already; the first one counts."""
    if not table:
        table.update(values)


def _check_chains(program: Program) -> tuple[ChainSymbol, ...]:
    return tuple(
        check_chain(program, program.scopes[module], declaration)
        for module in program.sources.modules
        for declaration in module.declarations
        if isinstance(declaration, ast.ChainDecl)
    )


def _check_tests(program: Program) -> tuple[tuple[ast.Module, ast.TestDecl], ...]:
    tests = tuple(
        (module, declaration)
        for module in program.sources.modules
        for declaration in module.declarations
        if isinstance(declaration, ast.TestDecl)
    )
    titles: dict[tuple[str, str, str], Span] = {}
    for module, test in tests:
        check_test(program, program.scopes[module], test)
        span = test.title.span(module.source)
        title = test.title.value
        first = titles.setdefault((module.source.path, test.workflow.text, title), span)
        if first is not span:
            labels = (Label(first, "first declared here"),)
            program.sink.report(errors.DUPLICATE_DECLARATION, span, name=title, labels=labels)
    return tests


def _follow_paths(program: Program) -> None:
    ordered = order_tasks(program)
    loops = first_loops(program, ordered)
    leaving: set[TaskSymbol] = set()
    for task in ordered:
        body = task.declaration.body
        report_nested_calls(program, task.module, body, loops)
        follower = Follower(program, task.module, body, leaving)
        end = follower.follow(body)
        if end is None:
            leaving.add(task)
        if isinstance(task.result, RecordOf):
            place = _task_result_place(task)
            spans = dict.fromkeys((field.name for field in task.result.fields), place)
            follower.report_missing_outputs(end, task.result.fields, spans, "result field")
    for workflow in program.workflows.values():
        steps = _body_of(workflow.declaration)
        if steps is None:
            continue
        report_nested_calls(program, workflow.module, steps, loops)
        follower = Follower(program, workflow.module, steps, leaving)
        end = follower.follow(steps)
        outputs = program.workflow_fields[workflow.declaration].outputs or ()
        follower.report_missing_outputs(end, outputs, _output_places(program, workflow), "output")


def _task_result_place(task: TaskSymbol) -> Span:
    result = task.declaration.result
    assert result is not None
    return result.span(task.module.source)


def _output_places(program: Program, workflow: WorkflowSymbol) -> dict[str, Span]:
    """Where each output is declared; outputs of a schema file stand at the line that names it."""
    source = workflow.module.source
    spans: dict[str, Span] = {}
    for item in workflow.declaration.items:
        if isinstance(item, ast.OutputsSection):
            for field in item.fields:
                spans.setdefault(field.name.text, field.name.span(source))
        elif isinstance(item, ast.OutputsFrom):
            for output in program.workflow_fields[workflow.declaration].outputs or ():
                spans.setdefault(output.name, item.path.span(source))
    return spans


def _model(
    program: Program,
    chains: tuple[ChainSymbol, ...],
    tests: tuple[tuple[ast.Module, ast.TestDecl], ...],
    only: Collection[str] | None,
) -> SemanticModel:
    def listed(module: ast.Module) -> bool:
        return only is None or module.source.path in only

    return SemanticModel(
        modules=program.sources.modules,
        workflows=tuple(w for w in program.workflows.values() if listed(w.module)),
        tasks=tuple(program.tasks.values()),
        chains=tuple(chain for chain in chains if listed(chain.module)),
        tests=tuple((module, test) for module, test in tests if listed(module)),
        values=program.values,
        ref_types=program.ref_types,
        calls=program.calls,
        declared_types=program.declared_types,
        constants=program.constants,
        texts=program.texts,
        images=program.images,
    )
