"""Runs the phases of the analysis in order, from sources to a `SemanticModel`.

What few programs need is imported where it is needed: each `check` starts sooner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any, TypeVar

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import FileSystem
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.errors import FORMER_SPELLING

from . import errors, places
from .calls.call_graph import order_tasks, report_too_many_statements
from .calls.summaries import CallSummary, Summaries, summary_of
from .capabilities import DOCUMENTED, Capabilities
from .control_flow.appends import report_repeated_appends
from .control_flow.dataflow import Follower, report_reads_in_rules
from .control_flow.replay import check_replay
from .declarations.constants import constant_json, resolve_consts
from .declarations.runtime_variables import Outputs, declare_runtime
from .declarations.settings import (
    MODEL_SETTINGS,
    TERMINAL_SETTINGS,
    WORKFLOW_SETTINGS,
    check_settings,
)
from .declarations.signatures import declare_task, declare_workflow, value_symbols
from .declarations.type_expressions import resolve_declared_types
from .model import INPUT, RESERVED, SECRET, ChainSymbol, TaskSymbol, WorkflowSymbol
from .modules import Sources
from .names.scopes import ValueScope, build_module_scopes
from .program import Environments, Program
from .provenance.typed_fields import FieldTracker, FieldUse, has_secrets
from .provenance.untrusted import is_declared_untrusted
from .semantic_model import SemanticModel
from .statements.body import BodyChecker, EmitTargets
from .texts.reserved_brackets import report_reserved_brackets
from .texts.rules import report_control_characters, report_lists_on_one_line
from .traversal import RefIndex
from .types import FieldType, RecordOf
from .values.annotations import check_declaration_annotations
from .values.assignability import holds_escaped_names
from .values.expressions import check_text, infer_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .texts.destinations import Destinations


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

    `environments` holds the `vars` of each environment of the project; without a project it is None
    or empty, and `env.x` is an error. `only` names the files whose workflows, chains and tests the
    result lists; None means all. Everything loaded is checked either way. `capabilities` are those
    of the account's focused agents.
    """
    program = Program(sources, environments or {}, files, sink)
    build_module_scopes(program, only or ())
    resolve_consts(program)
    resolve_declared_types(program)
    _declare_signatures(program)
    scopes = _check_bodies(program)
    if program.typed_days:
        from .declarations.days import check_dates_allowed

        check_dates_allowed(program)
    chains = _check_chains(program)
    tests = _check_tests(program)
    _report_clashes(program)
    ordered, summaries = _follow_paths(program)
    report_control_characters(program)
    report_reserved_brackets(program, ordered)
    report_lists_on_one_line(program)
    if program.images:
        from .texts.rules import report_picture_inputs

        report_picture_inputs(program)
    if program.joined_texts or holds_escaped_names(program):
        from .texts.platform_text import check_platform_texts

        check_platform_texts(program, ordered)
    check_replay(program, capabilities, summaries)
    if sink.has_errors:
        from .certainty import drop_uncertain

        drop_uncertain(program.sources.modules, sink)
    model = _assemble_model(program, scopes, chains, tests, only)
    program.scopes = {}  # each scope has the program; a cycle would keep all of it in memory
    return model


D = TypeVar("D", ast.ChainDecl, ast.TestDecl)


def _declare_signatures(program: Program) -> None:
    for module in program.sources.modules:
        scope = program.scopes[module]
        for declaration in module.declarations:
            check_declaration_annotations(scope, declaration.annotations)
            if isinstance(declaration, ast.TaskDecl):
                declare_task(scope, declaration)
            elif isinstance(declaration, ast.WorkflowDecl):
                declare_workflow(scope, declaration)


