"""Rules about the prompts of workflows that are kept in files, and about secrets in any prose.

What a statement may not do (`misplaced-secret`, `unknown-capability`), prose can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Label
from flowdsl.diagnostics.suggest import find_misspelt_name
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.texts.prose import Prose, compile_prose_pattern
from flowdsl.semantics.capabilities import TOOLS
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

SECRET_IN_LOG = SUSPICIOUS.spec(
    "secret-in-log",
    "`{name}` is a secret, and this puts it into {place}",
    "leave it out: only the field that it is typed into may hold it",
)
TOOL_MISUSED = SUSPICIOUS.spec("tool-misused", "`{tool}` {problem}")

_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_INLINE = re.compile(r"</?(?:strong|b|em|i|u|s|span|a|code)\b")


def find_prompt_file(context: LintContext) -> SourceFile | None:
    """Return the prompt file of the current workflow."""
    workflow = _workflow_of(context)
    path = None if workflow is None else workflow.prompt_from
    return None if path is None else SourceFile(path, context.model.texts[path])


def _workflow_of(context: LintContext) -> WorkflowSymbol | None:
    assert isinstance(context.declaration, ast.WorkflowDecl)
    return context.workflow(context.declaration)


def hide_tags(text: str) -> str:
    """Return a prompt with blanks for tags of HTML, and a line end for those of paragraphs."""
    return _TAG.sub(
        lambda tag: " " * len(tag[0]) if _INLINE.match(tag[0]) else "\n" + " " * (len(tag[0]) - 1),
        text,
    )


# Secrets that leave the field that they are for

_SECRET = r"\{\$\w+\}"
_NO = r"(?<!not\s)(?<!n't\s)(?<!n’t\s)(?<!never\s)(?<!without\s)"
_VERB = (
    rf"{_NO}\b(?:write|note|save|store|put|add|append|copy|keep|log(?!\s?(?:in|on|out|off)\b)"
    r"|record|include|mention|print|send|mail|paste|report|state|enter|type|create"
    r"|schreibe?n?|notiere?n?|speicher[en]*|trage?n?|sende?n?)\b"
)
_ARTICLE = (
    r"(?:the |an? |its |your |our |my |this |das |die |den |dem |der |ins |im |eine?[mnr]? )?"
)
_RECORD = (
    r"(?:log(?: ?file|book)?(?![- ]?(?:in|on|out)\b)|text file|notes?|notepad|memo|comments?"
    r"|remarks?|e?-?mail|ticket|report|spreadsheet|worksheet|csv|chat|summary|protokoll|textdatei|notiz"
    r"|kommentar|bemerkung)\b"
    r"(?![- ](?:field|box|address|server|program|client|account|app|page|portal|window|feld))"
)
_SAME = r"(?:(?!\.\s|[;!?\n]).)"
_CLAUSE = r"(?:(?!\.\s|, |\bthen\b|\bdann\b|[;!?\n]).)"
_TOLD = (
    r"\b(?P<tool>upsert_runtime_values|copy_to_clipboard|declare_task_failed"
    r"|execute_terminal_command|save_screenshot_as_run_attachment)\b"
)
_LEAKS = (
    (rf"{_TOLD}(?:(?!\b(?:if|when|unless|then|wenn|falls)\b){_SAME}){{0,120}}?{_SECRET}", ""),
    (rf"{_SECRET}{_SAME}{{0,60}}?\b(?:with|by|using|via|mit) {_TOLD}", ""),
    (rf"\b(?:save|store|keep|remember) {_SECRET}{_SAME}{{0,20}}?\{{\{{", "a value of the run"),
    (rf"\breason\b{_SAME}{{0,20}}?\"[^\"\n]*{_SECRET}", "the reason of a failure"),
    (rf"https?://[^\s\"']*{_SECRET}", "an address"),
    (
        rf"{_VERB}{_CLAUSE}{{0,120}}?{_SECRET}{_CLAUSE}{{0,60}}?"
        rf"\b(?:in|into|to|on|as|under|inside|auf|als)\s+{_ARTICLE}(?:\w+ ){{0,2}}{_RECORD}",
        "a text that others read",
    ),
    (
        rf"{_VERB}{_SAME}{{0,60}}?\b(?:in|into|to|on|inside|auf)\s+{_ARTICLE}(?:\w+ ){{0,2}}"
        rf"{_RECORD}{_CLAUSE}{{0,100}}?{_SECRET}",
        "a text that others read",
    ),
    (
        rf"{_VERB}{_SAME}{{0,40}}?{_RECORD}[^\n]{{0,200}}?"
        rf"\"(?=[^\"\n{{]*\w)[^\"\n]*{_SECRET}[^\"\n]*\"",
        "a text that others read",
    ),
)
"""Patterns of a clause that puts a secret somewhere, with the place; '' where it is a tool."""


def _find_leaks(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield each secret that a text puts somewhere: its place in the text, name and destination."""
    leaks: dict[str, tuple[int, int, str, str]] = {}
    for pattern, place in _LEAKS:
        for found in compile_prose_pattern(pattern).finditer(text):
            where = place or f"what `{found['tool']}` is given"
            for secret in re.compile(_SECRET).finditer(text, *found.span()):
                name = secret[0][1:-1]
                leaks.setdefault(name, (*secret.span(), name, where))
    yield from leaks.values()


