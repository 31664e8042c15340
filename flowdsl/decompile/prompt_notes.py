"""Remarks on a verbatim prompt: its variables, tools, pictures and HTML; and on those of commands.

The patterns, each with what it finds:

    _VARIABLE    {patient.dob}   {$key}
    _RUNTIME     {{total}}
    _TOUCHED     C:\\{name}      \\{name}
    _IN_BRACES   {first name}    {a-b}      and all of _VARIABLE
    _SPACED      { name }
    _SHELL       ${NAME}
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from flowdsl.diagnostics.suggest import join_names
from flowdsl.semantics.capabilities import TOOLS

from .checks import check_texts
from .notes import KEPT, RISKY, WRONG, Remark, quote_payload_words
from .payload import StoredWorkflow
from .proposing.rich_text import is_rich_text

_NAME = r"[^\W\d]\w*"
_PATH = r"(?:\.[^\W\d]\w*|\[\d+\]|\[(?:'[^'\n]*'|\"[^\"\n]*\")\])*"
_VARIABLE = rf"(?<![\\{{])\{{(\$?{_NAME}){_PATH}\}}(?!\}})"
_RUNTIME = rf"(?<!\{{)\{{\{{({_NAME}){_PATH}\}}\}}(?!\}})"
_TOUCHED = rf"([\w:}}.)\\]?)\\(\{{\{{{_NAME}{_PATH}\}}\}}(?!\}})|\{{(\$?{_NAME}){_PATH}\}}(?!\}}))"
"""A variable directly after a backslash, and the path character before both, if any."""

_IN_BRACES = r"(?<![\\{$])\{(\$?[^\W\d][^{}\n]{0,200})(?<!;)\}(?!\})"
_SPACED = rf"(?<![\\{{])\{{[ \t]+(?!\$_\b)\$?{_NAME}(?:\.\w+)*[ \t]*\}}(?!\}})"
_SHELL = rf"\$\{{{_NAME}(?:\.\w+)*\}}"
_PICTURE = r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?(supabase://[^\"'\s<>]+)"
_CODE = r"(?ms)^[ \t]*(```|~~~)(.*?)^[ \t]*\1"
_POWERSHELL = r"(?i)\A[ \t]*(?:powershell|pwsh|ps1)\b|\$_\b"
_CMDLET = r"\b[A-Z][a-z]+-[A-Z][A-Za-z]+\b"

_TOOL_NAMES = frozenset(
    (*(name for name in TOOLS if "_" in name), "focused_action", "end_loop_iteration")
)
"""Tool names that are unlikely as names of values."""

_HEADINGS = ("Rules", "Steps")
_FORMER_HEADINGS = (*_HEADINGS, "Replay")

_LONGEST = 40
"""Maximum length of a quotation from a prompt, in characters."""


def prompt_remarks(stored: StoredWorkflow) -> Iterator[Remark]:
    """Return the remarks on a prompt that is kept verbatim."""
    declared = _find_declared_names(stored)
    undeclared = _find_undeclared_names(stored.prompt, declared)
    if undeclared:
        what = f"the prompt uses {join_names(undeclared)}"
        if stored.input_schema is None:
            words = "and the workflow has no input schema, so that nobody is asked for values"
        else:
            words = (
                "which the input schema does not declare; a run without a value gets `__EMPTY__`"
            )
        yield Remark(WRONG, f"{what}, {words}")
    strange = set(_find_strange_variables(stored, declared or frozenset()))
    if strange:
        what = (
            "look like variables and are none"
            if len(strange) > 1
            else "looks like a variable and is none"
        )
        yield Remark(WRONG, f"{join_names(strange)} in the prompt {what}")
    tools = {name for name in re.findall(_RUNTIME, stored.prompt) if name in _TOOL_NAMES}
    if tools:
        braced = join_names(f"{{{{{name}}}}}" for name in tools)
        words = (
            "are runtime values, which vanish"
            if len(tools) > 1
            else "is a runtime value, which vanishes"
        )
        which = "the names of the tools" if len(tools) > 1 else "the name of the tool"
        yield Remark(
            WRONG, f"{braced} in the prompt {words} in a run; write {which} without braces"
        )
    pictures = set(re.findall(_PICTURE, stored.prompt))
    if pictures:
        count = "a picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
        where = "such addresses belong to the organization they come from"
        yield Remark(
            RISKY,
            f"the prompt shows {count} by address; {where}",
            f"prompts show pictures by address; {where}",
        )
    if is_rich_text(stored.prompt):
        yield Remark(
            KEPT,
            "the prompt is HTML, as the dashboard's editor writes it, and is kept so",
            "prompts are HTML, as the dashboard's editor writes it, and are kept so",
        )


def has_frames(prompt: str) -> bool:
    """Whether a prompt has the headings that prompts of FlowDSL have or once had."""
    lines = [line.removeprefix("<p>").removesuffix("<br>") for line in prompt.splitlines()]
    found = tuple(line for line in lines if line in _FORMER_HEADINGS)
    return found in (_HEADINGS, _FORMER_HEADINGS)


def backslash_remarks(stored: StoredWorkflow, *, prompt: bool) -> Iterator[Remark]:
    """Return a remark on backslashes before variables in commands, checks and (if asked) prompt."""
    declared = _find_declared_names(stored)
    places = [
        ((stored.prompt,) if prompt else (), "the prompt"),
        (stored.allowlist, "the terminal allowlist"),
        (tuple(check_texts(stored)), "the post-run checks"),
    ]
    found: dict[str, list[str]] = {}
    for texts, place in places:
        touched = set(_find_escaped_variables(texts, declared))
        if touched:
            found.setdefault(join_names(touched), []).append(place)
    if found:
        what = _join_with_and(
            [f"{names} in {_join_with_and(where)}" for names, where in found.items()]
        )
        yield Remark(
            WRONG,
            f"a backslash touches {what}, and the platform reads it as an escape; write `/`, "
            "or put the separator into "
            "the value",
        )


def _join_with_and(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _find_declared_names(stored: StoredWorkflow) -> frozenset[str] | None:
    """Return the names in the input schema, secrets with `$`; None if it lists no fields."""
    if stored.input_schema is None:
        return frozenset()
    document = stored.input_schema.document
    properties = None if document is None else document.get("properties")
    return frozenset(properties) if isinstance(properties, dict) and properties else None


def _find_undeclared_names(prompt: str, declared: Collection[str] | None) -> set[str]:
    """Return the undeclared inputs and secrets in a prompt, each as `{name}`."""
    if declared is None:
        return set()
    used = {found[1] for found in re.finditer(_VARIABLE, prompt)}
    return {f"{{{name}}}" for name in used.difference(declared)}


def _find_escaped_variables(
    texts: Iterable[str], declared: Collection[str] | None
) -> Iterator[str]:
    """Return the variables after a backslash, as they are written.

    An undeclared one counts only in a path, because elsewhere its brace may be escaped on purpose.
    """
    for text in texts:
        for before, variable, name in re.findall(_TOUCHED, text):
            if before or not name or not declared or name in declared:
                yield variable.replace("`", "")


def _find_strange_variables(stored: StoredWorkflow, declared: Collection[str]) -> Iterator[str]:
    """Return text in the prose of a prompt that looks like a variable but is none.

    That is `{ name }`, `${NAME}`, and braces around what is neither declared nor a name with a
    path. A path into a declared name that is no identifier, as in `{first name.x}`, is a variable.
    PowerShell code does not count as prose.
    """
    text = stored.prompt
    for command in stored.allowlist:
        if len(command) > 1:
            text = text.replace(command, " ")
    text = re.sub(_CODE, lambda code: " " if _is_powershell(code[2]) else code[0], text)
    for found in re.finditer(f"{_SPACED}|{_SHELL}", text):
        yield _quote_braced(found[0])
    for found in re.finditer(_IN_BRACES, text):
        root = re.split(r"[.\[]", found[1], maxsplit=1)[0]
        if re.fullmatch(_NAME + _PATH, found[1].removeprefix("$")) or found[1] in declared:
            continue
        if root not in declared or re.fullmatch(r"\$?[A-Za-z_]\w*", root):
            yield _quote_braced(found[0])


def _is_powershell(code: str) -> bool:
    marked = re.search(_POWERSHELL, code) is not None
    return marked or ("$" in code and re.search(_CMDLET, code) is not None)


def _quote_braced(braced: str) -> str:
    return f"{quote_payload_words(braced[:-1], _LONGEST)}}}"
