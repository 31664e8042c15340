"""Findings as JSON, the machine format of `flowdsl check`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from flowdsl.source.text import Position, Span

from ..diagnostic import Diagnostic
from ..fingerprint import compute_fingerprints

FORMAT_VERSION = 1


def render_json(
    diagnostics: Sequence[Diagnostic],
    show_path: Callable[[str], str] = str,
    prints: Sequence[str] | None = None,
) -> str:
    """The findings as one JSON object.

    Lines and columns count from 1, columns in code points, and ends are exclusive. `prints` are the
    fingerprints of the findings; without them, `diagnostics` must be all findings of a check.
    """
    items = [
        _item(diagnostic, fingerprint, show_path)
        for diagnostic, fingerprint in zip(
            diagnostics, prints or compute_fingerprints(diagnostics), strict=True
        )
    ]
    return json.dumps({"format_version": FORMAT_VERSION, "diagnostics": items}, indent=2)


def _item(
    diagnostic: Diagnostic, fingerprint: str, show_path: Callable[[str], str]
) -> dict[str, Any]:
    labels = [
        {"path": show_path(label.span.path), "span": _span(label.span), "message": label.text}
        for label in diagnostic.labels
    ]
    if diagnostic.label:
        primary = {"path": show_path(diagnostic.span.path), "span": _span(diagnostic.span)}
        labels.insert(0, {**primary, "message": diagnostic.label})
    notes = list(diagnostic.notes)
    if diagnostic.help is not None:
        notes.append(f"help: {diagnostic.help}")
    return {
        "name": diagnostic.name,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "path": show_path(diagnostic.span.path),
        "span": _span(diagnostic.span),
        "labels": labels,
        "notes": notes,
        "fixes": [
            {
                "title": fix.title,
                "applicability": fix.applicability,
                "edits": [
                    {
                        "path": show_path(edit.span.path),
                        "span": _span(edit.span),
                        "replacement": edit.replacement,
                    }
                    for edit in fix.edits
                ],
            }
            for fix in diagnostic.fixes
        ],
        "fingerprint": fingerprint,
    }


def _span(span: Span) -> dict[str, Any]:
    return {"start": _position(span.first), "end": _position(span.last)}


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}
