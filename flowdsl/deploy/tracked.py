"""What a command that names an address says when state does not know it."""

from __future__ import annotations

from collections.abc import Collection

from flowdsl.deploy.outcome import Status, Stop
from flowdsl.diagnostics.suggest import closest, listed


def untracked(environment: str, address: str, known: Collection[str]) -> Stop:
    """The stop for an address that is none of those in state."""
    nearest = closest(address, known)
    there = f"`{nearest}` is tracked" if nearest is not None else f"it tracks {listed(known)}"
    if not known:
        there = "it tracks nothing"
    return Stop(
        Status.CONFLICT, f"the state of `{environment}` does not track `{address}`; {there}"
    )
