"""A workflow without a description, or an output of any shape without one."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.triggers import may_be_anything
from flowdsl.syntax import ast

SPEC = DiagnosticSpec("missing-description", "style", "{subject} has no description")


def check(context: LintContext, declaration: ast.WorkflowDecl) -> None:
    """Report a workflow without a description, and outputs about which nothing is said."""
    if declaration.doc is None:
        context.report(
            SPEC,
            context.span(declaration.name),
            subject=f"workflow `{declaration.name.text}`",
            help="write `## what it does` above it: people who choose a workflow read it",
        )
    symbol = context.workflow(declaration)
    if symbol is None or symbol.outputs_from is not None:
        return
    vague = {
        field.name for field in symbol.outputs if field.doc is None and may_be_anything(field.type)
    }
    if not vague:
        return
    for item in declaration.items:
        if isinstance(item, ast.OutputsSection):
            for field in item.fields:
                if field.name.text in vague:
                    context.report(
                        SPEC,
                        context.span(field.name),
                        subject=f"output `{field.name.text}`, which may be anything,",
                        help=(
                            "write `## what it holds` above it: the agent reads that when it "
                            "fills the output"
                        ),
                    )
