"""A `run` whose command is written for another shell than PowerShell."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose
from flowdsl.syntax import ast
from flowdsl.syntax.statements import COMMAND

SPEC = DiagnosticSpec(
    "non-powershell-command",
    "suspicious",
    "`{found}` is {shell}, and the machine runs PowerShell",
    "write {instead}",
)

CMD = "cmd"
UNIX = "a Unix shell's"

_OTHER_SHELL = re.compile(
    r"^\W*(?:cmd|bash|sh|wsl|ssh|python3?|node)(?:\.exe)?['\"]?\s", re.IGNORECASE
)
"""A command that starts another interpreter, which reads the rest."""

_START = r"(?:^|(?<=[;|&{(\n]))[^\S\n]*"

# What is searched for outside of quoted strings. A row has the pattern, whose first group the
# message shows; the shell that it belongs to; what to write instead; and words, in lower case, of
# which a command must hold one to be searched at all.
_CODE = (
    (_START + r"(dir[^\n;|]*?\s/[a-z]\b)", CMD, "`Get-ChildItem`, with `-Recurse` for `/s`", "dir"),
    (_START + r"((?:x?copy|move)[^\n;|]*?\s/y\b)", CMD,
     "`Copy-Item` or `Move-Item`, with `-Force`", "copy", "move"),
    (_START + r"((?:del|erase)(?:\s[^\n;|]*?)??\s/[qsfa]\b)", CMD,
     "`Remove-Item`, with `-Force`", "del", "erase"),
    (_START + r"(r(?:m)?d(?:ir)?(?:\s[^\n;|]*?)??\s/[sq]\b)", CMD,
     "`Remove-Item -Recurse`", "rd", "rmdir"),
    (_START + r"(set [A-Za-z_]\w*=)", CMD, "`$env:NAME = 'value'`", "set "),
    (_START + r"(if (?:not )?(?:exist|errorlevel)\b)", CMD,
     "`if (Test-Path 'C:/...')`", "exist", "errorlevel"),
    (_START + r"(for %%?[a-z]\b)", CMD, "`foreach ($each in ...)`", "for %"),
    (_START + r"(@?echo off\b)", CMD,
     "the command alone: PowerShell does not repeat it", "echo off"),
    (r"(\|\s*find(?:str)?(?=\s+[/\"]))", CMD, "`Select-String`", "find"),
    (r"((?<![\w$])[12&]?>{1,2}\s*nul\b)", CMD, "`2>$null`, or `| Out-Null`", "nul"),
    (_START + r"(export [A-Za-z_]\w*=)", UNIX, "`$env:NAME = 'value'`", "export "),
    (_START + r"(ls\s+-(?:l|a|la|al|lh|lah|lt|ltr|1)(?!\w))", UNIX, "`Get-ChildItem -Force`", "ls"),
    (_START + r"(rm\s+-(?:rf|fr)\b)", UNIX, "`Remove-Item -Recurse -Force`", "rm"),
    (_START + r"((?:e|f)?grep)(?=\s)", UNIX, "`Select-String`", "grep"),
    (_START + r"(sudo)(?=\s)", UNIX,
     "the command alone: rights are those of the machine's account", "sudo"),
    (_START + r"(chmod|chown)(?=\s)", UNIX, "`Set-Acl`", "chmod", "chown"),
    (_START + r"(touch)(?=\s)", UNIX, "`New-Item -ItemType File`", "touch"),
    (_START + r"(awk|sed)(?=\s)", UNIX,
     "`ForEach-Object` with `-replace` or `-split`", "awk", "sed"),
    (_START + r"((?:head|tail)(?=\s+-))", UNIX,
     "`Select-Object -First 10`, or `Get-Content -Tail 10`", "head", "tail"),
    (_START + r"(if \[)(?=\s)", UNIX, "`if (Test-Path 'C:/...')`", "if ["),
    (r"(?<=\s)(\\)(?=[^\S\n]*\n)", "a Unix shell's line end",
     "the command on one line, or a backtick at the line end", "\\"),
)  # fmt: skip

# What is searched for inside of quoted strings as well, in the same form.
_ANYWHERE = (
    (r"(%(?:[A-Z][A-Z_]{2,}|[A-Za-z]*(?:Profile|Data|Temp|Root|Drive|Name))%)", "cmd's",
     "`$env:NAME`", "%"),
    (r"(?<![\w.:])(/home/|/usr/|/etc/|/var/|/opt/)", "a path of a Unix system",
     "a path of the machine, such as `C:/Reports`", "/home/", "/usr/", "/etc/", "/var/", "/opt/"),
    (r"(/dev/null)\b", "a Unix shell's", "`$null`", "/dev/null"),
)  # fmt: skip

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def check(context: LintContext, statement: ast.RunStmt) -> None:
    """Report the first part of the command that is no PowerShell."""
    prose = Prose(statement.command, COMMAND, context.source)
    start, end = prose.bounds
    text = prose.written[start:end].replace('\\"', ' "')
    if _OTHER_SHELL.match(text):
        return
    code = _QUOTED.sub(lambda quoted: quoted[0][0] * 2 + "_" * (len(quoted[0]) - 2), text)
    for patterns, searched in ((_CODE, code), (_ANYWHERE, text)):
        low = searched.lower()
        for pattern, shell, instead, *hints in patterns:
            if not any(hint in low for hint in hints):
                continue
            found = re.search(pattern, searched, re.IGNORECASE if patterns is _CODE else 0)
            if found is not None:
                place = prose.span(start + found.start(1), start + found.end(1))
                shown = " ".join(text[found.start(1) : found.end(1)].split())
                context.report(SPEC, place, found=shown, shell=shell, instead=instead)
                return
