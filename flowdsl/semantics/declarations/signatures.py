"""The signatures of tasks, workflows and chains: everything known without their bodies."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..model import INPUT, PARAMETER, RESERVED, SECRET, TaskSymbol, ValueSymbol, WorkflowSymbol
from ..names.scopes import ValueScope, report_reserved
from ..program import ModuleScope, WorkflowFields
from ..types import FieldType, RecordOf, Type, Unknown, describe_type
from ..values.expressions import check_value
from .constants import constant_json
from .text_files import load_text
from .type_expressions import INPUTS, OUTPUTS, SECRETS, resolve_fields, resolve_type

_SECTION_NAMES: dict[type[ast.Node], str] = {
    ast.InputsSection: "inputs",
    ast.SecretsSection: "secrets",
    ast.OutputsSection: "outputs",
    ast.ModelSection: "model",
    ast.TerminalSection: "terminal",
    ast.AlwaysSection: "always",
    ast.StepsSection: "steps",
    ast.PromptFrom: "prompt from",
    ast.InputsFrom: "inputs from",
    ast.OutputsFrom: "outputs from",
    ast.ChecksFrom: "checks from",
    ast.ExtraFrom: "extra from",
    ast.ChecksSection: "checks",
    ast.ExtraSection: "extra",
    ast.SharedSection: "shared",
    ast.GivenSection: "given",
    ast.FixtureSection: "given",
    ast.ScreenSection: "screen",
    ast.CommandsSection: "commands",
    ast.ReadsSection: "reads",
    ast.ExpectOutputs: "outputs",
    ast.ExpectResult: "result",
    ast.ExpectAborts: "aborts",
    ast.ExpectFinishes: "finishes",
    ast.ExpectRefused: "outputs refused",
}
_EXCLUSIVE = (
    (ast.InputsSection, ast.InputsFrom),
    (ast.OutputsSection, ast.OutputsFrom),
    (ast.ChecksSection, ast.ChecksFrom),
    (ast.ExtraSection, ast.ExtraFrom),
    (ast.StepsSection, ast.PromptFrom),
    (ast.AlwaysSection, ast.PromptFrom),
    (ast.ExpectOutputs, ast.ExpectAborts),
    (ast.ExpectFinishes, ast.ExpectAborts),
    (ast.ExpectResult, ast.ExpectAborts),
    (ast.ExpectRefused, ast.ExpectAborts),
    (ast.ExpectRefused, ast.ExpectOutputs),
    (ast.ExpectRefused, ast.ExpectResult),
)


def check_sections(scope: ModuleScope, items: tuple[ast.Node, ...]) -> None:
    """Report repeated sections, and sections next to one that replaces them."""
    first: dict[type[ast.Node], ast.Node] = {}
    for item in items:
        kind = type(item)
        if kind not in _SECTION_NAMES:
            continue
        if kind in first:
            labels = (Label(_keyword_of_section(scope, first[kind]), "the first one"),)
            name = _SECTION_NAMES[kind]
            span = _keyword_of_section(scope, item)
            scope.report(errors.DUPLICATE_SECTION, span, name=name, labels=labels)
        else:
            first[kind] = item
    for one, other in _EXCLUSIVE:
        if one in first and other in first:
            earlier, later = sorted((first[one], first[other]), key=lambda item: item.start)
            scope.report(
                errors.CONFLICTING_SECTIONS,
                _keyword_of_section(scope, later),
                one=_SECTION_NAMES[one],
                other=_SECTION_NAMES[other],
                labels=(Label(_keyword_of_section(scope, earlier), "the other one"),),
            )


def _keyword_of_section(scope: ModuleScope, section: ast.Node) -> Span:
    """Return the keyword of a section."""
    word = _SECTION_NAMES[type(section)].split()[0]
    return Span(scope.source, section.start, section.start + len(word))


def declare_task(scope: ModuleScope, task: ast.TaskDecl) -> None:
    """Resolve the parameters and the result of a task."""
    program = scope.program
    params: list[ValueSymbol] = []
    defaults: dict[str, Any] = {}
    names = ValueScope(scope)
    for param in task.params:
        name = param.name.text
        type_ = resolve_type(scope, param.type)
        kind = SECRET if param.secret else PARAMETER
        has_default = param.default is not None and not param.secret
        default = None
        if param.default is not None:
            if param.secret:
                scope.report(errors.SECRET_WITH_DEFAULT, param.default, name=name)
            what = f"the default of `{name}`"
            check_value(ValueScope(scope), param.default, type_, places.CONSTANT, what)
            default = constant_json(program, param.default)
        field = FieldType(name, type_, has_default=has_default, default=default)
        symbol = ValueSymbol(kind, name, type_, param.name.span(scope.source), field)
        if not names.declare(symbol):
            continue
        params.append(symbol)
        if has_default:
            defaults[name] = default
    result = _task_result(scope, task)
    program.tasks[task] = TaskSymbol(
        task.name.text, task, scope.module, tuple(params), defaults, result, {}
    )


def _task_result(scope: ModuleScope, task: ast.TaskDecl) -> Type | None:
    if task.result is None:
        return None
    result = resolve_type(scope, task.result)
    if not isinstance(result, RecordOf | Unknown):
        scope.report(errors.RESULT_NOT_A_RECORD, task.result, type=describe_type(result))
    return result


def declare_workflow(scope: ModuleScope, workflow: ast.WorkflowDecl) -> None:
    """Resolve the inputs, secrets and outputs of a workflow.

    Files that replace these sections (`inputs from` and the like) are read.
    """
    check_sections(scope, workflow.items)
    inputs: tuple[FieldType, ...] = ()
    secrets: tuple[FieldType, ...] = ()
    outputs: tuple[FieldType, ...] = ()
    files: dict[type[ast.Node], str | None] = {}
    for item in workflow.items:
        match item:
            case ast.InputsSection(fields=fields):
                inputs = inputs or resolve_fields(scope, fields, INPUTS, days=True)
            case ast.SecretsSection(fields=fields):
                secrets = secrets or resolve_fields(scope, fields, SECRETS)
            case ast.OutputsSection(fields=fields):
                outputs = outputs or resolve_fields(scope, fields, OUTPUTS)
                for name in (field.name for field in fields):
                    if name.text in RESERVED:
                        report_reserved(scope, name.text, name.span(scope.source))
            case (
                ast.InputsFrom(path=path)
                | ast.OutputsFrom(path=path)
                | ast.PromptFrom(path=path)
                | ast.ChecksFrom(path=path)
                | ast.ExtraFrom(path=path)
            ):
                files.setdefault(type(item), load_text(scope, path))
            case _:
                pass
    scope.program.workflows[workflow] = WorkflowSymbol(
        name=workflow.name.text,
        declaration=workflow,
        module=scope.module,
        inputs=inputs,
        secrets=secrets,
        outputs=outputs,
        runtime={},
        settings={},
        models={},
        terminal={},
        prompt_from=files.get(ast.PromptFrom),
        inputs_from=files.get(ast.InputsFrom),
        outputs_from=files.get(ast.OutputsFrom),
        checks_from=files.get(ast.ChecksFrom),
        extra_from=files.get(ast.ExtraFrom),
        extra={},
    )
    scope.program.workflow_fields[workflow] = _resolve_workflow_fields(
        scope, workflow, inputs, secrets, outputs
    )


def _resolve_workflow_fields(
    scope: ModuleScope,
    workflow: ast.WorkflowDecl,
    inputs: tuple[FieldType, ...],
    secrets: tuple[FieldType, ...],
    outputs: tuple[FieldType, ...],
) -> WorkflowFields:
    """Return the fields of a workflow; schema files supply those of the sections they replace."""
    known_inputs: tuple[FieldType, ...] | None = inputs
    known_outputs: tuple[FieldType, ...] | None = outputs
    symbol = scope.program.workflows[workflow]
    for item in workflow.items:
        if isinstance(item, ast.InputsFrom):
            found = _read_schema(scope, item.path, symbol.inputs_from)
            known_inputs = None if found is None else tuple(f for f in found if f.name[0] != "$")
            if found is not None:
                secrets += tuple(
                    FieldType(f.name[1:], f.type, f.constraints, f.has_default, f.default)
                    for f in found
                    if f.name[0] == "$" and f.name[1:] not in {s.name for s in secrets}
                )
        elif isinstance(item, ast.OutputsFrom):
            known_outputs = _read_schema(scope, item.path, symbol.outputs_from)
        elif isinstance(item, ast.Setting) and item.name.text == "inputs":
            # It probably should be the section, which is reported.
            known_inputs = None
        elif isinstance(item, ast.Setting) and item.name.text == "outputs":
            known_outputs = None
    return WorkflowFields(known_inputs, secrets, known_outputs)


def _read_schema(
    scope: ModuleScope, written: ast.StringLit, path: str | None
) -> tuple[FieldType, ...] | None:
    program = scope.program
    if path is None or path not in program.texts:
        return None
    from ..values.schema_files import read_signature_fields

    return read_signature_fields(program, written.span(scope.source), path, program.texts[path])


def value_symbols(
    scope: ModuleScope,
    owner: ast.WorkflowDecl | ast.ChainDecl,
    fields: tuple[FieldType, ...],
    kind: str,
) -> list[ValueSymbol]:
    """Create a symbol for each field of `inputs` or `secrets`.

    Its place is the declaration of the field, or the line that names the schema file.
    """
    if not fields:
        return []
    names: dict[str, ast.Node] = {}
    elsewhere: ast.Node = owner.name
    section = ast.InputsSection if kind == INPUT else ast.SecretsSection
    for item in owner.items:
        if isinstance(item, section):
            for field in item.fields:
                names.setdefault(field.name.text, field.name)
        elif isinstance(item, ast.InputsFrom):
            elsewhere = item.path
    return [
        ValueSymbol(
            kind, field.name, field.type, names.get(field.name, elsewhere).span(scope.source), field
        )
        for field in fields
    ]


def may_be_omitted(field: FieldType) -> bool:
    """Whether a value may be omitted.

    True for a field that is optional, has a default, or is supplied by the machine.
    """
    return not field.required or field.constraints.machine
