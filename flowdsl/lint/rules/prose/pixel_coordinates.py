"""A place on the screen that is given in pixels."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import INFO, DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import RULE, Prose, is_english
from flowdsl.syntax.statements import DO, SOURCE, TARGET

SPEC = DiagnosticSpec(
    "pixel-coordinates",
    "wording",
    "`{place}` is a place in pixels",
    (
        "name what is there: its label, or what it stands next to; pixels hold for one "
        "resolution and one window"
    ),
    INFO,
)

_N = r"\d{1,4}"
_PLACES = (
    rf"\(\s*{_N}\s*,\s*{_N}\s*\)",
    rf"\bx\s*[=:]?\s*{_N}\s*(?:,|;|and)?\s*y\s*[=:]?\s*{_N}\b",
    rf"\bcoordinates?:?\s+\(?{_N}\s*[,x]\s*{_N}\)?",
    rf"(?<=\bat ){_N}\s*,\s*{_N}\b",
    rf"(?<=\bclick ){_N}(?:\s*,\s*|\s+){_N}\b",
    rf"(?<=\bclick on ){_N}(?:\s*,\s*|\s+){_N}\b",
    rf"\b{_N} ?(?:px|pixels?)"
    r" (?:(?:to the )?(?:left|right)(?: of| from)?|from|above|below|under|over)\b",
)
_NUMBERS = re.compile(r"\d[^\d\n]{1,8}\d|\d ?p")
_POINTING = r"\b(?:click|drag|hover|mouse|move|pointer|cursor|tap|point|press|coordinates?)\b"


def check(context: LintContext, prose: Prose) -> None:
    """Report the first place of an instruction that is given in pixels."""
    if prose.role not in (DO, RULE, SOURCE, TARGET):
        return
    start, end = prose.bounds
    text = prose.written[start:end]
    if _NUMBERS.search(text) is None:
        return
    for pattern in _PLACES:
        found = re.search(pattern, text, re.IGNORECASE)
        if found is not None and re.search(_POINTING, text, re.IGNORECASE) and is_english(text):
            place = prose.span(start + found.start(), start + found.end())
            context.report(SPEC, place, place=found[0])
            return
