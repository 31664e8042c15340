"""`flowdsl trace`: a run's history, mapped to the lines of the flow that was deployed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.runs.names import find_run
from flowdsl.tracing.gathering import Beside, Pictures, gather_trace, read_pictures
from flowdsl.tracing.history import Entry
from flowdsl.tracing.maps import Place
from flowdsl.tracing.sources import SourceText
from flowdsl.tracing.trace import FAILED, Trace, UnitTrace
from flowdsl.workspace.state import usable_document

from ..runtime import exit_codes
from ..runtime.command_line.options import add_options
from ..runtime.console import Console, UsageError
from ..runtime.engine.deployment import Deployment, open_deployment
from ..runtime.rewrites import write_product
from ..views.difference import Line
from ..views.painted import BAD, GOOD, QUIET, WARNED, paint_lines
from ..views.table import clip_text, columns_of


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "run=RUN  its id, its first digits, or `last` for the newest")
    add_options(parser, "--env")
    add_options(parser, "--json")
    add_options(parser, "--html FILE  write a page that stands by itself, with the screenshots")
    add_options(parser, "--no-screenshots  leave the screenshots out of the page")
    add_options(parser, "--entries  tell of every entry of the history, one by one")
    add_options(parser, "--timeout")
    add_options(parser, "--verbose")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read, map and show the trace; only the HTML page is written."""
    if arguments.html == "":
        raise UsageError("`--html` needs the path of a file")
    deployment = open_deployment(arguments.env, console)
    environment = deployment.environment
    with_pictures = arguments.html is not None and not arguments.no_screenshots

    async def read(client: CyberdeskClient) -> tuple[Trace, Pictures]:
        run = await find_run(client, arguments.run)
        trace = await gather_trace(client, run, _read_state_and_sources(deployment))
        pictures = Pictures({}, {})
        return trace, await read_pictures(client, trace) if with_pictures else pictures

    trace, pictures = deployment.ask(arguments, console, read)
    if arguments.html is not None:
        from flowdsl.tracing.page import render_page

        page = render_page(trace, pictures, environment.name).encode("utf-8", "backslashreplace")
        write_product(arguments.html, page, durable=False)
    if arguments.json:
        from flowdsl.tracing.report import trace_to_json

        console.out(json.dumps(trace_to_json(trace, environment.name), indent=2))
    else:
        console.out(
            render_trace(
                trace,
                environment.name,
                entries=arguments.entries,
                color=console.color_out,
                show_path=deployment.target.show_path,
            )
        )
    return exit_codes.SUCCESS


def _read_state_and_sources(deployment: Deployment) -> Beside:
    """Return the local side of a trace: state and sources.

    A missing state counts as nothing deployed; raises `StateError` for an unusable one.
    """
    store, target = deployment.store, deployment.target
    document = usable_document(store, deployment.environment)
    return Beside(document, store, target.files, target.root, target.libraries)


ShowPath = Callable[[str], str]

_TEXT, _SHORT = 72, 160
"""The maximum columns of a prompt line in the list of visited lines, and of any other text."""
_FAILED_LINES = 8
"""The maximum number of lines shown of the failing statement."""
_OTHERS = 6
"""The maximum number of further places of a failure."""
_READ_LINES = 8
"""The maximum number of lines shown of text that was read or returned."""


def render_trace(
    trace: Trace, environment: str, *, entries: bool, color: bool, show_path: ShowPath
) -> str:
    """Render the run, its failure, every line it visited, and entries without a line.

    With `entries`, each entry is shown.
    """
    lines = [
        *_render_trace_head(trace, environment),
        *_render_failure(trace, show_path),
        *_render_failed_checks(trace, show_path),
        *_render_visited_units(trace, show_path),
        *_render_loops(trace, show_path),
        *_not_placed(trace),
        *(_render_entries(trace, show_path) if entries else ()),
    ]
    return paint_lines(lines, color)


def _render_trace_head(trace: Trace, environment: str) -> Iterator[Line]:
    run = trace.run
    style = BAD if run.status in FAILED else GOOD if run.status == "success" else WARNED
    of = "" if trace.address is None else f" of {make_printable(trace.address)}"
    lasted = "" if run.seconds is None else f" after {run.seconds:.2f} s"
    yield [
        (f"run {make_printable(run.id)}{of} in {make_printable(environment)}: ", ""),
        (make_printable(run.status), style),
        (lasted, ""),
    ]
    for error in run.errors:
        yield from _render_long_text(trace.in_words(error), "  ", BAD)
    for check in run.checks:
        said = f": {check.message}" if check.message else ""
        told = _shorten_text(f"{check.name}: {check.status}{said}", _SHORT)
        yield [(f"  post-run check {told}", BAD)]
    commit = trace.source_map.commit
    if commit is not None:
        dirty = " with changes that were not committed" if trace.source_map.is_dirty else ""
        yield [(f"  deployed from commit {commit[:12]}{dirty}", QUIET)]
    for note in trace.notes:
        yield [(f"  note: {make_printable(note)}", WARNED)]


