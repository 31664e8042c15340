"""What every entry of a `for` replaces: one value of an output, or one name of a file."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.bodies import body_of
from flowdsl.lint.context import LintContext
from flowdsl.semantics.control_flow.leaving import leaves_after
from flowdsl.semantics.model import CONST, ENVIRONMENT, INPUT, PARAMETER
from flowdsl.semantics.traversal import KeptVariables, refs_outside_blocks
from flowdsl.semantics.types import FieldType, ListOf, RecordOf, strip_optional
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "last-entry-wins",
    "suspicious",
    "every entry of this `for` {does} {what} again, so that the last one wins",
    "{way}",
)

_SAME = frozenset((CONST, ENVIRONMENT, INPUT, PARAMETER))
"""The kinds of values that are the same in every entry."""

_DONE_ALWAYS = (ast.StepStmt, ast.RetryStmt)
"""Statements whose bodies are done in any case."""


def check(context: LintContext, statement: ast.ForStmt) -> None:
    """Report what is done for every entry, and nothing of the entry tells apart."""
    if context.may_lack_statements():
        return
    for each in _done_always(statement.body):
        match each:
            case ast.EmitStmt(append=False) if _is_replaced(context, each, statement.body):
                context.report(
                    SPEC,
                    context.span(each.name),
                    does="emits",
                    what=f"`{each.name.text}`",
                    way=(
                        f"declare `{each.name.text}` as a list and write `+=`, or emit it once, "
                        "behind the `for`"
                    ),
                )
            case ast.CaptureStmt(file=file) | ast.ExportStmt(file=file):
                if not _varies(context, file) and not leaves_after(statement.body, each):
                    does = "captures" if isinstance(each, ast.CaptureStmt) else "exports"
                    name = context.span(file).text.strip('"')
                    context.report(
                        SPEC,
                        context.span(file),
                        does=does,
                        what=f"`{name}`",
                        way=(
                            "put something of the entry into the name, such as "
                            f"`{{{statement.variable.text}}}` or a field of it"
                        ),
                    )
            case _:
                pass


def _done_always(block: ast.Block) -> Iterator[ast.Stmt]:
    """The statements of a body that every entry comes to, if none before them leaves."""
    for statement in block.statements:
        inner = statement.statement if isinstance(statement, ast.AnnotatedStmt) else statement
        if isinstance(inner, _DONE_ALWAYS):
            yield from _done_always(inner.body)
        else:
            yield inner


def _is_replaced(context: LintContext, statement: ast.EmitStmt, body: ast.Block) -> bool:
    """Whether each entry gives a single value, of its own, to an output."""
    target = next((f for f in _targets(context) if f.name == statement.name.text), None)
    if target is None or isinstance(strip_optional(target.type), ListOf):
        return False
    if leaves_after(body, statement) or not _varies(context, statement.value):
        return False
    around = body_of(context.declaration)
    kept = KeptVariables(context.statements(around) if around is not None else ())
    return not any(
        ref.sigil == ast.RUNTIME and kept.outlives(ref.name.text, body)
        for ref in refs_outside_blocks(statement.value)
    )


def _targets(context: LintContext) -> tuple[FieldType, ...]:
    """What `emit` sets in the current declaration."""
    declaration = context.declaration
    if isinstance(declaration, ast.WorkflowDecl):
        workflow = context.workflow(declaration)
        return () if workflow is None else workflow.outputs
    task = context.task(declaration) if isinstance(declaration, ast.TaskDecl) else None
    result = None if task is None else task.result
    return result.fields if isinstance(result, RecordOf) else ()


def _varies(context: LintContext, node: ast.Node) -> bool:
    """Whether a value may be another one for the next entry."""
    symbols = [context.model.values.get(ref) for ref in refs_outside_blocks(node)]
    return any(symbol is None or symbol.kind not in _SAME for symbol in symbols)
