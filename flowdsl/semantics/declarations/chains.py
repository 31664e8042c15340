"""Chains: their settings, shared values, the bindings of each step, and the answers of pauses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..model import INPUT, SECRET, STEP, ChainSymbol, PauseSymbol, ValueSymbol, WorkflowSymbol
from ..names.paths import steps_of
from ..names.scopes import ValueScope, find_declaration
from ..program import ModuleScope, Program
from ..provenance.origins import Origin
from ..provenance.untrusted import find_untrusted_part
from ..statements.arguments import check_binding, check_names, quote_names
from ..traversal import refs_outside_blocks
from ..types import ANY, FieldType, ListOf, Optional, RecordOf, Type, strip_optional
from ..types import INPUT as COUNTED_FROM
from ..values.assignability import pair_fields
from ..values.expressions import infer_type
from ..values.fitting import report_null
from .hand_over import check_hand_over
from .settings import CHAIN_SETTINGS, check_settings
from .signatures import check_sections, may_be_omitted, value_symbols
from .type_expressions import CHAIN_INPUTS, CHAIN_SECRETS, resolve_fields


class _StepTarget:
    """What a step can be given: the inputs and secrets of its workflow, by name.

    If `open`, there may be others, since a schema file does not list all of them.
    """

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


def check_chain(module: ModuleScope, chain: ast.ChainDecl) -> ChainSymbol:
    """Resolve and check one chain."""
    check_sections(module, chain.items)
    scope = ValueScope(module)
    inputs = _resolve_section(scope, chain, ast.InputsSection, CHAIN_INPUTS, INPUT)
    secrets = _resolve_section(scope, chain, ast.SecretsSection, CHAIN_SECRETS, SECRET)
    settings = tuple(item for item in chain.items if isinstance(item, ast.Setting))
    values = check_settings(scope, settings, CHAIN_SETTINGS, "a chain")
    steps = [item for item in chain.items if isinstance(item, ast.ChainStep)]
    targets = [_resolve_target(scope, step) for step in steps]
    if not steps:
        module.report(errors.EMPTY_CHAIN, chain.name, name=chain.name.text)
    early = _EarlyReads(scope, chain)
    shared = _check_shared(early, chain, [t for t in targets if t is not None], targets)
    left = iter(targets)
    pauses: list[PauseSymbol] = []
    known = {field.wire_name for field in (*inputs, *secrets)}
    for item in chain.items:
        if isinstance(item, ast.ChainStep):
            target = next(left)
            early.reader = f"step `{item.name.text}` starts"
            _check_step(early, item, target, shared)
            _declare_step(scope, item, target)
        elif isinstance(item, ast.Pause):
            done = sum(step.start < item.start for step in steps)
            pauses.append(_declare_answers(scope, item, known, done))
    if steps:
        _check_places(scope, chain)
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
        pauses=tuple(pauses),
    )


class _EarlyReads:
    """Finds reads of steps that have not run yet, and of answers that are not given yet.

    `reader` says, for the message, what reads the value; `scope` holds the steps that have run and
    the answers that have been given.
    """

    def __init__(self, scope: ValueScope, chain: ast.ChainDecl) -> None:
        self.program = scope.program
        self.scope = scope
        self.steps: dict[str, ast.Name] = {}
        self.answers: dict[str, ast.Name] = {}
        for item in chain.items:
            if isinstance(item, ast.ChainStep):
                self.steps.setdefault(item.name.text, item.name)
            elif isinstance(item, ast.Pause):
                for answer in item.answers:
                    self.answers.setdefault(answer.field.name.text, answer.field.name)
        self.reader = "the chain starts"

    def reported(self, value: ast.Expr) -> bool:
        """Whether `value` reads something that does not exist yet; each such read is reported."""
        source = self.scope.source
        found = False
        for ref in refs_outside_blocks(value):
            name = ref.name.text
            if name in self.scope.symbols:
                continue
            if not ref.secret and name in self.steps:
                spec, label = (
                    errors.STEP_NOT_RUN_YET,
                    Label(self.steps[name].span(source), "runs here"),
                )
            elif name in self.answers:
                spec = errors.ANSWER_NOT_GIVEN_YET
                label = Label(self.answers[name].span(source), "asked for here")
            else:
                continue
            found = True
            self.scope.report(spec, ref, name=name, reader=self.reader, labels=(label,))
        return found


def _resolve_section(
    scope: ValueScope,
    chain: ast.ChainDecl,
    kind: type[ast.InputsSection | ast.SecretsSection],
    section: str,
    symbol_kind: str,
) -> tuple[FieldType, ...]:
    for item in chain.items:
        if isinstance(item, kind):
            days = section == CHAIN_INPUTS
            fields = resolve_fields(scope.module, item.fields, section, days=days)
            for symbol in value_symbols(scope.module, chain, fields, symbol_kind):
                scope.declare(symbol)
            return fields
    return ()


def _resolve_target(scope: ValueScope, step: ast.ChainStep) -> _StepTarget | None:
    entry = find_declaration(scope.module, step.workflow, "workflow")
    if entry is None or not isinstance(entry.declaration, ast.WorkflowDecl):
        return None
    return _StepTarget(scope.program, scope.program.workflows[entry.declaration])


def _check_shared(
    early: _EarlyReads,
    chain: ast.ChainDecl,
    known: list[_StepTarget],
    targets: list[_StepTarget | None],
) -> set[str]:
    """Check the names that `shared` binds.

    Each has to be an input or secret of the workflow of some step, and its value has to fit all of
    them.
    """
    program = early.program
    scope = early.scope
    bound: dict[str, Span] = {}
    closed = len(known) == len(targets) and not any(target.open for target in known)
    for item in chain.items:
        if not isinstance(item, ast.SharedSection):
            continue
        for binding in item.bindings:
            name = binding.name.text
            span = binding.name.span(scope.source)
            spec = errors.DUPLICATE_ARGUMENT
            if not scope.module.is_first(bound, name, span, spec, "given"):
                continue
            takers = [target.symbols[name] for target in known if name in target.symbols]
            if not takers:
                if closed:
                    names = program.names_of(
                        chain, lambda: (taken for target in known for taken in target.symbols)
                    )
                    noun, spec = "input or secret", errors.UNKNOWN_ARGUMENT
                    program.report_unknown(spec, span, noun, names, name=name, noun=noun)
                _resolve_unmatched(early, binding.value)
            for taker in takers:
                _bind_value(early, binding.value, taker)
    return set(bound)


def _check_step(
    early: _EarlyReads, step: ast.ChainStep, target: _StepTarget | None, shared: set[str]
) -> None:
    """Check the arguments of one step, and that none that its workflow requires is missing."""
    if target is None or target.open:
        for argument in step.arguments:
            known = target.symbols.get(argument.name.text) if target is not None else None
            if known is None:
                _resolve_unmatched(early, argument.value)
            else:
                _bind_value(early, argument.value, known)
        return
    given = check_names(early.scope, step.arguments, target.symbols, "input or secret")
    for argument in step.arguments:
        if argument.name.text not in target.symbols:
            _resolve_unmatched(early, argument.value)
    for name, argument in given.items():
        _bind_value(early, argument.value, target.symbols[name])
    missing = [
        name
        for name, symbol in target.symbols.items()
        if name not in given
        and name not in shared
        and symbol.field is not None
        and not may_be_omitted(symbol.field)
    ]
    if missing:
        early.scope.report(
            errors.MISSING_ARGUMENT,
            step.workflow,
            names=quote_names(missing),
            target=target.workflow.name,
            labels=tuple(Label(target.symbols[name].span, "declared here") for name in missing),
        )
    _check_days(early, step, target, given, shared)


def _check_days(
    early: _EarlyReads,
    step: ast.ChainStep,
    target: _StepTarget,
    given: Mapping[str, ast.Argument],
    shared: set[str],
) -> None:
    """Report an omitted date whose default depends on an output of an earlier step."""
    by_wire_name = {
        symbol.field.wire_name: name
        for name, symbol in target.symbols.items()
        if symbol.field is not None
    }
    for name, symbol in target.symbols.items():
        day = symbol.field.day if symbol.field is not None else None
        if name in given or name in shared or day is None or day.base != COUNTED_FROM:
            continue
        base = given.get(by_wire_name[day.name])
        source = (
            early.program.values.get(base.value)
            if base and isinstance(base.value, ast.Ref)
            else None
        )
        if base is not None and source is not None and source.kind == STEP:
            where = early.scope.source
            known = f"`{base.name.text}`, from which it counts, is known when the chain goes on"
            early.scope.report(
                errors.MISSING_ARGUMENT,
                step.workflow,
                names=quote_names([name]),
                target=target.workflow.name,
                labels=(Label(base.span(where), known),),
            )


def _bind_value(early: _EarlyReads, value: ast.Expr, target: ValueSymbol) -> None:
    if not early.reported(value):
        check_binding(early.scope, value, target, places.CHAIN_VALUE, places.CHAIN_SECRET)
        _check_trust(early.scope, value, target)
        _check_null(early.scope, value, target)
        if target.kind == INPUT:
            check_hand_over(early.scope, value, target)


def _check_null(scope: ValueScope, value: ast.Expr, target: ValueSymbol) -> None:
    """Report an output that may be null for an input that may be left out but never null.

    The service passes outputs on unchanged, and null if there is no output.
    """
    program = scope.program
    if not isinstance(value, ast.Ref) or target.field is None:
        return
    symbol, type_ = program.values.get(value), program.ref_types.get(value)
    if symbol is None or symbol.kind != STEP or type_ is None:
        return
    span = value.span(scope.source)
    _check_names(program, span, symbol.type, value.path)
    if target.field.absent and isinstance(type_, Optional):
        report_null(program, span, f"{target.kind} `{target.name}`", target.field)
    elif (field := _find_null_field(type_, target.type)) is not None:
        what = f"field `{field.name}` of {target.kind} `{target.name}`"
        report_null(program, span, what, field)


def _check_names(program: Program, span: Span, type_: Type, path: Iterable[ast.PathPart]) -> None:
    """Report a name in JSON with a full stop on the path to an output of a step."""
    for part in path:
        inner = strip_optional(type_)
        if isinstance(inner, RecordOf) and isinstance(part, ast.FieldAccess):
            field = inner.by_either_name(part.name)
            if field is None:
                return
            if "." in field.wire_name:
                from ..names.wire_names import report_dotted_name

                report_dotted_name(program, span, field.wire_name)
                return
            type_ = field.type
        elif isinstance(inner, ListOf):
            type_ = inner.element


def _find_null_field(source: Type, target: Type) -> FieldType | None:
    """Find the first field inside `target` that is never null, but may be null in `source`."""
    return next(
        (
            want
            for have, want in pair_fields(source, target)
            if want is not None and want.absent
            if have is not None and not have.absent and isinstance(have.type, Optional)
        ),
        None,
    )


def _check_trust(scope: ValueScope, value: ast.Expr, target: ValueSymbol) -> None:
    """Report text from outside that is passed to an input without `@untrusted`.

    With the annotation, the workflow itself decides where such an input may be used.
    """
    program = scope.program
    if target.kind != INPUT or find_untrusted_part(program, Origin(target, ())) is not None:
        return
    for ref in refs_outside_blocks(value):
        symbol = program.values.get(ref)
        if symbol is None or symbol.kind not in (INPUT, STEP):
            continue
        part = find_untrusted_part(program, Origin(symbol, steps_of(ref, symbol)))
        if part is not None:
            scope.report(
                errors.UNTRUSTED_IN_INSTRUCTION,
                ref,
                place=f"input `{target.name}`",
                written=ref.span(scope.source).text,
                why=part.why(direct=True),
                help=f"declare input `{target.name}` of the workflow with `@untrusted`",
                labels=(
                    Label(part.span, "declared `@untrusted` here"),
                    Label(target.span, "the input is declared here"),
                ),
            )


def _resolve_unmatched(early: _EarlyReads, value: ast.Expr) -> None:
    """Resolve the names of a value whose input is unknown, and which may be a secret."""
    if early.reported(value):
        return
    is_secret = isinstance(value, ast.Ref) and value.secret
    infer_type(early.scope, value, places.CHAIN_SECRET if is_secret else places.CHAIN_VALUE)


def _declare_step(scope: ValueScope, step: ast.ChainStep, target: _StepTarget | None) -> None:
    """Declare what later steps can read of this one: `name.outputs.field`."""
    outputs = None
    if target is not None:
        outputs = scope.program.workflow_fields[target.workflow.declaration].outputs
    type_ = ANY if outputs is None else RecordOf(None, outputs)
    record = RecordOf(step.name.text, (FieldType("outputs", type_),))
    span = step.name.span(scope.source)
    scope.declare(ValueSymbol(STEP, step.name.text, record, span))


def _declare_answers(
    scope: ValueScope, pause: ast.Pause, known: set[str], steps_before: int
) -> PauseSymbol:
    """Declare what later steps can read of a pause: its answers, like inputs and secrets.

    `known` are the names on a command line that are taken.
    """
    if not pause.answers:
        scope.report(errors.EMPTY_PAUSE, _keyword_of_pause(scope, pause))
    found: dict[str, tuple[FieldType, ...]] = {}
    for kind, section in ((INPUT, CHAIN_INPUTS), (SECRET, CHAIN_SECRETS)):
        written = tuple(a.field for a in pause.answers if a.secret == (kind == SECRET))
        found[kind] = resolve_fields(scope.module, written, section)
        names = {field.name.text: field.name for field in reversed(written)}
        for field in found[kind]:
            span = names[field.name].span(scope.source)
            declared = scope.declare(ValueSymbol(kind, field.name, field.type, span, field))
            if declared and field.wire_name in known:
                scope.report(errors.DUPLICATE_FIELD, span, name=field.wire_name)
            known.add(field.wire_name)
    return PauseSymbol(pause, found[INPUT], found[SECRET], steps_before)


def _check_places(scope: ValueScope, chain: ast.ChainDecl) -> None:
    """Report pauses that are not between two steps."""
    order = [item for item in chain.items if isinstance(item, ast.ChainStep | ast.Pause)]
    for at, item in enumerate(order):
        if not isinstance(item, ast.Pause):
            continue
        if at == 0:
            place = "before this pause"
            help = "what is known when the chain starts stands under `inputs` and `secrets`"
        elif isinstance(order[at - 1], ast.Pause):
            place, help = "between this pause and the one before", "ask for it all in one `pause`"
        elif at == len(order) - 1:
            place, help = "after this pause", "remove it, or add the step that needs the answers"
        else:
            continue
        scope.report(errors.MISPLACED_PAUSE, _keyword_of_pause(scope, item), place=place, help=help)


def _keyword_of_pause(scope: ValueScope, pause: ast.Pause) -> Span:
    return Span(scope.source, pause.start, pause.start + len("pause"))