def _render_failure(trace: Trace, show_path: ShowPath) -> Iterator[Line]:
    failure = trace.failure
    if failure is None or failure.check is not None:
        return
    yield []
    if failure.line is None:
        yield [("where it failed is not known: the entry that failed is not placed", BAD)]
        return
    where = "failed after" if failure.is_after else "failed at"
    loop = "" if failure.iteration is None else f", in loop entry {failure.iteration + 1}"
    place = trace.place(failure.line)
    statement = "" if place is None else f" ({make_printable(place.statement)})"
    yield [
        (f"{where} ", BAD),
        (_format_line_place(trace, failure.line, show_path), BAD),
        (f"{statement}{loop}", ""),
    ]
    if failure.is_after:
        yield [("  the entry that failed is not placed; this is the last line before it", QUIET)]
    if failure.is_check:
        yield [(f"  {trace.about_reason()}", QUIET)]
    others = [_format_line_place(trace, line, show_path) for line in trace.other_lines]
    more = f" and {len(others) - _OTHERS} more" if len(others) > _OTHERS else ""
    if doubt := trace.about_other_lines(", ".join(others[:_OTHERS]) + more):
        yield [(f"  {doubt}", QUIET)]
    yield from _source_lines(place, trace.sources)
    text = next(
        (line.text for unit in trace.units for line in unit.lines if line.number == failure.line),
        "",
    )
    yield [(f"  prompt {failure.line} | {_shorten_text(text.strip(), _SHORT)}", QUIET)]


def _render_failed_checks(trace: Trace, show_path: ShowPath) -> Iterator[Line]:
    """Render each failed post-run check at its line; one without a place is shown in the head."""
    for check in trace.run.checks:
        place = trace.place_of_check(check)
        if place is None:
            continue
        yield []
        yield [
            ("check failed at ", BAD),
            (_place_shown(place, trace.check_sources, show_path), BAD),
            (f" ({make_printable(place.statement)})", ""),
        ]
        if trace.checks.known_by.get(check.index) == "name":
            yield [("  known by its name: the run had another definition of it", QUIET)]
        yield from _source_lines(place, trace.check_sources)


def _source_lines(place: Place | None, sources: Mapping[str, SourceText]) -> Iterator[Line]:
    source = None if place is None else sources.get(place.path)
    if place is None or source is None or source.lines is None:
        return
    last = min(place.end_line, place.start_line + _FAILED_LINES - 1)
    width = len(str(last))
    for number in range(place.start_line, last + 1):
        text = source.line(number)
        if text is not None:
            yield [(f"  {number:>{width}} | {_shorten_text(text, _SHORT)}", "")]


def _render_visited_units(trace: Trace, show_path: ShowPath) -> Iterator[Line]:
    if not trace.visited:
        return
    rows = [_unit_row(trace, each, show_path) for each in trace.visited]
    head = ("where", "time", "calls", "replayed", "line of the prompt")
    widths = [
        max(columns_of(row[at]) for row in (head, *(row for row, _ in rows))) for at in range(4)
    ]
    yield []
    yield [(_align_cells(head, widths), QUIET)]
    for (row, style), visited in zip(rows, trace.visited, strict=True):
        yield [(_align_cells(row, widths), style)]
        for read in visited.reads:
            yield from _render_long_text(read, "    read: ", QUIET)
    calls = sum(entry.asks_a_model for entry in trace.entries)
    replayed = sum(entry.is_replayed for entry in trace.entries)
    yield [
        (f"{format_count(calls, 'model call')}, {format_count(replayed, 'action')} replayed", "")
    ]


def _unit_row(trace: Trace, visited: UnitTrace, show_path: ShowPath) -> tuple[tuple[str, ...], str]:
    unit = trace.units[visited.index]
    failure = trace.failure
    failed = failure is not None and failure.line in {line.number for line in unit.lines}
    time = "" if visited.seconds is None else f"{visited.seconds:.2f} s"
    number = len(visited.passes)
    passes = f"  ({number} loop entries)" if number > 1 else ""
    unsure = all(
        placed is not None and placed.confidence == "low"
        for placed in (trace.placements[index] for index in visited.entries)
    )
    first = unit.lines[0]
    text = _shorten_text(first.text.strip(), _TEXT) + passes + "  (not sure)" * unsure
    where = _format_line_place(trace, first.number, show_path)
    row = (where, time, str(visited.model_calls), str(visited.replayed), text)
    return row, BAD if failed and not (failure is not None and failure.is_after) else ""


