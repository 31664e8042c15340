"""A `run` with syntax that Windows PowerShell 5, which the new driver starts, does not know."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.powershell import Command
from flowdsl.semantics.capabilities import NEW
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "newer-powershell-syntax",
    "suspicious",
    f"`{{found}}` is syntax of PowerShell 7, and {NEW} runs Windows PowerShell 5",
    "write {instead}",
)

_OPERAND = r"(?:\$\{?[\w:]+\}?(?:\.\w+|\[[^\]\n]{0,100}\])*|[)\]\"'”’])"
"""What a value ends with: a variable with what is taken from it, a bracket, a string."""

# The pattern of some syntax, whose first group the message shows, and what to write instead.
_SYNTAX = (
    (r"(&&|\|\|)", "`;`, or `if ($?) { ... }` when the first must succeed"),
    (_OPERAND + r"\s*(\?\?=?)(?![\w.])", "`if ($null -eq $value) { ... }`"),
    (r"(?:\$\{?[\w:]+\}?|[)\]])(\?\.)(?=[A-Za-z_$])", "`if ($null -ne $value) { $value.Name }`"),
    (r"(?:\$\{[\w:]+\}|[)\]])(\?\[)", "`if ($null -ne $value) { $value[0] }`"),
    (_OPERAND + r"\s+(\?)\s[^\n;|]{0,500}?\s:(?=\s)", "`if (...) { ... } else { ... }`"),
    (r"\)(\?)(?![?.\[])[^\n;|]{0,500}?\s?:(?!:)", "`if (...) { ... } else { ... }`"),
    (r"\S[^\S\n]*\n\s*(\|)(?!\|)", "the `|` at the end of the line before"),
    (r"(?<=\s)(&)(?=[^\S\n]*(?:$|[\n;)}]))", "`Start-Job { ... }`"),
)  # fmt: skip


def check(context: LintContext, statement: ast.RunStmt) -> None:
    """Report the first such syntax in the command."""
    command = Command(context, statement)
    found = [
        (match.start(1), match, instead)
        for pattern, instead in _SYNTAX
        if (match := re.search(pattern, command.code)) is not None
    ]
    if found:
        _, match, instead = min(found, key=lambda each: each[0])
        context.report(SPEC, command.span(*match.span(1)), found=match[1], instead=instead)
