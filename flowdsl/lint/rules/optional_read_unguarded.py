"""A value that may be missing, in an instruction that needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.lint.bodies import body_of
from flowdsl.lint.context import LintContext
from flowdsl.semantics.model import INPUT, ValueSymbol
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

SPEC = DiagnosticSpec(
    "optional-read-unguarded",
    "suspicious",
    "`{written}` may be missing, and this {place} would then say `__EMPTY__`",
    "put the statement under `if not {code} is empty {{ ... }}`, or declare the value as required",
)

_TEXTS: dict[type[ast.Stmt], tuple[str, str]] = {
    ast.StepStmt: ("title", "title"),
    ast.DoStmt: ("text", "instruction"),
    ast.ChooseStmt: ("target", "instruction"),
    ast.TypeStmt: ("target", "instruction"),
    ast.ClearStmt: ("target", "instruction"),
    ast.WaitUntilStmt: ("condition", "condition"),
    ast.ExtractStmt: ("source", "instruction"),
    ast.CopyStmt: ("source", "instruction"),
    ast.ExpectStmt: ("condition", "condition"),
    ast.RunStmt: ("command", "command"),
    ast.CaptureStmt: ("file", "file name"),
    ast.ExportStmt: ("file", "file name"),
    ast.FailStmt: ("reason", "reason"),
    ast.AbortStmt: ("reason", "reason"),
    ast.FinishStmt: ("reason", "reason"),
}
"""The text of each statement that is written for the agent, and what it is."""

_SPEAKS_OF_ABSENCE = re.compile(
    r"\b(empty|blank|missing|optional|absent|__EMPTY__|"
    r"if (it is |there is |there are )?(any|given|present|one|set|known)|if not|unless|otherwise|none)\b",
    re.IGNORECASE,
)


def check(context: LintContext, node: ast.TaskDecl | ast.StepsSection) -> None:
    """Report the references of a body."""
    declaration = context.declaration
    body = body_of(declaration)
    if declaration is None or body is None:
        return
    optional = {
        ref for ref in context.optional_refs() if declaration.start <= ref.start < declaration.end
    }
    if not optional:
        return
    from_file = _has_schema_file(declaration)
    for statement in context.statements(body):
        for text, place in _texts(statement):
            for part in text.parts:
                if part in optional:
                    assert isinstance(part, ast.Ref)
                    _check_ref(context, part, text, place, from_file)


def _check_ref(
    context: LintContext, ref: ast.Ref, text: ast.Text, place: str, from_file: bool
) -> None:
    symbol = context.model.values[ref]
    if _is_filled(symbol, ref) or (symbol.kind == INPUT and from_file):
        return
    if _SPEAKS_OF_ABSENCE.search(text.span(context.source).text):
        return
    span = context.span(ref)
    inside = span.text.strip("{} \t")
    code = f"{{{{{inside}}}}}" if ref.sigil == ast.RUNTIME else inside
    label = Label(symbol.span, f"the {symbol.kind} is declared here")
    context.report(SPEC, span, written=span.text, code=code, place=place, labels=(label,))


def _has_schema_file(declaration: ast.Decl) -> bool:
    """Whether the inputs come from a JSON Schema, whose authors rarely mean what its `required` says."""
    return isinstance(declaration, ast.WorkflowDecl) and any(
        isinstance(item, ast.InputsFrom) for item in declaration.items
    )


def _is_filled(symbol: ValueSymbol, ref: ast.Ref) -> bool:
    """Whether a value that nobody gives is replaced by a default."""
    field = symbol.field
    return field is not None and not ref.path and field.has_default and field.default is not None


def _texts(statement: ast.Stmt) -> Iterator[tuple[ast.Text, str]]:
    """The texts of a statement that may hold variables, and what each is."""
    entry = _TEXTS.get(type(statement))
    if entry is not None:
        yield getattr(statement, entry[0]), entry[1]
    match statement:
        case ast.IfStmt(branches=branches):
            for branch in branches:
                yield from _seen(branch.condition)
        case ast.RepeatStmt(until=until):
            yield from _seen(until)
        case _:
            pass
    otherwise = getattr(statement, "otherwise", None)
    if isinstance(otherwise, ast.Otherwise) and not isinstance(otherwise.action, ast.Block):
        yield otherwise.action.reason, "reason"


def _seen(condition: ast.Condition) -> Iterator[tuple[ast.Text, str]]:
    for node in walk(condition):
        if isinstance(node, ast.SeesExpr):
            yield node.text, "condition"
