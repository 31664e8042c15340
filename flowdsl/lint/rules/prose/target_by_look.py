"""A control that is known by its colour, size or position alone."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import INFO, DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose, is_english, wrapped
from flowdsl.lint.texts.targets import Acting, ends_naming
from flowdsl.syntax.statements import DO

SPEC = DiagnosticSpec(
    "target-by-look",
    "wording",
    "`{target}` is known by {how} alone",
    (
        "name its label or what it does as well: colours and places change with themes, versions "
        "and window sizes"
    ),
    INFO,
)

_COLOUR = r"black|blue|brown|gr[ae]y|green|orange|pink|purple|red|white|yellow"
_SIZE = r"big|large|little|small|tiny"
_ORDER = (
    r"first|second|third|fourth|fifth|last|\d(?:st|nd|rd|th)|left|right|top|bottom|upper|lower"
    r"|leftmost|rightmost|topmost|bottommost"
)
_KIND = r"box|button|checkbox|dropdown|field|icon|link|slot|tab|textbox"
_SIDE = (
    r"(?:(?:far|very|upper|lower|top|bottom|left|right)[ -]?)*"
    r"(?:left|right|top|bottom|middle|center|centre|corner|side)(?: corner| side)?"
)
_WHERE = (
    rf"(?: (?:at|in|on) the {_SIDE}(?: of the (?:screen|page|window|dialog|form))?"
    r"| from the (?:left|right|top|bottom)\b(?! (?!and|then|to|in|on|of)\w))"
)

_BY_LOOK = (
    rf"\bthe (?:(?:{_COLOUR}|{_SIZE}|{_ORDER})[ ,]+)+(?:{_KIND})\b(?:{_WHERE})?",
    rf"\bthe (?:(?:{_COLOUR}|{_SIZE}) )+(?:arrow|one)\b(?:{_WHERE})?",
    rf"\bthe (?!right )(?:{_ORDER}) option\b",
    rf"\bthe (?:{_KIND}){_WHERE}",
)


_LOOKS = frozenset(f"{_COLOUR}|{_SIZE}|{_ORDER}".replace("gr[ae]y", "gray|grey").split("|")) | {
    "1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th",
}  # fmt: skip
_BEFORE_PLACES = (["at"], ["in"], ["on"], ["from"])


def check(context: LintContext, prose: Prose) -> None:
    """Report each control that an instruction names only by its look or its place on the screen."""
    start, end = prose.bounds
    text = prose.written[start:end]
    if not _may_be_known_by_look(text):
        return
    acting = Acting(text, 0)
    english: bool | None = None
    for pattern in _BY_LOOK:
        for found in wrapped(pattern).finditer(text):
            if "from the" not in " ".join(found[0].split()) and not ends_naming(text, found.end()):
                continue
            alone = prose.role != DO and acting.is_alone(found.start())
            if alone or acting.is_told(found.start()):
                english = is_english(text) if english is None else english
                if not english:
                    return
                how = (
                    "its colour"
                    if re.search(rf"\b(?:{_COLOUR})\b", found[0])
                    else "its place or size"
                )
                place = prose.span(start + found.start(), start + found.end())
                context.report(SPEC, place, target=" ".join(found[0].split()), how=how)


def _may_be_known_by_look(text: str) -> bool:
    """Whether `the` stands before a look, or before a control and a place; most texts end here."""
    words = [word.rstrip(",") for word in text.split()]
    for index, word in enumerate(words[:-1]):
        if word == "the" and (
            words[index + 1] in _LOOKS or words[index + 2 : index + 3] in _BEFORE_PLACES
        ):
            return True
    return False
