"""A title of a step that an agent could take for a line to do."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Edit, Fix
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.spelled import Spelled
from flowdsl.lint.texts.titles import NUMBERED, why_no_title
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "title-reads-as-instruction",
    "platform",
    "this title {why}, so that an agent could take it for a line to do",
    "name what the step is about, as in `Sign in` or `The invoices of the day`",
)


def check(context: LintContext, step: ast.StepStmt) -> None:
    """Report a title that begins or ends like a line of a prompt."""
    spelled = Spelled(context, step.title)
    text = spelled.text.strip()
    why = why_no_title(text)
    if why is None:
        return
    first = len(spelled.text) - len(spelled.text.lstrip())
    last = first + len(text)
    start = NUMBERED.match(text)
    begin = first + (start.end() if start else 0)
    end = first + len(text.rstrip(".:; "))
    rest = spelled.text[begin:end]
    fixes: tuple[Fix, ...] = ()
    if rest and why_no_title(rest) is None and len(step.title.parts) == 1:
        edits = tuple(
            Edit(spelled.span(*cut), "") for cut in ((first, begin), (end, last)) if cut[0] < cut[1]
        )
        fixes = (Fix(f"write `{rest}`", edits, "safe"),)
    context.report(SPEC, spelled.span(first, last), why=why, fixes=fixes)
