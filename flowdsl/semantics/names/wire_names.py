"""Checks the names that `@wire` gives to fields in JSON, of which the platform makes variables."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.source.text import Span

from .. import errors
from ..program import Program

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"""[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_]\w*|\[(?:[0-9]+|'[^']*'|"[^"]*")\])+""")
"""What the platform reads as a path into an input, instead of as its name."""

_KINDS = {
    "inputs": "an input",
    "secrets": "a secret",
    "outputs": "an output",
    "chain inputs": "an input",
    "chain secrets": "a secret",
}
_ALWAYS_FOUND = "a name of letters, digits and `_` that does not begin with a digit is found"


def check_wire_name(program: Program, span: Span, name: str, field: str, section: str) -> None:
    """Report a name in JSON by which the platform would not find the value of the field `field`.

    `section` is the kind of section that declares it; `span` is the place of the name.
    """
    why = _find_problem(name, section)
    if why is None:
        return
    new = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
    new = new if name.isascii() and _WORD.fullmatch(new) else field
    program.sink.report(
        errors.UNUSABLE_WIRE_NAME,
        span,
        wire=name,
        what=_KINDS.get(section, "a field"),
        why=why,
        help=f'write `"{new}"`: {_ALWAYS_FOUND}',
        fixes=(Fix(f'write `"{new}"`', (Edit(span, f'"{new}"'),), "unsafe"),),
    )


def report_dotted_name(program: Program, span: Span, name: str) -> None:
    """Report an output that a chain reads under a name with a full stop."""
    program.sink.report(
        errors.UNUSABLE_WIRE_NAME,
        span,
        wire=name,
        what="an output that a chain reads",
        why="a full stop stands between the names of a reference",
        help="give the output a name without one in its `@wire`",
    )


def _find_problem(name: str, section: str) -> str | None:
    """Return why the platform would not find a value of this name; None if it does."""
    if section == "secrets" and not _WORD.fullmatch(name):
        return f"nobody knows whether the service reads `{{${name}}}` as a secret"
    if section in ("inputs", "chain inputs", "chain secrets") and name.startswith("$"):
        return "the service reads a name that begins with `$` as that of a secret"
    if section == "inputs" and _PATH.fullmatch(name):
        return f"the service reads `{{{name}}}` as a part of another input"
    if "{" in name or "}" in name:
        return "a brace begins or ends a variable of the service"
    if "'" in name and '"' in name:
        return "no variable of the service holds quotation marks of both kinds"
    if not name.isprintable():
        return "it holds a character that nobody sees"
    return None
