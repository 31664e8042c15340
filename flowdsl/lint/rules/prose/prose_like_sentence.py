"""Prose that an agent would take for a sentence of the compiler."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose
from flowdsl.prompt.likeness import like_a_sentence
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import in_paragraphs

SPEC = DiagnosticSpec(
    "prose-like-sentence",
    "platform",
    "this reads like a sentence that the compiler writes, so that the prompt has two meanings",
    "use the statement that says it, such as `press`, `wait`, `type`, `expect` or `if`; or say it "
    "in other words",
)


def _spelled(context: LintContext, part: ast.TextPart) -> str:
    """A part of the prose as the agent reads it; one character for what only a run knows."""
    match part:
        case ast.TextLiteral(value=value):
            return value
        case ast.TextComment():
            return ""
        case ast.Ref():
            known = context.model.constants.get(part)
            return known if isinstance(known, str) else "\ufffc"


def check(context: LintContext, prose: Prose) -> None:
    """Report a `do` of which a paragraph reads like a sentence of ours."""
    spelled = "".join(_spelled(context, part) for part in prose.text.parts)
    for paragraph in in_paragraphs(spelled).split("\n"):
        if like_a_sentence(paragraph.strip()):
            start, end = prose.bounds
            context.report(SPEC, prose.span(start, end))
            return
