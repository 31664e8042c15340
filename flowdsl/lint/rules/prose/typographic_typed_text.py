"""Text to be typed whose quotes or dashes the new driver turns into plain ones."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import INFO, DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose
from flowdsl.lint.texts.spelled import Spelled
from flowdsl.semantics.capabilities import NEW, PLAINED
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "typographic-typed-text",
    "suspicious",
    f"{NEW} types a plain `{{plain}}` for `{{found}}`",
    "write the plain one where it will do, or paste the text where it has to arrive as it is",
    severity_override=INFO,
)

_TYPED = (
    r"(?i)\b(?:type|enter|write|key in)\s+"
    r"(?:(?:the|this|exactly|text|value|words?|date|number|code)\s+)*"
    r"(?:\"([^\"\n]*)\"|'([^'\n]*)'(?!\w))"
)
"""Prose that has the agent type a quoted text."""


def check(context: LintContext, found: ast.TypeStmt | Prose) -> None:
    """Report the first such character of a typed text."""
    if isinstance(found, Prose):
        spelled = Spelled(context, found.text)
        for typed in re.finditer(_TYPED, spelled.text):
            if _report(context, spelled, *typed.span(1 if typed[1] is not None else 2)):
                return
    else:
        value = found.value
        assert not isinstance(value, ast.DayExpr), "a day is in ASCII"
        text = value if isinstance(value, ast.Text) else ast.Text(0, 0, ast.STRING, (value,))
        spelled = Spelled(context, text)
        _report(context, spelled, 0, len(spelled.text))


def _report(context: LintContext, spelled: Spelled, start: int, end: int) -> bool:
    for at in range(start, end):
        char = spelled.text[at]
        if char in PLAINED:
            plain = "-" if char <= "―" else '"' if char >= "“" else "'"
            context.report(SPEC, spelled.span(at, at + 1), found=char, plain=plain)
            return True
    return False
