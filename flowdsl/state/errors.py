"""Why state cannot be used. Each message says what was found and what to do."""

from __future__ import annotations


class StateError(Exception):
    """State that cannot be used as it is; nothing was written."""


class CorruptState(StateError):
    """Not a state document: truncated, not JSON, or of another shape."""


class NewerState(StateError):
    """A document that a newer FlowDSL wrote."""


class ForeignState(StateError):
    """A document of another project or environment."""


class UnsupportedStore(StateError):
    """An address of a kind of store that this version cannot use."""


class StoreUnusable(StateError):
    """The store cannot be read or written, or does not lock."""


class StateMoved(StateError):
    """The document changed between reading and writing: another writer got in between."""


class StoreBusy(StateError):
    """Another process holds the store's lock."""


class Locked(StateError):
    """Another deploy holds the lease; `holder` says who."""

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder
