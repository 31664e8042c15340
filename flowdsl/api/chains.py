"""Runs chains for the Python API, including those that pause for answers."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from flowdsl.api.errors import ChainWaits, StillRunning, UnusableArguments
from flowdsl.api.made import Made, log
from flowdsl.api.session import Session
from flowdsl.api.steps import (
    Changed,
    follow,
    ids_of,
    is_placed,
    make,
    send,
    source_of,
    watched_runs,
)
from flowdsl.cyberdesk.errors import CyberdeskError, make_printable
from flowdsl.cyberdesk.models.run import Run
from flowdsl.ir import nodes
from flowdsl.runs.inputs.answers import PauseQuestion, convert_answer, find_question
from flowdsl.runs.inputs.assemble import InputSources
from flowdsl.runs.inputs.places import InputsRefused, Problem
from flowdsl.runs.inputs.python_values import one_input, one_secret, require_named_values
from flowdsl.runs.patience import Patience
from flowdsl.runs.starting.parts import (
    ChainParts,
    PartRequests,
    carry_out,
    let_go,
    read_begun_parts,
)
from flowdsl.runs.starting.place import find_place
from flowdsl.runs.starting.plan import RequestPlan, RunOptions, workflows_of
from flowdsl.runs.submit import ChainRequest
from flowdsl.runs.watch import Watched

Answers = Mapping[str, Any]
"""Answers by name: values like inputs, strings for secrets, or functions that return either."""


async def chain_run(
    session: Session,
    made: Made,
    word: str,
    sources: InputSources,
    wanted: RunOptions,
    place: dict[str, Any],
    answers: Answers,
    resume: str | None,
    watch: bool,
    timeout: float | None,
    on_change: Changed | None,
) -> None:
    """Run a chain, part by part if it pauses; the runs are added to `made`.

    If `resume` is given, `place` holds that session. Raises `FlowdslError`.
    """
    program, chain = await source_of(session, "chain", word)
    assert isinstance(chain, nodes.Chain)
    if not chain.pauses:
        if answers or resume is not None:
            given = "answers" if answers else "resume"
            raise UnusableArguments(
                f"`{given}` is for a chain that pauses, and `{chain.name}` does not"
            )
        await make(session, made, "chain", word, sources, (), wanted, place)
        made.the_run()
        if watch:
            await follow(session, made, timeout, on_change)
        return
    parts = ChainParts(chain, workflows_of(program, chain))
    later = _read_answers(parts, answers)
    if resume is None:
        _refuse_missing(parts, later, 0)
    plan = RequestPlan(program, chain, session.on_this_day(sources), (), wanted)
    ids = await ids_of(session, plan, is_placed=resume is not None or is_placed(place))
    async with session.client() as client:
        where, machine_parameters = await find_place(client, **place)
        patience = Patience(session.runtime, log.warning)
        begun = await read_begun_parts(client, parts, ids, resume, patience)
    if begun and len(begun) < len(parts):
        _refuse_missing(parts, later, len(begun))
    requests = await asyncio.to_thread(plan.part_requests, parts, begun, ids, machine_parameters)
    notes = await asyncio.to_thread(requests.check)
    if away := machine_parameters.away():
        log.warning(away)
    for note in notes:
        log.info(note)
    made.begun = [run for part in requests.begun for run in part]
    await carry_out(
        requests, where, _Attended(session, made, requests, later, watch, timeout, on_change)
    )


def _read_answers(parts: ChainParts, answers: Answers) -> dict[str, Callable[[], Any]]:
    """Store the answers that are values in `parts`, and return those that are functions.

    Raises `InputsRefused` with all unknown and invalid answers at once.
    """
    problems: list[Problem] = []
    later: dict[str, Callable[[], Any]] = {}
    for name, value in require_named_values(answers, "answers"):
        try:
            question = find_question(
                parts.chain, parts.questions, name, f'`answers["{make_printable(name)}"]`'
            )
            if callable(value):
                later[name] = value
            else:
                parts.answers[name] = _value(question, value)
        except InputsRefused as refused:
            problems += refused.problems
    if problems:
        raise InputsRefused(problems)
    return later


def _value(question: PauseQuestion, value: Any) -> Any:
    if value is None or not question.is_secret:
        return convert_answer(question, one_input(question.name, value, "answers"))
    return convert_answer(question, one_secret(question.name, value, "answers"))


def _refuse_missing(parts: ChainParts, later: Mapping[str, object], part: int) -> None:
    """Raise `InputsRefused` for required answers that are neither given nor have a function."""
    name = parts.chain.name
    problems = [
        Problem(
            "`answers`",
            f"chain `{name}` asks for `{each.name}`, which is not given",
            f'give it as `answers={{"{each.name}": ...}}`',
        )
        for each in parts.missing(part)
        if each.name not in later
    ]
    if problems:
        raise InputsRefused(problems)


class _Attended:
    """Carries out the parts of a chain with answers given in advance, as values or functions."""

    def __init__(
        self,
        session: Session,
        made: Made,
        requests: PartRequests,
        later: Mapping[str, Callable[[], Any]],
        watch: bool,
        timeout: float | None,
        on_change: Changed | None,
    ) -> None:
        self._session, self._made = session, made
        self._requests, self._later = requests, later
        self._watch, self._left, self._on_change = watch, timeout, on_change

    async def answer(self, part: int) -> None:
        parts = self._requests.parts
        try:
            for question in parts.due_now(part):
                value = await _called(self._later.get(question.name))
                parts.answers[question.name] = _value(question, value)
            await asyncio.to_thread(self._requests.check_part, part)
        except Exception as error:
            batch = self._made.batch()
            raise ChainWaits(parts.chain.name, batch.runs[-1].session_id, batch, error) from error

    async def begin(self, part: int, request: ChainRequest) -> Sequence[Run]:
        is_first = not self._made.batch().runs
        async with self._session.client() as client:
            submissions = await send(self._session, self._made, client, [(request, "")])
        if is_first:
            self._made.the_run()
        return [run for each in submissions for run in each.runs]

    async def follow(self, part: int, runs: Sequence[Run]) -> bool:
        is_last = part == len(self._requests.parts) - 1
        if is_last and not self._watch:
            return False
        since = time.monotonic()
        known, watched = self._made.watched, Watched({})
        try:
            await watched_runs(self._session, runs, self._left, self._on_change, watched)
        finally:
            known.runs.update(watched.runs)
            known.gone |= watched.gone
        if self._left is not None:
            self._left = max(0.0, self._left - (time.monotonic() - since))
        if watched.live:
            raise StillRunning(self._made.batch())
        if not watched.gone and all(run.status == "success" for run in watched.runs.values()):
            return True
        if not is_last:
            await self._end(runs)
        return False

    async def _end(self, runs: Sequence[Run]) -> None:
        """Release the session of a chain whose part before a pause did not succeed."""
        session = self._session
        try:
            async with session.client() as client:
                await let_go(client, self._requests.parts.chain, runs, session.runtime)
        except CyberdeskError as error:
            log.warning(f"the session of the chain may still hold the machine: {error}")


async def _called(function: Callable[[], Any] | None) -> Any:
    """Return the result of `function`, or None if there is no function.

    A coroutine function is awaited; any other runs in a thread. If the wait is cancelled, that
    daemon thread keeps running, but does not keep the process alive.
    """
    if function is None:
        return None
    if inspect.iscoroutinefunction(function):
        return await function()
    done: Future[tuple[Any, BaseException | None]] = Future()

    def call() -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            done.set_result((function(), None))
        except BaseException as error:  # noqa: BLE001 - raised again by the waiting task
            done.set_result((None, error))

    threading.Thread(target=call, name="flowdsl answer", daemon=True).start()
    value, error = await asyncio.wrap_future(done)
    if error is not None:
        raise error
    return value
