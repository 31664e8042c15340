"""A `run` whose command itself says that it takes longer than a command may."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.powershell import Command
from flowdsl.semantics.capabilities import COMMAND_SECONDS
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "command-outlasts-limit",
    "suspicious",
    f"`{{found}}` waits {{seconds}} s, and a command is given up after {COMMAND_SECONDS} s",
    'wait outside of the command, as in `wait until "the export is finished" timeout 2m`',
)

_START = r"(?i)(?:^|(?<=[;|&{(\n]))[^\S\n]*"
_NUMBER = r"[ :=]*['\"(]?(?P<n>\d+(?:\.\d+)?)(?![\w.%])"
_ARGUMENTS = r"[^;|&\n{}]{0,500}?\s"

# The pattern of a wait with a number `n`, and the seconds of one unit of `n`. `ping` waits between
# its requests, so not for the first one.
_WAITS = (
    (_START + rf"((?:Start-Sleep|sleep)\s+(?:-s\w*)?{_NUMBER})", 1.0),
    (_START + rf"((?:Start-Sleep|sleep)\s+-m\w*{_NUMBER})", 0.001),
    (_START + rf"(timeout(?:\.exe)?(?:{_ARGUMENTS}[/-]t|\s)\s*{_NUMBER})", 1.0),
    (_START + rf"((?:Wait-Process|Wait-Job|Wait-Event){_ARGUMENTS}-ti?m?e?o?u?t?{_NUMBER})", 1.0),
    (_START + rf"(ping(?:\.exe)?{_ARGUMENTS}[/-]n{_NUMBER})", 1.0),
    (rf"(?i)(\[(?:System\.)?Threading\.Thread\]::Sleep\({_NUMBER})", 0.001),
)  # fmt: skip
_PINGS = ("ping",)
_ALWAYS = re.compile(r"(?i)\b(?:try|do|finally)\s*$")


def check(context: LintContext, statement: ast.RunStmt) -> None:
    """Report the wait with which the command, alone or after those before it, exceeds its time."""
    command = Command(context, statement)
    waits = sorted(_waits(command), key=lambda wait: wait[0])
    total = 0.0
    for start, end, seconds in waits:
        total += seconds
        if total >= COMMAND_SECONDS:
            found = " ".join(command.text[start:end].split())
            place = command.span(start, end)
            shown = f"{seconds:g}" if total == seconds else f"with what is before it {total:g}"
            context.report(SPEC, place, found=found, seconds=shown)
            return


def _waits(command: Command) -> Iterator[tuple[int, int, float]]:
    """Each wait that the command comes to in any case: its start, its end and its seconds."""
    code = _certain(command.code)
    for pattern, unit in _WAITS:
        for found in re.finditer(pattern, code):
            seconds = float(found["n"]) * unit
            if found[1].lower().startswith(_PINGS):
                seconds -= 1
            yield found.start(1), found.end(1), seconds


def _certain(code: str) -> str:
    """`code` without the blocks that may not run, such as those of `if` and `Start-Job`."""
    out = list(code)
    opened: list[bool] = []
    passable = 0
    for at, char in enumerate(code):
        if char == "{":
            opened.append(_ALWAYS.search(code, max(0, at - 20), at) is None)
            passable += opened[-1]
        elif char == "}" and opened:
            passable -= opened.pop()
        elif passable:
            out[at] = " "
    return "".join(out)
