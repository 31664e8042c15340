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


class MovedState(StateError):
    """A document that is kept elsewhere by now."""


class UnsupportedStore(StateError):
    """An address of a kind of store that this version cannot use, or one that is not well formed."""


class WrongAddress(UnsupportedStore):
    """An address that names no place for state, on whatever machine it is read."""


class UnsafeStore(StateError):
    """A store that does not keep two writers apart."""


class StoreUnusable(StateError):
    """The store cannot be read or written, or does not lock.

    Raised by a write, it may mean that nobody knows whether the document is stored; the message says so.
    """


class StateMoved(StateError):
    """The document changed between reading and writing: another writer got in between."""


class LeaseLost(StateMoved):
    """The lease is somebody else's by now, or may be: nothing may be written any more."""


class NoSuchLease(StateError):
    """The lease that was to be released is not in the document."""


class StoreBusy(StateError):
    """Another process holds the store's lock."""


class Locked(StateError):
    """Another deploy holds the lease. `holder` says who, `lease_id` names the lease, None where it is not known."""

    def __init__(self, message: str, holder: str, lease_id: str | None = None) -> None:
        super().__init__(message)
        self.holder = holder
        self.lease_id = lease_id
