"""A `choose` whose `else` only notes that nothing was there, before work goes on."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.lint.bodies import body_of
from flowdsl.lint.context import LintContext
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "goes-on-without-choice",
    "suspicious",
    "where there is nothing to choose, this `else` goes on, and `{word}` works on what is not open",
    (
        "end the `else` with `fail`, `abort` or `finish`; or note it there with `keep`, and put "
        "what follows under an `if`"
    ),
)

_NOTES = (ast.EmitStmt, ast.KeepStmt, ast.CaptureStmt)
"""Statements that change nothing on the screen and ask nothing of it."""
_WORKS = (
    ast.DoStmt,
    ast.ChooseStmt,
    ast.TypeStmt,
    ast.ClearStmt,
    ast.PressStmt,
    ast.ExtractStmt,
    ast.CopyStmt,
)


def check(context: LintContext, statement: ast.ChooseStmt) -> None:
    """Report an `else` of notes alone, where the next statement acts on the screen or reads it."""
    otherwise = statement.otherwise
    body = body_of(context.declaration)
    if otherwise is None or body is None or not isinstance(otherwise.action, ast.Block):
        return
    if context.may_lack_statements():
        return
    if not all(isinstance(each, _NOTES) for each in otherwise.action.statements):
        return
    following = next(
        (each for each in _behind(body, statement) if not isinstance(each, _NOTES)), None
    )
    if not isinstance(following, _WORKS):
        return
    word = context.keyword(following)
    label = Label(word, "this is done in any case")
    context.report(SPEC, otherwise.span(context.source), word=word.text, labels=(label,))


def _behind(block: ast.Block, statement: ast.Stmt) -> Iterator[ast.Stmt]:
    """The statements of the same block that follow a statement, steps looked into."""
    flat = list(_flat(block))
    if statement in flat:
        yield from flat[flat.index(statement) + 1 :]
        return
    for outer in flat:
        if outer.start <= statement.start < outer.end:
            for inner in inner_blocks(outer):
                if inner.block.start <= statement.start < inner.block.end:
                    yield from _behind(inner.block, statement)


def _flat(block: ast.Block) -> Iterator[ast.Stmt]:
    for statement in block.statements:
        inner = statement.statement if isinstance(statement, ast.AnnotatedStmt) else statement
        if isinstance(inner, ast.StepStmt):
            yield from _flat(inner.body)
        else:
            yield inner
