"""Edits of standing rules and of the doc comment that describes a workflow."""

from __future__ import annotations

from collections.abc import Callable

from flowdsl.ir import nodes
from flowdsl.source.alignment import Effort
from flowdsl.syntax import ast

from ...model import PromptProgram
from ...writing.type_names import Unspeakable, doc_lines
from ..attempts import Choices, EditContext
from ..editing import Edit, doc_start, indent_at, insertion_after
from ..literals.literals import literal_of
from .scopes import workflow_scope
from .sections import first_in, insertion, item_removal, styled


def rule_edits(context: EditContext, have: PromptProgram, wanted: PromptProgram) -> Choices:
    """Edits of the standing rules that differ."""
    section = context.item(ast.AlwaysSection)
    if have.rules == wanted.rules:
        return []
    if not isinstance(section, ast.AlwaysSection):
        return _new_rules(context, wanted)
    if len(section.rules) != len(have.rules):
        return []
    scope = workflow_scope(context)
    indent = indent_at(context.source, section.rules[0].start) if section.rules else "    "
    edits: list[Edit] = []
    for tag, i1, i2, j1, j2 in Effort().opcodes(have.rules, wanted.rules):
        if tag == "equal":
            continue
        try:
            new = [
                literal_of(_spelled(rule, scope.in_text), indent) for rule in wanted.rules[j1:j2]
            ]
        except Unspeakable:
            return []
        if None in new:
            return []
        lines = [line for line in new if line is not None]
        shared = min(len(lines), i2 - i1)
        for number in range(shared):
            rule = section.rules[i1 + number]
            edits.append(Edit(context.path, rule.start, rule.end, lines[number]))
        for rule in section.rules[i1 + shared : i2]:
            edits.append(item_removal(context.source, context.path, rule))
        if lines[shared:]:
            if i1 + shared:
                before = section.rules[i1 + shared - 1]
                edit = insertion_after(
                    context.source, context.path, before.end, lines[shared:], indent
                )
            else:
                brace = context.source.index("{", section.start)
                edit = first_in(context.source, context.path, brace, lines[shared:], indent)
            edits.append(edit)
    return [tuple(edits)]


def _new_rules(context: EditContext, wanted: PromptProgram) -> Choices:
    """An edit that adds the section of standing rules."""
    scope = workflow_scope(context)
    try:
        rules = [literal_of(_spelled(rule, scope.in_text), "") for rule in wanted.rules]
    except Unspeakable:
        return []
    lines = styled("item", ["always {", *(rule for rule in rules if rule is not None), "}"])
    return [] if lines is None else [(insertion(context, ast.AlwaysSection, lines),)]


def _spelled(text: nodes.Text, spell: Callable[[nodes.Variable], str]) -> nodes.Text:
    return tuple(
        nodes.Variable(sigil="input", name=spell(piece))
        if isinstance(piece, nodes.Variable)
        else piece
        for piece in text
    )


def description_edits(context: EditContext, have: PromptProgram, wanted: PromptProgram) -> Choices:
    """An edit of the doc comment of the workflow."""
    if have.description == wanted.description:
        return []
    declaration = context.symbol.declaration
    first = min((each.start for each in declaration.annotations), default=declaration.start)
    try:
        lines = [] if wanted.description is None else doc_lines(wanted.description)
    except Unspeakable:
        return []
    start = doc_start(context.source, min(first, declaration.start))
    new = "".join(f"{line}\n" for line in lines)
    return [(Edit(context.path, start, min(first, declaration.start), new),)]
