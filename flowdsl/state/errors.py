"""The reasons why state cannot be used; each message says what was found and what to do."""

from __future__ import annotations

from flowdsl.source.failure import FlowdslError


class StateError(FlowdslError):
    """State that cannot be used as it is; nothing was written."""


class CorruptState(StateError):
    """The text is not a state document: truncated, not JSON, or of another shape."""


class NewerState(StateError):
    """A document that a newer FlowDSL wrote."""


class ForeignState(StateError):
    """A document of another project or environment."""


class MovedState(StateError):
    """A document that was moved to another store."""


class UnsupportedStore(StateError):
    """An address for a kind of store that this version does not support, or a malformed one."""


class WrongAddress(UnsupportedStore):
    """An address that cannot be a place for state on any machine."""


class UnsafeStore(StateError):
    """A store that does not keep two writers apart."""


class StoreUnusable(StateError):
    """A store that cannot be read or written, or that does not lock.

    After a write it may be unknown whether the document is stored; the message says so.
    """


class StateMoved(StateError):
    """The document changed between read and write, because of another writer."""


class LeaseLost(StateMoved):
    """Another process has the lease, or may have it: no further writes are allowed."""


class NoSuchLease(StateError):
    """The lease to release is not in the document."""


class StoreBusy(StateError):
    """Another process holds the store's lock."""


class Locked(StateError):
    """Another deploy holds the lease.

    `holder` says who. `lease_id` names the lease, and is None when it is not known.
    """

    def __init__(self, message: str, holder: str, lease_id: str | None = None) -> None:
        super().__init__(message)
        self.holder = holder
        self.lease_id = lease_id
