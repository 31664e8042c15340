"""A statement that does nothing: without words, or with nothing in its blocks."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.syntax import ast

SPEC = DiagnosticSpec(
    "no-effect",
    "suspicious",
    "{what}",
    "{way}",
)

_REMOVE = "write what is to be done, or remove it"


def check(context: LintContext, statement: ast.Stmt) -> None:
    """Report a statement that does nothing."""
    if context.may_lack_statements():
        return
    found = _without_effect(statement)
    if found is not None:
        what, way = found
        context.report(SPEC, context.keyword(statement), what=what, way=way)


def _without_effect(statement: ast.Stmt) -> tuple[str, str] | None:
    """Why a statement does nothing, and what to write; None for one that does something."""
    match statement:
        case ast.DoStmt(text=text) if _is_blank(text):
            return "this `do` says nothing", _REMOVE
        case ast.TypeStmt(value=ast.Text() as text) if not text.parts:
            return "this `type` types nothing", "write `clear` to empty the field, or remove it"
        case ast.StepStmt(body=body) if not body.statements:
            return "this `step` holds nothing", _REMOVE
        case ast.ForStmt(body=body) if not body.statements:
            return "this `for` does nothing for an entry", _REMOVE
        case ast.RepeatStmt(body=body) if not body.statements:
            return (
                "this `repeat` does nothing in a round",
                "write `wait until` with what is to be seen, or say what a round does",
            )
        case ast.ExpectStmt(otherwise=ast.Otherwise(action=ast.Block(statements=()))):
            return (
                "this `expect` goes on whatever is on screen",
                "write `else abort` with a reason, or say in the `else` what is done then",
            )
        case ast.IfStmt():
            return _branches(statement)
        case ast.MatchStmt(branches=branches, otherwise=otherwise):
            blocks = [branch.body for branch in branches]
            blocks += [] if otherwise is None else [otherwise]
            if any(block.statements for block in blocks):
                return None
            return "no branch of this `match` does anything", _REMOVE
        case _:
            return None


def _branches(statement: ast.IfStmt) -> tuple[str, str] | None:
    """Why an `if` does nothing: an empty `else` alone says that nothing is to be done."""
    if any(branch.body.statements for branch in statement.branches):
        return None
    otherwise = statement.otherwise
    if otherwise is None or not otherwise.statements:
        return "no branch of this `if` does anything", _REMOVE
    if len(statement.branches) > 1:
        return None
    return "the first branch of this `if` is empty", "turn the condition round, with `not`"


def _is_blank(text: ast.Text) -> bool:
    """Whether a text has nothing but blanks and comments."""
    return all(
        isinstance(part, ast.TextComment)
        or (isinstance(part, ast.TextLiteral) and not part.value.strip())
        for part in text.parts
    )
