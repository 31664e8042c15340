"""The body of statements that a declaration has, if any."""

from __future__ import annotations

from flowdsl.syntax import ast


def body_of(declaration: ast.Decl | None) -> ast.Block | None:
    """The statements of a task, or of a workflow's `steps`; None for what has none."""
    if isinstance(declaration, ast.TaskDecl):
        return declaration.body
    if isinstance(declaration, ast.WorkflowDecl):
        for item in declaration.items:
            if isinstance(item, ast.StepsSection):
                return item.body
    return None
