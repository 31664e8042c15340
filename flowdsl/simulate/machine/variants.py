"""The unknown behaviour of the service, as axes: a payload must be correct under every value.

The axes, their values and their reasons are in `assumptions.toml`, where observations of the
service belong, too. `docs/prompt-language.md` shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from flowdsl.simulate.shapes import EMPTY
from flowdsl.source.record import Record

from . import meanings


class Variant(Record, eq=True):
    """One possible behaviour of the service.

    - `merges`: saving an object merges it into the existing one, and does not replace it.
    - `unset`: the value of a variable that was never set: `empty`, its own `spelling`, or any
      `observation` of the run.
    - `clipboard`: what an empty clipboard leaves: an empty text, or `__EMPTY__`.
    - `text_is_entry`: a loop over a text that is no list has one entry, and is not skipped.
    - `failure_leaves`: a failure in a later pass of a loop leaves the loop, and does not end the
      run.
    - `by_hand`: the main agent works through the later passes of a loop as it does the first.
    """

    merges: bool = False
    unset: str = "empty"
    clipboard: str = EMPTY
    text_is_entry: bool = False
    failure_leaves: bool = False
    by_hand: bool = False

    def __str__(self) -> str:
        """Return the values that differ from the default ones: `merges, unset: spelling`."""
        usual = Variant()
        other = {
            name: getattr(self, name)
            for name in AXES
            if getattr(self, name) != getattr(usual, name)
        }
        named = (
            name if value is True else f"{name}: {value or 'empty'}"
            for name, value in other.items()
        )
        return ", ".join(named) or "usual"


class Observed:
    """A variant for one execution, which records the axes that the execution depends on.

    An execution only accesses a variant through its axes, so it is the same under every variant
    that has the same values there.
    """

    def __init__(self, variant: Variant, axes: Iterable[str] = ()) -> None:
        self.variant = variant
        self.axes = set(axes)

    def __getattr__(self, axis: str) -> Any:
        self.axes.add(axis)
        return getattr(self.variant, axis)

    def decides(self, other: Variant) -> bool:
        """Whether an execution under another variant would be the same as this one."""
        return all(getattr(self.variant, axis) == getattr(other, axis) for axis in self.axes)


AXES: dict[str, tuple[Any, ...]] = {
    name: tuple(value for value, _ in axis.values) for name, axis in meanings.AXES.items()
}
"""The values of each axis, the default first."""


def every_variant() -> Iterator[Variant]:
    """Yield every combination: 96 possible behaviours of the service."""
    for values in product(*AXES.values()):
        yield Variant(**dict(zip(AXES, values, strict=True)))


def main_variants() -> Iterator[Variant]:
    """Yield the default variant, each other value of each axis alone, and all of those at once."""
    yield Variant()
    for name, values in AXES.items():
        for value in values[1:]:
            yield Variant(**{name: value})
    yield Variant(**{name: values[-1] for name, values in AXES.items()})
