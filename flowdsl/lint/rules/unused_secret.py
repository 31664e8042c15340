"""A secret that nothing reads: a run needs a password that it never types."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext, Unused

SPEC = DiagnosticSpec(
    "unused-secret",
    "suspicious",
    "secret `{name}` is never used",
    "use it where the value belongs, or remove it: a run should hold no secret that it does not need",
)


def check(context: LintContext, unused: Unused) -> None:
    """Report the name."""
    context.report(SPEC, unused.place, name=unused.name)
