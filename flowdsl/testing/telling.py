"""Render a trace for people: actions and questions in order, each with its source line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from flowdsl.diagnostics.render.summary import format_count
from flowdsl.simulate import trace as traces
from flowdsl.simulate import world
from flowdsl.simulate.executions import Disagreement
from flowdsl.simulate.interpreter.values import spell_value
from flowdsl.simulate.trace import SUCCESS, Asked, Ending, Event, Trace
from flowdsl.simulate.world import Question, one_line
from flowdsl.source.record import Record
from flowdsl.source.text import Span

from .wrapping import describe_refusal

MARK = ">"
"""The prefix of the line with the first difference."""
MOST_LINES = 200
"""The most lines of a trace that are shown; a longer one keeps its ends and the marked part."""
_AT_THE_ENDS = 20
_BEFORE_THE_MARK = 60
_BEHIND_THE_MARK = 20
MOST_COLUMNS = 2_000
"""The most characters of a line that are shown; a longer one keeps its beginning and end."""

Places = Mapping[tuple[Question, int], Span]
ShowPath = Callable[[str], str]


class Line(Record):
    """A line of a trace: its source line, its text, and the index of its event."""

    place: Span | None
    text: str
    event: int | None = None


def render_trace_lines(
    trace: Trace,
    asked_at: Places,
    show_path: ShowPath,
    marked: int | None = None,
    stopped: Line | None = None,
) -> tuple[str, ...]:
    """Render a trace; the event with the index `marked` has the mark, or else the ending.

    `asked_at` has where each question was asked. A run that was `stopped` has no ending, but the
    question that stopped it.
    """
    lines = list(_order_lines(trace, asked_at))
    ending = [Line(None, text) for text in _end_lines(trace)] if stopped is None else [stopped]
    first = len(lines) if marked is None else _index(lines, marked)
    lines += ending
    some = _choose_rows(len(lines), first)
    places = {
        number: "" if place is None else _place(place, show_path)
        for number in some
        for place in (lines[number].place,)
    }
    width = max(map(len, places.values()), default=0)
    rows = {
        number: f"{MARK if number == first else ' '} {place:{width}}  {lines[number].text}"
        for number, place in places.items()
    }
    return tuple(_without_gaps(rows))


def list_lines(trace: Trace, asked_at: Places) -> list[Line]:
    """Return all lines of a trace, its ending last."""
    ending = (Line(None, text) for text in _end_lines(trace))
    return [*_order_lines(trace, asked_at), *ending]


def _choose_rows(count: int, marked: int) -> list[int]:
    """Return the rows of a trace to show; of a long one, its ends and the marked part."""
    if count <= MOST_LINES:
        return [*range(count)]
    ends = (*range(_AT_THE_ENDS), *range(count - _AT_THE_ENDS, count))
    around = range(max(marked - _BEFORE_THE_MARK, 0), min(marked + _BEHIND_THE_MARK, count))
    return sorted({*ends, *around})


def _without_gaps(rows: Mapping[int, str]) -> Iterator[str]:
    """Yield rows by number, with a line in place of each gap."""
    following = 0
    for number, row in rows.items():
        if number > following:
            yield f"  … {format_count(number - following, 'line')} left out"
        yield shorten_line(row.rstrip())
        following = number + 1


def shorten_line(text: str) -> str:
    """Shorten a line that is too long, by leaving out its middle."""
    if len(text) <= MOST_COLUMNS:
        return text
    half = MOST_COLUMNS // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters left out … {text[-half:]}"


def _index(lines: list[Line], event: int) -> int:
    return next(number for number, line in enumerate(lines) if line.event == event)


def _place(span: Span, show_path: ShowPath) -> str:
    return f"{show_path(span.path)}:{span.first.line}"


def _order_lines(trace: Trace, asked_at: Places) -> Iterator[Line]:
    """Yield events and questions in order: a question precedes the actions at its position."""
    asked = deque((*trace.asked, *trace.judged))
    position = 0

    def questions() -> Iterator[Line]:
        nonlocal position
        while asked and asked[0].position == position:
            found = asked.popleft()
            place = asked_at.get((found.question, found.position))
            yield Line(place, render_asked_question(found))
            position += found.question.kind == world.WAIT

    for number, (event, place) in enumerate(zip(trace.events, trace.places, strict=True)):
        yield from questions()
        yield Line(place if isinstance(place, Span) else None, event_line(event), number)
        position += event.verb not in (traces.SHOW, traces.HANDLE, traces.MISS)
    yield from questions()


def event_line(event: Event) -> str:
    """Render an action in one line."""
    first, *rest = (*event.texts, "")
    match event.verb:
        case traces.TYPE:
            return f"type {_quote_text(first)} into {_quote_text(rest[0])}"
        case traces.TYPE_AS:
            return (
                f"type {_quote_text(first)} as {_quote_text(rest[0])} into {_quote_text(rest[1])}"
            )
        case traces.PRESS:
            times = "" if rest[0] == "1" else f" {rest[0]} times"
            return f"press {_quote_text(first)}{times}"
        case traces.PAUSE:
            return f"wait {int(first) / 1000:g}s"
        case traces.AWAIT:
            return f"wait until a condition holds, {int(first) / 1000:g}s at most"
        case traces.COPIED:
            return f"copy from {_quote_text(first)}"
        case traces.COMMAND:
            return f"run {_quote_text(first)}"
        case verb:
            return f"{verb} {_quote_text(first)}"


def render_asked_question(asked: Asked) -> str:
    """Render a question with its answer in one line."""
    return f"? {asked.question}: {_answer(asked.answer)}"


def _answer(answer: Any) -> str:
    if answer is None:
        return "nothing"
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return _quote_text(answer) if isinstance(answer, str) else spell_value(answer)


def ending_lines(ending: Ending) -> Iterator[str]:
    """Render how a run ended: its status, its reason, and its outputs."""
    if ending.status == SUCCESS:
        yield "ends" if ending.reason is None else f"finishes {_quote_text(ending.reason)}"
    else:
        word = "aborts" if ending.status == traces.FAILED else "cannot be carried out"
        yield f"{word} {_quote_text(ending.reason or '')}"
    for name, value in ending.outputs.items():
        if value is not None:
            yield f"output {name} = {_answer(value)}"


def _end_lines(trace: Trace) -> Iterator[str]:
    """Render how a run ended, with the service's verdict."""
    yield from ending_lines(trace.ending)
    if trace.refused is not None:
        yield f"the service refuses the outputs: {describe_refusal(trace.refused)}"
    for verdict in trace.checks:
        if verdict.status != SUCCESS:
            yield f"a check fails: {verdict.message}".removesuffix(": ")


