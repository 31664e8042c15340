"""Rules for all texts: control characters, lists on one line, and markup beside a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.suggest import join_names
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import COMMAND, DO, TYPED, texts_of
from flowdsl.syntax.texts.paragraphs import first_item, may_hold_item
from flowdsl.syntax.visit import walk

from .. import errors
from ..calls.call_graph import find_reached_bodies
from ..model import WorkflowSymbol
from ..program import Program
from ..types import Enum, FieldType, ListOf, Optional, Primitive, RecordOf, Type

# Characters in texts that are invisible and that no desktop expects.


CONTROLS = [chr(code) for code in (*range(0x20), 0x7F) if chr(code) not in "\t\n\r"]
"""Control characters that no text may contain."""


def report_control_characters(program: Program) -> None:
    """Report each control character in a text.

    A file that has none anywhere is not walked.
    """
    for module in program.sources.modules:
        source = module.source
        if any(control in source.text for control in CONTROLS):
            for node in walk(module):
                if isinstance(node, ast.TextLiteral | ast.StringLit):
                    _report_controls(program, source, node)


def _report_controls(
    program: Program, source: SourceFile, node: ast.TextLiteral | ast.StringLit
) -> None:
    for offset in range(node.start, node.end):
        character = source.text[offset]
        if character in CONTROLS and character in node.value:
            span = Span(source, offset, offset + 1)
            code = f"{ord(character):04X}"
            program.sink.report(errors.CONTROL_CHARACTER, span, code=code)


# Lists in texts that become one line of a prompt: readings, conditions, targets, reasons.

_WITH_LINES = (DO, TYPED, COMMAND)
"""Places whose texts keep their line ends."""


def report_lists_on_one_line(program: Program) -> None:
    """Report the first item of each list whose lines would become one.

    A program whose texts have no line ends, or no line of which looks like an item, is not walked.
    """
    blocks = [each.source.text for each in program.sources.modules if '"""' in each.source.text]
    if not program.texts and not blocks:
        return
    values = {value for value in program.constants.values() if isinstance(value, str)}
    if not any(map(may_hold_item, (*blocks, "\n".join(("", *values))))):
        return
    for owner, body in program.find_bodies():
        for statement in program.statements(body):
            for text, role in texts_of(statement):
                if role not in _WITH_LINES:
                    _report_list(program, owner.module.source, text)
    for workflow in program.workflows.values():
        for item in workflow.declaration.items:
            for rule in item.rules if isinstance(item, ast.AlwaysSection) else ():
                _report_list(program, workflow.module.source, rule)


def _report_list(program: Program, source: SourceFile, text: ast.Text) -> None:
    if text.form == ast.BLOCK:
        found = first_item(source.text[text.start : text.end])
        if found is not None:
            start, end = (text.start + at for at in found)
            program.sink.report(errors.LIST_ON_ONE_LINE, Span(source, start, end), where="this")
            return
    for part in text.parts:
        value = program.constants.get(part)
        if value is not None and isinstance(value, str) and first_item(f"\n{value}") is not None:
            where = f"`{part.name.text}`" if isinstance(part, ast.Ref) else "this"
            program.sink.report(errors.LIST_ON_ONE_LINE, part.span(source), where=where)
            return


# Inputs of prompts with pictures: those are HTML, so no text may contain markup.

_LOOSE = frozenset(("string", "url", "file", "email"))
"""Types of texts that may contain an ampersand or a bracket of HTML."""


def report_picture_inputs(program: Program) -> None:
    """Report, for each workflow with a picture, text inputs that may contain markup."""
    for workflow in program.workflows.values():
        steps = workflow.declaration.steps
        pictures = (
            statement.path if call is None else call.task
            for body, _, call in (() if steps is None else find_reached_bodies(program, steps))
            for statement in program.statements(body)
            if isinstance(statement, ast.ImageStmt)
        )
        place = min(pictures, key=lambda node: node.start, default=None)
        if place is not None:
            _report_inputs(program, workflow, place)


def _report_inputs(program: Program, workflow: WorkflowSymbol, place: ast.Node) -> None:
    fields = program.workflow_fields[workflow.declaration].inputs or ()
    names = [field.name for field in fields if any(_loose_texts(field.type, field))]
    if names:
        program.sink.report(
            errors.PICTURE_LIMITS_INPUTS,
            place.span(workflow.module.source),
            name=workflow.name,
            inputs=f"its input{'s' if len(names) > 1 else ''} {join_names(names)}",
        )


def _loose_texts(type_: Type, field: FieldType) -> Iterator[bool]:
    """Yield one entry for each text in a type that may contain markup."""
    match type_:
        case Optional(inner=inner):
            yield from _loose_texts(inner, field)
        case ListOf(element=element):
            yield from _loose_texts(element, field)
        case RecordOf(fields=fields):
            for each in fields:
                yield from _loose_texts(each.type, each)
        case Primitive(name=name) if name in _LOOSE:
            pattern = field.constraints.pattern
            # A pattern of letters, digits and other characters already excludes markup.
            if pattern is None or re.search(r"[<&.^]|\\[SDWx]", pattern.removeprefix("^")):
                yield True
        case Enum(open=True):
            yield True
        case _:
            pass