def _check_bodies(program: Program) -> dict[ast.Decl, ValueScope]:
    """Check the bodies of all tasks and workflows.

    Returns the values in scope of each, including runtime variables.
    """
    scopes: dict[ast.Decl, ValueScope] = {}
    for task in program.tasks.values():
        body = task.declaration.body
        scope = scopes[task.declaration] = ValueScope(program.scopes[task.module])
        scope.clashing.update(RESERVED & {param.name.text for param in task.declaration.params})
        for param in task.params:
            scope.declare(param)
        fields = task.result.fields if isinstance(task.result, RecordOf) else None
        if task.result is None:
            fields = ()
        places_of = _result_places(task, fields) if fields else {}
        outputs = Outputs("result field", fields or (), places_of, known=fields is not None)
        task.runtime.update(declare_runtime(scope, body, outputs))
        BodyChecker(scope, EmitTargets("result field", fields)).check(body)
    for workflow in program.workflows.values():
        scope = scopes[workflow.declaration] = _workflow_scope(program, workflow)
        steps = workflow.declaration.steps
        if steps is not None:
            outputs = Outputs(
                "output",
                workflow.outputs,
                _output_places(program, workflow),
                frozenset(_find_loops_of_checks(workflow.declaration)),
            )
            workflow.runtime.update(declare_runtime(scope, steps, outputs))
        _check_workflow(scope, workflow)
    return scopes


def _workflow_scope(program: Program, workflow: WorkflowSymbol) -> ValueScope:
    module = program.scopes[workflow.module]
    scope = ValueScope(module)
    fields = program.workflow_fields[workflow.declaration]
    scope.inputs_unknown = fields.inputs is None
    scope.inputs_verbatim = workflow.prompt_from is not None
    # A foreign schema file may have an input and a secret with the same name. Only statements could
    # confuse the two, and with `prompt from` there are none.
    verbatim = workflow.inputs_from is not None and workflow.declaration.steps is None
    for section, kind in ((fields.inputs or (), INPUT), (fields.secrets, SECRET)):
        for symbol in value_symbols(module, workflow.declaration, section, kind):
            if not verbatim or scope.is_free(symbol.name):
                scope.declare(symbol)
    return scope


def _check_workflow(scope: ValueScope, workflow: WorkflowSymbol) -> None:
    """Check the sections and settings of one workflow."""
    program = scope.program
    declaration = workflow.declaration
    fields = program.workflow_fields[declaration]
    settings = tuple(item for item in declaration.items if isinstance(item, ast.Setting))
    workflow.settings.update(check_settings(scope, settings, WORKFLOW_SETTINGS, "a workflow"))
    for item in declaration.items:
        match item:
            case ast.ModelSection(settings=model):
                models = check_settings(scope, model, MODEL_SETTINGS, "`model`")
                _fill_once(workflow.models, models)
            case ast.TerminalSection(settings=terminal):
                _fill_once(
                    workflow.terminal,
                    check_settings(scope, terminal, TERMINAL_SETTINGS, "`terminal`"),
                )
            case ast.AlwaysSection(rules=rules):
                for rule in rules:
                    check_text(scope, rule, places.INSTRUCTION)
            case ast.StepsSection(body=body):
                targets = EmitTargets("output", fields.outputs)
                BodyChecker(scope, targets).check(body)
            case ast.ChecksSection():
                from .declarations.post_run_checks import check_checks

                check_checks(scope, item)
            case ast.ExtraSection(value=value):
                from .declarations.wire import WORKFLOW_FIELDS, check_extra, check_schema_patches

                infer_type(scope, value, places.SETTING)
                _fill_once(workflow.extra, constant_json(program, value))
                check_extra(program, workflow.module, value, WORKFLOW_FIELDS)
                check_schema_patches(program, declaration, workflow.module, value)
            case ast.ChecksFrom(path=path) if workflow.checks_from is not None:
                from .declarations.payload_files import check_checks_file

                span = path.span(workflow.module.source)
                check_checks_file(program, span, workflow.checks_from)
            case ast.ExtraFrom(path=path) if workflow.extra_from is not None:
                from .declarations.payload_files import check_extra_file

                span = path.span(workflow.module.source)
                check_extra_file(program, span, workflow.extra_from)
            case _:
                pass
    if workflow.prompt_from is not None:
        from .declarations.prompt_files import check_prompt_file

        check_prompt_file(program, workflow, fields)
    sections = {type(item) for item in declaration.items}
    if not sections & {ast.StepsSection, ast.PromptFrom}:
        span = declaration.name.span(workflow.module.source)
        scope.report(errors.MISSING_STEPS, span, name=workflow.name)


