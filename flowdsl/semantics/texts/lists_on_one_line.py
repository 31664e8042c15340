"""Lists in texts that stand on one line of a prompt: readings, conditions, targets, reasons."""

from __future__ import annotations

from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import COMMAND, DO, TYPED, texts_of
from flowdsl.syntax.texts.paragraphs import first_item

from .. import errors
from ..program import Program

_WITH_LINES = (DO, TYPED, COMMAND)
"""What keeps its lines."""


def report_lists_on_one_line(program: Program) -> None:
    """Report the first item of each list whose lines would become one.

    A program whose texts have no line ends is not walked.
    """
    blocks = ('"""' in module.source.text for module in program.sources.modules)
    if not program.texts and not any(blocks):
        return
    for task in program.tasks.values():
        _report_in(program, task.module.source, task.declaration.body)
    for workflow in program.workflows.values():
        source = workflow.module.source
        for item in workflow.declaration.items:
            if isinstance(item, ast.StepsSection):
                _report_in(program, source, item.body)
            elif isinstance(item, ast.AlwaysSection):
                for rule in item.rules:
                    _report(program, source, rule)


def _report_in(program: Program, source: SourceFile, body: ast.Block) -> None:
    for statement in program.statements(body):
        for text, role in texts_of(statement):
            if role not in _WITH_LINES:
                _report(program, source, text)


def _report(program: Program, source: SourceFile, text: ast.Text) -> None:
    if text.form == ast.BLOCK:
        found = first_item(source.text[text.start : text.end])
        if found is not None:
            start, end = (text.start + at for at in found)
            program.sink.report(errors.LIST_ON_ONE_LINE, Span(source, start, end), where="this")
            return
    for part in text.parts:
        value = program.constants.get(part) if isinstance(part, ast.Ref) else None
        if isinstance(value, str) and first_item(f"\n{value}") is not None:
            where = f"`{part.name.text}`" if isinstance(part, ast.Ref) else "this"
            program.sink.report(errors.LIST_ON_ONE_LINE, part.span(source), where=where)
            return
