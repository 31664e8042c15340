"""Findings in one line each, for editors and `grep`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..diagnostic import Diagnostic
from .cells import make_printable


def render_terse(diagnostics: Iterable[Diagnostic], show_path: Callable[[str], str] = str) -> str:
    """A line `path:line:column: severity name: message` for each finding; "" without findings."""
    return "\n".join(terse_line(diagnostic, show_path) for diagnostic in diagnostics)


def terse_line(diagnostic: Diagnostic, show_path: Callable[[str], str]) -> str:
    """The line of one finding."""
    first = diagnostic.span.first
    return make_printable(
        f"{show_path(diagnostic.span.path)}:{first.line}:{first.column}: "
        f"{diagnostic.severity} {diagnostic.name}: {diagnostic.message}"
    )
