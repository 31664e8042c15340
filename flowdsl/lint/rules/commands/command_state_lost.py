"""A `run` that ends by changing the folder or a variable, which no other command sees."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.powershell import Command
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "command-state-lost",
    "suspicious",
    "`{found}` is lost when this command ends: every `run` starts a process of its own",
    "write what needs it into the same command, behind a `;`",
)

_LAST = re.compile(
    r"(?i)(?:^|[;\n])[^\S\n]*"
    r"(?P<found>(?:cd|chdir|sl|set-location|push-location|pushd)\s+[^;|&\n]+?"
    r"|\$(?:env:|global:)?\w+\s*=(?!=)[^;|&\n{}]+?)"
    r"[\s;]*\Z"
)


def check(context: LintContext, statement: ast.RunStmt) -> None:
    """Report a last part of a command whose effect ends with the command."""
    command = Command(context, statement)
    found = _LAST.search(command.code)
    if found is not None and statement.name is None:
        written = command.text[found.start("found") : found.end("found")]
        place = command.span(*found.span("found"))
        context.report(SPEC, place, found=" ".join(written.split()))
