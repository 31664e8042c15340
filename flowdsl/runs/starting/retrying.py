"""Operations on existing runs: restart one exactly once, with changes, or cancel it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.models.run import Run, RunRetry
from flowdsl.deploy.recovery.late_writes import LATE_WRITES_END, POLL_SECONDS
from flowdsl.runs.inputs.assemble import InputSources, assemble_given_values
from flowdsl.runs.inputs.declared import DeclaredInputs, declared_from_schema
from flowdsl.runs.inputs.places import Given, InputsRefused, Problem
from flowdsl.runs.patience import Patience
from flowdsl.runs.starting.uploads import file_inputs
from flowdsl.source.failure import FlowdslError
from flowdsl.state.held import Runtime


class RunGoesOn(FlowdslError):
    """The run has not ended, and only a run that has ended can be restarted."""


def refuse_live(run: Run) -> None:
    """Raise `RunGoesOn` for a run that has not ended."""
    if run.is_live:
        raise RunGoesOn(
            f"run {run.id} is {run.status} and has not ended; `flowdsl runs cancel {run.id}` ends "
            "it"
        )


async def read_declared_for(
    client: CyberdeskClient, run: Run, deployed: Mapping[Address, str]
) -> DeclaredInputs:
    """Return the declarations of a run's workflow from the service: the sources may be newer.

    Raises `CyberdeskError`.
    """
    workflow = await client.workflows.get(run.workflow_id or "")
    name = next((each.name for each, found in deployed.items() if found == workflow.id), None)
    return declared_from_schema(name or workflow.name or workflow.id, workflow.input_schema)


def retry_body(
    run: Run,
    declared: DeclaredInputs,
    sources: InputSources,
    *,
    leaves_session: bool = False,
    is_priority: bool = False,
    starts_session: bool = False,
    releases_session: bool = False,
    alias: str | None = None,
    ask: Callable[[str], Given] | None = None,
) -> dict[str, Any]:
    """Return the fields of a retry except its place; raises `InputsRefused`.

    The service deletes a secret when the run ends, so each one that it had is needed again: `ask`
    gives one that `sources` lack.
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
                    f"give them again, as {sources.advice.secret(gone[0])}",
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
    values = assemble_given_values(declared, replace(sources, given=(*sources.given, *kept)))
    fields = {
        "input_values": values.inputs if anew else None,
        "sensitive_input_values": values.secrets or None,
        "file_inputs": file_inputs(sources.uploads) or None,
        "reuse_session": False if leaves_session else None,
        "is_priority": is_priority or None,
        "start_session": starts_session or None,
        "release_session_after": releases_session or None,
        "session_alias": alias,
    }
    return {name: value for name, value in fields.items() if value is not None}


ROUNDS = 3
"""How often a retry that has not arrived is sent again with its key."""


async def retried(
    client: CyberdeskClient,
    run: Run,
    body: RunRetry,
    runtime: Runtime,
    *,
    tell: Callable[[str], None],
    stopped: Callable[[], bool] = lambda: False,
) -> Run:
    """Restart a run that had ended, and return it; raises `CyberdeskError`.

    When the reply is lost, the run itself shows the outcome: it is live again, or its times have
    changed. A second retry is sent only once no request can be under way any more. If the run does
    not show it, the error has `outcome_unknown`.
    """
    key = runtime.new_id()
    patience = Patience(runtime, tell)
    for turn in range(ROUNDS + 1):
        while True:
            try:
                return await client.runs.retry(run.id, body, idempotency_key=key, once=True)
            except CyberdeskError as error:
                if not error.outcome_unknown:
                    if not stopped() and await patience.wait(error):
                        continue
                    raise
                lost = error
                break
        tell(f"looking whether run {run.id} was begun anew: {lost}")
        begun = runtime.monotonic()
        while True:
            try:
                now = await patience.read(lambda: client.runs.get(run.id))
            except CyberdeskError as error:
                # A failed read of the run does not show whether it was restarted.
                raise lost from error
            if now.is_live or (now.started_at, now.ended_at) != (run.started_at, run.ended_at):
                return now
            if stopped() or runtime.monotonic() - begun >= LATE_WRITES_END.total_seconds():
                break
            await runtime.sleep(POLL_SECONDS)
        if stopped() or turn == ROUNDS:
            raise lost
    raise AssertionError("unreachable: the last turn returns or raises")


async def cancel_runs(
    client: CyberdeskClient, runs: Iterable[Run], runtime: Runtime
) -> tuple[list[Run], list[str]]:
    """Return the runs that were cancelled, and why others were not."""
    ended: list[Run] = []
    failures: list[str] = []
    for run in runs:
        try:
            ended.append(await client.runs.cancel(run.id, idempotency_key=runtime.new_id()))
        except CyberdeskError as error:
            failures.append(f"run {run.id} is not cancelled: {error}")
    return ended, failures