def _align_cells(row: Sequence[str], widths: Sequence[int]) -> str:
    where, time, calls, replayed, text = row
    first = where + " " * (widths[0] - columns_of(where))
    numbers = (
        f"{each:>{width}}" for each, width in zip((time, calls, replayed), widths[1:], strict=True)
    )
    return "  ".join((first, *numbers, text))


def _render_loops(trace: Trace, show_path: ShowPath) -> Iterator[Line]:
    names = dict.fromkeys(each.loop for each in trace.loops)
    for name in names:
        own = [each for each in trace.loops if each.loop == name]
        line = next((each.line for each in own if each.line is not None), None)
        where = "" if line is None else f" at {_format_line_place(trace, line, show_path)}"
        yield []
        yield [(f"loop{where}", QUIET)]
        for each in own:
            time = "" if each.seconds is None else f"{each.seconds:.2f} s, "
            calls = format_count(each.model_calls, "model call")
            text = f"  entry {each.iteration + 1}  {time}{calls}, {each.replayed} replayed"
            yield [(text, ""), ("  failed" if each.is_failed else "", BAD)]


def _not_placed(trace: Trace) -> Iterator[Line]:
    left = [
        entry
        for entry, placed in zip(trace.entries, trace.placements, strict=True)
        if placed is None and entry.kind not in ("told", "note")
    ]
    if left:
        yield []
        yield [("not placed", WARNED)]
        for entry in left:
            yield [(f"  {entry.number}  {_describe_entry(trace, entry)}", "")]


def _render_entries(trace: Trace, show_path: ShowPath) -> Iterator[Line]:
    yield []
    for entry, placed in zip(trace.entries, trace.placements, strict=True):
        where = "-" if placed is None else _format_line_place(trace, placed.line, show_path)
        how = "" if placed is None else f"  {placed.confidence} ({', '.join(placed.evidence)})"
        marks = "  replayed" if entry.is_replayed else ""
        if entry.iteration is not None:
            marks += f"  loop entry {entry.iteration + 1}"
        time = "" if entry.seconds is None else f"  {entry.seconds:.2f} s"
        yield [(f"{entry.number}  {where}", ""), (f"{how}{marks}{time}", QUIET)]
        yield [(f"    {_describe_entry(trace, entry)}", "")]
        for result in entry.results:
            yield from _render_long_text(result, "    -> ", "")
        if entry.error is not None:
            yield from _render_long_text(trace.in_words(entry.error), "    ", BAD)


def _describe_entry(trace: Trace, entry: Entry) -> str:
    said = " ".join(entry.said.split())
    if entry.kind == "failure" and entry.use is not None and not said:
        said = "; ".join(map(trace.in_words, entry.use.texts))
    if entry.use is None:
        return _shorten_text(f"{entry.event or entry.kind}: {said}", _SHORT)
    return _shorten_text(
        f"{entry.use.tool} {entry.use.given}" if not said else f"{entry.use.tool}: {said}", _SHORT
    )


def _format_line_place(trace: Trace, line: int, show_path: ShowPath) -> str:
    place = trace.place(line)
    if place is None:
        return f"prompt:{line}"
    return _place_shown(place, trace.sources, show_path)


def _place_shown(place: Place, sources: Mapping[str, SourceText], show_path: ShowPath) -> str:
    source = sources.get(place.path)
    now = None if source is None else source.now_at.get(place.start_line)
    moved = f" (now {now})" if now is not None and now != place.start_line else ""
    return f"{make_printable(show_path(place.path))}:{place.start_line}{moved}"


def _render_long_text(text: str, head: str, style: str) -> Iterator[Line]:
    """Render a text on its own lines, indented below the first one, up to the maximum number."""
    lines = [line for line in text.splitlines() if line.strip()]
    more = ["…"] if len(lines) > _READ_LINES else []
    for line in [*lines[:_READ_LINES], *more] or [""]:
        yield [(f"{head}{_shorten_text(line, _SHORT)}", style)]
        head = " " * len(head)


def _shorten_text(text: str, width: int) -> str:
    """The text on one line, printable, and truncated to `width` columns."""
    return clip_text(text[: 4 * width].replace("\n", " "), width)
