"""The counting line that ends a report."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostic import SEVERITIES, Diagnostic


def format_count(number: int, noun: str) -> str:
    """A number and its noun: `1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def render_summary(diagnostics: Iterable[Diagnostic], file_count: int) -> str:
    """`1 error, 2 warnings in 3 files`, or `no problems in 3 files` when there are none."""
    numbers = dict.fromkeys(SEVERITIES, 0)
    for diagnostic in diagnostics:
        numbers[diagnostic.severity] += 1
    parts = [format_count(number, severity) for severity, number in numbers.items() if number]
    return f"{', '.join(parts) or 'no problems'} in {format_count(file_count, 'file')}"
