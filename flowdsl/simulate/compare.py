"""Compare the trace of a program with the trace of its payload."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from flowdsl.source.record import Record

from .trace import BROKEN, HANDLE, MISS, Event, Trace


class TraceDifference(Record):
    """A difference between the traces of a payload and its program.

    `at` is the index of the event, from 0; None if the difference is not in an event.
    """

    what: str
    program: object
    payload: object
    at: int | None = None

    def __str__(self) -> str:
        place = "" if self.at is None else f" {self.at + 1}"
        return f"{self.what}{place}: the program {self.program}, the prompt {self.payload}"


def find_differences(program: Trace, payload: Trace) -> Iterator[TraceDifference]:
    """Yield the differences of the trace of a payload from that of its program.

    Only the first differing event is reported: those after it mean nothing. A question that the
    payload does not ask is no difference: if its answer matters, another world with another answer
    shows it.
    """
    if payload.ending.status == BROKEN:
        yield TraceDifference("ending", program.ending, payload.ending)
        return
    if program.heading != payload.heading:
        yield TraceDifference("heading", program.heading, payload.heading)
    pairs = zip_longest(_meaningful_events(program), _meaningful_events(payload))
    for number, (first, second) in enumerate(pairs):
        if first != second:
            yield TraceDifference(
                "event", first or "does nothing", second or "does nothing", number
            )
            return
    if program.ending != payload.ending:
        yield TraceDifference("ending", program.ending, payload.ending)
        return
    # Each side has its own error messages.
    if (program.refused is None) != (payload.refused is None):
        yield TraceDifference("refused outputs", program.refused, payload.refused)
    elif [each.status for each in program.checks] != [each.status for each in payload.checks]:
        yield TraceDifference("post-run checks", program.checks, payload.checks)


def _meaningful_events(trace: Trace) -> list[Event]:
    """Return the events up to the last action; a situation after that changes nothing."""
    events = list(trace.events)
    while events and events[-1].verb in (HANDLE, MISS):
        events.pop()
    return events
