"""The result of a check."""

from __future__ import annotations

from flowdsl.source.record import Record

from .diagnostic import Diagnostic


class Findings(Record):
    """The diagnostics, and the files that were looked at.

    Both are sorted. `paths` includes files that could not be read.
    """

    diagnostics: tuple[Diagnostic, ...]
    paths: tuple[str, ...]
