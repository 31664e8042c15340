"""Chains: their settings, shared values, and the bindings of each step."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from . import errors, places
from .arguments import check_binding, check_names, quoted, resolve_unmatched
from .model import INPUT, SECRET, STEP, ChainSymbol, ValueSymbol, WorkflowSymbol
from .program import ModuleScope, Program
from .scopes import ValueScope, find_declaration, known_names, rename_fix
from .settings import CHAIN_SETTINGS, check_settings
from .signatures import check_sections, may_be_omitted, value_symbols
from .type_expressions import CHAIN_INPUTS, CHAIN_SECRETS, resolve_fields
from .types import ANY, FieldType, RecordOf


class _Target:
    """What a step can be given: the inputs and secrets of its workflow by name; more may exist when `open`."""

    def __init__(self, program: Program, workflow: WorkflowSymbol) -> None:
        module = program.scopes[workflow.module]
        fields = program.workflow_fields[workflow.declaration]
        self.workflow = workflow
        self.open = fields.inputs is None
        self.symbols = {
            symbol.name: symbol
            for section, kind in ((fields.inputs or (), INPUT), (fields.secrets, SECRET))
            for symbol in value_symbols(module, workflow.declaration, section, kind)
        }


def check_chain(program: Program, module: ModuleScope, chain: ast.ChainDecl) -> ChainSymbol:
    """Resolve and check one chain."""
    check_sections(program, module, chain.items)
    scope = ValueScope(module)
    inputs = _section(program, scope, chain, ast.InputsSection, CHAIN_INPUTS, INPUT)
    secrets = _section(program, scope, chain, ast.SecretsSection, CHAIN_SECRETS, SECRET)
    settings = tuple(item for item in chain.items if isinstance(item, ast.Setting))
    values = check_settings(program, scope, settings, CHAIN_SETTINGS, "a chain")
    steps = [item for item in chain.items if isinstance(item, ast.ChainStep)]
    targets = [_target(program, scope, step) for step in steps]
    if not steps:
        span = chain.name.span(module.source)
        program.sink.report(errors.EMPTY_CHAIN, span, name=chain.name.text)
    shared = _check_shared(program, scope, chain, [t for t in targets if t is not None], targets)
    for step, target in zip(steps, targets, strict=True):
        _check_step(program, scope, step, target, shared)
        _declare_step(program, scope, step, target)
    return ChainSymbol(
        name=chain.name.text,
        declaration=chain,
        module=module.module,
        inputs=inputs,
        secrets=secrets,
        settings=values,
        steps=tuple(
            (step, None if target is None else target.workflow)
            for step, target in zip(steps, targets, strict=True)
        ),
    )


def _section(
    program: Program,
    scope: ValueScope,
    chain: ast.ChainDecl,
    kind: type[ast.InputsSection | ast.SecretsSection],
    section: str,
    symbol_kind: str,
) -> tuple[FieldType, ...]:
    for item in chain.items:
        if isinstance(item, kind):
            fields = resolve_fields(program, scope.module, item.fields, section)
            for symbol in value_symbols(scope.module, chain, fields, symbol_kind):
                scope.declare(program, symbol)
            return fields
    return ()


def _target(program: Program, scope: ValueScope, step: ast.ChainStep) -> _Target | None:
    entry = find_declaration(program, scope.module, step.workflow, "workflow")
    if entry is None or not isinstance(entry.declaration, ast.WorkflowDecl):
        return None
    return _Target(program, program.workflows[entry.declaration])


def _check_shared(
    program: Program,
    scope: ValueScope,
    chain: ast.ChainDecl,
    known: list[_Target],
    targets: list[_Target | None],
) -> set[str]:
    """The names that `shared` binds. Each must be an input or secret of some step's workflow, and fits all of them."""
    bound: dict[str, Span] = {}
    closed = len(known) == len(targets) and not any(target.open for target in known)
    for item in chain.items:
        if not isinstance(item, ast.SharedSection):
            continue
        for binding in item.bindings:
            name = binding.name.text
            span = binding.name.span(scope.module.source)
            if name in bound:
                labels = (Label(bound[name], "first given here"),)
                program.sink.report(errors.DUPLICATE_ARGUMENT, span, name=name, labels=labels)
                continue
            bound[name] = span
            takers = [target.symbols[name] for target in known if name in target.symbols]
            if not takers:
                if closed:
                    names = {taken for target in known for taken in target.symbols}
                    _report_unknown(program, span, name, names)
                resolve_unmatched(program, scope, binding.value)
            for taker in takers:
                check_binding(
                    program,
                    scope,
                    binding.value,
                    taker,
                    places.CHAIN_VALUE,
                    places.CHAIN_SECRET,
                )
    return set(bound)


def _report_unknown(program: Program, span: Span, name: str, names: Iterable[str]) -> None:
    known = set(names)
    noun = "input or secret"
    program.sink.report(
        errors.UNKNOWN_ARGUMENT,
        span,
        name=name,
        noun=noun,
        help=known_names(noun, known, name),
        fixes=rename_fix(span, known),
    )


def _check_step(
    program: Program,
    scope: ValueScope,
    step: ast.ChainStep,
    target: _Target | None,
    shared: set[str],
) -> None:
    if target is None or target.open:
        for argument in step.arguments:
            known = target.symbols.get(argument.name.text) if target is not None else None
            if known is None:
                resolve_unmatched(program, scope, argument.value)
            else:
                _bind(program, scope, argument.value, known)
        return
    given = check_names(program, scope, step.arguments, target.symbols, "input or secret")
    for argument in step.arguments:
        if argument.name.text not in target.symbols:
            resolve_unmatched(program, scope, argument.value)
    for name, argument in given.items():
        _bind(program, scope, argument.value, target.symbols[name])
    missing = [
        name
        for name, symbol in target.symbols.items()
        if name not in given
        and name not in shared
        and symbol.field is not None
        and not may_be_omitted(symbol.field)
    ]
    if missing:
        program.sink.report(
            errors.MISSING_ARGUMENT,
            step.workflow.span(scope.module.source),
            names=quoted(missing),
            target=target.workflow.name,
            labels=tuple(Label(target.symbols[name].span, "declared here") for name in missing),
        )


def _bind(program: Program, scope: ValueScope, value: ast.Expr, target: ValueSymbol) -> None:
    check_binding(program, scope, value, target, places.CHAIN_VALUE, places.CHAIN_SECRET)


def _declare_step(
    program: Program, scope: ValueScope, step: ast.ChainStep, target: _Target | None
) -> None:
    """Later steps see the outputs of this one as `name.outputs.field`."""
    outputs = None
    if target is not None:
        outputs = program.workflow_fields[target.workflow.declaration].outputs
    type_ = ANY if outputs is None else RecordOf(None, outputs)
    record = RecordOf(step.name.text, (FieldType("outputs", type_),))
    span = step.name.span(scope.module.source)
    scope.declare(program, ValueSymbol(STEP, step.name.text, record, span))
