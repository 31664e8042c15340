"""Bounds on the processor's time: for what must not take for ever, or grow with the square.

The engine of `re` can be interrupted by them.
"""

from __future__ import annotations

import gc
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

GIVEN_UP = 60
"""Seconds on a processor after which work is taken for endless; it takes less than one."""

TIMES = 8
LIMIT = 24
"""What `TIMES` the text may take. What grows with its square takes 64 times as long, so a machine
that is busy with other things lies between the two and not near one of them."""


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


def assert_linear(work: Callable[[int], Callable[[], object]], size: int) -> None:
    """`work(n)` prepares work on n characters; on `size` of them it grows with their number.

    The shortest of the measurements so far are compared; a busy machine gets eight chances.
    """
    small, large = work(size // TIMES), work(size)
    of_small = of_large = math.inf
    # What all tests of this process hold need not be looked through before each measurement. It
    # stays frozen: to thaw it would slow down every test behind this one.
    gc.collect()
    gc.freeze()
    with cpu_seconds(GIVEN_UP):
        for _ in range(8):
            of_small, of_large = min(of_small, _seconds(small)), min(of_large, _seconds(large))
            if of_large < LIMIT * of_small:
                return
    pytest.fail(f"{TIMES} times the text take {of_large / of_small:.0f} times as long")


_LEAST = max(0.02, 8 * time.get_clock_info("process_time").resolution)


def _seconds(job: Callable[[], object]) -> float:
    """Of one run of `job`, repeated until the clock of a process can tell."""
    gc.collect()
    gc.disable()
    try:
        start, runs, passed = time.process_time(), 0, 0.0
        while passed < _LEAST:
            job()
            runs += 1
            passed = time.process_time() - start
        return passed / runs
    finally:
        gc.enable()
