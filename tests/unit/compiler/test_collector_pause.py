"""What is made while the collector is paused is not walked when it goes on."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from flowdsl.compiler import collector
from flowdsl.compiler.collector import collector_paused


@pytest.fixture(autouse=True)
def enabled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(collector_paused, "_new", 0)
    was_enabled, threshold = gc.isenabled(), gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)
    gc.collect()
    gc.enable()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    if not was_enabled:
        gc.disable()


class Cycle:
    """An object that only the collector frees."""

    alive = 0

    def __init__(self) -> None:
        self.itself = self
        Cycle.alive += 1

    def __del__(self) -> None:
        Cycle.alive -= 1


def pause() -> tuple[int, int]:
    """The collections after a pause in which many objects were made, and the young objects."""
    with collector_paused():
        made = [[at] for at in range(20_000)]
        before = sum(each["collections"] for each in gc.get_stats())
    made += [[at] for at in range(300)]
    after = sum(each["collections"] for each in gc.get_stats())
    return after - before, gc.get_count()[0]


def test_new_objects_are_not_walked() -> None:
    collections, young = pause()
    assert collections == 0
    assert young < 1_000
    assert gc.isenabled()


def test_what_a_program_has_frozen_stays_frozen() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    assert pause()[0] > 0
    assert gc.get_freeze_count() > frozen - 1_000


def test_a_program_that_collects_rarely_does_so() -> None:
    gc.set_threshold(1_000_000)
    collections, young = pause()
    assert collections == 0
    assert young > 19_000


def test_cycles_are_freed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "_SWEPT", 50_000)
    alive = []
    for _ in range(3):
        Cycle()
        pause()
        alive.append(Cycle.alive)
    assert alive == [1, 2, 0]
