"""Rules about words and characters that the service or a driver treats in its own way."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import INFO, SUSPICIOUS
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.texts.prose import Literals, Prose
from flowdsl.lint.texts.spelled import SpelledText
from flowdsl.semantics.capabilities import NEW, PLAINED, TOOLS
from flowdsl.source.text import Span
from flowdsl.syntax import ast

# The marker that the service substitutes for a missing value, written by hand.


SENTINEL_IN_TEXT = SUSPICIOUS.spec("sentinel-in-text", "`{sentinel}` is a mark of the service")

EMPTY = "__EMPTY__"
CLEAR = "__CLEAR__"

_HELP = {
    EMPTY: (
        "declare the value with an optional type such as `string?`, and ask with `if x is empty`"
    ),
    CLEAR: 'write `clear "the field"` where a field is to be blanked',
}


def check_sentinel_in_text(context: LintContext, module: ast.Module) -> None:
    """Report every mark that is in a text or string of the file."""
    literals = Literals(module)
    for found in re.finditer(f"{EMPTY}|{CLEAR}", module.source.text):
        if literals.at(found.start()) is not None:
            place = Span(module.source, found.start(), found.end())
            context.report(SENTINEL_IN_TEXT, place, sentinel=found[0], help=_HELP[found[0]])


# A tool of the agent named in prose.
#
# The compiler names the tools, and knows what each of them needs around it.

TOOL_NAME_IN_PROSE = SUSPICIOUS.spec(
    "tool-name-in-prose",
    "`{tool}` is a tool that the compiler directs",
    "write {statement} instead: it names the tool and what has to be said around it",
)

STATEMENTS = {
    name: tool.words
    for name, tool in TOOLS.items()
    if "_" in name and name != "upsert_runtime_values"
} | {
    "focused_action": "`choose`, `expect`, `extract` or `if`",
    "upsert_runtime_values": "`extract` or `emit`",
    "end_loop_iteration": TOOLS["start_loop"].words,
    "extract_prompt": "`extract`",
}
"""The statement to write in the place of each tool."""


def check_tool_name_in_prose(context: LintContext, prose: Prose) -> None:
    """Report each tool that a text names, once for each tool."""
    written = prose.written
    for tool, statement in STATEMENTS.items():
        found = re.search(rf"(?<![\w.$]){tool}(?!\w)", written, re.IGNORECASE)
        if found is not None and not _is_variable(written, found.start()):
            place = prose.span(found.start(), found.end())
            context.report(TOOL_NAME_IN_PROSE, place, tool=tool, statement=statement)


def _is_variable(written: str, at: int) -> bool:
    return written[:at].rstrip().endswith("{")


# Text to be typed whose quotes or dashes the new driver turns into plain ones.

TYPOGRAPHIC_TYPED_TEXT = SUSPICIOUS.spec(
    "typographic-typed-text",
    f"{NEW} types a plain `{{plain}}` for `{{found}}`",
    "write the plain one where it will do, or paste the text where it has to arrive as it is",
    severity_override=INFO,
)

_TYPED = (
    r"(?i)\b(?:type|enter|write|key in)\s+"
    r"(?:(?:the|this|exactly|text|value|words?|date|number|code)\s+)*"
    r"(?:\"([^\"\n]*)\"|'([^'\n]*)'(?!\w))"
)
"""Prose that has the agent type a quoted text."""


def check_typographic_typed_text(context: LintContext, found: ast.TypeStmt | Prose) -> None:
    """Report the first such character of a typed text."""
    if isinstance(found, Prose):
        spelled = SpelledText(context, found.text)
        for typed in re.finditer(_TYPED, spelled.text):
            if _report(context, spelled, *typed.span(1 if typed[1] is not None else 2)):
                return
    else:
        value = found.value
        assert not isinstance(value, ast.DayExpr), "a day is in ASCII"
        text = value if isinstance(value, ast.Text) else ast.Text(0, 0, ast.STRING, (value,))
        spelled = SpelledText(context, text)
        _report(context, spelled, 0, len(spelled.text))


def _report(context: LintContext, spelled: SpelledText, start: int, end: int) -> bool:
    for at in range(start, end):
        char = spelled.text[at]
        if char in PLAINED:
            plain = "-" if char <= "―" else '"' if char >= "“" else "'"
            context.report(
                TYPOGRAPHIC_TYPED_TEXT, spelled.span(at, at + 1), found=char, plain=plain
            )
            return True
    return False


RULES = (
    LoadedRule(SENTINEL_IN_TEXT, check_sentinel_in_text),
    LoadedRule(TOOL_NAME_IN_PROSE, check_tool_name_in_prose),
    LoadedRule(TYPOGRAPHIC_TYPED_TEXT, check_typographic_typed_text),
)
