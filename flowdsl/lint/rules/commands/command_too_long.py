"""A `run` whose command is longer than one of the drivers takes."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.semantics.capabilities import COMMAND_BYTES, NEW
from flowdsl.semantics.values.spelling import spell
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "command-too-long",
    "suspicious",
    f"this command has {{size}} bytes, and {NEW} takes at most {COMMAND_BYTES}",
    "keep the script in a file on the machine and run that",
)


def check(context: LintContext, statement: ast.RunStmt) -> None:
    """Report a command that is too long; a value that only a run knows counts as nothing."""
    size = 0
    for part in statement.command.parts:
        if isinstance(part, ast.TextLiteral):
            size += len(part.value.encode())
        elif isinstance(part, ast.Ref) and part in context.model.constants:
            size += len(spell(context.model.constants[part]).encode())
    if size > COMMAND_BYTES:
        context.report(SPEC, context.keyword(statement), size=size)
