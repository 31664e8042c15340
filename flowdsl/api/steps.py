"""Steps that several methods of a project share: creating runs, and watching them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Literal, TypeVar

from flowdsl.api.errors import OutcomeUnknown, RunDeleted, StillRunning, UnusableArguments
from flowdsl.api.made import Made, log
from flowdsl.api.results import NotMade
from flowdsl.api.session import Session
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.models.run import Run, RunRetry
from flowdsl.ir import nodes
from flowdsl.runs.inputs.assemble import InputSources
from flowdsl.runs.inputs.documents import InputRow
from flowdsl.runs.starting.deployed import deployed_ids, has_other_inputs, other_inputs_warning
from flowdsl.runs.starting.place import find_place
from flowdsl.runs.starting.plan import RequestPlan, RunOptions, named_source
from flowdsl.runs.starting.retrying import retried
from flowdsl.runs.submit import Request, Submission, Submitter
from flowdsl.runs.watch import Watched, watch
from flowdsl.workspace.state import usable_document

Changed = Callable[[Run], object]
"""A function that is called with a changed run; if its result is awaitable, it is awaited."""

GRACE = 30.0
"""Seconds that a cancelled call waits for the replies to requests that create runs."""

_CLOSING = 1.0
"""Seconds that cancelled work has to close its connections."""

T = TypeVar("T")


async def source_of(
    session: Session, kind: Literal["workflow", "chain"], word: str
) -> tuple[nodes.Program, nodes.Workflow | nodes.Chain]:
    """Return the program and the workflow or chain called `word`.

    Raises `SourceErrors`, `NoSuchName`, and `UnusableArguments` if it is not of that `kind`.
    """
    program, _ = await session.compiled()
    source = named_source(program, word)
    if isinstance(source, nodes.Chain) != (kind == "chain"):
        other = "run_chain" if kind == "workflow" else "run"
        raise UnusableArguments(f"`{source.name}` is no {kind}; `{other}` runs it")
    return program, source


async def ids_of(session: Session, plan: RequestPlan, *, is_placed: bool) -> dict[str, str]:
    """Check a plan, and return the ids of its workflows by name.

    Raises `InputsRefused`, `StateError` and `NotDeployed`.
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
    """Whether runs name a machine or pools, which may supply values of inputs."""
    return place["machine"] is not None or bool(place["pools"])


async def make(
    session: Session,
    made: Made,
    kind: Literal["workflow", "chain"],
    word: str,
    sources: InputSources,
    rows: Sequence[InputRow],
    wanted: RunOptions,
    place: dict[str, Any],
) -> None:
    """Send the requests for new runs, and record their outcome in `made`. Raises `FlowdslError`."""
    program, source = await source_of(session, kind, word)
    plan = RequestPlan(program, source, session.on_this_day(sources), rows, wanted)
    ids = await ids_of(session, plan, is_placed=is_placed(place))
    async with session.client() as client:
        where, machine_parameters = await find_place(client, **place)
        requests, notes = await asyncio.to_thread(plan.requests, ids, where, machine_parameters)
        if away := machine_parameters.away():
            log.warning(away)
        for note in dict.fromkeys(notes):
            log.info(note)
        await send(session, made, client, requests)


async def send(
    session: Session,
    made: Made,
    client: CyberdeskClient,
    requests: Sequence[tuple[Request, str]],
) -> list[Submission]:
    """Send requests and return their outcome, which `made` gets even if the call is interrupted."""
    before, is_cut = made.submissions, False

    def stopped() -> bool:
        return is_cut

    def stop() -> bool:
        nonlocal is_cut
        is_cut = True
        return any(each.is_open for each in submitter.submissions)

    submitter = Submitter(client, session.runtime, tell=log.warning, stopped=stopped)

    try:
        return await uncut(submitter.submit(requests), stop)
    finally:
        made.submissions = [*before, *submitter.submissions]


async def uncut(work: Coroutine[Any, Any, T], stop: Callable[[], bool]) -> T:
    """Await `work`, which creates something, so that a cancellation does not interrupt a request.

    On cancellation, `stop` is called: it prevents further requests, and returns whether one is
    under way. If so, `work` may finish within `GRACE` seconds. A second cancellation ends it at
    once.
    """
    task = asyncio.create_task(work)
    # Retrieve the exception, so that asyncio does not log it if the caller was cancelled.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            if not task.done() and stop():
                await asyncio.wait({task}, timeout=GRACE)
        finally:
            if task.cancel():
                await asyncio.wait({task}, timeout=_CLOSING)
        raise
    except BaseException:
        task.cancel()
        raise


async def begin_anew(
    session: Session, made: Made, client: CyberdeskClient, run: Run, body: RunRetry
) -> Run:
    """Restart an ended run; raises `OutcomeUnknown` and `CyberdeskError`."""
    is_cut = False

    def stop() -> bool:
        nonlocal is_cut
        is_cut = True
        return True

    doubt = f"it is not known whether run {run.id} was begun anew"
    work = retried(client, run, body, session.runtime, tell=log.warning, stopped=lambda: is_cut)
    made.unclear = [NotMade(0, doubt, True, (run,))]
    try:
        again = await uncut(work, stop)
    except CyberdeskError as error:
        if error.outcome_unknown:
            raise OutcomeUnknown(made.batch(), f"{doubt}: {error}") from error
        made.unclear = []
        raise
    made.unclear, made.again = [], [again]
    return again


async def follow(
    session: Session, made: Made, timeout: float | None, on_change: Changed | None
) -> None:
    """Watch the runs of a call until they have ended; raises `StillRunning` at the timeout."""
    runs = made.batch().runs
    if not runs:
        return
    watched = await watched_runs(session, runs, timeout, on_change, made.watched)
    if watched.live:
        raise StillRunning(made.batch())


async def ended(
    session: Session, made: Made, timeout: float | None, on_change: Changed | None
) -> list[Run]:
    """Wait until the runs of a call have ended, and return them.

    Raises `StillRunning` and `RunDeleted`.
    """
    await follow(session, made, timeout, on_change)
    batch = made.batch()
    if batch.deleted:
        raise RunDeleted(batch)
    return list(batch.runs)


async def watched_runs(
    session: Session,
    runs: Sequence[Run],
    timeout: float | None,
    on_change: Changed | None,
    watched: Watched,
) -> Watched:
    """Watch runs until they have ended or `timeout` seconds have passed.

    `watched` is updated meanwhile, and returned.
    """
    end = None if timeout is None else time.monotonic() + timeout

    def left() -> float | None:
        return None if end is None else max(0.0, end - time.monotonic())

    async def changed(_before: Run, now: Run) -> None:
        if on_change is not None and isinstance(answer := on_change(now), Awaitable):
            await answer

    async with session.client() as client:
        return await watch(
            client,
            runs,
            session.runtime,
            tell=log.warning,
            changed=changed,
            left=left,
            watched=watched,
        )
