"""Converts a trace to JSON values. Pure.

The format is additive within `FORMAT_VERSION`. It contains no addresses of pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flowdsl.tracing.align import Placement
from flowdsl.tracing.history import Entry
from flowdsl.tracing.maps import Place
from flowdsl.tracing.sources import SourceText
from flowdsl.tracing.trace import CheckResult, Trace, UnitTrace

FORMAT_VERSION = 1
SOURCE_LINES = 12
"""Maximum number of source lines of a statement in the report."""


def trace_to_json(trace: Trace, environment: str) -> dict[str, Any]:
    """Return the trace of a run in `environment`."""
    run, version = trace.run, trace.version
    return {
        "format_version": FORMAT_VERSION,
        "kind": "trace",
        "environment": environment,
        "run": {
            "id": run.id,
            "status": run.status,
            "workflow_id": run.workflow_id,
            "address": trace.address,
            "started_at": _format_moment(run.started),
            "ended_at": _format_moment(run.ended),
            "seconds": run.seconds,
            "errors": list(run.errors),
            "reasons": [trace.in_words(each) for each in run.errors],
            "failed_checks": [
                {
                    "name": each.name,
                    "status": each.status,
                    "message": each.message,
                    "source": _check_source(trace, each),
                    "known_by": trace.checks.known_by.get(each.index),
                }
                for each in run.checks
            ],
            "usage": dict(run.usage),
        },
        "prompt": None
        if version is None
        else {
            "origin": version.origin,
            "certainty": version.certainty,
            "since": _format_moment(version.since),
            "sha256": hashlib.sha256(version.text.encode("utf-8", "surrogatepass")).hexdigest(),
        },
        "source_map": {
            "kind": trace.source_map.kind,
            "commit": trace.source_map.commit,
            "dirty": trace.source_map.is_dirty if trace.source_map.kind != "none" else None,
        },
        "files": [
            {
                "path": source.path,
                "now": source.now,
                "text_from": source.where,
                "sha256": trace.source_map.digests.get(source.path),
            }
            for _, source in sorted(trace.sources.items())
        ],
        "failure": _failure_to_json(trace),
        "lines": [_visit_to_json(trace, each) for each in trace.visited],
        "loops": [
            {
                "loop_id": each.loop,
                "loop_entry": each.iteration + 1,
                "line": each.line,
                "source": source_to_json(trace, trace.place(each.line)),
                "seconds": each.seconds,
                "model_calls": each.model_calls,
                "replayed": each.replayed,
                "failed": each.is_failed,
            }
            for each in trace.loops
        ],
        "entries": [
            _entry_to_json(trace, index, entry, placed)
            for index, (entry, placed) in enumerate(
                zip(trace.entries, trace.placements, strict=True)
            )
        ],
        "totals": {
            "entries": len(trace.entries),
            "not_placed": trace.count_unplaced,
            "replayed": sum(each.is_replayed for each in trace.entries),
            "model_calls": sum(each.asks_a_model for each in trace.entries),
        },
        "notes": list(trace.notes),
    }


def _failure_to_json(trace: Trace) -> dict[str, Any] | None:
    failure = trace.failure
    if failure is None:
        return None
    entry = None if failure.entry is None else trace.entries[failure.entry]
    check = failure.check
    return {
        "entry": None if entry is None else entry.number,
        "line": failure.line,
        "source": source_to_json(trace, trace.place(failure.line))
        if check is None
        else _check_source(trace, check),
        "is_after": failure.is_after,
        "is_check": failure.is_check,
        "other_lines": list(trace.other_lines),
        "loop_entry": None if failure.iteration is None else failure.iteration + 1,
        "post_run_check": None if check is None else check.name,
    }


def _check_source(trace: Trace, check: CheckResult) -> dict[str, Any] | None:
    return _place_to_json(trace.place_of_check(check), trace.check_sources)


def _visit_to_json(trace: Trace, visited: UnitTrace) -> dict[str, Any]:
    unit = trace.units[visited.index]
    first = unit.lines[0]
    return {
        "line": first.number,
        "label": unit.label or None,
        "text": first.text.strip(),
        "source": source_to_json(trace, trace.place(first.number)),
        "entries": [trace.entries[index].number for index in visited.entries],
        "seconds": visited.seconds,
        "model_calls": visited.model_calls,
        "replayed": visited.replayed,
        "fresh": visited.fresh,
        "loop_entries": [each + 1 for each in visited.passes],
        "reads": list(visited.reads),
    }


def source_to_json(trace: Trace, place: Place | None) -> dict[str, Any] | None:
    """Return a place in the deployed source, with its text if known.

    Also where its first line is in the working tree.
    """
    return _place_to_json(place, trace.sources)


def _place_to_json(place: Place | None, sources: Mapping[str, SourceText]) -> dict[str, Any] | None:
    if place is None:
        return None
    source = sources.get(place.path)
    last = min(place.end_line, place.start_line + SOURCE_LINES - 1)
    lines = [] if source is None else [source.line(n) for n in range(place.start_line, last + 1)]
    now_line = None
    if source is not None:
        is_same = source.now == "same"
        now_line = place.start_line if is_same else source.now_at.get(place.start_line)
    return {
        "statement": place.statement,
        "path": place.path,
        "start": {"line": place.start_line, "column": place.start_column},
        "end": {"line": place.end_line, "column": place.end_column},
        "text": [line for line in lines if line is not None] or None,
        "now": None if source is None else source.now,
        "now_line": now_line,
    }


def _entry_to_json(
    trace: Trace, index: int, entry: Entry, placed: Placement | None
) -> dict[str, Any]:
    use = entry.use
    return {
        "number": entry.number,
        "kind": entry.kind,
        "role": entry.role,
        "placed": None
        if placed is None
        else {
            "line": placed.line,
            "label": trace.units[placed.unit].label or None,
            "confidence": placed.confidence,
            "evidence": list(placed.evidence),
        },
        "source": None if placed is None else source_to_json(trace, trace.place(placed.line)),
        "said": entry.said,
        "tool": None if use is None else use.tool,
        "input": None if use is None else use.given,
        "results": list(entry.results),
        "error": entry.error,
        "event": entry.event,
        "replayed": entry.is_replayed,
        "trajectory_id": entry.trajectory,
        "step_index": entry.step_index,
        "model_call": entry.asks_a_model,
        "loop_id": entry.loop,
        "loop_entry": None if entry.iteration is None else entry.iteration + 1,
        "at": _format_moment(entry.ended),
        "seconds": entry.seconds,
        "messages": list(entry.messages),
        "screenshots": len(entry.pictures),
    }


def _format_moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
