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
from .call_graph import first_loop, order_tasks, report_nested_calls
from .capabilities import DOCUMENTED, Capabilities
from .chains import check_chain, report_cleanup_without_chain
from .constants import constant_json, resolve_consts
from .control_characters import report_control_characters
from .dataflow import Follower, report_reads_in_rules
from .destinations import Destinations
from .expressions import check_text, infer
from .flow_tests import check_test
from .model import INPUT, SECRET, ChainSymbol, SemanticModel, TaskSymbol, WorkflowSymbol
from .modules import Sources
from .platform_text import check_platform_texts
from .post_run_checks import check_checks
from .program import Environments, Program
from .prompt_files import check_prompt_file
from .replay import check_replay
from .runtime import declare_runtime
from .scopes import ValueScope, build_module_scopes
from .settings import MODEL_SETTINGS, TERMINAL_SETTINGS, WORKFLOW_SETTINGS, check_settings
from .signatures import declare_task, declare_workflow, value_symbols
from .summaries import Summary, summary_of
from .type_expressions import resolve_declared_types
from .typed_fields import FieldTracker, FieldUse, has_secrets
from .types import RecordOf
from .wire import CHECK_FIELDS, WORKFLOW_FIELDS, check_extra


def analyze_program(
    sources: Sources,
    environments: Environments | None,
    files: FileSystem,
    sink: Sink,
    *,
    only: Collection[str] | None = None,
    capabilities: Capabilities = DOCUMENTED,
) -> SemanticModel:
    """Resolve and check a program, and follow its paths.

    `environments` holds the `vars` of each environment of the project; without a project it is None or empty, and `env.x` is
    an error. `only` names the files whose workflows, chains and tests the result lists; None means all. Everything loaded is
    checked either way. `capabilities` are those of the account's focused agents.
    """
    program = Program(sources, environments or {}, files, sink)
    build_module_scopes(program)
    resolve_consts(program)
    resolve_declared_types(program)
    _declare_signatures(program)
    scopes = _declare_runtime(program)
    _check_bodies(program, scopes)
    chains = _check_chains(program)
    report_cleanup_without_chain(program, chains)
    tests = _check_tests(program)
    ordered = _follow_paths(program)
    report_control_characters(program)
    check_platform_texts(program, ordered)
    check_replay(program, capabilities)
    return _model(program, scopes, chains, tests, only)


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
    scope.inputs_unknown = fields.inputs is None
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
                for check in item.checks:
                    if check.extra is not None:
                        check_extra(program, workflow.module, check.extra, CHECK_FIELDS)
            case ast.ExtraSection(value=value):
                infer(program, scope, value, places.SETTING)
                _fill(workflow.extra, constant_json(program, value))
                check_extra(program, workflow.module, value, WORKFLOW_FIELDS)
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


def _follow_paths(program: Program) -> tuple[TaskSymbol, ...]:
    """Follow every body; returns the tasks, each after those it calls."""
    ordered = order_tasks(program)
    summaries: dict[TaskSymbol, Summary] = {}
    destinations = Destinations(program, summaries)
    secrets = has_secrets(program)

    def use_of(task: TaskSymbol | None) -> FieldUse:
        return summary_of(summaries, task).fields

    for task in ordered:
        body = task.declaration.body
        source = task.module.source
        report_nested_calls(program, source, body, summaries)
        fields = FieldTracker(program, source, is_task=True) if secrets else None
        follower = Follower(program, task.module, body, summaries, fields)
        end = follower.follow(body)
        summaries[task] = Summary(
            returns=end is not None,
            may_fail=follower.failed is not None,
            aborts=follower.aborts,
            loop=first_loop(program, source, body, summaries),
            reaches=destinations.task(task),
            fields=follower.field_use(end),
        )
        if isinstance(task.result, RecordOf):
            place = _task_result_place(task)
            spans = dict.fromkeys((field.name for field in task.result.fields), place)
            follower.report_missing_outputs(end, task.result.fields, spans, "result field")
    for workflow in program.workflows.values():
        destinations.workflow(workflow)
        report_reads_in_rules(program, workflow)
        steps = _body_of(workflow.declaration)
        if steps is None:
            continue
        source = workflow.module.source
        report_nested_calls(program, source, steps, summaries)
        fields = FieldTracker(program, source, is_task=False) if secrets else None
        if fields is not None and not fields.may_read_back(steps, use_of):
            fields = None
        follower = Follower(program, workflow.module, steps, summaries, fields)
        end = follower.follow(steps)
        outputs = program.workflow_fields[workflow.declaration].outputs or ()
        follower.report_missing_outputs(end, outputs, _output_places(program, workflow), "output")
    return ordered


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
    scopes: dict[ast.Decl, ValueScope],
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
        quoted=program.quoted,
        declared_values={
            declaration: tuple(scope.symbols.values()) for declaration, scope in scopes.items()
        },
        bodies=program.bodies,
        used_names=program.used_names,
        used_declarations=program.used_declarations,
    )
