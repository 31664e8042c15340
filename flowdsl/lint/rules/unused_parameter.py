"""A parameter that nothing reads: callers pass a value that changes nothing."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext, Unused

SPEC = DiagnosticSpec(
    "unused-parameter",
    "suspicious",
    "parameter `{name}` is never used",
    "use it where the value belongs, or remove it here and from every `call`",
)


def check(context: LintContext, unused: Unused) -> None:
    """Report the name."""
    context.report(SPEC, unused.place, name=unused.name)
