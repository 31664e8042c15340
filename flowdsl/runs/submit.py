"""Creates runs so that none is lost and none is created twice.

Every request has a key of its own and is sent until its outcome is known. If a reply is lost, the
runs that the request may have created are looked for before anything is sent again: a service that
knows the key would return the first reply, but how long keys live is not documented. Only requests
whose runs do not show within the time in which requests end (`lost-requests-end`) are sent again,
with the same key.

Example: of 200 requests the reply to the 17th is lost. The others are sent; then the runs of the
workflow are listed that are newer than the newest one before the first request. One of them has the
content of the 17th request and belongs to no other request: it is the run of the 17th.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import AuthenticationRefused, CyberdeskError, NotFound
from flowdsl.cyberdesk.models.run import ChainCreate, Run, RunBulkCreate, RunCreate
from flowdsl.deploy.recovery.late_writes import LATE_WRITES_END, POLL_SECONDS
from flowdsl.deploy.workers import for_each
from flowdsl.runs.identity import IDENTIFYING, content_of, may_be_of, newer_than
from flowdsl.runs.patience import Patience
from flowdsl.source.failure import FlowdslError
from flowdsl.state.held import Runtime

ROUNDS = 3
"""How often a request whose runs are not found is sent again with its key."""

AT_FIRST = 30.0
"""How many seconds the service may be unavailable before any run was created."""


@dataclass(frozen=True, slots=True)
class _Alike:
    """Runs that all have the same content, so that each is identified by the body."""

    body: RunCreate | RunBulkCreate

    @property
    def workflow_id(self) -> str:
        """The workflow of the first run, by which the runs are looked for."""
        return self.body.workflow_id

    @property
    def identity(self) -> str:
        """A value that is equal for requests whose runs cannot be distinguished."""
        body = self.body.to_wire()
        return f"{content_of(body)} {body.get('machine_id')} {body.get('session_id')}"

    async def runs_of(
        self, client: CyberdeskClient, rows: Sequence[Run], known: set[str]
    ) -> list[Run]:
        """Return those of `rows` that the request may have created, with runs belonging to them.

        `rows` are all new runs of the workflow.
        """
        body = self.body.to_wire()
        return [row for row in rows if may_be_of(row, body)]


@dataclass(frozen=True, slots=True)
class SingleRequest(_Alike):
    """One run."""

    body: RunCreate
    count = 1

    async def send(self, client: CyberdeskClient, key: str) -> tuple[list[Run], list[str]]:
        """Return the new runs, and why others were not created; raises `CyberdeskError`."""
        return [await client.runs.create(self.body, idempotency_key=key, once=True)], []


@dataclass(frozen=True, slots=True)
class BulkRequest(_Alike):
    """Many runs with the same inputs, which the service creates in one transaction."""

    body: RunBulkCreate

    @property
    def count(self) -> int:
        return self.body.count

    async def send(self, client: CyberdeskClient, key: str) -> tuple[list[Run], list[str]]:
        made = await client.runs.create_bulk(self.body, idempotency_key=key, once=True)
        failures = [*made.errors]
        failures += ["the service does not say why"] * (made.failed_count - len(failures))
        return made.created_runs, failures


@dataclass(frozen=True, slots=True)
class ChainRequest:
    """The runs of a chain, which share one session, in the order of its steps."""

    body: ChainCreate

    @property
    def workflow_id(self) -> str:
        return self.body.steps[0].workflow_id

    @property
    def count(self) -> int:
        return len(self.body.steps)

    @property
    def identity(self) -> str:
        return str([content_of(body) for body in self._bodies()])

    async def send(self, client: CyberdeskClient, key: str) -> tuple[list[Run], list[str]]:
        started = await client.runs.create_chain(self.body, idempotency_key=key, once=True)
        steps = [(step.workflow_id, step.session_alias) for step in self.body.steps]
        named = zip(started.run_ids, steps, strict=False)
        return [
            Run(
                id=run_id,
                status="scheduling",
                workflow_id=workflow_id,
                session_id=started.session_id,
                session_alias=alias,
            )
            for run_id, (workflow_id, alias) in named
        ], []

    async def runs_of(
        self, client: CyberdeskClient, rows: Sequence[Run], known: set[str]
    ) -> list[Run]:
        first, *_ = bodies = self._bodies()
        runs: list[Run] = []
        for row in rows:
            if not may_be_of(row, first) or row.session_id is None:
                continue
            session = await client.runs.list_all(session_id=row.session_id, fields=IDENTIFYING)
            rest = [each for each in session[::-1] if each.id not in known]
            begins = next((at for at, each in enumerate(rest) if each.id == row.id), 0)
            ours = rest[begins : begins + len(bodies)]
            if len(ours) == len(bodies) and all(map(may_be_of, ours, bodies)):
                runs += ours
        return runs

    def _bodies(self) -> list[dict[str, Any]]:
        """Return the body that the run of each step would have by itself."""
        chain = self.body.to_wire()
        shared: dict[str, Any] = {
            name: chain[name]
            for name in ("machine_id", "pool_ids", "session_id", "is_priority")
            if name in chain
        }
        return [
            {
                **shared,
                "workflow_id": step["workflow_id"],
                "session_alias": step.get("session_alias"),
                "input_values": step.get("inputs"),
                "sensitive_input_values": step.get("sensitive_inputs"),
            }
            for step in chain["steps"]
        ]


Request = SingleRequest | BulkRequest | ChainRequest
"""A request that creates `count` runs."""


@dataclass(slots=True)
class Submission:
    """One request and its outcome.

    `runs` were created; `failures` say why others were not, and `refused` is the error that caused
    them. `unknown` is the error that leaves open whether any were created, and `candidates` are
    runs that may be those. `place` names the request for people. While it `is_under_way`, its
    outcome is unknown. `strays` are runs beyond those requested: the request was sent again, and
    then carried out twice. `instead_of` is the key of an earlier request whose missing runs it
    repeats.
    """

    request: Request
    key: str
    place: str = ""
    runs: list[Run] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unknown: CyberdeskError | None = None
    candidates: list[Run] = field(default_factory=list)
    strays: list[Run] = field(default_factory=list)
    is_sent: bool = False
    instead_of: str = ""
    refused: CyberdeskError | None = None
    is_under_way: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a reply, or a look into the list, may still show the outcome."""
        return self.is_under_way or (self.unknown is not None and not self.candidates)


