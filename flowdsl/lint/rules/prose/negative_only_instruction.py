"""A `do` that says only what not to do."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import INFO, DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose, is_english

SPEC = DiagnosticSpec(
    "negative-only-instruction",
    "wording",
    "this step only says what not to do",
    "say what to do instead, or move it to `always` when it holds for the whole workflow",
    INFO,
)

_NEGATIVE = re.compile(
    r"\s*(?:please )?(?:do not|don't|don’t|never|avoid|under no circumstances)\b"
    r"(?! (?:forget|mind|wait|worry)\b)[^;:]*",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"\b(?:instead|but|only|until|unless|just|rather|leave|first|by \w+ing)\b", re.IGNORECASE
)
_BETWEEN = re.compile(r"[.!?](?:\s+|$)")


def check(context: LintContext, prose: Prose) -> None:
    """Report a `do` whose every sentence forbids something."""
    start, end = prose.bounds
    text = prose.written[start:end]
    sentences = [each for each in _BETWEEN.split(text) if each.strip()]
    if not sentences:
        return
    if all(map(_NEGATIVE.fullmatch, sentences)) and not _POSITIVE.search(text) and is_english(text):
        stripped = text.strip()
        at = start + text.index(stripped)
        context.report(SPEC, prose.span(at, at + len(stripped)))
