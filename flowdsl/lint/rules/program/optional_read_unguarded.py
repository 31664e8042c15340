"""Reports a value that may be missing in an instruction that needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import FLOW, Edit, Fix, Label
from flowdsl.lint.context import LintContext
from flowdsl.semantics import types
from flowdsl.semantics.model import INPUT, ValueSymbol
from flowdsl.semantics.names.paths import field_of
from flowdsl.source.text import Span
from flowdsl.syntax import ast, statements
from flowdsl.syntax.visit import walk

SPEC = FLOW.spec(
    "optional-read-unguarded",
    "`{written}` may be missing, and this {place} would then say `__EMPTY__`",
    "{way}",
    arguable=True,
)
_UNDER_IF = (
    "put the statement under `if {code} is not empty {{ ... }}`, with an `else` for what is done "
    "without it; or declare the value as required"
)
_ALWAYS_THERE = (
    "declare the value as required, or see that there is one: by a default of the input, or by "
    "`else {{ keep ... }}` behind what reads it"
)
"""For statements of the main agent: a replay would not evaluate an `if` again."""
_UNDER_IF_OF_ENTRY = (
    "put the statement under `if {code} is not empty {{ ... }}`, with an `else` for what is done "
    "where the list is shorter"
)
_ENTRY_ALWAYS_THERE = "take the entries of {listed} in a `for`"
_IN_PART = "a part of `{code}` may be missing: write the parts one by one, under `if`s"

_PLACES = {
    statements.TITLE: "title",
    statements.DO: "instruction",
    statements.TARGET: "instruction",
    statements.AWAITED: "condition",
    statements.EXPECTED: "condition",
    statements.SOURCE: "instruction",
    statements.SHOWN: "instruction",
    statements.COMMAND: "command",
    statements.FILE: "file name",
    statements.REASON: "reason",
    statements.TYPED: "text",
}
"""What a text is called in a message."""
_OF_MAIN_AGENT = (_PLACES[statements.COMMAND], _PLACES[statements.FILE])
_FIXED = (ast.DoStmt, ast.TypeStmt, ast.ClearStmt, ast.ChooseStmt)
"""Statements that no later one depends on, so that an `if` can be put around them."""
_VALUE = "value"
_MAY_BE_NOTHING = (_PLACES[statements.TYPED], _VALUE)
"""Places where a missing value on its own is allowed: it types nothing, or stays missing."""

_SPEAKS_OF_ABSENCE = re.compile(
    r"\b(empty|blank|missing|optional|absent|__EMPTY__|"
    r"if (it is |there is |there are )?(any|given|present|one|set|known)"
    r"|if not|unless|otherwise|none)\b",
    re.IGNORECASE,
)


def check(context: LintContext, node: ast.TaskDecl | ast.StepsSection) -> None:
    """Report the references of a body to values that may be missing."""
    declaration = context.declaration
    body = context.body
    if declaration is None or body is None:
        return
    optional = set(context.optional_refs(node))
    if not optional:
        return
    places = [ref.start for ref in optional]
    first, last = min(places), max(places)
    from_file = _has_schema_file(declaration)
    for statement in context.statements(body):
        if statement.end <= first or statement.start > last:
            continue
        for text, place in _texts(statement):
            for part in text.parts:
                if part in optional and not (place in _MAY_BE_NOTHING and _is_alone(text)):
                    assert isinstance(part, ast.Ref)
                    _check_ref(context, part, text, place, statement, from_file)


def _texts(statement: ast.Stmt) -> Iterator[tuple[ast.Text, str]]:
    """The texts of a statement, those in its values too, with the words for each."""
    for text, role in statements.texts_of(statement):
        yield text, _PLACES[role]
    match statement:
        case ast.EmitStmt(value=value) | ast.KeepStmt(value=value):
            values: tuple[ast.Expr, ...] = (value,)
        case ast.CallStmt(arguments=arguments):
            values = tuple(argument.value for argument in arguments)
        case _:
            return
    for each in values:
        if isinstance(each, ast.Ref):
            continue
        for node in walk(each):
            if isinstance(node, ast.Text):
                yield node, _VALUE


def _check_ref(
    context: LintContext,
    ref: ast.Ref,
    text: ast.Text,
    place: str,
    statement: ast.Stmt,
    from_file: bool,
) -> None:
    symbol = context.model.values[ref]
    entry = _find_entry(context, ref)
    if _is_filled(symbol, ref) or (symbol.kind == INPUT and from_file and entry is None):
        return
    if _SPEAKS_OF_ABSENCE.search(text.span(context.source).text):
        return
    span = context.span(ref)
    code = span.text.strip("{} \t")
    label = Label(symbol.span, f"the {symbol.title} is declared here")
    way = _ALWAYS_THERE if place in _OF_MAIN_AGENT else _UNDER_IF
    fixes: tuple[Fix, ...] = ()
    if not isinstance(context.model.ref_types[ref], types.Optional):
        way = _IN_PART
    elif isinstance(statement, _FIXED):
        fixes = (_make_guard_fix(context.span(statement), code),)
    if entry is not None:
        way = _explain_entry(symbol, *entry, main=place in _OF_MAIN_AGENT)
    context.report(
        SPEC,
        span,
        written=span.text,
        place=place,
        labels=(label,),
        way=way.format(code=code),
        fixes=fixes,
    )


def _find_entry(context: LintContext, ref: ast.Ref) -> tuple[str, int] | None:
    """Return the list and the number of the entry by which the value of `ref` may be missing.

    None if the declared type of the value itself says that it may be.
    """
    field = field_of(context.model, ref)
    if field is not None and isinstance(field.type, types.Optional):
        return None
    for part in reversed(ref.path):
        if isinstance(part, ast.IndexAccess):
            written = context.source.text[ref.name.start : part.start]
            return f"`{written}`", part.index
    return None


def _explain_entry(symbol: ValueSymbol, listed: str, index: int, *, main: bool) -> str:
    """Return the template of what to do about an entry of a list that may have fewer."""
    way = _ENTRY_ALWAYS_THERE.format(listed=listed) if main else _UNDER_IF_OF_ENTRY
    if symbol.kind == INPUT:
        way += f"; or declare {listed} with `@min_items({index + 1})`"
    return way


def _make_guard_fix(statement: Span, code: str) -> Fix:
    """Return the edits that put a statement under a condition that a value is present."""
    source = statement.source
    before = Edit(Span(source, statement.start, statement.start), f"if {code} is not empty {{ ")
    behind = Edit(Span(source, statement.end, statement.end), " }")
    return Fix(f"do it only where there is `{code}`", (before, behind))


def _is_alone(text: ast.Text) -> bool:
    """Whether a text consists of one value."""
    parts = [part for part in text.parts if not isinstance(part, ast.TextComment)]
    return len(parts) == 1


def _has_schema_file(declaration: ast.Decl) -> bool:
    """Whether the inputs come from a JSON Schema file.

    Its authors rarely mean what its `required` says.
    """
    return isinstance(declaration, ast.WorkflowDecl) and any(
        isinstance(item, ast.InputsFrom) for item in declaration.items
    )


def _is_filled(symbol: ValueSymbol, ref: ast.Ref) -> bool:
    """Whether a default replaces the value when nobody gives one."""
    field = symbol.field
    return field is not None and not ref.path and field.has_default and field.default is not None
