"""Renders a trace as one self-contained HTML page.

Jinja renders the page with autoescaping, because text of strangers needs escaping as the rule and
not at each placeholder. A policy in the page (`Content-Security-Policy`) forbids all requests, and
all scripts and styles except its own two, which are identified by their hashes: unescaped text
would still have no effect.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from flowdsl.diagnostics.render.cells import split_into_cells
from flowdsl.source.files import spell_flow_path
from flowdsl.tracing.gathering import Pictures
from flowdsl.tracing.history import Entry, shorten_text
from flowdsl.tracing.maps import Place
from flowdsl.tracing.trace import FAILED, CheckResult, Trace

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_LISTED_LINES = 5_000
"""The number of lines of a file or prompt up to which all are shown."""

_Text = tuple[Literal["steps", "checks"], str]
"""A file by its path, in the version deployed with the prompt or with the checks."""


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A line of a listing; `anchor` is its id in the page."""

    number: int
    anchor: str
    text: str
    is_visited: bool
    is_failed: bool


@dataclass(frozen=True, slots=True)
class PageListing:
    """A text beside what happened, line by line."""

    title: str
    note: str
    rows: tuple[ListingRow, ...]


@dataclass(frozen=True, slots=True)
class _FailedCheckRow:
    """A failed post-run check; `target` is the id of its line, None if it has no place."""

    result: CheckResult
    target: str | None
    place: str
    is_by_name: bool


@dataclass(frozen=True, slots=True)
class _StepRow:
    """An entry as the page shows it; `target` is the id of a line, None if it is not placed.

    - `place`, `text`: the name of that line, and the prompt's text there.
    - `confidence`, `evidence`: how sure it is that the entry belongs there, and why.
    - `error`: the error of the entry; None without one.
    - `reason`: why the agent declared that the task failed; empty for another entry. A reason that
      states the condition is worded as one that was not met.
    - `pictures`: their data URLs.
    """

    entry: Entry
    target: str | None
    place: str
    text: str
    confidence: str
    evidence: str
    error: str | None
    reason: str
    is_failed: bool
    pictures: tuple[str, ...]


def render_page(trace: Trace, pictures: Pictures, environment: str) -> str:
    """Return the page of a trace of a run in `environment`."""
    anchors = _assign_anchors(trace)
    return render_template(
        "page.html.j2",
        trace=trace,
        run=trace.run,
        environment=environment,
        tone="bad" if trace.run.status in FAILED else "good" * (trace.run.status == "success"),
        steps=list(_make_step_rows(trace, pictures, anchors)),
        checks=list(_make_failed_check_rows(trace, anchors)),
        failed_at=_describe_failed_line(trace, anchors),
        failed_entry=_find_failed_entry(trace),
        listings=[*_make_source_listings(trace, anchors), *_make_prompt_listing(trace)],
        doubt=trace.about_other_lines(
            ", ".join(_describe_prompt_line(trace, line, anchors)[1] for line in trace.other_lines)
        ),
        errors=[trace.in_words(error) for error in trace.run.errors],
        left_out=pictures.left_out,
    )


def render_template(template: str, **values: Any) -> str:
    """Return a page of this layout, with its style, its script and its policy."""
    style, script = _read_page_asset("style.css"), _read_page_asset("script.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash_for_policy(style)}'; "
        f"script-src '{_hash_for_policy(script)}'; base-uri 'none'; form-action 'none'"
    )
    page = _page_environment().get_template(template)
    return page.render(style=style, script=script, policy=policy, **values)


def escape_invisible(text: str) -> str:
    """Return `text` with invisible and reordering characters escaped; line breaks stay."""
    return "\n".join(
        "".join(shown for shown, _ in split_into_cells(line.rstrip("\r")))
        for line in text.split("\n")
    )


def _assign_anchors(trace: Trace) -> dict[_Text, str]:
    """Return the prefix of the line ids of each text.

    If the checks are in the file of the prompt, they share one text, unless they are of different
    deploys.
    """
    anchors: dict[_Text, str] = {}
    for path in sorted(trace.sources):
        anchors["steps", path] = f"s{len(anchors)}"
    for index, (path, text) in enumerate(sorted(trace.check_sources.items())):
        other = trace.sources.get(path)
        is_same = other is not None and text.lines is not None and text.lines == other.lines
        anchors["checks", path] = anchors["steps", path] if is_same else f"c{index}"
    return anchors


def _make_failed_check_rows(trace: Trace, anchors: dict[_Text, str]) -> Iterator[_FailedCheckRow]:
    # A trace holds only the checks that failed.
    for result in trace.run.checks:
        place = trace.place_of_check(result)
        by_name = trace.checks.known_by.get(result.index) == "name"
        target = None
        if place is not None:
            target = f"{anchors['checks', place.path]}-{place.start_line}"
        yield _FailedCheckRow(
            result, target, "" if place is None else _name_of_place(place), by_name
        )


def _describe_failed_line(trace: Trace, anchors: dict[_Text, str]) -> tuple[str, str] | None:
    """Return the id and the name of the line that the run failed at; None if there is none."""
    line = None if trace.failure is None else trace.failure.line
    return None if line is None else _describe_prompt_line(trace, line, anchors)


def _describe_prompt_line(trace: Trace, line: int, anchors: dict[_Text, str]) -> tuple[str, str]:
    """Return the id and the name of a prompt line's source, or of that line."""
    place = trace.place(line)
    if place is None:
        return f"p-{line}", f"prompt:{line}"
    return f"{anchors['steps', place.path]}-{place.start_line}", _name_of_place(place)


