"""Summaries of tasks: what their callers have to know about the body.

Each task is summarised once, after those it calls, so that no body is walked again for every call.
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

    `ref` is the reference to the parameter, `span` its position, and `task` the name of the task
    that contains it: the one that is summarised, or one that it calls. `place` is None where the
    value is only compared and instructs nobody: in an expectation, or in the statement of a check.
    """

    parameter: Origin
    place: Place | None
    ref: ast.Ref
    span: Span
    task: str


class CallSummary(Record):
    """The possible effects of a call of a task.

    `returns`: some path continues after the call. `may_fail`: some path leads to the `else` of the
    `retry` around the call. `aborts`: some path ends in an `abort`, `finishes`: in a `finish`.
    `reaches` lists where its parameters end up, `fields` what it does with fields on the screen.
    """

    returns: bool = True
    may_fail: bool = True
    aborts: bool = True
    finishes: bool = False
    reaches: tuple[Reach, ...] = ()
    fields: FieldUse = NOTHING_TYPED


Summaries: TypeAlias = Mapping[TaskSymbol, CallSummary]

UNKNOWN_TASK = CallSummary()
"""The summary of a task that has errors or is recursive: nothing is concluded from it."""


def summary_of(summaries: Summaries, task: TaskSymbol | None) -> CallSummary:
    """Return the summary of the called task; `UNKNOWN_TASK` if the call could not be resolved."""
    return UNKNOWN_TASK if task is None else summaries.get(task, UNKNOWN_TASK)
