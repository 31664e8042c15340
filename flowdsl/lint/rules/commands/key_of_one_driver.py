"""A `press` of a key that only one of the drivers knows by this name."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.semantics.capabilities import LEGACY, NEW, NEW_CHORD
from flowdsl.semantics.statements.keys import chord_keys, is_key, is_shared_key, shared_name
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "key-of-one-driver",
    "suspicious",
    f"`{{key}}` is a key of {NEW} alone; {LEGACY} lacks it",
)


def check(context: LintContext, statement: ast.PressStmt) -> None:
    """Report each such key, with the name that both drivers know, if there is one."""
    for chord in statement.keys.value.split():
        names = chord_keys(chord)
        if {str(shared_name(name)).lower() for name in names} == NEW_CHORD:
            help = (
                "ask for what it leads to in another way, or suppress this where every machine "
                "has the new driver"
            )
            context.report(SPEC, context.span(statement.keys), key=chord, help=help)
            continue
        for name in names:
            if name and is_key(name) and not is_shared_key(name):
                shared = shared_name(name)
                help = (
                    "press something else, or suppress this where every machine has the new driver"
                    if shared is None
                    else f"write `{shared}`, which both know"
                )
                context.report(SPEC, context.span(statement.keys), key=name, help=help)
