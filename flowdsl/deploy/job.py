"""The job: the inputs of one deploy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from flowdsl.codegen.artifacts import Bundle
from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.planning.plan import Plan
from flowdsl.deploy.target import DeployTarget
from flowdsl.host.git import Checkout
from flowdsl.state.document import DeployedSource
from flowdsl.state.lease import Runtime
from flowdsl.state.stores import StateStore

OnDrift = Literal["fail", "overwrite", "skip"]
OnBreaking = Literal["error", "warn", "ignore"]


class Ui(Protocol):
    """The user interface of a deploy: what it shows and asks."""

    def show_plan(self, plan: Plan) -> None:
        """Show the planned changes."""

    def confirm(self, plan: Plan) -> bool:
        """Whether to carry the plan out."""

    def choose_for_drift(self, plan: Plan) -> OnDrift:
        """Decide what to do about drift, when the options leave it open."""

    def event(self, kind: str, **details: object) -> None:
        """Report an event.

        `kind` is `lock_asked`, `lock_wait`, `lock_acquired`, `recovery`, `apply_start`,
        `apply_progress`, `apply_result` or `checkpoint`.
        """


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The options of a deploy.

    - `on_drift` None leaves the decision to `Ui.choose_for_drift`.
    - `lock_timeout` is in seconds.
    - `recreate` are addresses of workflows that somebody deleted and that are to be created again.
    - `holder` is our name in the lease.
    - `only`, unless empty, are the addresses that may change.
    - `prune` deletes resources that left the source.
    - `accepted` are the guards that a person accepts, each with the number that was shown.
    - `breaking` says how to treat changes that break callers.
    - `abort` lets the first failure end the deploy.
    - `unapprove` withdraws the approval of recordings of an older prompt.
    - `allow_older` lets an older commit be deployed over a newer one.
    - Without `heartbeat` only checkpoints renew the lease.
    """

    on_drift: OnDrift | None = "fail"
    concurrency: int = 4
    lock_timeout: float = 70.0
    recreate: frozenset[Address] = frozenset()
    holder: str = "flowdsl"
    only: frozenset[Address] = frozenset()
    prune: bool = False
    accepted: Mapping[str, int] = field(default_factory=dict)
    breaking: OnBreaking = "warn"
    abort: bool = False
    unapprove: bool = False
    allow_older: bool = False
    heartbeat: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that one deploy works with.

    - `client` is open; workers are created from it.
    - `source` is the commit of the bundle, None outside of git; `history` is the checkout around
      it.
    - `stop` says why no further operation may start; empty while one may.
    - `interrupted` is whether that is because of a signal.
    - `approve` is called with each `PlannedDeploy` before it is carried out, and raises `Stop` if
      it is not the one that was approved.
    """

    bundle: Bundle
    target: DeployTarget
    store: StateStore
    client: CyberdeskClient
    options: JobOptions
    ui: Ui
    runtime: Runtime
    source: DeployedSource | None = None
    history: Checkout | None = None
    stop: Callable[[], str] = lambda: ""
    interrupted: Callable[[], bool] = lambda: False
    approve: Callable[[Any], None] = lambda _planned: None
