"""The ledger of `flowdsl run`: what a killed command has created, and how to resume it."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from hashlib import sha256

from flowdsl.config.address import workflow_address
from flowdsl.config.project import Environment
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import make_printable
from flowdsl.deploy.recovery.late_writes import LATE_WRITES_END
from flowdsl.ir import nodes
from flowdsl.runs.batches.folder import Folder
from flowdsl.runs.batches.ledger import About, Batch
from flowdsl.runs.batches.resuming import (
    Requests,
    check_same,
    find_earlier_batches,
    submissions_of,
    update_statuses,
)
from flowdsl.runs.inputs.places import InputsRefused
from flowdsl.runs.patience import Patience
from flowdsl.runs.submit import Submission
from flowdsl.state.document import StateDocument
from flowdsl.state.errors import StateError, StoreBusy
from flowdsl.workspace.state import system_runtime

from ...runtime.console import CommandError, UsageError
from ...runtime.exit_codes import CONFLICT, PARTIAL, STATE
from ...runtime.runs.follow import Following


def is_batch(word: str) -> bool:
    return re.fullmatch(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}", word) is not None


_LOOKS, _PAUSE = 10, 0.1
"""How many times, and how many seconds apart, a ledger held by another process is looked at."""


class Batches:
    """The batches of one workflow or chain in one environment.

    `resumed` is the batch that `choose` selected for `--resume`. Raises `UsageError` if there is
    none or if it is ambiguous, and `StateError`.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        root: str,
        environment: Environment,
        source: nodes.Workflow | nodes.Chain,
    ) -> None:
        self._arguments, self._environment = arguments, environment
        self._kind = "chain" if isinstance(source, nodes.Chain) else "workflow"
        self._name = source.name
        self._folder = Folder(root, environment.name)
        self._about: About | None = None
        self.resumed: Batch | None = None

    def choose(self, word: str) -> None:
        """Select the batch `word`, or the only one if it is empty."""
        every = self._left(lambda each: not word or each.id == word)
        left = [each for each in every if not each.is_live]
        if not left:
            which = f" `{make_printable(word)}`" if word else ""
            why = "another process is at it" if every else "what was begun here is made"
            raise UsageError(
                f"there is no batch{which} of {self._kind} `{self._name}` to go on with in "
                f"`{self._environment.name}`: {why}"
            )
        if len(left) > 1:
            shown = "; ".join(
                f"`--resume {each.id}`: {_describe_batch(each)}" for each in left[:10]
            )
            raise UsageError(f"{len(left)} batches could be meant: {shown}")
        self.resumed = left[0]

    @property
    def session(self) -> str | None:
        """The session in which a pausing chain continues; None if it is not known."""
        if self.resumed is None:
            return None
        sessions = (run.session_id for run in self.resumed.runs)
        return self.resumed.about.session or next(filter(None, sessions), None)

    def today(self, today: date) -> date:
        """The day that values are computed for: that of the batch, however late it is resumed."""
        return today if self.resumed is None else date.fromisoformat(self.resumed.about.today)

    def check_deployed(
        self, ids: Mapping[str, str], document: StateDocument | None, today: date
    ) -> None:
        """Record the deployed versions; raises `CommandError` if the batch used another service."""
        resources = {} if document is None else document.workflows()
        versions = {}
        for name in ids:
            applied = resources[workflow_address(name)].applied
            versions[name] = sha256(repr(sorted(applied.items())).encode()).hexdigest()[:32]
        api = self._environment.api
        self._about = About(
            self._environment.name, api, self._kind, self._name, str(today), ids, versions
        )
        if self.resumed is not None and self.resumed.about.api != api:
            raise CommandError(
                f"batch `{self.resumed.id}` was begun at "
                f"`{make_printable(self.resumed.about.api)}`, "
                f"and `api` of `{self._environment.name}` is `{api}` now",
                CONFLICT,
            )

    def begin(self, requests: Requests, following: Following) -> None:
        """Start a ledger for new requests.

        Raises `CommandError` for requests that a killed command has already started, unless
        `--anew` repeats them.
        """
        assert self._about is not None
        begun = (
            []
            if self._arguments.no_ledger
            else self._left(lambda each: bool(find_earlier_batches([each], requests)))
        )
        for batch in begun:
            # Identical single runs at the same time may be intended; identical tables are not.
            if self._arguments.anew or (batch.is_live and batch.asked == 1):
                continue
            what = "has not ended" if batch.is_live else "did not get to its end"
            advice = (
                "`--anew` starts everything once more"
                if batch.is_live
                else f"the same command with `--resume` continues batch `{batch.id}`; `--anew` "
                "gives that up and starts everything"
            )
            raise CommandError(
                f"an earlier `flowdsl run {self._name}` {what} ({_describe_batch(batch)}), and "
                "this one would start again what it has started",
                PARTIAL,
                advice,
            )
        for batch in begun:
            if not batch.is_live:
                following.say(f"note: batch {batch.id} is given up: {batch.describe_progress()}")
                self._folder.drop(batch)
        if not self._arguments.no_ledger:
            ledger = self._folder.new(self._about, system_runtime())
            ledger.check_alone = partial(self._check_alone, ledger.batch.id, requests)
            following.ledger = ledger

    def _check_alone(self, own: str, requests: Requests) -> None:
        """Raise `StoreBusy` if another process started the same table at the same moment.

        Each of the two processes sees the other's ledger, since it looks after writing its own.
        """
        for batch in self._folder.left(system_runtime().now()):
            mine = (batch.about.kind, batch.about.name) == (self._kind, self._name)
            is_beside = batch.is_live and batch.id != own and batch.asked > 1 and mine
            if is_beside and not self._arguments.anew and find_earlier_batches([batch], requests):
                raise StoreBusy(
                    f"another process makes the same runs at this moment (batch `{batch.id}`); "
                    "nothing was sent"
                )

    def go_on(self, requests: Requests, following: Following) -> list[Submission]:
        """Resume the batch and its ledger; return its created, uncertain and unsent requests.

        Raises `InputsRefused` if the requests differ, and `StoreBusy` if another process resumes
        it.
        """
        assert self.resumed is not None and self._about is not None
        ledger = self._folder.open(self.resumed)
        batch = ledger.batch
        try:
            check_same(batch, self._about.ids, requests)
        except InputsRefused:
            ledger.leave()
            raise
        following.ledger = ledger
        following.say(f"batch {batch.id}: {batch.describe_progress()}")
        for name, version in self._about.versions.items():
            if batch.about.versions.get(name) != version:
                following.say(
                    f"warning: `{name}` was deployed since the batch began: what is made from now "
                    "on runs as it is deployed now"
                )
        return submissions_of(batch, requests, system_runtime().new_id)

    async def take_over(self, session: str, following: Following) -> None:
        """Start a ledger for a chain that continues in a session.

        It replaces the ledgers of killed commands for that session. Waits until a part that the
        killed command may have started last can no longer begin. Raises `StateError`, and
        `StoreBusy` if another process continues the chain.
        """
        if self._arguments.no_ledger:
            return
        assert self._about is not None
        held = [
            self._folder.open(batch)
            for batch in self._left(
                lambda each: session in (each.about.session, *(run.session_id for run in each.runs))
            )
        ]
        if any(ledger.batch.unknown for ledger in held):
            seconds = LATE_WRITES_END.total_seconds()
            following.say(f"waiting {seconds:g} s for a part of the chain that may still begin")
            await system_runtime().sleep(seconds)
        following.ledger = self._folder.new(replace(self._about, session=session), system_runtime())

        def end() -> None:
            for ledger in held:
                ledger.give_up()

        following.told = end

    async def read_statuses(
        self, client: CyberdeskClient, submissions: Sequence[Submission], following: Following
    ) -> None:
        """Ask for the status of the runs that were created earlier; raises `CyberdeskError`."""
        assert self.resumed is not None
        newest = self.resumed.newest
        patience = Patience(system_runtime(), following.say)
        for workflow_id in set(self.resumed.about.ids.values()):
            rows = await patience.read(
                lambda: client.runs.list_all(
                    workflow_id=workflow_id,  # noqa: B023 - called before the next iteration
                    created_at_from=None if newest is None else newest.created_at,
                    fields=("session_id", "session_alias"),
                )
            )
            update_statuses(submissions, rows)

    def _left(self, matters: Callable[[Batch], bool]) -> list[Batch]:
        """The batches of this workflow that are not done and for which `matters` holds."""
        for turn in range(_LOOKS):
            try:
                every = self._folder.left(system_runtime().now())
            except StateError as error:
                raise CommandError(
                    str(error), STATE, "`--no-ledger` runs without writing down what is started"
                ) from None
            mine = (self._kind, self._name)
            left = [
                each
                for each in every
                if (each.about.kind, each.about.name) == mine and matters(each)
            ]
            if turn == _LOOKS - 1 or not any(each.is_live and each.asked > 1 for each in left):
                break
            # A process that is being killed holds its ledger for a moment longer.
            time.sleep(_PAUSE)
        return left


def _describe_batch(batch: Batch) -> str:
    """Describe a batch: `begun 2026-11-29 17:45 UTC, 152 of 300 runs are made`."""
    return f"begun {batch.began:%Y-%m-%d %H:%M} UTC, {batch.describe_progress()}"
