"""Steps that several methods of a project share: making runs, and watching them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from flowdsl.api.arguments import not_made_of
from flowdsl.api.errors import RunDeleted, StillRunning, UnusableArguments
from flowdsl.api.results import RunBatch
from flowdsl.api.session import Session
from flowdsl.cyberdesk.models.run import Run
from flowdsl.ir import nodes
from flowdsl.runs.inputs.assemble import Sources
from flowdsl.runs.inputs.documents import Row
from flowdsl.runs.starting.deployed import deployed_ids, has_other_inputs, other_inputs_warning
from flowdsl.runs.starting.place import find_place
from flowdsl.runs.starting.plan import RunPlan, Wanted, named_source
from flowdsl.runs.submit import Submission, Submitter
from flowdsl.runs.watch import Watched, watch
from flowdsl.workspace.state import usable_document

log = logging.getLogger("flowdsl.runs")
"""What the command line would say on standard error: a service that is away for a while, replies
that were lost, inputs that are left to machines."""

Changed = Callable[[Run], None]


async def source_of(
    session: Session, kind: Literal["workflow", "chain"], word: str
) -> tuple[nodes.Program, nodes.Workflow | nodes.Chain]:
    """The program, and what of it a word means; raises `SourceErrors`, `NoSuchName`, and
    `UnusableArguments` for the other kind.
    """
    program, _ = await session.compiled()
    source = named_source(program, word)
    if isinstance(source, nodes.Chain) != (kind == "chain"):
        other = "run_chain" if kind == "workflow" else "run"
        raise UnusableArguments(f"`{source.name}` is no {kind}; `{other}` runs it")
    return program, source


async def ids_of(session: Session, plan: RunPlan, *, is_placed: bool) -> dict[str, str]:
    """The ids of the workflows of a plan, which is checked; raises `InputsRefused`, `StateError`
    and `NotDeployed`.
    """
    await asyncio.to_thread(plan.check, is_placed=is_placed)
    document = await asyncio.to_thread(usable_document, session.store, session.environment)
    ids = deployed_ids(plan.workflows, document, session.environment.name)
    _, bundle = await session.compiled()
    for artifact in bundle.workflows:
        if artifact.name in plan.workflows:
            assert document is not None
            if has_other_inputs(artifact.name, artifact.payload, document):
                log.warning(other_inputs_warning(artifact.name))
    return ids


def is_placed(place: dict[str, Any]) -> bool:
    """Whether runs go to a machine or to pools, which may supply values."""
    return place["machine"] is not None or bool(place["pools"])


async def made(
    session: Session,
    kind: Literal["workflow", "chain"],
    word: str,
    sources: Sources,
    rows: Sequence[Row],
    wanted: Wanted,
    place: dict[str, Any],
) -> list[Submission]:
    """What came of the requests for new runs; raises `FlowdslError`."""
    program, source = await source_of(session, kind, word)
    plan = RunPlan(program, source, session.on_this_day(sources), rows, wanted)
    ids = await ids_of(session, plan, is_placed=is_placed(place))
    async with session.client() as client:
        where, machine_parameters = await find_place(client, **place)
        requests, notes = await asyncio.to_thread(plan.requests, ids, where, machine_parameters)
        if away := machine_parameters.away():
            log.warning(away)
        for note in dict.fromkeys(notes):
            log.info(note)
        submitter = Submitter(client, session.runtime, tell=log.warning)
        return await submitter.submit(requests)


async def batch_of(
    session: Session,
    submissions: Sequence[Submission],
    table: Sequence[Row],
    watch: bool,
    timeout: float | None,
    on_change: Changed | None,
) -> RunBatch:
    """The runs that were made and those that were not; raises `StillRunning`."""
    numbers = {row.place: row.number for row in table}
    rows = {run.id: numbers.get(each.place, 0) for each in submissions for run in each.runs}
    not_made = tuple(
        failure for each in submissions for failure in not_made_of(each, numbers.get(each.place, 0))
    )
    runs = tuple(run for each in submissions for run in each.runs)
    if not watch or not runs:
        return RunBatch(runs, rows, not_made)
    watched = await watched_runs(session, runs, timeout, on_change)
    if watched.live:
        raise StillRunning(list(watched.runs.values()), not_made)
    return RunBatch(tuple(watched.runs.values()), rows, not_made, frozenset(watched.gone))


async def ended(
    session: Session, runs: Sequence[Run], timeout: float | None, on_change: Changed | None
) -> list[Run]:
    """The runs when they have ended; raises `StillRunning` and `RunDeleted`."""
    watched = await watched_runs(session, runs, timeout, on_change)
    known = [watched.runs[run.id] for run in runs]
    if watched.live:
        raise StillRunning(known)
    if watched.gone:
        raise RunDeleted(sorted(watched.gone), known)
    return known


async def watched_runs(
    session: Session, runs: Sequence[Run], timeout: float | None, on_change: Changed | None
) -> Watched:
    """The runs when they have ended, or as they are when `timeout` seconds are over."""
    end = None if timeout is None else time.monotonic() + timeout

    def left() -> float | None:
        return None if end is None else max(0.0, end - time.monotonic())

    def changed(_before: Run, now: Run) -> None:
        if on_change is not None:
            on_change(now)

    async with session.client() as client:
        return await watch(
            client, runs, session.runtime, tell=log.warning, changed=changed, left=left
        )
