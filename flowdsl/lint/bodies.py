"""The statements of declarations and blocks, and their keywords, as rules look at them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import ATTACH, EXPORT, KEEP, LEAVES, PICTURE, STATEMENTS

NOTES: tuple[type[ast.Node], ...] = tuple(
    class_ for class_ in LEAVES if STATEMENTS[class_].tool in (KEEP, ATTACH, EXPORT, PICTURE)
)
"""Statements that neither change nor read the screen."""


def body_of(declaration: ast.Decl | None) -> ast.Block | None:
    """The statements of a task, or of a workflow's `steps`; None for other declarations."""
    if isinstance(declaration, ast.TaskDecl):
        return declaration.body
    return declaration.steps if isinstance(declaration, ast.WorkflowDecl) else None


def without_steps(block: ast.Block) -> Iterator[ast.Stmt]:
    """Return the statements of a block, with each step replaced by its statements."""
    for statement in block.statements:
        inner = statement.statement if isinstance(statement, ast.AnnotatedStmt) else statement
        if isinstance(inner, ast.StepStmt):
            yield from without_steps(inner.body)
        else:
            yield inner


def find_keyword(source: SourceFile, word: str, start: int, end: int) -> Span | None:
    """The place of a keyword in front of `end`, with nothing but comments in between.

    None if there is none behind `start`.
    """
    before = re.compile(rf"\b{word}\b(?:\s|#[^\r\n]*[\r\n])*\Z")
    found = before.search(source.text, start, end)
    return None if found is None else Span(source, found.start(), found.start() + len(word))
