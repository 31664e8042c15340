"""The outcome of a deploy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from flowdsl.config.address import Address
from flowdsl.deploy.planning.plan import Plan
from flowdsl.source.failure import FlowdslError


class Status(StrEnum):
    """How a deploy ended; in every case state has what was written so far."""

    DONE = "done"
    NOTHING_TO_DO = "nothing_to_do"
    DECLINED = "declined"
    INVALID = "invalid"
    """The project requires something that this organisation cannot provide; nothing was written."""
    ACCESS = "access"
    LOCKED = "locked"
    CONFLICT = "conflict"
    PARTIAL = "partial"
    UNKNOWN = "unknown"
    GUARDED = "guarded"
    """A guard or `protect` forbids it.

    Nothing of the plan was carried out, but open writes of an earlier deploy may have been resolved
    before the plan was made.
    """
    STATE = "state"
    SERVICE = "service"
    """The service is unreachable or failing, and nothing was written."""
    INTERRUPTED = "interrupted"


class Stop(FlowdslError):
    """Ends the deploy with `status`; each of `messages` is one line for people."""

    def __init__(self, status: Status, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.status = status
        self.messages = messages


ResultOutcome = Literal["performed", "failed", "conflict", "unknown", "not_attempted"]


@dataclass(frozen=True, slots=True)
class OperationResult:
    """The outcome of one address, and a message for people.

    The outcome is `unknown` if a request had no reply and may have been carried out, and `failed`
    if nothing was done, unless `reason` is `incomplete`. `reason` is for programs: `lost_update`,
    `incomplete` (a part was done, on `id`) or empty.
    """

    address: Address
    action: str
    outcome: ResultOutcome
    id: str | None = None
    message: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a deploy.

    `plan` is None if none was made, and `serial` is that of the state last written.
    """

    status: Status
    plan: Plan | None = None
    results: tuple[OperationResult, ...] = ()
    messages: tuple[str, ...] = ()
    serial: int | None = None
    organization_id: str | None = None

    def count(
        self, outcome: ResultOutcome, action: str | None = None, kind: str | None = None
    ) -> int:
        """Return the number of results with this outcome, of one action and one kind or of all."""
        return sum(
            each.outcome == outcome
            and action in (None, each.action)
            and kind in (None, each.address.kind)
            for each in self.results
        )

    def to_json(self) -> dict[str, Any]:
        """Return the content of the result file, without any text of a prompt."""
        return {
            "format_version": 1,
            "kind": "deploy_result",
            "status": self.status.value,
            "organization_id": self.organization_id,
            "state": None if self.serial is None else {"serial": self.serial},
            "results": [
                {name: getattr(result, name) for name in OperationResult.__slots__}
                for result in self.results
            ],
            "messages": list(self.messages),
        }
