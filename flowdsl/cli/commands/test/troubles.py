"""The reasons for tests not to run, as the reports contain them."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.testing.outcome import Place

SOURCE = "source"
"""A flow has an error, so its tests do not run."""
COMMAND = "command"
"""The command rejects its arguments, or there is nothing to run."""
INTERRUPTED = "interrupted"
"""A signal ended the command; the missing tests did not run."""
INTERNAL = "internal"
"""A bug of FlowDSL, which is reported on standard error."""


class Trouble(Record):
    """Why tests did not run: the kind, the name of the diagnostic if it is one, and the place."""

    kind: str
    message: str
    name: str = ""
    place: Place | None = None
