"""Drops findings that a syntax error may have caused.

The rest of a declaration is still checked after a syntax error, but one mistake should not be
reported as many. A finding is dropped if the unreadable part may be its cause:

- it is on a line with a syntax error, or on one that is left out of the tree (`ast.Hole`);
- it is about a name that a line left out mentions: that line may declare, set or check it;
- it says that something is missing (`OF_ABSENCE`), and the file, or one that imports connect with
  it, has a syntax error.

An example: the second of these lines cannot be read. The undeclared `row` is reported, the
undeclared `total` is not.

    steps {
      extract total number of from "the cell Total"
      do "Type {total} into the row {{row}}."
    }
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.errors import FORMER_SPELLING
from flowdsl.syntax.parser.lexer import KEYWORDS

from .names.files import group_connected_paths, imports_in

OF_ABSENCE = frozenset(
    (
        "ambiguous-answer",
        "background-extract",
        "cleanup-without-chain",
        "day-needs-terminal",
        "empty-chain",
        "empty-pause",
        "empty-record",
        "entry-added-twice",
        "enum-not-handled",
        "for-cannot-fail",
        "impossible-reason",
        "malformed-rows",
        "match-incomplete",
        "misplaced-pause",
        "missing-bound",
        "missing-emit",
        "missing-steps",
        "repeat-never-ends",
        "retry-cannot-fail",
        "unknown-act",
        "unknown-item",
        "unknown-read",
        "unknown-run",
        "unreachable-statement",
        "unset-runtime-variable",
        "unused-answer",
    )
)
"""The diagnostics that say that something is missing or ambiguous, except those of lint rules,
which have `may_lack_statements`."""
_NAMELESS = re.compile(
    r"(?m)(?:^|\))[ \t]*(as|copy|extract|for|keep)\b(?![ \t(]*(?!(?:from|in)\b)[A-Za-z_])"
)
"""A keyword that needs a name and has none after it: any name may be intended."""
_SHORT = 2
"""The length of names that are part of too many words to be significant."""
_OF_WORDS = frozenset(("wording", "style"))
"""Categories of findings about wording, which quote prose and not names."""


def drop_uncertain(modules: Iterable[ast.Module], sink: Sink) -> frozenset[str]:
    """Drop the findings that may be due to an unreadable part of the program.

    Returns the paths of files in which findings may be missing: those with a syntax error, and
    those that imports connect with them.
    """
    by_path = {module.source.path: module for module in modules}
    mistakes: dict[str, list[Span]] = {}
    for found in sink.findings_in_order():
        unread = found.spec.category == "syntax" and found.spec is not FORMER_SPELLING
        if unread and found.span.path in by_path:
            mistakes.setdefault(found.span.path, []).append(found.span)
    if not mistakes:
        return frozenset()
    doubts: dict[str, _Doubts] = {}
    texts = {path: module.source.text for path, module in by_path.items()}
    for group in group_connected_paths(
        sorted(texts), lambda path: imports_in(path, texts.get(path, ""))
    ):
        broken = {by_path[path]: mistakes[path] for path in group if path in mistakes}
        if broken:
            doubts.update(dict.fromkeys(group, _Doubts(broken)))
    sink.drop(lambda found: found.span.path in doubts and doubts[found.span.path].about(found))
    return frozenset(doubts)


class _Doubts:
    """What is uncertain in a group of files that imports connect.

    `broken` maps those of the files that have syntax errors to the places of the errors.
    """

    def __init__(self, broken: Mapping[ast.Module, Sequence[Span]]) -> None:
        self._lines: dict[str, set[int]] = {}
        self._names: set[str] = set()
        self._is_nameless = False
        for module, mistakes in broken.items():
            source = module.source
            lines = self._lines[source.path] = set()
            for place in (*mistakes, *(hole.span(source) for hole in module.holes)):
                lines.update(range(place.first.line, place.last.line + 1))
            for hole in module.holes:
                written = _whole_lines(source, hole)
                self._names.update(_split_words(written))
                in_code = re.sub(r'"[^"]*"?', '""', written)
                self._is_nameless = self._is_nameless or _NAMELESS.search(in_code) is not None
        self._names -= KEYWORDS.keys()

    def about(self, found: Diagnostic) -> bool:
        """Whether a finding may be due to an unreadable part."""
        if found.spec.category == "syntax":
            return False
        if found.name in OF_ABSENCE or self._may_be_nameless(found):
            return True
        # A line left out may contain a misspelt use of the name.
        if self._names and found.name.startswith("unused-"):
            return True
        if found.span.first.line in self._lines.get(found.span.path, ()):
            return True
        if found.spec.category in _OF_WORDS:
            return False
        quoted = _split_words(" ".join(re.findall(r"`([^`]*)`", found.message)))
        return any(name in self._names or self._is_part(name) for name in quoted)

    def _is_part(self, name: str) -> bool:
        """Whether a word begins or ends with a name, as when the space between two is missing."""
        return len(name) > _SHORT and any(
            word.startswith(name) or word.endswith(name) for word in self._names
        )

    def _may_be_nameless(self, found: Diagnostic) -> bool:
        """Whether a finding is about a name that a keyword without its name may declare."""
        if not self._is_nameless or found.name not in ("keep-undeclared", "undeclared-name"):
            return False
        return "$" not in found.span.text  # no statement declares a secret


def _whole_lines(source: SourceFile, hole: ast.Hole) -> str:
    """Return the text of the lines that a hole covers."""
    start = source.text.rfind("\n", 0, hole.start) + 1
    end = source.text.find("\n", hole.end)
    return source.text[start : end if end >= 0 else len(source.text)]


def _split_words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
