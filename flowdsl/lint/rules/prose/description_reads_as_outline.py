"""A title or description of a workflow that reads as a part of its prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.prompt.likeness import like_a_sentence
from flowdsl.source.text import Span
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "description-reads-as-outline",
    "platform",
    "this {part} of workflow `{name}` stands above its rules, and {why}",
    "say what the workflow is for in a sentence of your own",
)

_OUTLINE = re.compile(r"[0-9]+(?:\.[0-9]+)*[.)](?:\s|$)|[-#]")
_DOC = re.compile(r"[ \t]*##[ \t]?(?P<said>[^\n]*)\n?\Z")
_NOTE = re.compile(r"[ \t]*(?:@[^\n]*|#[^\n]*)?\n\Z")


def check(context: LintContext, workflow: ast.WorkflowDecl) -> None:
    """Report the first line of each that an agent could take for a line of the prompt."""
    if not any(isinstance(item, ast.StepsSection) for item in workflow.items):
        return  # a prompt of the author's own has neither of them in it
    for part, lines in (
        ("title", _title(context, workflow)),
        ("description", _doc(context, workflow)),
    ):
        for line, span in lines:
            why = _why(line.strip())
            if why is not None:
                context.report(SPEC, span, part=part, name=workflow.name.text, why=why)
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
