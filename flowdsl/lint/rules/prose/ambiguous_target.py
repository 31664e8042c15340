"""A control that is named by nothing but its kind."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import INFO, DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose, is_english
from flowdsl.lint.texts.targets import CONTROLS, Acting, ends_naming
from flowdsl.syntax.statements import DO

SPEC = DiagnosticSpec(
    "ambiguous-target",
    "wording",
    "`{target}` names no {kind} in particular",
    "say which one: its label in single quotes, or what it stands next to",
    INFO,
)

_TWO_WORDS = {
    "text box": "box",
    "check box": "box",
    "drop-down": "dropdown",
    "input field": "field",
}


def check(context: LintContext, prose: Prose) -> None:
    """Report each control of an instruction that has neither a label nor a place."""
    start, end = prose.bounds
    text = prose.written[:end]
    acting = Acting(text, start)
    english: bool | None = None
    at = text.find("the ", start)
    while at >= 0:
        control = _control(text, at + 4)
        if control and ends_naming(text, at + 4 + len(control)):
            alone = prose.role != DO and acting.is_alone(at)
            before = text[max(start, at - len("press ")) : at].lower()
            pressed = control != "key" or before.endswith(("press ", "hit "))
            if pressed and (alone or acting.is_told(at)):
                english = is_english(text) if english is None else english
                if not english:
                    return
                target = f"the {control}"
                kind = control.split()[-1].rstrip("s")
                place = prose.span(at, at + len(target))
                context.report(SPEC, place, target=target, kind=kind)
        at = text.find("the ", at + 4)


def _control(text: str, at: int) -> str:
    """The word for a control that begins at `at`; empty when there is none."""
    for words in _TWO_WORDS:
        if text.startswith(words, at) and not text[at + len(words) : at + len(words) + 1].isalnum():
            return words
    end = at
    while text[end : end + 1].isalpha():
        end += 1
    return text[at:end] if text[at:end] in CONTROLS else ""