def _name_of_place(place: Place) -> str:
    return f"{spell_flow_path(place.path)}:{place.start_line}"


def _find_failed_entry(trace: Trace) -> int | None:
    index = None if trace.failure is None else trace.failure.entry
    return None if index is None else trace.entries[index].number


def _make_step_rows(
    trace: Trace, pictures: Pictures, anchors: dict[_Text, str]
) -> Iterator[_StepRow]:
    failure = trace.failure
    for index, (entry, placed) in enumerate(zip(trace.entries, trace.placements, strict=True)):
        is_failed = failure is not None and failure.entry == index
        line = None if placed is None else placed.line
        # A declared failure with its own text is about the step that failed before it.
        if failure is not None and (is_failed or (entry.kind == "failure" and placed is None)):
            line = failure.line
        target, shown = (None, "") if line is None else _describe_prompt_line(trace, line, anchors)
        yield _StepRow(
            entry=entry,
            target=target,
            place=shown,
            text="" if placed is None else trace.units[placed.unit].lines[0].text.strip(),
            confidence="" if placed is None else placed.confidence,
            evidence="" if placed is None else ", ".join(placed.evidence),
            error=None if entry.error is None else trace.in_words(entry.error),
            reason=_find_failure_reason(trace, entry),
            is_failed=is_failed or entry.kind == "failure" or entry.error is not None,
            pictures=tuple(_make_data_urls(pictures, entry)),
        )


def _make_data_urls(pictures: Pictures, entry: Entry) -> Iterator[str]:
    for each in entry.pictures:
        if each in pictures.found:
            kind, content = pictures.found[each]
            yield f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _find_failure_reason(trace: Trace, entry: Entry) -> str:
    """Return the reason of a declared failure; empty for another entry."""
    if entry.kind != "failure" or entry.use is None:
        return ""
    return "\n".join(map(trace.in_words, entry.use.texts))


_NOTES = {
    "same": "as it was deployed",
    "moved": "as it was deployed; it has moved on in the working tree",
    "gone": "as it was deployed; it is gone from the working tree",
    "unknown": "places of the deployed file; whether it changed since is not known",
}


def _find_visited_lines(trace: Trace) -> set[int]:
    """Return the lines of the prompt that belong to the units that the run came to."""
    return {each.number for visited in trace.visited for each in trace.units[visited.index].lines}


def _make_source_listings(trace: Trace, anchors: dict[_Text, str]) -> Iterator[PageListing]:
    visited_lines = _find_visited_lines(trace)
    failed_line = None if trace.failure is None else trace.failure.line
    failed_checks = [
        place for each in trace.run.checks if (place := trace.place_of_check(each)) is not None
    ]
    for path, anchor in sorted({(path, anchor) for (_, path), anchor in anchors.items()}):
        of_steps = anchor == anchors.get(("steps", path))
        of_checks = anchor == anchors.get(("checks", path))
        source = trace.sources[path] if of_steps else trace.check_sources[path]
        failed = {each.start_line for each in failed_checks if of_checks and each.path == path}
        placed, visited = set(failed), set[int]()
        for line, place in trace.source_map.places.items() if of_steps else ():
            if place.path == path:
                placed.add(place.start_line)
                if line in visited_lines:
                    visited.add(place.start_line)
                if line == failed_line:
                    failed.add(place.start_line)
        note = "its deployed text is not to be had" if source.lines is None else _NOTES[source.now]
        if not of_steps:
            note += ", with the post-run checks of the run"
        yield _make_listing(
            spell_flow_path(path), note, anchor, source.lines or (), placed, visited, failed
        )


def _make_prompt_listing(trace: Trace) -> Iterator[PageListing]:
    if trace.version is None:
        return
    visited = _find_visited_lines(trace)
    line = None if trace.failure is None else trace.failure.line
    failed = set() if line is None else {line}
    note, lines = "with its variables, as the service has it", trace.version.text.split("\n")
    yield _make_listing("Prompt", note, "p", lines, visited | failed, visited, failed)


def _make_listing(
    title: str,
    note: str,
    anchor: str,
    lines: Sequence[str],
    placed: set[int],
    visited: set[int],
    failed: set[int],
) -> PageListing:
    """Return the listing of a text: its first lines, and the `placed` ones after them.

    The other sets are the lines to mark. Every placed line is shown, even past the end of a file
    that has changed.
    """
    if len(lines) > MAX_LISTED_LINES:
        note += (
            f"; of its {len(lines):,} lines, the first {MAX_LISTED_LINES:,} and those of the run"
        )
    shown = range(1, min(len(lines), MAX_LISTED_LINES) + 1)
    rows = (
        ListingRow(
            number,
            f"{anchor}-{number}",
            shorten_text(lines[number - 1]) if number <= len(lines) else "",
            is_visited=number in visited,
            is_failed=number in failed,
        )
        for number in sorted({*shown, *placed})
    )
    return PageListing(title, note, tuple(rows))


def _hash_for_policy(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _read_page_asset(name: str) -> str:
    loader = _page_environment().loader
    assert loader is not None
    # Style and script are not templates: they are inserted unchanged, to match the policy's hashes.
    return loader.get_source(_page_environment(), name)[0]


@cache
def _page_environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("flowdsl.tracing", "assets"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        auto_reload=False,
    )
    environment.filters["visible"] = escape_invisible
    environment.filters["seconds"] = "{:.2f} s".format
    return environment
