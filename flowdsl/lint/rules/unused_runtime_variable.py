"""A runtime variable that is set and never read: the run spends a look at the screen on it."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Edit, Fix
from flowdsl.lint.context import LintContext, Unused

SPEC = DiagnosticSpec(
    "unused-runtime-variable",
    "suspicious",
    "the value of `{name}` is never used",
    "emit it or use it, or remove the statement; to prove that something is shown, write `expect`",
)


def check(context: LintContext, unused: Unused) -> None:
    """Report the variable where it is set first."""
    kept = unused.whole.text.split()[:1] == ["as"]
    fixes: tuple[Fix, ...] = ()
    if unused.whole.text:
        title = f"drop `as {unused.name}`" if kept else "remove the statement"
        # Without `as`, a task still does its work; a command is run by another agent, and a statement may be there for its `else`.
        safe = kept and unused.whole.text.split() == ["as", unused.name]
        fixes = (Fix(title, (Edit(unused.whole, ""),), "safe" if safe else "unsafe"),)
    help = f"drop `as {unused.name}`, or use the value" if kept else None
    context.report(SPEC, unused.place, name=unused.name, fixes=fixes, help=help)
