"""The garbage collector, out of the way."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Let the cyclic garbage collector of this process run once in a million objects.

    A request leaves about a hundred of them behind. Looking for them after every few is a tenth of a deploy of a thousand
    workflows; so it happens after about 10,000 requests, or 120 MB.
    """
    gc.set_threshold(1_000_000)


class collector_paused:  # noqa: N801 - a context manager, used like a function
    """Pauses the cyclic garbage collector.

    Trees of a hundred thousand nodes only grow while they are built and hold no garbage, but the collector walks all of
    them again and again: it doubles the time, and more than that as sources grow.
    """

    def __enter__(self) -> None:
        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._enabled:
            gc.enable()
