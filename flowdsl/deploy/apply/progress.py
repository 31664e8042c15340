"""The progress of a deploy: what has started, its results, and why nothing more may start."""

from __future__ import annotations

from dataclasses import dataclass, field

from flowdsl.config.address import Address
from flowdsl.cyberdesk.errors import AuthenticationRefused, CyberdeskError, ServiceUnreachable
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import OperationResult, ResultOutcome, Status
from flowdsl.state.errors import StateError


@dataclass(slots=True)
class Progress:
    """The operations of a job that are done so far; the interface of the job gets every event.

    `state_error` is the error of a checkpoint; after it, only operations under way are finished.
    `sent` is true once a request was sent that may change something.
    """

    job: Job
    total: int = 0
    results: list[OperationResult] = field(default_factory=list)
    refused: bool = False
    displaced: bool = False
    unreachable_only: bool = True
    sent: bool = False
    state_error: StateError | None = None
    _reason: str = ""

    @property
    def halt_reason(self) -> str:
        """Why no further operation may start; empty while one may."""
        return self._reason or self.job.stop()

    @property
    def has_only_successes(self) -> bool:
        """Whether every operation so far has succeeded."""
        return all(result.outcome == "performed" for result in self.results)

    def halt(self, reason: str) -> None:
        """Let no further operation start; only the first reason is kept."""
        self._reason = self._reason or reason

    def refuse(self, reason: str) -> None:
        """Let no further operation start, because the key is not allowed to do them."""
        self.refused = True
        self.halt(reason)

    def displace(self) -> None:
        """Let no further operation start, because another deploy has taken over the lease."""
        self.displaced = True
        self.halt("another deploy has taken over")

    def lose_state(self, error: StateError) -> None:
        """Let no further operation start, because its result could not be recorded."""
        self.state_error = self.state_error or error
        self.halt("the state cannot be stored")

    def begin(self, address: Address, action: str) -> None:
        """Report that an operation starts."""
        self.job.ui.event("apply_start", address=address, action=action)

    def add(
        self,
        address: Address,
        action: str,
        outcome: ResultOutcome,
        id: str | None = None,
        message: str = "",
        reason: str = "",
    ) -> None:
        """Add the result of one address; see `OperationResult`."""
        result = OperationResult(address, action, outcome, id, message, reason)
        self.results.append(result)
        self.job.ui.event("apply_result", result=result)
        self.job.ui.event("apply_progress", done=len(self.results), total=self.total)
        if self.job.options.abort and outcome in ("failed", "conflict", "unknown"):
            self.halt(f"`{address}` failed, which ends the deploy (`--on-error abort`)")

    def fail(
        self, address: Address, action: str, error: CyberdeskError, *, known: bool = False
    ) -> None:
        """Add the result of a refused or failed request, before which nothing was done.

        With `known`, the request itself is known to have done nothing either.
        """
        if isinstance(error, AuthenticationRefused):
            self.refuse("the API key is refused")
        if not isinstance(error, ServiceUnreachable) or error.outcome_unknown:
            self.unreachable_only = False
        open_still = error.outcome_unknown and not known
        outcome: ResultOutcome = "unknown" if open_still else "failed"
        self.add(address, action, outcome, message=str(error))

    def leave(
        self,
        address: Address,
        action: str,
        workflow_id: str,
        message: str,
        cause: CyberdeskError | StateError,
    ) -> None:
        """Add the result of an operation that was only partly carried out."""
        if isinstance(cause, AuthenticationRefused):
            self.refuse("the API key is refused")
        if isinstance(cause, StateError):
            self.displace()
        self.unreachable_only = False
        self.add(address, action, "failed", workflow_id, message, "incomplete")

    @property
    def status(self) -> Status:
        """The status of the deploy according to the results so far."""
        outcomes = {result.outcome for result in self.results}
        if "unknown" in outcomes:
            return Status.UNKNOWN
        if self.displaced:
            return Status.LOCKED
        if self.job.interrupted():
            return Status.INTERRUPTED
        if "failed" in outcomes:
            if self.refused:
                return Status.ACCESS
            nothing_done = "performed" not in outcomes
            return Status.SERVICE if nothing_done and self.unreachable_only else Status.PARTIAL
        if "conflict" in outcomes:
            return Status.CONFLICT
        return Status.PARTIAL if "not_attempted" in outcomes else Status.DONE
