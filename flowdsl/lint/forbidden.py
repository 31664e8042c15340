"""A team's own words: `[[lint.forbid]]` of the project file."""

from __future__ import annotations

import re

from flowdsl.config.project import Forbidden
from flowdsl.diagnostics.diagnostic import DiagnosticSpec

from .context import LintContext
from .errors import FORBIDDEN_WORDS
from .prose import Prose


class ForbiddenWords:
    """The entries of a project, compiled. Entries that are no regular expressions are left out: they are reported already."""

    def __init__(self, entries: tuple[Forbidden, ...]) -> None:
        self._entries: list[tuple[re.Pattern[str], Forbidden, DiagnosticSpec]] = []
        for entry in entries:
            pattern = entry.pattern if entry.pattern is not None else _words(entry.text or "")
            try:
                compiled = re.compile(pattern, 0 if entry.pattern is not None else re.IGNORECASE)
            except (re.error, RecursionError, OverflowError):
                continue
            self._entries.append((compiled, entry, _spec(entry)))

    def check(self, context: LintContext, prose: Prose) -> None:
        """Report the forbidden words of a text."""
        written = prose.written
        for pattern, entry, spec in self._entries:
            for found in pattern.finditer(written):
                if found.start() == found.end():
                    continue
                context.report(
                    spec,
                    prose.span(found.start(), found.end()),
                    words=" ".join(found[0].split()),
                    reason=entry.message,
                    help=None if entry.instead is None else f"write {entry.instead}",
                )


def _words(text: str) -> str:
    """The words of `text` with any blanks between them, and no letter right before or behind."""
    parts = r"\s+".join(re.escape(word) for word in text.split())
    return rf"(?<!\w){parts}(?!\w)"


def _spec(entry: Forbidden) -> DiagnosticSpec:
    if entry.severity is None:
        return FORBIDDEN_WORDS
    return DiagnosticSpec(
        FORBIDDEN_WORDS.name,
        FORBIDDEN_WORDS.category,
        FORBIDDEN_WORDS.message,
        None,
        entry.severity,
    )
