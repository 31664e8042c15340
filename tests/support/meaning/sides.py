"""Shows two traces that differ, so that a person sees where."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from flowdsl.simulate.executions import Disagreement
from flowdsl.simulate.trace import Trace

WIDTH = 46
"""Columns of a trace."""


def side_by_side(found: Disagreement) -> str:
    """The trace of the program on the left, that of the prompt on the right; a mark where not."""
    rows = [f"    {'the program':{WIDTH}}  the prompt ({found.variant})"]
    for left, right in zip_longest(_lines(found.program), _lines(found.payload), fillvalue=""):
        mark = " " if left == right else "!"
        if len(left) <= WIDTH:
            rows.append(f"  {mark} {left:{WIDTH}}  {right}")
        else:
            rows.append(f"  {mark} {left}")
            rows.append(f"  {mark} {'':{WIDTH}}  {right}")
    return "\n".join((*rows, "", f"first difference: {found.difference}"))


def _lines(trace: Trace) -> Iterable[str]:
    for part in trace.heading:
        yield f"| {part!r}"
    yield from map(str, trace.events)
    ending = trace.ending
    yield f"= {ending.status} {ending.reason!r}"
    for name, value in sorted(ending.outputs.items()):
        yield f"  {name} = {value!r}"
