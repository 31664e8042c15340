"""From AST to IR: whole programs, workflows, chains and checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, assert_never

from flowdsl.semantics import model as semantic
from flowdsl.semantics import types
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.record import replace
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from .. import nodes
from .outputs import OutputPlan, find_used_outputs, plan_outputs
from .spelling import may_type_readings
from .statements import BodyLowering, Names, local_variables, select_variables
from .types import to_json
from .values import Frame, ValueLowering, origin_of, single_variable, wire_path


def lower_program(model: SemanticModel, environment: Mapping[str, str]) -> nodes.Program:
    """The IR of an analysis without errors; `environment` are the `vars` of the environment."""
    values = ValueLowering(model, environment)
    workflows = [_lower_workflow(symbol, values) for symbol in model.workflows]
    chains = [_lower_chain(symbol, values) for symbol in model.chains]
    vars(values).clear()  # `count` holds `values` in turn, and a cycle would keep the whole program
    return nodes.Program(
        workflows=tuple(sorted(workflows, key=lambda workflow: workflow.name)),
        chains=tuple(sorted(chains, key=lambda chain: chain.name)),
    )


# Workflows


def _lower_workflow(symbol: semantic.WorkflowSymbol, values: ValueLowering) -> nodes.Workflow:
    source = symbol.module.source
    declaration = symbol.declaration
    settings = _lower_settings(declaration.items, values)
    steps = _find_section(declaration, ast.StepsSection)
    block = ast.Block(0, 0, ()) if steps is None else steps.body
    others = [item for item in declaration.items if item is not steps]
    used = find_used_outputs(
        symbol.runtime.values(), block, values.model, values.read_outputs, others
    )
    variables = select_variables(symbol.runtime, used)
    names = Names(
        [field.wire_name for field in symbol.inputs]
        + [field.wire_name for field in symbol.secrets]
        + list(variables)
    )
    own = local_variables(block, values.model.statements(block), variables, names, "")
    stored = {name: own.variables[name] for name in used}
    initial = values.defaults(symbol.outputs)
    frame = Frame(source, {}, own.variables, own.results, stored, block, initial=initial)
    plans: dict[str, OutputPlan] = {}
    body: nodes.Body = ()
    sources: tuple[nodes.OutputSource, ...] = ()
    bounds: dict[str, int] = {}
    bounding: set[str] = set()
    if steps is not None:
        plans = plan_outputs(symbol, values.model, block, used)
        for name, plan in plans.items():
            if plan.kind == "stored" and name not in used:
                stored[name] = names.fresh(name if names.is_free(name) else f"output_{name}")
        lowering = BodyLowering(values, names, plans, stored, declaration)
        body = lowering.body(block, frame)
        body = lowering.make_prologue(frame) + body
        bounds, bounding = lowering.input_bounds, lowering.bounding_inputs
        declared = {field.name: field for field in symbol.outputs}
        sources = tuple(
            _output_source(
                declared.get(name, types.FieldType(name, types.ANY)),
                plan,
                stored,
                frame,
                values,
                declaration,
            )
            for name, plan in plans.items()
        )
    always = _find_section(declaration, ast.AlwaysSection)
    checks, cleanup = _lower_checks(_find_section(declaration, ast.ChecksSection), frame, values)
    return nodes.Workflow(
        origin=origin_of(source, declaration.name),
        name=symbol.name,
        title=settings.get("title", symbol.name),
        description=on_one_line(declaration.doc) if declaration.doc else None,
        tags=tuple(sorted(set(settings.get("tags", ())))),
        webhooks=settings.get("webhooks", False),
        file_exports=settings.get("file_exports", False),
        renamed_from=settings.get("renamed_from"),
        protect=settings.get("protect", False),
        inputs=tuple(
            _apply_loop_bounds(field, bounds, bounding)
            for field in values.types.fields(symbol.inputs)
        ),
        secrets=values.types.fields(symbol.secrets),
        outputs=values.types.fields(symbol.outputs),
        models=_lower_models(_find_section(declaration, ast.ModelSection), values),
        terminal=_lower_terminal(_find_section(declaration, ast.TerminalSection), values),
        rules=tuple(values.line(rule, frame) for rule in always.rules) if always else (),
        body=body,
        sources=sources,
        prompt=_text_of(values, symbol.prompt_from),
        input_schema=_text_of(values, symbol.inputs_from),
        output_schema=_text_of(values, symbol.outputs_from),
        checks=checks,
        cleanup=cleanup,
        checks_text=_text_of(values, symbol.checks_from),
        extra=to_json(values.constant(symbol.extra)),
        extra_text=_text_of(values, symbol.extra_from),
        names=names.taken(),
        apart=may_type_readings(symbol, block, values.model),
    )


_Section = TypeVar("_Section", bound=ast.Node)


def _find_section(declaration: ast.WorkflowDecl, class_: type[_Section]) -> _Section | None:
    return next((item for item in declaration.items if isinstance(item, class_)), None)


def _text_of(values: ValueLowering, path: str | None) -> str | None:
    return None if path is None else values.model.texts[path]


def _lower_settings(items: tuple[Any, ...], values: ValueLowering) -> dict[str, Any]:
    return {
        item.name.text: values.constant(item.value)
        for item in items
        if isinstance(item, ast.Setting)
    }


def _lower_models(section: ast.ModelSection | None, values: ValueLowering) -> nodes.Models | None:
    if section is None:
        return None
    settings = _lower_settings(section.settings, values)
    fallbacks = tuple(settings.pop("fallbacks", ()))
    return nodes.Models(**settings, fallbacks=fallbacks)


def _lower_terminal(section: ast.TerminalSection | None, values: ValueLowering) -> nodes.Terminal:
    settings = {} if section is None else _lower_settings(section.settings, values)
    return nodes.Terminal(
        allow=tuple(settings.get("allow", ())), unrestricted=settings.get("unrestricted", False)
    )


def _apply_loop_bounds(
    field: nodes.FieldSpec, bounds: dict[str, int], bounding: set[str]
) -> nodes.FieldSpec:
    """Add to an input what loops require of it: a maximum of entries, or at least 1."""
    wanted: dict[str, int] = {}
    bound = bounds.get(field.name)
    if bound is not None and field.constraints.get("maxItems", bound + 1) > bound:
        wanted["maxItems"] = bound
    if field.name in bounding and field.constraints.get("minimum", 0) < 1:
        field = replace(field, constraints={"minimum": 1, **field.constraints})
    return replace(field, constraints={**field.constraints, **wanted}) if wanted else field


def _output_source(
    output: types.FieldType,
    plan: OutputPlan,
    stored: dict[str, str],
    frame: Frame,
    values: ValueLowering,
    declaration: ast.WorkflowDecl,
) -> nodes.OutputSource:
    """Return the source of an output; an empty text counts as missing if the output is optional."""
    statement = None if plan.emission is None else plan.emission.statement
    origin = origin_of(frame.source, statement or declaration.name)
    none = nodes.OutputSource(field=output.wire_name, kind="none", origin=origin)
    if plan.field in stored and (statement is not None or output.default is not None):
        kind = "background" if plan.kind == "background" else "stored"
        return replace(none, kind=kind, variable=stored[plan.field])
    if not isinstance(statement, ast.EmitStmt):
        if output.default is None:
            return none
        value = _as_output(values.types.default(output), output.type)
        return replace(none, kind="const", value=value)
    match plan.kind:
        case "runtime" | "background":
            variable = single_variable(values.value(statement.value, frame))
            assert variable is not None
            return replace(none, kind=plan.kind, variable=variable.name, path=variable.path)
        case "const":
            value = _plain_value_of(values.value(statement.value, frame))
            if value == "" and output.absent:
                return none
            value = _as_output(values.types.completed(value, output.type), output.type)
            return replace(none, kind="const", value=value)
        case _:
            raise AssertionError(plan.kind)


def _as_output(value: Any, type_: types.Type) -> Any:
    """Convert a complete constant to the form that an output has.

    A field that a record lacks becomes null, or is left out if it is declared `name?:`. An empty
    text counts as missing if its type is optional.
    """
    if value == "" and isinstance(type_, types.Optional):
        return None
    match value, types.strip_optional(type_):
        case list() | dict(), types.ANY:
            return _without_empty(value)
        case list(), types.ListOf(element):
            return [_as_output(each, element) for each in value]
        case dict(), types.RecordOf(_, fields):
            whole = dict(value)
            for field in fields:
                part = _as_output(whole.pop(field.wire_name, None), field.type)
                if part is not None or not field.absent:
                    whole[field.wire_name] = part
            return whole
        case _:
            return value


def _without_empty(value: Any) -> Any:
    """Replace each empty text inside a constant of type `any` by null."""
    match value:
        case "":
            return None
        case list():
            return [_without_empty(each) for each in value]
        case dict():
            return {name: _without_empty(each) for name, each in value.items()}
        case _:
            return value


def _plain_value_of(value: nodes.Value) -> Any:
    match value:
        case nodes.ConstantValue():
            return value.value
        case nodes.TextValue():
            return "".join(
                piece.value for piece in value.text if isinstance(piece, nodes.TextPiece)
            )
        case nodes.ListValue():
            return [_plain_value_of(item) for item in value.items]
        case nodes.ObjectValue():
            return {name: _plain_value_of(item) for name, item in value.fields}
        case _:
            assert_never(value)


# Checks


def _lower_checks(
    section: ast.ChecksSection | None, frame: Frame, values: ValueLowering
) -> tuple[tuple[nodes.PostRunCheck, ...] | None, nodes.Text | None]:
    if section is None:
        return None, None
    checks: list[nodes.PostRunCheck] = []
    cleanup: nodes.Text | None = None
    labels = {check.label.value for check in section.checks if check.label}
    for check in section.checks:
        if isinstance(check.body, ast.CleanupCheck):
            cleanup = values.lower_prose(check.body.prompt, frame)
        else:
            checks += _number_repeated_names(_lower_check(check, check.body, frame, values), labels)
    return tuple(checks), cleanup


def _number_repeated_names(
    checks: Sequence[nodes.PostRunCheck], labels: set[str]
) -> Iterator[nodes.PostRunCheck]:
    """Give the checks that one source check becomes unique names, if it has a label."""
    number = 1
    for at, check in enumerate(checks):
        name = check.name
        while name and at and name in labels:
            number += 1
            name = f"{check.name} ({number})"
        labels.add(name)
        yield check if name == check.name else replace(check, name=name)


def _lower_check(
    check: ast.Check,
    body: ast.FileCheck | ast.ImageCheck | ast.SchemaCheck | ast.OutputCheck,
    frame: Frame,
    values: ValueLowering,
) -> list[nodes.PostRunCheck]:
    """Lower one source check to its post-run checks.

    There are several if the pictures for the entries of a known list show different things, and
    none if that list is empty.
    """
    common: dict[str, Any] = {
        "origin": origin_of(frame.source, check),
        "name": check.label.value if check.label else "",
        "description": check.doc,
        "extra": to_json(values.constant(check.extra)) if check.extra else {},
    }
    if isinstance(body, ast.SchemaCheck):
        return [nodes.PostRunCheck(kind="schema", **common)]
    if not isinstance(body, ast.FileCheck):
        common["model"] = body.model.value if body.model else None
    if isinstance(body, ast.OutputCheck):
        statement = values.line(body.statement, frame)
        return [nodes.PostRunCheck(kind="output", statement=statement, **common)]
    shows = body.shows if isinstance(body, ast.ImageCheck) else None
    common["kind"] = "file" if shows is None else "image"
    return [
        nodes.PostRunCheck(target=target, if_present=body.if_present, statement=statement, **common)
        for statement, target in _lower_targets(body.target, shows, frame, values)
    ]


def _lower_targets(
    target: ast.FileTarget, shows: ast.Text | None, frame: Frame, values: ValueLowering
) -> Iterable[tuple[nodes.Text, nodes.FileTarget]]:
    """Return pairs of what the pictures of a target show (empty without `shows`) and the target.

    The service knows a list by the name of a variable. The files for a list known at compile time
    are named one by one, grouped by what they show.
    """

    def shown(frame: Frame) -> nodes.Text:
        return () if shows is None else values.line(shows, frame)

    if not isinstance(target, ast.EachTarget):
        return [(shown(frame), _lower_target(target, frame, values))]
    items = values.value(target.iterable, frame)
    if (variable := single_variable(items)) is not None:
        template = values.text(target.template, frame)
        each = nodes.FileTarget(mode="loop_items", items=variable, template=template)
        return [(shown(frame), each)]
    names: dict[nodes.Text, dict[nodes.Text, None]] = {}
    for entry in _find_known_entries(items):
        inner = frame.within(entries={target.variable.text: entry})
        names.setdefault(shown(inner), {})[values.text(target.template, inner)] = None
    return [
        (statement, nodes.FileTarget(mode="exact", names=tuple(files)))
        for statement, files in names.items()
    ]


def _find_known_entries(items: nodes.Value) -> Iterable[nodes.Value]:
    """Return the entries of a list known at compile time; a missing list has none."""
    if isinstance(items, nodes.ListValue):
        return items.items
    assert isinstance(items, nodes.ConstantValue)
    return [nodes.ConstantValue(value=entry) for entry in items.value or ()]


def _lower_target(
    target: ast.ExactTarget | ast.RegexTarget, frame: Frame, values: ValueLowering
) -> nodes.FileTarget:
    match target:
        case ast.ExactTarget():
            names = tuple(values.text(name, frame) for name in target.names)
            return nodes.FileTarget(mode="exact", names=names)
        case ast.RegexTarget():
            pattern = "".join(
                part.value for part in target.pattern.parts if isinstance(part, ast.TextLiteral)
            )
            count = target.count
            if not isinstance(count, ast.Ref):
                fixed = count.value if count is not None else None
                return nodes.FileTarget(mode="regex", pattern=pattern, count=fixed)
            value = values.value(count, frame)
            if isinstance(value, nodes.ConstantValue):
                known = value.value
                fixed = len(known) if isinstance(known, list) else known
                return nodes.FileTarget(mode="regex", pattern=pattern, count=fixed)
            return nodes.FileTarget(
                mode="regex", pattern=pattern, count_from=single_variable(value)
            )
        case _:
            assert_never(target)


# Chains


def _lower_chain(symbol: semantic.ChainSymbol, values: ValueLowering) -> nodes.Chain:
    source = symbol.module.source
    declaration = symbol.declaration
    settings = _lower_settings(declaration.items, values)
    shared, shared_secrets = _split_secrets(
        (field.wire_name, _chain_value(binding.value, field, values))
        for item in declaration.items
        if isinstance(item, ast.SharedSection)
        for binding in item.bindings
        for field in _sharing_fields(binding.name.text, symbol)
    )
    return nodes.Chain(
        origin=origin_of(source, declaration.name),
        name=symbol.name,
        title=settings.get("title", symbol.name),
        inputs=values.types.fields(symbol.inputs),
        secrets=values.types.fields(symbol.secrets),
        shared=shared,
        shared_secrets=shared_secrets,
        steps=tuple(
            _chain_step(step, workflow, symbol, values)
            for step, workflow in symbol.steps
            if workflow is not None
        ),
        pauses=tuple(
            nodes.Pause(
                origin=origin_of(source, pause.declaration),
                question=pause.declaration.doc,
                inputs=values.types.fields(pause.inputs),
                secrets=values.types.fields(pause.secrets),
                steps_before=pause.steps_before,
            )
            for pause in symbol.pauses
        ),
        keep_session=settings.get("keep_session", False),
        priority=settings.get("priority", False),
    )


def _sharing_fields(name: str, chain: semantic.ChainSymbol) -> Iterable[types.FieldType]:
    """Return the fields of an input or secret that steps share, one for each name on the wire.

    Workflows may give one name in source different names on the wire.
    """
    workflows = (workflow for _, workflow in chain.steps if workflow is not None)
    fields = (field for each in workflows for field in (*each.inputs, *each.secrets))
    found = {field.wire_name: field for field in fields if field.name == name}
    return found.values() or [types.FieldType(name, types.ANY)]


def _chain_step(
    step: ast.ChainStep,
    workflow: semantic.WorkflowSymbol,
    chain: semantic.ChainSymbol,
    values: ValueLowering,
) -> nodes.ChainStep:
    taken = {field.name: field for field in (*workflow.inputs, *workflow.secrets)}
    given = []
    for argument in step.arguments:
        name = argument.name.text
        # Of a field that a schema file declares, only the name is known.
        field = taken.get(name) or types.FieldType(name, types.ANY)
        given.append((field.wire_name, _chain_value(argument.value, field, values)))
    inputs, secrets = _split_secrets(given)
    return nodes.ChainStep(
        origin=origin_of(chain.module.source, step),
        name=step.name.text,
        workflow=workflow.name,
        inputs=inputs,
        secrets=secrets,
    )


_Given: TypeAlias = tuple[tuple[str, nodes.ChainValue], ...]
"""Values of a chain, by the names that the service knows them by."""


def _split_secrets(values: Iterable[tuple[str, nodes.ChainValue]]) -> tuple[_Given, _Given]:
    parts: tuple[list[tuple[str, nodes.ChainValue]], ...] = ([], [])
    for name, value in values:
        parts[isinstance(value, nodes.ChainParameter) and value.secret].append((name, value))
    return tuple(parts[0]), tuple(parts[1])


def _chain_value(expr: ast.Expr, field: types.FieldType, values: ValueLowering) -> nodes.ChainValue:
    """Return the value that a step passes to an input or a secret of its workflow."""
    if not isinstance(expr, ast.Ref):
        constant = to_json(values.constant(expr))
        return nodes.ConstantValue(value=values.types.completed(constant, field.type))
    symbol = values.model.values[expr]
    if symbol.kind == semantic.STEP:
        parts = [expr.name.text, *wire_path(symbol.type, expr.path)]
        return nodes.StepReference(path=".".join(map(str, parts)))
    value = values.lower_reference(
        expr, Frame(symbol.span.source, {}, {}, {}, {}, ast.Block(0, 0, ()))
    )
    variable = single_variable(value)
    if variable is None:
        assert isinstance(value, nodes.ConstantValue)
        return nodes.ConstantValue(value=values.types.completed(value.value, field.type))
    return nodes.ChainParameter(
        name=variable.name, path=variable.path, secret=variable.sigil == "secret"
    )
