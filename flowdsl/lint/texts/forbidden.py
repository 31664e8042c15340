"""The words that a team forbids: `[[lint.forbid]]` of the project file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from flowdsl.config.project import Forbidden
from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.source.patterns import find_match_places, run_problem

from ..context import LintContext
from ..errors import FORBIDDEN_WORDS
from .prose import Prose

_MOST = 200
"""The most findings of one pattern in one text; the rest is reported once these are fixed."""

_Find = Callable[[str], Iterable[tuple[int, int]]]


class ForbiddenWords:
    """The entries of a project, compiled.

    An entry whose pattern is no regular expression is left out: it is reported already.
    """

    def __init__(self, entries: tuple[Forbidden, ...]) -> None:
        self._entries: list[tuple[_Find, Forbidden, DiagnosticSpec]] = []
        for entry in entries:
            if entry.pattern is None:
                find = _words(entry.text or "")
            elif run_problem(entry.pattern) is None:
                find = partial(find_match_places, entry.pattern, most=_MOST)
            else:
                continue
            spec = FORBIDDEN_WORDS.__replace__(severity_override=entry.severity)
            self._entries.append((find, entry, spec))

    def check(self, context: LintContext, prose: Prose) -> None:
        """Report the forbidden words of a text."""
        written = prose.written
        for find, entry, spec in self._entries:
            for start, end in find(written):
                context.report(
                    spec,
                    prose.span(start, end),
                    words=" ".join(written[start:end].split()),
                    reason=entry.message,
                    help=None if entry.instead is None else f"write {entry.instead}",
                )


def _words(text: str) -> _Find:
    """A finder of the words of `text`, with any blanks between them and no letter beside them."""
    parts = r"\s+".join(re.escape(word) for word in text.split())
    finditer = re.compile(rf"(?<!\w){parts}(?!\w)", re.IGNORECASE).finditer
    return lambda written: (found.span() for found in finditer(written) if found[0])
