"""What a run that is begun anew is asked for: only what is said anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.inputs.assemble import Sources, given_values
from flowdsl.runs.inputs.declared import Declared, undeclared
from flowdsl.runs.inputs.places import Given
from flowdsl.runs.inputs.problems import InputsRefused, Problem
from flowdsl.runs.starting.uploads import file_inputs
from flowdsl.source.failure import FlowdslError


class RunGoesOn(FlowdslError):
    """A run that has not ended, where only one that has can be begun anew."""


def refuse_live(run: Run) -> None:
    """Raise `RunGoesOn` for a run that has not ended."""
    if run.is_live:
        raise RunGoesOn(
            f"run {run.id} is {run.status} and has not ended; `flowdsl runs cancel {run.id}` ends "
            "it"
        )


async def declared_for(
    client: CyberdeskClient, run: Run, deployed: Mapping[Address, str]
) -> Declared:
    """What the workflow of a run takes, as the service has it: the sources may have moved on.

    Raises `CyberdeskError`.
    """
    workflow = await client.workflows.get(run.workflow_id or "")
    name = next((each.name for each, found in deployed.items() if found == workflow.id), None)
    return undeclared(name or workflow.name or workflow.id, workflow.input_schema)


def retry_body(
    run: Run,
    declared: Declared,
    sources: Sources,
    *,
    leaves_session: bool = False,
    is_priority: bool = False,
    starts_session: bool = False,
    releases_session: bool = False,
    alias: str | None = None,
    ask: Callable[[str], Given] | None = None,
) -> dict[str, Any]:
    """The fields of a retry beside its place; raises `InputsRefused`.

    A secret is gone since the run ended, so that each one that it had is needed again: `ask` gives
    one that `sources` lack.
    """
    given = {each.name for each in sources.secrets}
    gone = [name for name in sorted(run.sensitive_input_aliases or ()) if name not in given]
    if gone and ask is not None:
        sources = replace(sources, secrets=(*sources.secrets, *map(ask, gone)))
    elif gone:
        names = ", ".join(f"`{name}`" for name in gone)
        raise InputsRefused(
            [
                Problem(
                    f"run {run.id}",
                    f"the service forgot the secrets {names} when the run ended",
                    f"give them again, as {sources.ways.secret(gone[0])}",
                )
            ]
        )
    anew = {each.name for each in sources.given}
    anew |= {each.input for each in sources.uploads if each.input is not None}
    kept = tuple(
        Given(name, value, f"run {run.id}")
        for name, value in (run.input_values or {}).items()
        if name not in anew
    )
    values = given_values(declared, replace(sources, given=(*sources.given, *kept)))
    body: dict[str, Any] = {}
    if anew:
        body["input_values"] = values.inputs
    if values.secrets:
        body["sensitive_input_values"] = values.secrets
    if sources.uploads:
        body["file_inputs"] = file_inputs(sources.uploads)
    if leaves_session:
        body["reuse_session"] = False
    if is_priority:
        body["is_priority"] = True
    if starts_session:
        body["start_session"] = True
    if releases_session:
        body["release_session_after"] = True
    if alias is not None:
        body["session_alias"] = alias
    return body
