"""Reports findings in a project file at their line and column."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .positions import Path, Place


class ProjectFileReport:
    """Reports the findings of one project file.

    `failed` is true once anything was reported. Places are computed, and the scanner for them is
    imported, only then.
    """

    def __init__(self, text: str, path: str, sink: Sink) -> None:
        self._text = text
        self._path = path
        self._sink = sink
        self._source: SourceFile | None = None
        self._places: dict[Path, Place] | None = None
        self.failed = False

    def at_offset(self, spec: DiagnosticSpec, offset: int, **values: Any) -> None:
        """Report at an offset in the text."""
        self._report(spec, offset, offset, values)

    def at_key(self, spec: DiagnosticSpec, path: Path, **values: Any) -> None:
        """Report at a key; the empty path is the start of the file."""
        place = self._place(path)
        self._report(spec, place.key_start, place.key_end, values)

    def at_value(self, spec: DiagnosticSpec, path: Path, **values: Any) -> None:
        """Report at the value of a key, or at an element."""
        place = self._place(path)
        self._report(spec, place.value_start, place.value_end, values)

    def value_span(self, path: Path) -> Span:
        """Return the span of the value of a key; the start of the file if there is no such key."""
        place = self._place(path)
        return Span(self._source_for_display(), place.value_start, place.value_end)

    def _place(self, path: Path) -> Place:
        from .positions import Place, locate_keys

        if self._places is None:
            self._places = locate_keys(self._text)
        return self._places.get(path, Place(0, 0, 0, 0))

    def _report(self, spec: DiagnosticSpec, start: int, end: int, values: dict[str, Any]) -> None:
        """Report a range with the fields of its message, or with a `help` of its own."""
        self.failed = True
        self._sink.report(spec, Span(self._source_for_display(), start, end), **values)

    def _source_for_display(self) -> SourceFile:
        from .redaction import redact_credentials

        if self._source is None:
            self._source = SourceFile(self._path, redact_credentials(self._text))
        return self._source
