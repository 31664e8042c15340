"""The family of the exceptions that FlowDSL raises on purpose."""

from __future__ import annotations


class FlowdslError(Exception):
    """A failure that FlowDSL expects: `str()` is one sentence for people, without secrets.

    Anything else that escapes from `flowdsl.api` is a bug in FlowDSL.
    """


class ChangedSources(FlowdslError):
    """The sources have errors now, which they had not when they were checked just before."""


TOO_DEEP = "calls, blocks, types or consts nest too deep in these flows to be followed"
"""The message for people about a `RecursionError`."""
