"""Every limit on what is read from the service, in one table, and the options of a client.

A reply beyond one of them is an error like any other reply that is not understood; nothing of it is
used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one reply may cost.

    Sizes are in bytes after unpacking, and times in seconds from sending the request to the last
    byte. Of a reply that is no 2xx, `error_bytes` are read and the rest is left. `download_seconds`
    is for files, whose largest size the caller names.
    """

    reply_bytes: int = 128 * MB
    error_bytes: int = MB
    reply_seconds: float = 300.0
    download_seconds: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Where to send requests and how patiently; times are in seconds.

    `trusted_hosts` are the hosts beside the official one that the key may go to. `max_retries` is
    the number of attempts after the first; a `Retry-After` beyond `retry_after_ceiling` ends them.
    `max_in_flight` is the largest number of requests under way of a client and its workers
    together. `limits` is what one reply may cost.
    """

    base_url: str
    api_key: str = field(repr=False)
    trusted_hosts: Collection[str] = ()
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    write_timeout: float = 60.0
    pool_timeout: float = 60.0
    max_retries: int = 3
    retry_after_ceiling: float = 120.0
    max_in_flight: int = 64
    limits: Limits = field(default_factory=Limits)


@dataclass(slots=True)
class Deadline:
    """When a command wants to have ended; shared by the clients that serve the command.

    `left` gives the seconds until then, None for no limit. Reads end then, with the message
    `words`, until something is written. From then on whatever is under way is finished, and only
    the caller can stop it.
    """

    left: Callable[[], float | None]
    words: str
    has_written: bool = False

    def seconds(self) -> float | None:
        """Seconds that a read may take; None without limit."""
        return None if self.has_written else self.left()


SLOWEST_BYTES = 1024
"""Bytes a second at least of a reply whose body takes longer than the client waits for a part of it
(`ClientOptions.read_timeout`): a service that sends a byte now and then holds nobody."""

MAX_DEPTH = 100
"""Levels of nested lists and objects; some hundreds more would overflow Python's stack."""

MAX_VALUES = 200_000
BYTES_PER_VALUE = 16
VALUES_PER_OBJECT = 3
"""A reply has `MAX_VALUES` values at most, or one in `BYTES_PER_VALUE` bytes when that is more.

The beginning of an object counts as `VALUES_PER_OBJECT`. An empty object of two bytes takes 72
bytes in memory, and 900 as a model; the objects of this API have hundreds of bytes.
"""

MAX_DIGITS = 20
"""Characters of a whole number, its sign included."""

MAX_ITEMS = 10_000
"""Items of a list that a model declares, or that becomes a list of models."""

LIST_LIMIT = 1000
"""Rows that are asked for in one page (`list-limit`).

The documented maximum for runs and connections, and assumed for other lists.
"""

MAX_PAGES = 1_000
MAX_ROWS = 100_000
MAX_LISTING_BYTES = 1024 * MB
"""Bytes of all pages of a listing together."""
