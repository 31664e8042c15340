"""Findings as JSON, and back: the form in which the index and the worker processes pass them on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Edit, Fix, Label
from flowdsl.source.text import SourceFile, Span

Source = Callable[[str], SourceFile]
"""Gives the text of a file by its path."""


def to_json(found: Diagnostic) -> list[Any]:
    """A finding as nested lists, numbers and texts, in the order that `from_json` reads."""
    spec = found.spec
    return [
        [spec.name, spec.category, spec.message, spec.help, spec.severity_override, spec.arguable],
        _span_to_json(found.span),
        found.message,
        found.label,
        [[_span_to_json(label.span), label.text] for label in found.labels],
        list(found.notes),
        found.help,
        [
            [
                fix.title,
                [[_span_to_json(e.span), e.replacement] for e in fix.edits],
                fix.applicability,
            ]
            for fix in found.fixes
        ],
    ]


def from_json(stored: list[Any], source: Source) -> Diagnostic:
    """The finding that `to_json` made a list of.

    Raises `ValueError`, `TypeError`, `KeyError` or `IndexError` for a list that it did not make.
    """
    spec, span, message, label, labels, notes, help, fixes = stored
    return Diagnostic(
        DiagnosticSpec(*spec),
        _span(span, source),
        message,
        label,
        tuple(Label(_span(at, source), text) for at, text in labels),
        tuple(notes),
        help,
        tuple(
            Fix(title, tuple(Edit(_span(at, source), new) for at, new in edits), applicability)
            for title, edits, applicability in fixes
        ),
    )


def _span_to_json(span: Span) -> list[Any]:
    return [span.path, span.start, span.end]


def _span(stored: list[Any], source: Source) -> Span:
    path, start, end = stored
    text = source(path)
    if not 0 <= int(start) <= int(end) <= len(text.text):
        raise ValueError("a place outside its file")
    return Span(text, int(start), int(end))