def _fill_once(table: dict[str, Any], values: dict[str, Any]) -> None:
    """Fill a table once: a repeated section is reported already, and the first one counts."""
    if not table:
        table.update(values)


def _check_chains(program: Program) -> tuple[ChainSymbol, ...]:
    declared = list(_find_declarations(program, ast.ChainDecl))
    chains: tuple[ChainSymbol, ...] = ()
    if declared:
        from .declarations.chains import check_chain

        for module, chain in declared:
            program.chains[chain] = check_chain(program.scopes[module], chain)
        chains = tuple(program.chains.values())
    sections = (item for each in program.workflows.values() for item in each.declaration.items)
    if any(isinstance(item, ast.ChecksSection) for item in sections):
        from .declarations.post_run_checks import report_cleanup_without_chain

        report_cleanup_without_chain(program, chains)
    return chains


def _report_clashes(program: Program) -> None:
    """Report, in files in former spellings, variables that have the names of outputs."""
    found = program.sink.findings_in_order() if program.sink.has_errors else ()
    old = {each.span.path for each in found if each.spec is FORMER_SPELLING}
    if not old:
        return
    from .declarations.clashes import report_clashes

    for owner, body in program.find_bodies():
        fields = owner.outputs if isinstance(owner, WorkflowSymbol) else _result_fields(owner)
        if owner.module.source.path in old:
            report_clashes(program, owner, body, fields)


def _find_declarations(program: Program, class_: type[D]) -> Iterator[tuple[ast.Module, D]]:
    """Yield the declarations of a class, each with its file."""
    for module in program.sources.modules:
        for declaration in module.declarations:
            if isinstance(declaration, class_):
                yield module, declaration


def _check_tests(program: Program) -> tuple[tuple[ast.Module, ast.TestDecl], ...]:
    tests = tuple(_find_declarations(program, ast.TestDecl))
    if not tests:
        return ()
    from .flow_tests.check import check_test

    titles: dict[tuple[object, str], Span] = {}
    for module, test in tests:
        check_test(program.scopes[module], test)
        # The same subject may be tested in several files, and an unresolved name has none.
        subject = program.tested.get(test, (module.source.path, test.subject.text))
        titled = [(test.title, test.title.value)]
        for case in (item for item in test.items if isinstance(item, ast.TestCase)):
            titled.append((case.title, f"{test.title.value}: {case.title.value}"))
        for node, title in titled:
            scope, spec = program.scopes[module], errors.DUPLICATE_DECLARATION
            span = node.span(module.source)
            if not scope.is_first(titles, (subject, title), span, spec, "declared", title):
                break
    return tests


