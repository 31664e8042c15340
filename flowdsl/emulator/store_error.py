"""The error for an unusable data file, separate from `store`, which is slow to import."""

from __future__ import annotations

from flowdsl.source.failure import FlowdslError


class StoreError(FlowdslError):
    """The data file cannot be used; the message says why and what to do."""
