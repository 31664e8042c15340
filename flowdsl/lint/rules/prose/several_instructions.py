"""A `do` that holds many instructions, so that a failure in it does not say where."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import INFO, DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose, is_english
from flowdsl.lint.triggers import SENTENCES
from flowdsl.syntax import ast
from flowdsl.syntax.statements import DO

SPEC = DiagnosticSpec(
    "several-instructions",
    "wording",
    "this `do` holds {count} sentences, and more than {limit} are hard to follow and to trace",
    "split it into several statements, with `type`, `press` and `expect` where they fit",
    INFO,
)

OPTIONS = {"sentences": SENTENCES}

_SHORTEST = 8
"""The least characters of a sentence that counts, with its blanks and full stop."""
_SENTENCE_END = re.compile(r"[\w'\")}\]][.!?](?=\s+\S)")


def check(context: LintContext, statement: ast.DoStmt) -> None:
    """Report a `do` with more sentences than the project allows."""
    text = statement.text
    limit = context.option(SPEC.name, "sentences", OPTIONS["sentences"])
    if text.end - text.start < _SHORTEST * limit:
        return
    prose = Prose(text, DO, context.source)
    start, end = prose.bounds
    count = len(_SENTENCE_END.findall(prose.written[start:end].strip())) + 1
    if count > limit and is_english(prose.written):
        context.report(SPEC, context.keyword(statement), count=count, limit=limit)
