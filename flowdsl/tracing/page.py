"""A trace as one HTML page that stands by itself.

The page is made by Jinja with escaping on: a template in which escaping is the rule, and not a
matter of each hole, is what text of strangers wants. A policy in the page
(`Content-Security-Policy`) forbids it every request, and every script and style but its own two,
which are known by their hashes: text that got through would still do nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from flowdsl.diagnostics.render.cells import cells
from flowdsl.tracing.entries import Entry
from flowdsl.tracing.gathering import Pictures
from flowdsl.tracing.history import shortened
from flowdsl.tracing.trace import Trace

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_SOURCE_LINES = 5_000
"""Lines of one file that are shown: around the places of the run where there are more."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a listing; `anchor` is its id in the page."""

    number: int
    anchor: str
    text: str
    is_visited: bool
    is_failed: bool


@dataclass(frozen=True, slots=True)
class _Listing:
    title: str
    note: str
    rows: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """An entry as the page shows it; `target` is the id of a line, None where it is not placed."""

    entry: Entry
    target: str | None
    place: str
    label: str
    text: str
    confidence: str
    evidence: str
    is_failed: bool
    pictures: tuple[str, ...]


def render_page(trace: Trace, pictures: Pictures, environment: str) -> str:
    """The page of a trace of a run in `environment`."""
    style, script = _asset("style.css"), _asset("script.js")
    anchors = {path: f"s{index}" for index, path in enumerate(sorted(trace.sources))}
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            trace=trace,
            run=trace.run,
            environment=environment,
            steps=list(_steps(trace, pictures, anchors)),
            listings=[*_sources(trace, anchors), *_prompt(trace)],
            left_out=pictures.left_out,
            style=style,
            script=script,
            policy=f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
            f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'",
        )
    )


def visible(text: str) -> str:
    """`text` with characters that nobody sees, or that reorder others, as escapes; line breaks
    stay.
    """
    return "\n".join(
        "".join(shown for shown, _ in cells(line.rstrip("\r"))) for line in text.split("\n")
    )


def _steps(trace: Trace, pictures: Pictures, anchors: dict[str, str]) -> Iterator[_Step]:
    failure = trace.failure
    for index, (entry, placed) in enumerate(zip(trace.entries, trace.placements, strict=True)):
        is_failed = failure is not None and failure.entry == index
        line = None if placed is None else placed.line
        # A declaration with words of its own is about the step that failed before it.
        if failure is not None and (is_failed or (entry.kind == "failure" and placed is None)):
            line = failure.line
        place = trace.place(line)
        target = None if line is None else f"p{line}"
        shown = "" if line is None else f"prompt:{line}"
        if place is not None:
            target = f"{anchors[place.path]}-{place.start_line}"
            shown = f"{place.path}:{place.start_line}"
        unit = None if placed is None else trace.units[placed.unit]
        yield _Step(
            entry,
            target,
            shown,
            "" if unit is None else unit.label,
            "" if unit is None else unit.lines[0].text.strip(),
            "" if placed is None else placed.confidence,
            "" if placed is None else ", ".join(placed.evidence),
            is_failed or entry.kind == "failure" or entry.error is not None,
            tuple(
                f"data:{kind};base64,{base64.b64encode(content).decode()}"
                for kind, content in (
                    pictures.found[each] for each in entry.pictures if each in pictures.found
                )
            ),
        )


def _sources(trace: Trace, anchors: dict[str, str]) -> Iterator[_Listing]:
    notes = {
        "same": "as it was deployed",
        "moved": "as it was deployed; it has moved on in the working tree",
        "gone": "as it was deployed; it is gone from the working tree",
        "unknown": "places of the deployed file; whether it changed since is not known",
    }
    lines = {each.number for visited in trace.visited for each in trace.units[visited.index].lines}
    places = [trace.place(line) for line in sorted(lines)]
    failed = trace.place(None if trace.failure is None else trace.failure.line)
    for path, source in sorted(trace.sources.items()):
        ours = [place for place in places if place is not None and place.path == path]
        visited = {place.start_line for place in ours}
        mapped = {
            place.start_line for place in trace.source_map.places.values() if place.path == path
        }
        shown = sorted(mapped)
        if source.lines is not None and len(source.lines) <= MAX_SOURCE_LINES:
            shown = list(range(1, len(source.lines) + 1))
        yield _Listing(
            path,
            notes[source.now] if source.lines is not None else "its deployed text is not to be had",
            tuple(
                _Row(
                    number,
                    f"{anchors[path]}-{number}",
                    source.line(number) or "",
                    number in visited,
                    failed is not None and (failed.path, failed.start_line) == (path, number),
                )
                # Every place has its line, also past the end of a file that is another one.
                for number in sorted({*shown, *mapped})
            ),
        )


def _prompt(trace: Trace) -> Iterator[_Listing]:
    if trace.version is None:
        return
    visited = {each.number for item in trace.visited for each in trace.units[item.index].lines}
    failed = None if trace.failure is None else trace.failure.line
    yield _Listing(
        "Prompt",
        "with its variables, as the service has it",
        tuple(
            _Row(number, f"p{number}", shortened(text), number in visited, number == failed)
            for number, text in enumerate(trace.version.text.split("\n")[:MAX_SOURCE_LINES], 1)
        ),
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    # A style and a script are no templates: put in as they are, they have the hashes of the policy.
    return loader.get_source(_environment(), name)[0]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("flowdsl.tracing", "assets"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        auto_reload=False,
    )
    environment.filters["visible"] = visible
    environment.filters["seconds"] = _seconds
    return environment
