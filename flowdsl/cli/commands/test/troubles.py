"""Why tests did not run, as the reports tell it."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.testing.outcome import Place

SOURCE = "source"
"""Flows with an error: their tests do not run."""
COMMAND = "command"
"""The command refuses what it is asked for, or there is nothing to run."""
INTERRUPTED = "interrupted"
"""A signal ends the command; the tests that are missing did not run."""
INTERNAL = "internal"
"""A bug of FlowDSL, which standard error tells."""


class Trouble(Record):
    """Why tests did not run: its kind, the name of the diagnostic if it is one, and its place."""

    kind: str
    message: str
    name: str = ""
    place: Place | None = None
