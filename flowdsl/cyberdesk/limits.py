"""All limits on what is read from the service, and the options of a client.

A reply beyond a limit is an error, like any other unreadable reply; no part of it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one reply.

    Sizes are in bytes after decompression, and times in seconds from sending the request to the
    last byte. Of a reply that is not 2xx, only `error_bytes` are read. `download_seconds` is for
    files, whose size limit the caller sets.
    """

    reply_bytes: int = 128 * MB
    error_bytes: int = MB
    reply_seconds: float = 300.0
    download_seconds: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Where to send requests, with timeouts and retries; times are in seconds.

    `trusted_hosts` are the hosts besides the official one that the key may be sent to.
    `read_timeout` is the longest pause in a reply.
    `max_retries` is the number of attempts after the first; a `Retry-After` above
    `retry_after_ceiling` ends them. `max_in_flight` is the largest number of concurrent requests of
    a client and its workers together. `limits` are the limits of one reply.
    """

    base_url: str
    api_key: str = field(repr=False)
    trusted_hosts: Collection[str] = ()
    read_timeout: float = 60.0
    max_retries: int = 3
    retry_after_ceiling: float = 120.0
    max_in_flight: int = 64
    limits: Limits = field(default_factory=Limits)


@dataclass(slots=True)
class Deadline:
    """The deadline of a command; shared by the clients that serve the command.

    `left` returns the seconds that remain, None for no limit. Reads fail after the deadline, with
    the message `words`, unless a write has been sent. From the first write on, requests are
    completed, and only the caller can stop them.
    """

    left: Callable[[], float | None]
    words: str
    has_written: bool = False

    def seconds(self) -> float | None:
        """Return the seconds that a read may take; None without limit."""
        return None if self.has_written else self.left()


SLOWEST_BYTES = 1024
"""The minimum rate, in bytes per second, of a reply that takes longer than `read_timeout`.

It stops a service that sends single bytes from blocking the client (`ClientOptions.read_timeout`).
"""

MAX_DEPTH = 100
"""Levels of nested lists and objects; a few hundred more would overflow Python's stack."""

MAX_VALUES = 200_000
BYTES_PER_VALUE = 16
VALUES_PER_OBJECT = 3
"""The limit on the values of a reply, and how many values an object counts as.

A reply has at most `MAX_VALUES` values, or one per `BYTES_PER_VALUE` bytes if that is more. An
object counts as `VALUES_PER_OBJECT`: an empty object of two bytes takes 72 bytes in memory, and 900
as a model; the objects of this API have hundreds of bytes.
"""

MAX_DIGITS = 20
"""Characters of an integer, including its sign."""

MAX_ITEMS = 10_000
"""Items of a list in a model, or of a list of models."""

LIST_LIMIT = 1000
"""Rows that are requested in one page (`list-limit`).

The documented maximum for runs and connections, and assumed for other lists.
"""

MAX_PAGES = 1_000
MAX_ROWS = 100_000
MAX_LISTING_BYTES = 1024 * MB
"""Bytes of all pages of a listing together."""
