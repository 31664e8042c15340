"""Rules about titles, descriptions and prose that an agent could take for parts of its prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import PLATFORM, Edit, Fix
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.texts.prose import Prose
from flowdsl.lint.texts.spelled import SpelledText
from flowdsl.lint.texts.titles import NUMBERED, why_no_title
from flowdsl.prompt.likeness import like_a_sentence
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import in_paragraphs

# A title of a step that an agent could take for a line to do.


TITLE_READS_AS_INSTRUCTION = PLATFORM.spec(
    "title-reads-as-instruction",
    "this title {why}, so that an agent could take it for a line to do",
    "name what the step is about, as in `Sign in` or `The invoices of the day`",
)


def check_title_reads_as_instruction(context: LintContext, step: ast.StepStmt) -> None:
    """Report a title that begins or ends like a line of a prompt."""
    spelled = SpelledText(context, step.title)
    text = spelled.text.strip()
    why = why_no_title(text)
    if why is None:
        return
    first = len(spelled.text) - len(spelled.text.lstrip())
    last = first + len(text)
    start = NUMBERED.match(text)
    begin = first + (start.end() if start else 0)
    end = first + len(text.rstrip(".:; "))
    rest = spelled.text[begin:end]
    fixes: tuple[Fix, ...] = ()
    if rest and why_no_title(rest) is None and len(step.title.parts) == 1:
        edits = tuple(
            Edit(spelled.span(*cut), "") for cut in ((first, begin), (end, last)) if cut[0] < cut[1]
        )
        fixes = (Fix(f"write `{rest}`", edits, "safe"),)
    context.report(TITLE_READS_AS_INSTRUCTION, spelled.span(first, last), why=why, fixes=fixes)


# A title or description of a workflow that reads as a part of its prompt.

DESCRIPTION_READS_AS_OUTLINE = PLATFORM.spec(
    "description-reads-as-outline",
    "this {part} of workflow `{name}` stands above its rules, and {why}",
    "say what the workflow is for in a sentence of your own",
)

_OUTLINE = re.compile(r"[0-9]+(?:\.[0-9]+)*[.)](?:\s|$)|[-#]")
_DOC = re.compile(r"[ \t]*##[ \t]?(?P<said>[^\n]*)\n?\Z")
_NOTE = re.compile(r"[ \t]*(?:@[^\n]*|#[^\n]*)?\n\Z")


def check_description_reads_as_outline(context: LintContext, workflow: ast.WorkflowDecl) -> None:
    """Report the first line of each text that an agent could take for a prompt line."""
    if workflow.steps is None:
        return  # a prompt of the author's own has neither of them in it
    for part, lines in (
        ("title", _title(context, workflow)),
        ("description", _doc(context, workflow)),
    ):
        for line, span in lines:
            why = _why(line.strip())
            if why is not None:
                context.report(
                    DESCRIPTION_READS_AS_OUTLINE, span, part=part, name=workflow.name.text, why=why
                )
                break


def _why(line: str) -> str | None:
    if _OUTLINE.match(line):
        return "reads as a line of an outline"
    if line.rstrip(":").casefold() in ("rules", "steps"):
        return "reads as the heading of a part of the prompt"
    return "reads as a sentence of a prompt" if like_a_sentence(line) else None


def _title(context: LintContext, workflow: ast.WorkflowDecl) -> Iterator[tuple[str, Span]]:
    symbol = context.workflow(workflow)
    for item in workflow.items:
        if isinstance(item, ast.Setting) and item.name.text == "title":
            known = None if symbol is None else symbol.settings.get("title")
            if isinstance(known, str):
                for line in known.split("\n"):
                    yield line, context.span(item.value)
            return
    yield workflow.name.text, context.span(workflow.name)


def _doc(context: LintContext, workflow: ast.WorkflowDecl) -> list[tuple[str, Span]]:
    """The lines of the comment above a workflow, each with its place."""
    if workflow.doc is None:
        return []
    source = context.source
    found: list[tuple[str, Span]] = []
    end = source.text.rfind("\n", 0, workflow.start) + 1
    while end:
        start = source.text.rfind("\n", 0, end - 1) + 1
        line = source.text[start:end]
        if (doc := _DOC.match(line)) is not None:
            at = start + doc.start("said")
            found.append((doc["said"], Span(source, at, at + max(1, len(doc["said"])))))
        elif _NOTE.match(line) is None:
            break
        end = start
    return found[::-1]


# Prose that an agent would take for a sentence of the compiler.

PROSE_LIKE_SENTENCE = PLATFORM.spec(
    "prose-like-sentence",
    "this reads like a sentence that the compiler writes, so that the prompt has two meanings",
    "use the statement that says it, such as `press`, `wait`, `type`, `expect` or `if`; or say it "
    "in other words",
)


def _spell_prose_part(context: LintContext, part: ast.TextPart) -> str:
    """A part of the prose as the agent reads it; one character for a run-time value."""
    match part:
        case ast.TextLiteral(value=value):
            return value
        case ast.TextComment():
            return ""
        case ast.Ref():
            known = context.model.constants.get(part)
            return known if isinstance(known, str) else "\ufffc"


def check_prose_like_sentence(context: LintContext, prose: Prose) -> None:
    """Report a `do` with a paragraph that reads like a sentence of the compiler."""
    spelled = "".join(_spell_prose_part(context, part) for part in prose.text.parts)
    for paragraph in in_paragraphs(spelled).split("\n"):
        if like_a_sentence(paragraph.strip()):
            start, end = prose.bounds
            context.report(PROSE_LIKE_SENTENCE, prose.span(start, end))
            return


RULES = (
    LoadedRule(TITLE_READS_AS_INSTRUCTION, check_title_reads_as_instruction),
    LoadedRule(DESCRIPTION_READS_AS_OUTLINE, check_description_reads_as_outline),
    LoadedRule(PROSE_LIKE_SENTENCE, check_prose_like_sentence),
)
