"""A bound on the processor's time, for what must not take for ever.

The engine of `re` can be interrupted by it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class TookTooLong(Exception):
    """The time is over. No error of the kinds that programs handle."""


@contextmanager
def cpu_seconds(limit: float) -> Iterator[None]:
    """Raise `TookTooLong` in the block after `limit` seconds of this process on a processor.

    Waiting for one does not count.
    """

    def over(*_: object) -> None:
        raise TookTooLong(f"more than {limit} s of processor time")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
