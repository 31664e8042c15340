"""Runs tests in one process, or distributes them to several."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from flowdsl.host import signals
from flowdsl.source.record import Record
from flowdsl.testing.outcome import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.testing.cases import Case
    from flowdsl.testing.suite import Suite

    Test = tuple[Suite, Case]
    """A test, and the program that it belongs to."""

T = TypeVar("T")
SHARED_FROM = 100
"""The number of tests from which several processes are faster."""
_CHUNK = 20
"""The number of tests that a process takes at a time."""


class Timed(Record):
    """A result, and its duration in seconds."""

    result: Result
    seconds: float


_Work = Callable[[int], Any]
_work: list[_Work] = []
"""Read by forked processes from inherited memory: it need not be pickled, and could not be."""


def run_tests_timed(tests: Sequence[Test], jobs: int | None) -> Iterator[Timed]:
    """Yield the results in the order of the tests, each as soon as all before it are available."""
    from flowdsl.compiler.collector import keep_what_is_there

    keep_what_is_there()
    most = jobs or (1 if len(tests) < SHARED_FROM else min(os.cpu_count() or 1, 8))
    workers = min(most, -(-len(tests) // _CHUNK))
    if workers < 2:
        yield from map(_time_test, tests)
        return
    chunks = range(0, len(tests), _CHUNK)
    for results in map_in_order(partial(_run_chunk, tests), chunks, workers):
        yield from (Timed(*each) for each in results)


def map_in_order(function: Callable[[int], T], numbers: Iterable[int], workers: int) -> Iterator[T]:
    """Yield `function(number)` for each number, in order, computed by several processes.

    The results are pickled, and the function is not. Without fork, where each process would compile
    everything again, one process computes all.
    """
    if workers < 2 or not hasattr(os, "fork"):
        yield from map(function, numbers)
        return

    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from flowdsl.incremental.work import end_processes

    _work.append(function)
    try:
        with (
            ProcessPoolExecutor(workers, get_context("fork")) as pool,
            signals.BeforeEnding(end_processes),
        ):
            yield from pool.map(_call, numbers)
    finally:
        _work.pop()


def _call(number: int) -> Any:
    return _work[-1](number)


def _run_chunk(tests: Sequence[Test], start: int) -> list[tuple[Result, float]]:
    timed = map(_time_test, tests[start : start + _CHUNK])
    return [(each.result, each.seconds) for each in timed]


def _time_test(test: Test) -> Timed:
    from flowdsl.compiler.collector import sweep_garbage
    from flowdsl.testing.run import run_test

    began = perf_counter()
    result = run_test(*test)
    sweep_garbage()
    return Timed(result, perf_counter() - began)
