"""The failure of the emulator's data file, apart from what opens it, which takes long to import."""

from __future__ import annotations

from flowdsl.source.failure import FlowdslError


class StoreError(FlowdslError):
    """The data file cannot be used; the message says why and what to do."""
