"""What one deploy is given: its input, its surroundings and whom it talks to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from flowdsl.codegen.artifacts import Bundle
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.plan import Plan
from flowdsl.deploy.target import Target
from flowdsl.state.lease import Surroundings
from flowdsl.state.stores import StateStore

OnDrift = Literal["fail", "overwrite", "skip"]


class Ui(Protocol):
    """What the engine shows and asks."""

    def show_plan(self, plan: Plan) -> None:
        """Show what would change."""
        ...

    def confirm(self, plan: Plan) -> bool:
        """Whether to carry the plan out."""
        ...

    def choose_for_drift(self, plan: Plan) -> OnDrift:
        """What to do about edits made elsewhere, when the options leave it open."""
        ...

    def event(self, kind: str, **details: object) -> None:
        """Something happened: `lock_wait`, `lock_acquired`, `recovery` or `apply_result`."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """How to deploy. `on_drift` None leaves it to `Ui.choose_for_drift`; `lock_timeout` is in seconds.

    `recreate` are addresses of workflows that somebody deleted and that are to be created anew. `holder` names us in the
    lease.
    """

    on_drift: OnDrift | None = "fail"
    concurrency: int = 4
    lock_timeout: float = 70.0
    recreate: frozenset[str] = frozenset()
    holder: str = "flowdsl"


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Job:
    """Everything one deploy works with. The client is open; workers are made from it.

    Once `interrupted` is true no further operation begins; those under way are finished and recorded.
    """

    bundle: Bundle
    target: Target
    store: StateStore
    client: CyberdeskClient
    options: Options
    ui: Ui
    around: Surroundings
    interrupted: Callable[[], bool] = _never
