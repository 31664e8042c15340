"""Findings as workflow commands of GitHub Actions, which shows them as annotations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..diagnostic import ERROR, INFO, SEVERITIES, WARNING, Diagnostic
from .cells import make_printable
from .summary import format_count, render_summary

SHOWN = 9
"""Findings that get an annotation; a tenth says how many are missing.

GitHub shows ten annotations of a step and silently drops the rest.
"""

_COMMANDS = {ERROR: "error", WARNING: "warning", INFO: "notice"}


def render_github(
    diagnostics: Sequence[Diagnostic], file_count: int, show_path: Callable[[str], str] = str
) -> str:
    """Workflow commands, errors first, then the counting line."""
    ordered = sorted(diagnostics, key=lambda diagnostic: SEVERITIES.index(diagnostic.severity))
    lines = [_render_annotation(diagnostic, show_path) for diagnostic in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        rest = format_count(len(ordered) - SHOWN, "more finding")
        command = _COMMANDS[ordered[SHOWN].severity]
        lines.append(f"::{command} title=flowdsl::{rest}; `flowdsl check` shows all")
    return "\n".join([*lines, render_summary(diagnostics, file_count)])


def _render_annotation(diagnostic: Diagnostic, show_path: Callable[[str], str]) -> str:
    first, last = diagnostic.span.first, diagnostic.span.last
    message = [diagnostic.message]
    if diagnostic.help is not None:
        message.append(f"help: {diagnostic.help}")
    properties = {
        "file": show_path(diagnostic.span.path),
        "line": str(first.line),
        "endLine": str(last.line),
        "title": diagnostic.name,
    }
    if first.line == last.line:
        # GitHub rejects columns on a range of several lines.
        properties |= {"col": str(first.column), "endColumn": str(last.column)}
    written = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    return f"::{_COMMANDS[diagnostic.severity]} {written}::{_escape_data(message)}"


def _escape_data(lines: list[str]) -> str:
    return "%0A".join(make_printable(line).replace("%", "%25") for line in lines)


def _escape_property(text: str) -> str:
    return make_printable(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
