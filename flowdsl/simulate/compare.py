"""Compares the trace of a program with the trace of its payload."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from flowdsl.source.record import Record

from .trace import BROKEN, HANDLE, MISS, Event, Trace


class Difference(Record):
    """What the payload does otherwise than the program.

    `at` is the number of the event, from 0; None where the difference is not one of events.
    """

    what: str
    program: object
    payload: object
    at: int | None = None

    def __str__(self) -> str:
        place = "" if self.at is None else f" {self.at + 1}"
        return f"{self.what}{place}: the program {self.program}, the prompt {self.payload}"


def find_differences(program: Trace, payload: Trace) -> Iterator[Difference]:
    """How the trace of a payload differs from that of its program; nothing where it does not.

    Of the events only the first that differs is told: what follows it means nothing. A question
    that the payload does not ask is no difference: where its answer matters, another answer of
    another world shows it.
    """
    if payload.ending.status == BROKEN:
        yield Difference("ending", program.ending, payload.ending)
        return
    if program.heading != payload.heading:
        yield Difference("heading", program.heading, payload.heading)
    pairs = zip_longest(_meaningful_events(program), _meaningful_events(payload))
    for number, (first, second) in enumerate(pairs):
        if first != second:
            yield Difference("event", first or "does nothing", second or "does nothing", number)
            return
    if program.ending != payload.ending:
        yield Difference("ending", program.ending, payload.ending)
        return
    # Each side has words of its own for what is wrong.
    if (program.refused is None) != (payload.refused is None):
        yield Difference("refused outputs", program.refused, payload.refused)
    elif [each.status for each in program.checks] != [each.status for each in payload.checks]:
        yield Difference("post-run checks", program.checks, payload.checks)


def _meaningful_events(trace: Trace) -> list[Event]:
    """The events up to the last that somebody did; a situation behind it changes nothing."""
    events = list(trace.events)
    while events and events[-1].verb in (HANDLE, MISS):
        events.pop()
    return events
