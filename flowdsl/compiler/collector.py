"""Keeps the cyclic garbage collector from walking objects that are not garbage."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Let the cyclic garbage collector of this process run once in a million new objects.

    A request leaves at most a hundred objects in cycles behind, and a reading one none. With
    Python's own thresholds, looking for them is a tenth of a deploy of a thousand workflows. With
    this one it happens after 10,000 requests at the earliest, or 120 MB.
    """
    gc.set_threshold(1_000_000)


MANY_OBJECTS = 100_000
"""New objects from which on it pays to look for garbage among them: 10 MB, or 10 ms."""

_SWEPT = 2_000_000
"""New objects after which those of a paused time are searched for garbage: 200 MB."""


def keep_what_is_there() -> None:
    """Exempt all existing objects from garbage collection, while automatic collection is off."""
    if not gc.isenabled():
        gc.freeze()


def sweep_garbage() -> None:
    """Free the garbage that one piece of work left, while automatic collection is off.

    A run of a test is a cycle of its trace, its script and its world, of 40 MB at most. JSON
    that is indented leaves a cycle of functions, with the whole value.
    """
    if not gc.isenabled() and gc.get_count()[0] > MANY_OBJECTS:
        gc.collect()


class collector_paused:  # noqa: N801 - a context manager, used like a function
    """A context in which the cyclic garbage collector does not run.

    A tree of a hundred thousand nodes only grows while it is built and holds no garbage, but the
    collector walks all of it again and again. That doubles the time of a compilation, and costs
    more than that as sources grow. Nor is it walked at the end, which is a sixth of a
    check: all that is there counts as old, until there is enough of it to look for garbage. A
    program that has frozen objects, or collects rarely, keeps to its own way.
    """

    _new = 0
    """Objects that count as old without having been walked."""

    def __enter__(self) -> None:
        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if not self._enabled:
            return
        new, threshold = gc.get_count()[0], gc.get_threshold()[0]
        if threshold < new and threshold < MANY_OBJECTS and not gc.get_freeze_count():
            collector_paused._new += new
            if collector_paused._new > _SWEPT:
                collector_paused._new = 0
                gc.collect()
            else:
                gc.freeze()
                gc.unfreeze()  # into the oldest generation, without a walk
        gc.enable()
