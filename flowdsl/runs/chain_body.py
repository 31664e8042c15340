"""The body of `POST /v1/runs/chain` from a chain of the sources and the values of one start. Pure.

What the steps share is written into each step that takes it, together with the defaults of its
workflow, which the service does not know: a chain that was started is then known by its steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.models.run import ChainCreate, ChainStep
from flowdsl.ir import nodes
from flowdsl.runs.inputs.assemble import RunValues, Sources, assemble
from flowdsl.runs.inputs.declared import Declared
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.inputs.places import Given
from flowdsl.runs.inputs.problems import InputsRefused, Problem
from flowdsl.runs.inputs.ways import ON_COMMAND_LINE, Ways

_ABSENT = object()


def chain_steps(
    chain: nodes.Chain,
    values: RunValues,
    workflows: Mapping[str, Declared],
    ids: Mapping[str, str],
    machine_parameters: MachineParameters,
    ways: Ways = ON_COMMAND_LINE,
) -> tuple[list[ChainStep], tuple[str, ...]]:
    """The steps of the body, and notes about what is left to machines; raises `InputsRefused`.

    `workflows` and `ids` are by the name in source.
    """
    steps: list[ChainStep] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for step in chain.steps:
        declared = workflows[step.workflow]
        place = f"step `{step.name}`"
        inputs = _resolved(_shared(chain.shared, declared.inputs), step.inputs, values.inputs)
        secrets = _resolved(
            _shared(chain.shared_secrets, declared.secrets), step.secrets, values.secrets
        )
        sources = Sources(
            given=tuple(Given(name, value, place) for name, value in inputs.items()),
            secrets=tuple(
                Given(name, value, place, is_text=isinstance(value, str))
                for name, value in secrets.items()
            ),
            machine_parameters=machine_parameters,
            references=True,
            ways=ways,
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
    chain: nodes.Chain, steps: Sequence[ChainStep], where: Mapping[str, Any]
) -> ChainCreate:
    """The whole body; `where` says on which machine, in which pools or session."""
    settings: dict[str, Any] = {"keep_session_after_completion": chain.keep_session}
    if chain.priority:
        settings["is_priority"] = True
    return ChainCreate(**{**settings, **where, "steps": list(steps)})


def _shared(
    bindings: Sequence[tuple[str, nodes.ChainValue]], takers: Mapping[str, object]
) -> list[tuple[str, nodes.ChainValue]]:
    """What the steps share, as far as the workflow of one of them takes it."""
    return [(name, value) for name, value in bindings if name in takers]


def _resolved(
    shared: Sequence[tuple[str, nodes.ChainValue]],
    own: Sequence[tuple[str, nodes.ChainValue]],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """The values of a step, its own before the shared ones; what nobody gives is left out."""
    found = {name: _value(value, given) for name, value in (*shared, *own)}
    return {name: value for name, value in found.items() if value is not _ABSENT}


def _value(value: nodes.ChainValue, given: Mapping[str, Any]) -> Any:
    match value:
        case nodes.StepReference(path=path):
            return {"$ref": path}
        case nodes.ConstantValue(value=constant):
            return constant
        case nodes.ChainParameter(name=name, path=path):
            return _part(given.get(name, _ABSENT), path)


def _part(value: Any, path: Sequence[str | int]) -> Any:
    """What is at `path` of a value; a part that is not there is as absent as the whole."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return value
