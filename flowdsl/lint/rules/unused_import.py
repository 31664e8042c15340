"""An imported name that nothing in the file uses."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Edit, Fix
from flowdsl.lint.context import LintContext, Unused

SPEC = DiagnosticSpec(
    "unused-import",
    "suspicious",
    "`{name}` is imported and never used",
    "remove it",
)


def check(context: LintContext, unused: Unused) -> None:
    """Report the name."""
    fix = Fix(f"remove the import of `{unused.name}`", (Edit(unused.whole, ""),), "safe")
    context.report(SPEC, unused.place, name=unused.name, fixes=(fix,))
