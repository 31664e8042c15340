"""The constructs of the language, by name, and where a program has them.

What there is comes from the tables of the language: a statement, an annotation, a type, a part of a
format or a setting that is new there is a construct here.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.semantics.declarations.settings import (
    CHAIN_SETTINGS,
    MODEL_SETTINGS,
    TERMINAL_SETTINGS,
    WORKFLOW_SETTINGS,
)
from flowdsl.semantics.types import PRIMITIVES
from flowdsl.semantics.values.annotations import DECLARATION_ANNOTATIONS, FIELD_ANNOTATIONS
from flowdsl.semantics.values.displays import PARTS
from flowdsl.syntax import ast
from flowdsl.syntax.statements import STATEMENTS
from flowdsl.syntax.visit import walk

UNTESTED = {
    "using": "which model reads; a test asks none",
    "run as": "needs `[platform]` of a project: `unit/testing/test_test_expectations.py` has tests",
    "@example": "for people who fill a form in",
    "@format": "part of a schema, which nobody is known to hold a text against",
    "@machine": "who gives the value; a test gives it itself",
    "@deprecated": "for people who fill a form in",
    "@owner": "for people who look after a flow",
    **dict.fromkeys(
        (WORKFLOW_SETTINGS | CHAIN_SETTINGS | MODEL_SETTINGS | TERMINAL_SETTINGS).keys()
        - {"title"},
        "sent with a workflow, and no part of what its prompt says",
    ),
}
"""Constructs without a test in the corpus, with the reason; of most none can tell a difference."""

_WAYS = {
    ast.ChooseStmt: ("else",),
    ast.ExtractStmt: ("else", "in background"),
    ast.CopyStmt: ("else", "of a type"),
    ast.ExpectStmt: ("else",),
    ast.RunStmt: ("else", "as"),
    ast.WhileStmt: ("else", "max", "wait"),
    ast.RepeatStmt: ("else", "max", "wait"),
    ast.RetryStmt: ("else", "wait"),
    ast.PressStmt: ("times",),
    ast.TypeStmt: ("as", "over"),
    ast.EmitStmt: ("+=", "+= of a list"),
    ast.KeepStmt: ("+=", "="),
    ast.ForStmt: ("max", "on failure", "of a count", "of a literal list"),
    ast.MatchStmt: ("else",),
    ast.CallStmt: ("as",),
}
"""What a statement may have beside what it has to have."""

_OTHERS = (
    *("else", "else if", "else fail", "wait until", "wait until timeout", "wait until else"),
    *("==", "!=", "<", "<=", ">", ">=", "contains", "starts with", "ends with", "matches"),
    *(
        "in",
        "in a list",
        "count of",
        "not in",
        "is empty",
        "sees",
        "and",
        "or",
        "not",
        "a bool as a condition",
    ),
    *("record", "declared record", "an inline record", "alias", "list", "optional"),
    *("an optional field", "a field that may be left out"),
    *("a choice of texts", "a choice of numbers", "an open choice"),
    *("today", "start of week", "start of month", "start of quarter", "start of year"),
    *("day of another input", "shift d", "shift w", "shift mo", "shift y"),
    *("as 0", "as 0.00", "as #,##0", "as #.##0,00", "as 00000"),
    *("const", "const from", "fixture", "input default", "always"),
    *("an input", "a secret", "a runtime value", "loop variable", "a const in a text"),
    *("a value in a text", "a raw text", "text block", "an escaped brace"),
    *("task", "parameter", "secret parameter", "default of a parameter", "result"),
    *("a field of a result", "chain step", "output of a step", "shared", "pause"),
    *(
        "file check",
        "files matching",
        "count",
        "files each",
        "none if present",
        "check of an image",
    ),
    *("output satisfies", "bound of an output"),
)


def constructs() -> set[str]:
    """The names of all constructs that a test can be about."""
    statements = {
        name
        for class_, row in STATEMENTS.items()
        if class_ is not ast.WaitUntilStmt
        for name in (row.keyword, *(f"{row.keyword} {way}" for way in _WAYS.get(class_, ())))
    }
    annotations = {f"@{name}" for name in (*FIELD_ANNOTATIONS, *DECLARATION_ANNOTATIONS)}
    formats = {f"as {part}" for part in PARTS}
    settings = {*WORKFLOW_SETTINGS, *CHAIN_SETTINGS, *MODEL_SETTINGS, *TERMINAL_SETTINGS}
    every = statements | annotations | formats | settings | set(PRIMITIVES) | {*_OTHERS, "using"}
    return every - UNTESTED.keys()


def statements_at(module: ast.Module) -> Iterator[tuple[str, int, int]]:
    """The statements of a file by their words, each with its first and its last line."""
    source = module.source
    for declaration in module.declarations:
        for node in walk(declaration):
            row = STATEMENTS.get(type(node))
            if row is not None:
                span = node.span(source)
                yield row.keyword, span.first.line, source.position(span.end).line
