"""The id of a model configuration where an alias belongs.

The id is different in every organization.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

SPEC = DiagnosticSpec(
    "raw-model-id",
    "suspicious",
    "a model is named by its id, which holds in one organization only",
    "write an alias here, and its id under `[models]` in `flowdsl.toml`",
)


def check(
    context: LintContext,
    node: ast.ModelSection | ast.ChooseStmt | ast.ExtractStmt | ast.Check,
) -> None:
    """Report the ids."""
    for literal in _names(node):
        value = literal.value if isinstance(literal, ast.StringLit) else _constant(context, literal)
        if isinstance(value, str) and is_uuid(value):
            context.report(SPEC, context.span(literal))


def _constant(context: LintContext, literal: ast.Node) -> object:
    return context.model.constants.get(literal)


def _names(
    node: ast.ModelSection | ast.ChooseStmt | ast.ExtractStmt | ast.Check,
) -> Iterator[ast.Node]:
    """The places that name a model."""
    if isinstance(node, ast.ModelSection):
        for setting in node.settings:
            yield from walk(setting.value)
        return
    named = node.body if isinstance(node, ast.Check) else node
    takes_model = ast.ChooseStmt | ast.ExtractStmt | ast.ImageCheck | ast.OutputCheck
    if isinstance(named, takes_model) and named.model is not None:
        yield named.model
