"""A mark that the service puts in the place of a missing value, written by hand."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Literals
from flowdsl.source.text import Span
from flowdsl.syntax import ast

SPEC = DiagnosticSpec("sentinel-in-text", "suspicious", "`{sentinel}` is a mark of the service")

EMPTY = "__EMPTY__"
CLEAR = "__CLEAR__"

_HELP = {
    EMPTY: (
        "declare the value with an optional type such as `string?`, and ask with `if x is empty`"
    ),
    CLEAR: 'write `clear "the field"` where a field is to be blanked',
}


def check(context: LintContext, module: ast.Module) -> None:
    """Report every mark that stands in a text or string of the file."""
    literals = Literals(module)
    for found in re.finditer(f"{EMPTY}|{CLEAR}", module.source.text):
        if literals.at(found.start()) is not None:
            place = Span(module.source, found.start(), found.end())
            context.report(SPEC, place, sentinel=found[0], help=_HELP[found[0]])
