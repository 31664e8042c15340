"""Locates the parts of a workflow in its file; edits that add, replace or remove one."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.visit import walk

from ..writing.statement_text import INDENT
from ..writing.writer import AROUND
from .attempts import Choices, EditContext
from .editing import Edit, doc_start, indent_at, insertion_after, line_end, make_removal_edit
from .references import find_rendered_references, value_edits
from .splicing import Draft, Splicer

ORDER: tuple[tuple[type[ast.Node], ...], ...] = (
    (ast.Setting,),
    (ast.InputsSection, ast.InputsFrom),
    (ast.SecretsSection,),
    (ast.OutputsSection, ast.OutputsFrom),
    (ast.ModelSection,),
    (ast.TerminalSection,),
    (ast.AlwaysSection,),
    (ast.StepsSection, ast.PromptFrom),
    (ast.ChecksSection, ast.ChecksFrom),
    (ast.ExtraSection, ast.ExtraFrom),
)
"""The kinds of items of a workflow in the order in which `import` writes them."""


def replace_node(context: EditContext, node: ast.Node, lines: Sequence[str]) -> Edit:
    """Return an edit that replaces a node by lines; all but the first get the node's indent."""
    indent = indent_at(context.source, node.start)
    return Edit(context.path, node.start, node.end, join_indented_lines(lines, indent))


def join_indented_lines(lines: Sequence[str], indent: str) -> str:
    """Return lines as one text; all but the first and the blank ones are indented."""
    return "\n".join([*lines[:1], *(f"{indent}{line}" if line else "" for line in lines[1:])])


def insert_item(context: EditContext, kind: type[ast.Node], lines: Sequence[str]) -> Edit:
    """Return an edit that adds an item of a kind to the workflow, at its place in `ORDER`."""
    rank = next(at for at, kinds in enumerate(ORDER) if kind in kinds)
    before: ast.Node | None = None
    for item in context.symbol.declaration.items:
        if next(at for at, kinds in enumerate(ORDER) if type(item) in kinds) <= rank:
            before = item
    text = context.source
    if before is None:
        return first_in(text, context.path, _body_start(context), lines, _item_indent(context))
    alike = isinstance(before, ast.Setting) and kind is ast.Setting
    block = list(lines) if alike else ["", *lines]
    return insertion_after(text, context.path, before.end, block, indent_at(text, before.start))


def first_in(text: str, path: str, brace: int, lines: Sequence[str], indent: str) -> Edit:
    """Return an edit that inserts lines at the start of the block whose `{` is at `brace`."""
    at = brace + 1
    block = "".join(f"\n{indent}{line}" if line else "\n" for line in lines)
    rest = text[at : line_end(text, at)].strip()
    if not rest or rest.startswith("#"):
        end = line_end(text, at)
        return Edit(path, end, end, block)
    return Edit(path, at, at, block + f"\n{indent}")


def rewrite_item(
    context: EditContext, kind: type[ast.Node], base: Sequence[str] | None, lines: Sequence[str]
) -> Choices:
    """Return ways to rewrite an item of a workflow: splice the changes, or replace all of it.

    `base` is the item as it would be written for its current meaning.
    """
    node = context.item(kind)
    if node is None:
        return [(insert_item(context, kind, lines),)] if lines else []
    if not lines:
        return [(remove_item(context, node),)]
    return [*splice_node(context, node, base, lines), (replace_node(context, node, lines),)]


def splice_node(
    context: EditContext, node: ast.Node, base: Sequence[str] | None, lines: Sequence[str]
) -> Choices:
    """Return ways to rewrite a node of the workflow's file that keep its unchanged parts."""
    rendered = find_rendered_references(context.built.model, context.source, node)
    splicer = Splicer(context.path, context.source, rendered)
    one_line = "\n" not in context.source[node.start : node.end]
    draft = None if base is None else Draft(_lay_out_section(base, one_line=one_line))
    new = Draft(_lay_out_section(lines, one_line=one_line))
    edits = tuple(splicer.splice_range(node.start, node.end, draft, new))
    return [*value_edits(context.built.model, splicer.changed), edits]


def _lay_out_section(lines: Sequence[str], *, one_line: bool) -> str:
    """Return the lines of a section as one text; on one line, commas separate its entries."""
    if one_line and len(lines) > 2 and not any(line.lstrip().startswith("##") for line in lines):
        return f"{lines[0]} {', '.join(line.strip() for line in lines[1:-1])} {lines[-1]}"
    return "\n".join(lines)


def remove_item(context: EditContext, node: ast.Node) -> Edit:
    """Return an edit that removes an item."""
    return make_removal_edit(context.source, context.path, node.start, node.end)


def item_removal(text: str, path: str, node: ast.Node) -> Edit:
    """Return an edit that removes a statement, a field or a check, with its doc comment."""
    return make_removal_edit(text, path, doc_start(text, node.start), node.end)


def _body_start(context: EditContext) -> int:
    """Return the offset of the opening brace of the workflow."""
    declaration = context.symbol.declaration
    return context.source.index("{", declaration.name.end)


def _item_indent(context: EditContext) -> str:
    return indent_at(context.source, context.symbol.declaration.name.start) + INDENT


def parse_single_statement(lines: Sequence[str]) -> tuple[ast.Stmt, int]:
    """Return the one statement in lines of `styled`, and the excess of its offsets."""
    head, tail = AROUND["statement"]
    source = SourceFile("", "\n".join([*head, *lines, *tail, ""]))
    (workflow,) = parse_module(source, Sink()).declarations
    (statement,) = next(each for each in walk(workflow) if isinstance(each, ast.Block)).statements
    return statement, len("\n".join([*head, ""]))
