"""Builds the body of `POST /v1/runs/chain` from a chain and the values of one start. Pure.

Values that the steps share are written into each step that takes them, together with the defaults
of its workflow, which the service does not know: so a started chain can be identified by its steps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from flowdsl.cyberdesk.models.run import ChainCreate, ChainStep
from flowdsl.ir import nodes
from flowdsl.runs.inputs.assemble import InputSources, RunValues, assemble
from flowdsl.runs.inputs.declared import DeclaredInputs
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.inputs.places import ON_COMMAND_LINE, Advice, Given, InputsRefused, Problem
from flowdsl.source.record import replace

_ABSENT = object()


def chain_steps(
    chain: nodes.Chain,
    part: Sequence[nodes.ChainStep],
    values: RunValues,
    workflows: Mapping[str, DeclaredInputs],
    ids: Mapping[str, str],
    machine_parameters: MachineParameters,
    unanswered: Collection[tuple[bool, str]] = (),
    advice: Advice = ON_COMMAND_LINE,
    today: date | None = None,
) -> tuple[list[ChainStep], tuple[str, ...]]:
    """Return the steps of one part's body, and notes about inputs left to machines.

    `workflows` and `ids` are by the name in source. `unanswered` holds pairs of "is secret" and
    name: these values are neither checked nor reported as missing. Raises `InputsRefused`.
    """
    steps: list[ChainStep] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for step in part:
        declared = workflows[step.workflow]
        place = f"step `{step.name}`"
        bound, bound_secrets = bindings_of(chain, step, declared)
        inputs = _resolve_bindings(bound, values.inputs)
        secrets = _resolve_bindings(bound_secrets, values.secrets)
        if unanswered:
            waiting = (
                _find_waiting_names(bound, unanswered),
                _find_waiting_names(bound_secrets, unanswered),
            )
            declared = _drop_declared_names(declared, *waiting) if any(waiting) else declared
        sources = InputSources(
            given=tuple(Given(name, value, place) for name, value in inputs.items()),
            secrets=tuple(
                Given(name, value, place, is_text=isinstance(value, str))
                for name, value in secrets.items()
            ),
            machine_parameters=machine_parameters,
            references=True,
            advice=advice,
            today=today,
        )
        try:
            made = assemble(declared, sources)
        except InputsRefused as refused:
            problems += (
                Problem(place, each.message, each.help) if each.place == declared.name else each
                for each in refused.problems
            )
            continue
        notes += (f"{place}: {note}" for note in made.notes)
        body: dict[str, Any] = {"workflow_id": ids[step.workflow], "session_alias": step.name}
        if made.inputs:
            body["inputs"] = made.inputs
        if made.secrets:
            body["sensitive_inputs"] = made.secrets
        steps.append(ChainStep(**body))
    if problems:
        raise InputsRefused(problems)
    return steps, tuple(notes)


def chain_body(
    chain: nodes.Chain,
    steps: Sequence[ChainStep],
    where: Mapping[str, Any],
    *,
    keep_session: bool = False,
) -> ChainCreate:
    """Return the whole body; `where` has the machine, the pools or the session.

    The session is kept if the chain says so, and with `keep_session`.
    """
    settings: dict[str, Any] = {"keep_session_after_completion": chain.keep_session or keep_session}
    if chain.priority:
        settings["is_priority"] = True
    return ChainCreate(**{**settings, **where, "steps": list(steps)})


Bindings = dict[str, nodes.ChainValue]


def bindings_of(
    chain: nodes.Chain, step: nodes.ChainStep, declared: DeclaredInputs
) -> tuple[Bindings, Bindings]:
    """Return the values that a step gives to the inputs and secrets of its workflow, `declared`.

    The step's own values take precedence over shared ones, which a workflow gets only if it takes
    them.
    """
    inputs = {name: value for name, value in chain.shared if name in declared.inputs}
    secrets = {name: value for name, value in chain.shared_secrets if name in declared.secrets}
    return inputs | dict(step.inputs), secrets | dict(step.secrets)


def merge_step_schemas(
    declared: DeclaredInputs, chain: nodes.Chain, workflows: Mapping[str, DeclaredInputs]
) -> DeclaredInputs:
    """Return the chain's declarations, with the constraints of steps on inputs passed unchanged.

    So a text that a step would refuse is refused where it is given.
    """
    schemas: dict[str, list[Any]] = {}
    for step in chain.steps:
        workflow = workflows[step.workflow]
        inputs, _ = bindings_of(chain, step, workflow)
        for taken, value in inputs.items():
            if isinstance(value, nodes.ChainParameter) and not value.path:
                schemas.setdefault(value.name, []).extend(workflow.schemas.get(taken, ()))
    return replace(declared, schemas=schemas)


def _find_waiting_names(bindings: Bindings, unanswered: Collection[tuple[bool, str]]) -> set[str]:
    """Return the names that wait for an answer."""
    return {
        name
        for name, value in bindings.items()
        if isinstance(value, nodes.ChainParameter) and (value.secret, value.name) in unanswered
    }


def _drop_declared_names(
    declared: DeclaredInputs, inputs: set[str], secrets: set[str]
) -> DeclaredInputs:
    """Return the workflow's other inputs and secrets, as far as they can be checked alone.

    Inputs whose default is computed from one of the dropped inputs are left out as well.
    """
    inputs = set(inputs)
    for name, spec in declared.inputs.items():
        if spec.day is not None and spec.day.base == "input" and spec.day.name in inputs:
            inputs.add(name)
    return replace(
        declared,
        inputs={name: spec for name, spec in declared.inputs.items() if name not in inputs},
        secrets={name: spec for name, spec in declared.secrets.items() if name not in secrets},
        schema=None,
    )


def _resolve_bindings(bindings: Bindings, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a step; those that nobody gives are left out."""
    values = {name: _resolve_value(value, given) for name, value in bindings.items()}
    return {name: value for name, value in values.items() if value is not _ABSENT}


def _resolve_value(value: nodes.ChainValue, given: Mapping[str, Any]) -> Any:
    match value:
        case nodes.StepReference(path=path):
            return {"$ref": path}
        case nodes.ConstantValue(value=constant):
            return constant
        case nodes.ChainParameter(name=name, path=path):
            return _find_part(given.get(name, _ABSENT), path)


def _find_part(value: Any, path: Sequence[str | int]) -> Any:
    """Return the part of a value at `path`; a missing part counts as absent."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return value
