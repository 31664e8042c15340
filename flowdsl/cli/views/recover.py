"""What `flowdsl recover` shows: the writes that are open, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted
from flowdsl.state.document import Intent

_WORDS = {"create": "creation", "update": "change", "delete": "deletion"}


def render_pending(intents: Sequence[Intent]) -> str:
    """A line for each open write."""
    return "\n".join(
        f"? {printable(each.address)}  {_WORDS[each.action]} of "
        f"{each.created_at:%Y-%m-%d %H:%M:%S} UTC, without a reply"
        for each in intents
    )


def recovered(outcome: Outcome, environment: str) -> str:
    """How it ended, in one line."""
    if outcome.status is Status.NOTHING_TO_DO:
        return f"nothing to do: no such write is open in {environment}"
    counts = {
        label: sum(each.outcome == label and each.action == "recover" for each in outcome.results)
        for label in ("performed", "unknown", "failed", "not_attempted")
    }
    parts = [f"{counted(counts['performed'], 'write')} settled"]
    parts += [
        f"{counts[each]} {each.replace('_', ' ')}" for each in list(counts)[1:] if counts[each]
    ]
    verb = "recovered" if outcome.status is Status.DONE else "stopped in"
    return f"{verb} {environment}: {', '.join(parts)}"
