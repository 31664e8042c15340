"""Fingerprints, by which a finding is recognised from one check to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from .diagnostic import Diagnostic

_LINE = 4_000
"""Characters of a line that count: a thousand findings on a line hash it a thousand times."""


def compute_fingerprints(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """A hash for each finding that stays the same when lines above it come and go.

    It covers the name, the file, the message, and the text of the line, ignoring blanks.
    Equal findings are told apart by their order, so `diagnostics` must be all findings of a check,
    before any are left out.
    """
    lines: dict[tuple[str, int], str] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    result = []
    for diagnostic in diagnostics:
        span = diagnostic.span
        place = (span.path, span.first.line)
        line = lines.get(place)
        if line is None:
            line = " ".join(span.source.line(place[1])[:_LINE].split())
            lines[place] = line
        key = (diagnostic.name, span.path, diagnostic.message, line)
        digest = sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "backslashreplace"))
        result.append(digest.hexdigest()[:32])
        seen[key] += 1
    return result