def _follow_paths(program: Program) -> tuple[tuple[TaskSymbol, ...], Summaries]:
    """Follow the control flow of every body, and report what goes wrong on some path.

    That is a variable read before it is set, an output that is missing at the end, a secret read
    back or an untrusted value where none may end up. Returns the tasks, each after those that it
    calls, since it needs their summaries; and the summaries.
    """
    ordered = order_tasks(program)
    report_too_many_statements(program, ordered)
    summaries: dict[TaskSymbol, CallSummary] = {}
    destinations = _prepare_destinations(program, summaries)
    secrets = has_secrets(program)
    # The references to runtime variables in each file, of which a body reads its own.
    reads = {module: RefIndex(scope.runtime_refs) for module, scope in program.scopes.items()}

    def use_of(task: TaskSymbol | None) -> FieldUse:
        return summary_of(summaries, task).fields

    for task in ordered:
        body = task.declaration.body
        source = task.module.source
        fields = FieldTracker(program, source, is_task=True) if secrets else None
        results = _result_fields(task)
        follower = Follower(program, source, body, summaries, fields, reads[task.module], results)
        end = follower.follow()
        report_repeated_appends(program, source, body, summaries)
        summaries[task] = CallSummary(
            returns=end is not None,
            may_fail=follower.failed is not None,
            aborts=follower.aborts,
            finishes=bool(follower.finishes),
            reaches=() if destinations is None else destinations.task(task),
            fields=follower.field_use(end),
        )
        if isinstance(task.result, RecordOf):
            spans = partial(_result_places, task, results)
            follower.report_missing_outputs(end, results, spans, "result field")
    for workflow in program.workflows.values():
        if destinations is not None:
            destinations.workflow(workflow)
        report_reads_in_rules(program, workflow)
        steps = workflow.declaration.steps
        if steps is None:
            continue
        source = workflow.module.source
        fields = FieldTracker(program, source, is_task=False) if secrets else None
        if fields is not None and not fields.may_read_back(steps, use_of):
            fields = None
        outputs = program.workflow_fields[workflow.declaration].outputs or ()
        follower = Follower(
            program, source, steps, summaries, fields, reads[workflow.module], outputs
        )
        end = follower.follow()
        report_repeated_appends(program, source, steps, summaries)
        for section in workflow.declaration.items:
            if isinstance(section, ast.ChecksSection):
                follower.read_at_end(section, end)
        spans = partial(_output_places, program, workflow)
        follower.report_missing_outputs(end, outputs, spans, "output")
        follower.report_missing_at_finish(end, outputs, spans)
    return ordered, summaries


def _prepare_destinations(program: Program, summaries: Summaries) -> Destinations | None:
    """Return the checker of destinations; None if there are no untrusted values or commands."""
    runs = any(place is places.COMMAND for _, _, place in program.joined_texts)
    if not runs and not is_declared_untrusted(program):
        return None
    from .texts.destinations import Destinations

    return Destinations(program, summaries)


def _result_fields(task: TaskSymbol) -> tuple[FieldType, ...]:
    return task.result.fields if isinstance(task.result, RecordOf) else ()


def _result_places(task: TaskSymbol, fields: tuple[FieldType, ...]) -> dict[str, Span]:
    result = task.declaration.result
    assert result is not None
    place = result.span(task.module.source)
    return dict.fromkeys((field.name for field in fields), place)


def _find_loops_of_checks(workflow: ast.WorkflowDecl) -> Iterator[str]:
    """Yield the names of the loop variables of the checks."""
    for item in workflow.items:
        if type(item) is ast.ChecksSection:
            for check in item.checks:
                target = getattr(check.body, "target", None)
                if isinstance(target, ast.EachTarget):
                    yield target.variable.text


def _output_places(program: Program, workflow: WorkflowSymbol) -> dict[str, Span]:
    """Return the place of each output; for a schema file, the line that names the file."""
    source = workflow.module.source
    spans: dict[str, Span] = {}
    for item in workflow.declaration.items:
        if type(item) is ast.OutputsSection:
            for field in item.fields:
                spans.setdefault(field.name.text, field.name.span(source))
        elif type(item) is ast.OutputsFrom:
            for output in program.workflow_fields[workflow.declaration].outputs or ():
                spans.setdefault(output.name, item.path.span(source))
    return spans


def _assemble_model(
    program: Program,
    scopes: dict[ast.Decl, ValueScope],
    chains: tuple[ChainSymbol, ...],
    tests: tuple[tuple[ast.Module, ast.TestDecl], ...],
    only: Collection[str] | None,
) -> SemanticModel:
    def listed(module: ast.Module) -> bool:
        return only is None or module.source.path in only

    return SemanticModel(
        program,
        modules=program.sources.modules,
        workflows=tuple(w for w in program.workflows.values() if listed(w.module)),
        tasks=tuple(program.tasks.values()),
        chains=tuple(chain for chain in chains if listed(chain.module)),
        tests=tuple((module, test) for module, test in tests if listed(module)),
        declared_values={
            declaration: tuple(scope.symbols.values()) for declaration, scope in scopes.items()
        },
    )
