"""The parts of a chain between its pauses: what they read, and how many of them a session has had.
Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.errors import printable
from flowdsl.cyberdesk.models.run import Run
from flowdsl.ir import nodes
from flowdsl.runs.chain_body import bindings_of
from flowdsl.runs.inputs.declared import Declared
from flowdsl.runs.inputs.problems import Problem
from flowdsl.runs.lookup import NoSuchName
from flowdsl.source.record import replace

Parameter = tuple[bool, str]
"""An input or an answer of a chain by its name, behind True for a secret one."""


def parameters_read(
    chain: nodes.Chain, steps: Iterable[nodes.ChainStep], workflows: Mapping[str, Declared]
) -> set[Parameter]:
    """What some steps of a chain are given of its inputs, secrets and answers."""
    return {
        (value.secret, value.name)
        for step in steps
        for values in bindings_of(chain, step, workflows[step.workflow])
        for value in values.values()
        if isinstance(value, nodes.ChainParameter)
    }


def needing_only(declared: Declared, read: Collection[Parameter]) -> Declared:
    """What a chain takes when only `read` is still needed: the rest may be given, or left out."""

    def relaxed(
        fields: Mapping[str, nodes.FieldSpec], is_secret: bool
    ) -> dict[str, nodes.FieldSpec]:
        return {
            name: spec
            if (is_secret, name) in read
            else replace(spec, has_default=True, default=None)
            for name, spec in fields.items()
        }

    return replace(
        declared,
        inputs=relaxed(declared.inputs, False),
        secrets=relaxed(declared.secrets, True),
    )


def parts_in(
    chain: nodes.Chain, ids: Mapping[str, str], session: str, rows: Sequence[Run]
) -> list[list[Run]]:
    """The runs of each part of the chain that was begun in a session, in the order of its steps.

    `rows` are the runs of the session, newest first, and `ids` those of workflows by name in
    source. Where the chain ran there twice, the last time counts. Raises `NoSuchName` for a session
    in which no part of the chain was begun.
    """
    newest: dict[tuple[str | None, str | None], int] = {}
    for at, row in enumerate(rows):
        newest.setdefault((row.session_alias, row.workflow_id), at)
    begun: list[list[Run]] = []
    oldest = len(rows)
    for steps in chain.parts:
        found = [newest.get((step.name, ids[step.workflow])) for step in steps]
        places = [at for at in found if at is not None]
        if len(places) < len(steps) or max(places) >= oldest:
            break
        oldest = min(places)
        begun.append([rows[at] for at in places])
    if not begun:
        raise NoSuchName(
            f"session `{session}` has no runs of the first part of chain `{chain.name}`, so that "
            "there is nothing to go on with"
        )
    return begun


def contradictions(
    chain: nodes.Chain,
    begun: Sequence[Sequence[Run]],
    workflows: Mapping[str, Declared],
    given: Mapping[str, Any],
) -> list[Problem]:
    """Inputs and answers that are not those with which the chain began.

    `given` are the values by name. Only texts, numbers and the like are compared: the service may
    have filled up what holds more.
    """
    runs = {run.session_alias: run for part in begun for run in part}
    found: dict[str, Problem] = {}
    for step in chain.steps:
        run = runs.get(step.name)
        if run is None:
            continue
        inputs, _ = bindings_of(chain, step, workflows[step.workflow])
        for taken, value in inputs.items():
            if not isinstance(value, nodes.ChainParameter) or value.path:
                continue
            now, then = given.get(value.name), (run.input_values or {}).get(taken)
            if now != then and all(isinstance(each, str | int | float) for each in (now, then)):
                found[value.name] = Problem(
                    f"`{value.name}`",
                    f"step `{step.name}` was begun with `{printable(str(then))}`, not with "
                    f"`{printable(str(now))}`",
                    "a chain goes on with the values that it began with",
                )
    return list(found.values())
