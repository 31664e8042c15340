"""A task that nothing calls."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Edit, Fix
from flowdsl.lint.context import LintContext, Unused

SPEC = DiagnosticSpec(
    "unused-task",
    "suspicious",
    "nothing in the project calls task `{name}`",
    "remove it, or use it",
)


def check(context: LintContext, unused: Unused) -> None:
    """Report the name."""
    fix = Fix(f"remove task `{unused.name}`", (Edit(unused.whole, ""),))
    context.report(SPEC, unused.place, name=unused.name, fixes=(fix,))