def _quote_text(text: str) -> str:
    return f'"{one_line(text)}"'


# Two traces

_WIDTH = 46
"""The width of the left trace in columns."""


def render_both_traces(found: Disagreement) -> tuple[str, ...]:
    """Render the traces of a program and its prompt side by side, the first difference marked."""
    rows = [f"  {'the program':{_WIDTH}}  the prompt ({found.variant})"]
    marked: int | None = None
    for left, right in zip_longest(
        _trace_as_text(found.program), _trace_as_text(found.payload), fillvalue=""
    ):
        differs = left != right and marked is None
        if differs:
            marked = len(rows)
        mark = MARK if differs else " "
        if len(left) <= _WIDTH:
            rows.append(f"{mark} {left:{_WIDTH}}  {right}")
        else:
            rows += [f"{mark} {left}", f"{mark} {'':{_WIDTH}}  {right}"]
    some = _choose_rows(len(rows), 0 if marked is None else marked)
    return tuple(_without_gaps({number: rows[number] for number in some}))


def _trace_as_text(trace: Trace) -> Iterator[str]:
    yield from (_quote_text(part) for part in trace.heading if part)
    yield from map(event_line, trace.events)
    ending = trace.ending.__replace__(outputs=_sort_fields(trace.ending.outputs))
    yield from _end_lines(trace.__replace__(ending=ending))


def _sort_fields(value: Any) -> Any:
    """Return a JSON value with its fields sorted, since the two sides may order differently."""
    match value:
        case dict():
            return {name: _sort_fields(value[name]) for name in sorted(value)}
        case list():
            return [_sort_fields(each) for each in value]
        case _:
            return value