def check_secrets(context: LintContext, prose: Prose | ast.PromptFrom) -> None:
    """Report secrets that prose puts into logs, messages, values of the run, and addresses."""
    if isinstance(prose, Prose):
        if "{$" in prose.written:
            for start, end, name, place in _find_leaks(prose.written):
                context.report(SECRET_IN_LOG, prose.span(start, end), name=name, place=place)
        return
    source = find_prompt_file(context)
    if source is None or "{$" not in source.text:
        return
    labels = (Label(context.span(prose), "taken in here"),)
    for line in re.finditer(r"[^\n]+", hide_tags(source.text)):
        for start, end, name, place in _find_leaks(line[0].replace("&quot;", '"     ')):
            span = Span(source, line.start() + start, line.start() + end)
            context.report(SECRET_IN_LOG, span, name=name, place=place, labels=labels)


# Tools

_NAMES = sorted(
    {"focused_action", "end_loop_iteration", "extract_prompt"}
    | {name for name in TOOLS if "_" in name}
)
_MAIN_ONLY = "|".join(name for name, tool in TOOLS.items() if "_" in name and not tool.focused)
_FOCUSED = re.compile(
    rf"focused_action\b(?:(?![.;!?:,{{]|\b(?:then|afterwards|danach)\b|->|→)[^\n])*?"
    rf"\b(?P<tool>{_MAIN_ONLY})\b"
)
_KEYLESS = re.compile(r"\b(?P<tool>copy_to_clipboard)\b(?= ?(?:[.;!?]|$))", re.MULTILINE)
_WORD = re.compile(r"(?<![\w.{$/\\#-])[a-z]+(?:_[a-z]+)+(?![\w}/\\-]|\.\w)", re.IGNORECASE)


def check_tools(context: LintContext, node: ast.PromptFrom) -> None:
    """Report misspelt tools of a prompt file, and those that do not do there what it says."""
    source = find_prompt_file(context)
    if source is None or "_" not in source.text:
        return
    text = hide_tags(source.text)
    declared = set(re.findall(r"\{(\w+)", text))
    if (workflow := _workflow_of(context)) is not None:
        declared |= {each.wire_name for each in (*workflow.inputs, *workflow.outputs)}
    labels = (Label(context.span(node), "taken in here"),)
    for start, end, problem in _find_misuses(text, declared):
        tool, span = text[start:end], Span(source, start, end)
        context.report(TOOL_MISUSED, span, tool=tool, problem=problem, labels=labels)


def _find_misuses(text: str, declared: set[str]) -> Iterator[tuple[int, int, str]]:
    for found in _WORD.finditer(text):
        name = found[0].lower()
        if name not in _NAMES and name not in declared and (meant := _find_meant_tool(name)):
            yield *found.span(), f"is no tool of the agents; `{meant}` exists"
    for found in _FOCUSED.finditer(text):
        yield (
            *found.span("tool"),
            "is a tool of the main agent: no `focused_action` is known to have it",
        )
    for found in _KEYLESS.finditer(text):
        yield *found.span("tool"), "keeps nothing without a key: say under which name"
    loops, ends = (text.find(each) for each in ("start_loop", "end_loop_iteration"))
    if loops >= 0 > ends:
        yield loops, loops + 10, "never gets to the next entry: no `end_loop_iteration` ends one"
    elif ends >= 0 > loops:
        yield ends, ends + 18, "ends nothing: no `start_loop` begins a loop"


def _find_meant_tool(name: str) -> str | None:
    """Return the tool that a name is but for a slip, or that has two of its words."""
    near = find_misspelt_name(name, _NAMES)
    if near is not None:
        return near
    words = set(name.split("_"))
    alike = [each for each in _NAMES if len(words & set(each.split("_"))) > 1]
    return alike[0] if len(alike) == 1 and len(words) <= len(alike[0].split("_")) + 1 else None


RULES = (
    LoadedRule(SECRET_IN_LOG, check_secrets),
    LoadedRule(TOOL_MISUSED, check_tools),
)
