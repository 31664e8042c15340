"""An input that nothing reads: a run is asked for a value that changes nothing."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext, Unused

SPEC = DiagnosticSpec(
    "unused-input",
    "suspicious",
    "input `{name}` is never used",
    "use it where the value belongs, or remove it: runs are asked for a value that changes nothing",
)


def check(context: LintContext, unused: Unused) -> None:
    """Report the name."""
    context.report(SPEC, unused.place, name=unused.name)
