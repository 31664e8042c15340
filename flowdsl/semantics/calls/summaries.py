"""What the callers of a task have to know of its body.

Tasks are summed up one by one, each after those it calls, so that no body is looked at again for every call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from ..model import TaskSymbol
from ..places import Place
from ..provenance.origins import Origin
from ..provenance.typed_fields import NOTHING_TYPED, FieldUse


class Reach(Record):
    """A place that a parameter, or a part of it, gets to in `task`, which the summed up task is or calls.

    `place` is None where a value is looked at, and tells nobody what to do: an expectation, the statement of a check.
    """

    parameter: Origin
    place: Place | None
    ref: ast.Ref
    span: Span
    task: str


class Summary(Record):
    """`aborts` says that a path may end in an `abort`. `loop` is the `for` that runs in the task or in one that it calls."""

    returns: bool = True
    may_fail: bool = True
    aborts: bool = True
    loop: Span | None = None
    reaches: tuple[Reach, ...] = ()
    fields: FieldUse = NOTHING_TYPED


Summaries: TypeAlias = Mapping[TaskSymbol, Summary]

UNKNOWN_TASK = Summary()
"""What holds of a task that has mistakes, or that calls itself: nothing is concluded from it."""


def summary_of(summaries: Summaries, task: TaskSymbol | None) -> Summary:
    """The summary of a task that a call means."""
    return UNKNOWN_TASK if task is None else summaries.get(task, UNKNOWN_TASK)
