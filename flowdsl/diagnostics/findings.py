"""What a check finds."""

from __future__ import annotations

from flowdsl.source.record import Record

from .diagnostic import Diagnostic


class Findings(Record):
    """The findings in order, and the paths of the files that were looked at, sorted: those that could not be read included."""

    diagnostics: tuple[Diagnostic, ...]
    paths: tuple[str, ...]