class SubmissionRecord:
    """A record of submissions that survives the death of the process; this one records nothing."""

    def begin(self, every: Sequence[Submission], newest: Run | None) -> None:
        """Record the requests to be sent, and `newest`, the newest run before them.

        Raises `FlowdslError`, and nothing is sent then.
        """

    def sending(self, submission: Submission) -> None:
        """Record that a request is about to be sent, or that its outcome is unknown.

        Raises `FlowdslError`, and it is not sent then.
        """

    def resolved(self, submission: Submission) -> None:
        """Record that the outcome of the request is known."""


class Submitter:
    """Sends requests that create runs of one workflow or chain.

    `tell` shows people a line, and `on_resolved` is called with each submission whose outcome is
    known. When `stopped` returns True, no further request starts; requests under way are finished.
    `record` is called before and after every request. `submissions` are those of the last call,
    with their outcomes so far, for a caller that is interrupted.
    """

    def __init__(
        self,
        client: CyberdeskClient,
        runtime: Runtime,
        *,
        tell: Callable[[str], None],
        on_resolved: Callable[[Submission], None] = lambda _submission: None,
        stopped: Callable[[], bool] = lambda: False,
        concurrency: int = 8,
        record: SubmissionRecord | None = None,
    ) -> None:
        self._client, self._runtime = client, runtime
        self._tell, self._on_resolved, self._stopped = tell, on_resolved, stopped
        self._concurrency = concurrency
        self._newest: Run | None = None
        self._fatal: FlowdslError | None = None
        self._record = record or SubmissionRecord()
        self._broken: Exception | None = None
        self.submissions: list[Submission] = []
        self._resent: list[Submission] = []

    async def submit(self, requests: Iterable[tuple[Request, str]]) -> list[Submission]:
        """Send the requests; return the outcome of each with its place, in their order.

        Raises `CyberdeskError` if nothing was created and nothing can be: for a refused key or a
        missing workflow, and if the service does not answer even the first read. If the service
        stops answering later, open outcomes stay `unknown`. Any other exception is raised after the
        requests under way have been looked for.
        """
        every = [Submission(request, self._runtime.new_id(), place) for request, place in requests]
        self.submissions = every
        if not every:
            return []
        newest = await self._newest_run(every[0].request.workflow_id)
        return await self.go_on(every, newest)

    async def go_on(self, every: list[Submission], newest: Run | None) -> list[Submission]:
        """Continue submissions, some of which may have been sent by a process that died.

        Those that are `unknown` are looked for among the runs that are newer than `newest`. Raises
        `FlowdslError` as `submit` does, and if the record cannot be written.
        """
        self._newest, self.submissions = newest, every
        for each in every:
            self._know_secrets(each)
        self._record.begin(every, newest)

        async def send(client: CyberdeskClient, submission: Submission) -> None:
            await self._send(client, submission)

        try:
            await for_each(
                self._client,
                [each for each in every if not each.is_sent],
                send,
                concurrency=self._concurrency,
                stopped=self._is_over,
            )
        except Exception as error:  # noqa: BLE001 - raised when the others have been looked for
            # Concurrent requests were cancelled with it; the service may have carried them out.
            self._broken = error
            for each in every:
                each.is_under_way, is_cut = False, each.is_under_way
                if is_cut:
                    each.unknown = CyberdeskError("its reply was not read", outcome_unknown=True)
        lost = [each for each in every if each.unknown is not None]
        try:
            if lost:
                await self._resolve(lost, every)
            if self._resent:
                await self.look_for_strays()
        except CyberdeskError as error:
            self._tell(f"what had no reply cannot be looked for: {error}")
        if self._broken is not None:
            raise self._broken
        if self._fatal is not None and not any(each.runs or each.unknown for each in every):
            raise self._fatal
        return every

    async def look_for_strays(self) -> None:
        """Find runs of requests that had been given up and were sent again.

        A service that forgets keys, and carries a request out later than one can be under way,
        creates its runs twice. Raises `CyberdeskError`.
        """
        known = {run.id for each in self.submissions for run in each.runs}
        groups = {each.request.identity: each for each in self._resent if not each.candidates}
        if not groups:
            return
        rows = await Patience(self._runtime, self._tell).read(
            lambda: self._rows_since(self._resent[0].request.workflow_id)
        )
        new = newer_than(rows, self._newest, known)
        for submission in groups.values():
            submission.strays = await submission.request.runs_of(self._client, new, known)

    def _is_over(self) -> bool:
        return self._fatal is not None or self._is_stopped()

    def _is_stopped(self) -> bool:
        return self._broken is not None or self._stopped()

    async def _newest_run(self, workflow_id: str) -> Run | None:
        """Return the newest run of the workflow before ours, by the service's own clock."""
        # The first request does not wait long for a service that does not answer.
        page = await Patience(self._runtime, self._tell, AT_FIRST).read(
            lambda: self._client.runs.list(
                workflow_id=workflow_id,
                limit=1,
                sort_mode="created_at_desc",
                fields=("session_alias",),
            )
        )
        return page.items[0] if page.items else None

    async def _send(self, client: CyberdeskClient, submission: Submission) -> None:
        """Send one request until its outcome is known or cannot be known."""
        patience = Patience(self._runtime, self._tell)
        while True:
            if not self._may_send(submission):
                return
            submission.unknown, submission.is_under_way = None, True
            try:
                made, failures = await submission.request.send(client, submission.key)
            except CyberdeskError as error:
                submission.is_under_way = False
                if error.outcome_unknown:
                    submission.unknown = error
                    return
                submission.refused = error
                if not self._is_stopped() and await patience.wait(error) and not self._is_over():
                    continue
                if isinstance(error, AuthenticationRefused | NotFound):
                    self._fatal = self._fatal or error
                submission.failures.append(str(error))
            else:
                submission.runs, submission.failures = made, failures
                submission.is_under_way, submission.refused = False, None
                patience.answered()
            self._conclude(submission)
            return

    def _may_send(self, submission: Submission) -> bool:
        """Record that a request is about to be sent; return False if that fails."""
        try:
            self._record.sending(submission)
        except FlowdslError as error:
            self._fatal = self._fatal or error
            if submission.unknown is None:
                submission.failures.append(f"it was not sent: {error}")
            return False
        submission.is_sent = True
        return True

    def _conclude(self, submission: Submission) -> None:
        self._know_secrets(submission)
        self._record.resolved(submission)
        self._on_resolved(submission)

    def _know_secrets(self, submission: Submission) -> None:
        """Redact the secrets of the runs from the service's messages about them."""
        if submission.runs:
            ids = [run.id for run in submission.runs]
            self._client.runs.know_secrets(ids, submission.request.body.to_wire())

    # Lost replies

    async def _resolve(self, lost: list[Submission], every: Sequence[Submission]) -> None:
        count = sum(each.request.count for each in lost)
        self._tell(f"looking for {count} run{'s' if count > 1 else ''} whose creation had no reply")
        for turn in range(ROUNDS + 1):
            await self._look_for_lost_runs(lost, every)
            lost = [each for each in lost if each.unknown is not None and not each.candidates]
            if not lost or turn == ROUNDS or self._is_stopped():
                return
            for submission in lost:
                self._resent.append(submission)
                await self._send(self._client, submission)
                self._take_back(submission, every)
            lost = [each for each in every if each.unknown is not None and not each.candidates]
            if not lost:
                return

    async def _look_for_lost_runs(
        self, lost: Sequence[Submission], every: Sequence[Submission]
    ) -> None:
        """Find the runs of `lost`, for at most as long as a request can be under way."""
        begun = self._runtime.monotonic()
        patience = Patience(self._runtime, self._tell)
        while True:
            is_last = self._runtime.monotonic() - begun >= LATE_WRITES_END.total_seconds()
            groups: dict[str, list[Submission]] = {}
            for submission in lost:
                if submission.unknown is not None and not submission.candidates:
                    groups.setdefault(submission.request.identity, []).append(submission)
            if not groups:
                return
            known = {run.id for each in every for run in each.runs}
            rows = await patience.read(lambda: self._rows_since(lost[0].request.workflow_id))
            new = newer_than(rows, self._newest, known)
            for equal in groups.values():
                find = partial(equal[0].request.runs_of, self._client, new, known)
                self._share_found_runs(equal, await patience.read(find), is_last=is_last)
            if is_last or self._is_stopped():
                return
            if any(each.unknown is not None and not each.candidates for each in lost):
                await self._runtime.sleep(POLL_SECONDS)

    async def _rows_since(self, workflow_id: str) -> Sequence[Run]:
        """Return the runs of the workflow from the newest one before ours on."""
        since = None if self._newest is None else self._newest.created_at
        return await self._client.runs.list_all(
            workflow_id=workflow_id, created_at_from=since, fields=IDENTIFYING
        )

    def _share_found_runs(
        self, equal: list[Submission], found: list[Run], *, is_last: bool
    ) -> None:
        """Assign the found runs to equal requests; a surplus may belong to somebody else.

        Two lost requests are equal. Of three found runs nobody knows which are ours; two are the
        one's and the other's; of one alone, a second may still show, unless `is_last`.
        """
        wanted = sum(each.request.count for each in equal)
        if len(found) > wanted:
            for submission in equal:
                submission.candidates = found
            return
        if len(found) < wanted and not is_last:
            return
        left = list(found)
        for submission in equal:
            if not left:
                return
            count = submission.request.count
            submission.runs, left = left[:count], left[count:]
            missing = count - len(submission.runs)
            submission.failures = ["the service did not make it"] * missing
            submission.unknown = None
            self._conclude(submission)

    def _take_back(self, submission: Submission, every: Sequence[Submission]) -> None:
        """Take the runs that the service reports for `submission` from an equal one.

        Of two equal requests that were lost, one run was found, and the first got it. The other is
        sent again with its key, and the service replies with that run: the first is lost again.
        """
        ours = {run.id for run in submission.runs}
        for other in every:
            if other is not submission and not ours.isdisjoint(run.id for run in other.runs):
                other.runs, other.failures = [], []
                other.unknown = CyberdeskError(
                    "its run is that of an equal request", outcome_unknown=True
                )
                with suppress(FlowdslError):
                    self._record.sending(other)
