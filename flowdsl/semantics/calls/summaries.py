"""What the callers of a task have to know of its body.

Each task is summed up once, after those it calls, so that no body is walked again for every call.
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
    """A place where the value of a parameter, or a part of it, ends up.

    `ref` is the reference that stands there, `span` its place, `task` the name of the task that it
    stands in: the one summed up, or one that it calls. `place` is None where a value is only looked
    at and tells nobody what to do: in an expectation, or in the statement of a check.
    """

    parameter: Origin
    place: Place | None
    ref: ast.Ref
    span: Span
    task: str


class Summary(Record):
    """What a call of a task can do.

    `returns`: some path goes on behind the call. `may_fail`: some path goes to the `else` of the
    `retry` around the call. `aborts`: some path ends in an `abort`, `finishes`: in a `finish`.
    `reaches` is where its parameters end up, `fields` what it does with fields on the screen.
    """

    returns: bool = True
    may_fail: bool = True
    aborts: bool = True
    finishes: bool = False
    reaches: tuple[Reach, ...] = ()
    fields: FieldUse = NOTHING_TYPED


Summaries: TypeAlias = Mapping[TaskSymbol, Summary]

UNKNOWN_TASK = Summary()
"""The summary of a task that has mistakes or calls itself: nothing is concluded from it."""


def summary_of(summaries: Summaries, task: TaskSymbol | None) -> Summary:
    """The summary of the task of a call; `UNKNOWN_TASK` where the call names none."""
    return UNKNOWN_TASK if task is None else summaries.get(task, UNKNOWN_TASK)
