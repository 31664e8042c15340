"""Names that nothing uses, one rule for each kind: `unused-input`, `unused-task` and so on.

An input or a secret is asked for on every run and changes nothing; a runtime variable costs a look
at the screen; a declaration is read by everybody who looks for the one that counts.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Edit, Fix
from flowdsl.lint.context import LintContext, Unused
from flowdsl.lint.rule import LoadedRule
from flowdsl.semantics.model import RUNTIME

_MESSAGES = {
    "const": ("nothing in the project names const `{name}`", "remove it, or use it"),
    "fixture": (
        "nothing in the project gives fixture `{name}` to a run",
        "remove it, or write `given {name}` in a test",
    ),
    "import": ("`{name}` is imported and never used", "remove it"),
    "input": (
        "input `{name}` is never used",
        (
            "use it where the value belongs, or remove it: runs are asked for a value that "
            "changes nothing"
        ),
    ),
    "parameter": (
        "parameter `{name}` is never used",
        "use it where the value belongs, or remove it here and from every `call`",
    ),
    RUNTIME: (
        "the value of `{name}` is never used",
        (
            "emit it or use it, or remove the statement; to prove that something is shown, write "
            "`expect`"
        ),
    ),
    "secret": (
        "secret `{name}` is never used",
        (
            "use it where the value belongs, or remove it: a run should hold no secret that it "
            "does not need"
        ),
    ),
    "task": ("nothing in the project calls task `{name}`", "remove it, or use it"),
    "type": ("nothing in the project names type `{name}`", "remove it, or use it"),
}
"""The message about an unused name of each kind, and the help."""


SPECS = {
    kind: SUSPICIOUS.spec(f"unused-{kind.replace(' ', '-')}", *words)
    for kind, words in _MESSAGES.items()
}


def check(context: LintContext, unused: Unused) -> None:
    """Report the name, with a fix that removes its declaration where nobody else has to change."""
    fixes, help = _fixes(unused)
    context.report(SPECS[unused.kind], unused.place, name=unused.name, fixes=fixes, help=help)


def _fixes(unused: Unused) -> tuple[tuple[Fix, ...], str | None]:
    """Return the fixes, and the help if it is not the usual one."""
    name, removal = unused.name, (Edit(unused.whole, ""),)
    match unused.kind:
        case "const" | "fixture" | "task" | "type":
            return (Fix(f"remove {unused.kind} `{name}`", removal),), None
        case "import":
            return (Fix(f"remove the import of `{name}`", removal, "safe"),), None
        case "runtime variable":
            words = unused.whole.text.split()
            if words[:1] == ["as"]:
                # Without `as`, a task still does its work; a command is run by another agent.
                safe = "safe" if words == ["as", name] else "unsafe"
                fix = Fix(f"drop `as {name}`", removal, safe)
                return (fix,), f"drop `as {name}`, or use the value"
            # The statement may be there for its `else`.
            return ((Fix("remove the statement", removal, "unsafe"),) if words else ()), None
        case _:  # callers pass a value, and would have to stop doing so
            return (), None


RULES = tuple(LoadedRule(spec, check) for spec in SPECS.values())
