"""Rules about commands and keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import SUSPICIOUS
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.texts.powershell import Command
from flowdsl.lint.texts.prose import Prose
from flowdsl.semantics.capabilities import COMMAND_BYTES, COMMAND_SECONDS, LEGACY, NEW, NEW_CHORD
from flowdsl.semantics.statements.keys import chord_keys, find_shared_name, is_key, is_shared_key
from flowdsl.semantics.values.spelling import spell_constant
from flowdsl.syntax import ast
from flowdsl.syntax.statements import COMMAND

# A `run` whose command itself says that it takes longer than a command may.


COMMAND_OUTLASTS_LIMIT = SUSPICIOUS.spec(
    "command-outlasts-limit",
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


def check_command_outlasts_limit(context: LintContext, statement: ast.RunStmt) -> None:
    """Report the wait with which the command, alone or after those before it, exceeds its time."""
    command = Command(context, statement)
    waits = sorted(_find_certain_waits(command), key=lambda wait: wait[0])
    total = 0.0
    for start, end, seconds in waits:
        total += seconds
        if total >= COMMAND_SECONDS:
            found = " ".join(command.text[start:end].split())
            place = command.span(start, end)
            shown = f"{seconds:g}" if total == seconds else f"with what is before it {total:g}"
            context.report(COMMAND_OUTLASTS_LIMIT, place, found=found, seconds=shown)
            return


def _find_certain_waits(command: Command) -> Iterator[tuple[int, int, float]]:
    """Yield each wait that the command always reaches: its start, its end and its seconds."""
    code = _blank_uncertain_blocks(command.code)
    for pattern, unit in _WAITS:
        for found in re.finditer(pattern, code):
            seconds = float(found["n"]) * unit
            if found[1].lower().startswith(_PINGS):
                seconds -= 1
            yield found.start(1), found.end(1), seconds


def _blank_uncertain_blocks(code: str) -> str:
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


# A `run` whose command is longer than one of the drivers takes.

COMMAND_TOO_LONG = SUSPICIOUS.spec(
    "command-too-long",
    f"this command has {{size}} bytes, and {NEW} takes at most {COMMAND_BYTES}",
    "keep the script in a file on the machine and run that",
)


def check_command_too_long(context: LintContext, statement: ast.RunStmt) -> None:
    """Report a command that is too long; a value known only at run time counts as empty."""
    size = 0
    for part in statement.command.parts:
        if isinstance(part, ast.TextLiteral):
            size += len(part.value.encode())
        elif isinstance(part, ast.Ref) and part in context.model.constants:
            size += len(spell_constant(context.model.constants[part]).encode())
    if size > COMMAND_BYTES:
        context.report(COMMAND_TOO_LONG, context.keyword(statement), size=size)


# A `run` that ends by changing the folder or a variable, which no other command sees.

COMMAND_STATE_LOST = SUSPICIOUS.spec(
    "command-state-lost",
    "`{found}` is lost when this command ends: every `run` starts a process of its own",
    "write what needs it into the same command, behind a `;`",
)

_STATE = re.compile(
    r"(?i)(?:cd|chdir|sl|set-location|push-location|pushd)\s+[^|&]+"
    r"|\$(?:env:|global:)?\w+\s*=(?!=)[^|&{}]+"
)


def check_command_state_lost(context: LintContext, statement: ast.RunStmt) -> None:
    """Report a last part of a command whose effect ends with the command."""
    if statement.name is not None:
        return
    command = Command(context, statement)
    code = command.code.rstrip("; \t\r\n")
    last = re.split("[;\n]", code)[-1].lstrip()
    if _STATE.fullmatch(last):
        start, end = len(code) - len(last), len(code)
        written = " ".join(command.text[start:end].split())
        context.report(COMMAND_STATE_LOST, command.span(start, end), found=written)


# A `run` with syntax that Windows PowerShell 5, which the new driver starts, does not know.

NEWER_POWERSHELL_SYNTAX = SUSPICIOUS.spec(
    "newer-powershell-syntax",
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


def check_newer_powershell_syntax(context: LintContext, statement: ast.RunStmt) -> None:
    """Report the first syntax of PowerShell 7 in the command."""
    command = Command(context, statement)
    found = [
        (match.start(1), match, instead)
        for pattern, instead in _SYNTAX
        if (match := re.search(pattern, command.code)) is not None
    ]
    if found:
        _, match, instead = min(found, key=lambda each: each[0])
        context.report(
            NEWER_POWERSHELL_SYNTAX, command.span(*match.span(1)), found=match[1], instead=instead
        )


# A `run` whose command is written for another shell than PowerShell.

NON_POWERSHELL_COMMAND = SUSPICIOUS.spec(
    "non-powershell-command",
    "`{found}` is {shell}, and the machine runs PowerShell",
    "write {instead}",
)

CMD = "cmd"
UNIX = "a Unix shell's"

_OTHER_SHELL = re.compile(
    r"^\W*(?:cmd|bash|sh|wsl|ssh|python3?|node)(?:\.exe)?['\"]?\s", re.IGNORECASE
)
"""A command that starts another interpreter, which reads the rest."""

_OPEN = r"(?:^|(?<=[;|&{(\n]))[^\S\n]*"

# What is searched for outside of quoted strings. A row has the pattern, whose first group the
# message shows; the shell that it belongs to; what to write instead; and words, in lower case, of
# which a command must hold one to be searched at all.
_CODE = (
    (_OPEN + r"(dir[^\n;|]{0,500}?\s/[a-z]\b)", CMD,
     "`Get-ChildItem`, with `-Recurse` for `/s`", "dir"),
    (_OPEN + r"((?:x?copy|move)[^\n;|]{0,500}?\s/y\b)", CMD,
     "`Copy-Item` or `Move-Item`, with `-Force`", "copy", "move"),
    (_OPEN + r"((?:del|erase)(?:\s[^\n;|]{0,500}?)??\s/[qsfa]\b)", CMD,
     "`Remove-Item`, with `-Force`", "del", "erase"),
    (_OPEN + r"(r(?:m)?d(?:ir)?(?:\s[^\n;|]{0,500}?)??\s/[sq]\b)", CMD,
     "`Remove-Item -Recurse`", "rd", "rmdir"),
    (_OPEN + r"(set [A-Za-z_]\w*=)", CMD, "`$env:NAME = 'value'`", "set "),
    (_OPEN + r"(if (?:not )?(?:exist|errorlevel)\b)", CMD,
     "`if (Test-Path 'C:/...')`", "exist", "errorlevel"),
    (_OPEN + r"(for %%?[a-z]\b)", CMD, "`foreach ($each in ...)`", "for %"),
    (_OPEN + r"(@?echo off\b)", CMD,
     "the command alone: PowerShell does not repeat it", "echo off"),
    (r"(\|\s*find(?:str)?(?=\s+[/\"]))", CMD, "`Select-String`", "find"),
    (r"((?<![\w$])[12&]?>{1,2}\s*nul\b)", CMD, "`2>$null`, or `| Out-Null`", "nul"),
    (_OPEN + r"(export [A-Za-z_]\w*=)", UNIX, "`$env:NAME = 'value'`", "export "),
    (_OPEN + r"(ls\s+-(?:l|a|la|al|lh|lah|lt|ltr|1)(?!\w))", UNIX, "`Get-ChildItem -Force`", "ls"),
    (_OPEN + r"(rm\s+-(?:rf|fr)\b)", UNIX, "`Remove-Item -Recurse -Force`", "rm"),
    (_OPEN + r"((?:e|f)?grep)(?=\s)", UNIX, "`Select-String`", "grep"),
    (_OPEN + r"(sudo)(?=\s)", UNIX,
     "the command alone: rights are those of the machine's account", "sudo"),
    (_OPEN + r"(chmod|chown)(?=\s)", UNIX, "`Set-Acl`", "chmod", "chown"),
    (_OPEN + r"(touch)(?=\s)", UNIX, "`New-Item -ItemType File`", "touch"),
    (_OPEN + r"(awk|sed)(?=\s)", UNIX,
     "`ForEach-Object` with `-replace` or `-split`", "awk", "sed"),
    (_OPEN + r"((?:head|tail)(?=\s+-))", UNIX,
     "`Select-Object -First 10`, or `Get-Content -Tail 10`", "head", "tail"),
    (_OPEN + r"(if \[)(?=\s)", UNIX, "`if (Test-Path 'C:/...')`", "if ["),
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


def check_non_powershell_command(context: LintContext, statement: ast.RunStmt) -> None:
    """Report the first part of the command that is not PowerShell."""
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
                context.report(
                    NON_POWERSHELL_COMMAND, place, found=shown, shell=shell, instead=instead
                )
                return


# A `press` of a key that only one of the drivers knows by this name.

KEY_OF_ONE_DRIVER = SUSPICIOUS.spec(
    "key-of-one-driver",
    f"`{{key}}` is a key of {NEW} alone; {LEGACY} lacks it",
)


def check_key_of_one_driver(context: LintContext, statement: ast.PressStmt) -> None:
    """Report each such key, with the name that both drivers know, if there is one."""
    for chord in statement.keys.value.split():
        names = chord_keys(chord)
        if {str(find_shared_name(name)).lower() for name in names} == NEW_CHORD:
            help = (
                "ask for what it leads to in another way, or suppress this where every machine "
                "has the new driver"
            )
            context.report(KEY_OF_ONE_DRIVER, context.span(statement.keys), key=chord, help=help)
            continue
        for name in names:
            if name and is_key(name) and not is_shared_key(name):
                shared = find_shared_name(name)
                help = (
                    "press something else, or suppress this where every machine has the new driver"
                    if shared is None
                    else f"write `{shared}`, which both know"
                )
                context.report(KEY_OF_ONE_DRIVER, context.span(statement.keys), key=name, help=help)


RULES = (
    LoadedRule(COMMAND_OUTLASTS_LIMIT, check_command_outlasts_limit),
    LoadedRule(COMMAND_TOO_LONG, check_command_too_long),
    LoadedRule(COMMAND_STATE_LOST, check_command_state_lost),
    LoadedRule(NEWER_POWERSHELL_SYNTAX, check_newer_powershell_syntax),
    LoadedRule(NON_POWERSHELL_COMMAND, check_non_powershell_command),
    LoadedRule(KEY_OF_ONE_DRIVER, check_key_of_one_driver),
)
