"""The runtime variables of a body: where they are set, and their types."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.diagnostics.suggest import rename_fix, suggest_known_names
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by

from .. import errors
from ..model import RUNTIME, ValueSymbol
from ..names.scopes import ValueScope
from ..program import Program
from ..statements.arguments import task_of
from ..types import STRING, UNKNOWN, Type, Unknown, describe_type
from ..values.assignability import is_assignable
from .type_expressions import resolve_type


def declare_runtime(program: Program, scope: ValueScope, body: ast.Block) -> dict[str, ValueSymbol]:
    """Declare the runtime variables that `body` sets in `scope`, and return them.

    A variable that is set with two types is reported, as is one that no statement gives a type.
    """
    found: dict[str, ValueSymbol] = {}
    rejected: set[str] = set()
    untyped: list[ast.KeepStmt] = []
    for statement in program.statements(body):
        name = variable_set_by(statement)
        if name is None:
            continue
        if isinstance(statement, ast.KeepStmt) and statement.type is None:
            untyped.append(statement)
            continue
        type_ = _variable_type(program, scope, statement)
        span = name.span(scope.module.source)
        symbol = ValueSymbol(RUNTIME, name.text, type_, span)
        earlier = found.get(name.text)
        if earlier is not None:
            _check_same_type(program, earlier, symbol)
        elif name.text not in rejected:
            if scope.declare(program, symbol):
                found[name.text] = symbol
            else:
                rejected.add(name.text)
    for statement in untyped:
        _check_typed(program, scope, statement, found, rejected)
    return found


def _check_typed(
    program: Program,
    scope: ValueScope,
    statement: ast.KeepStmt,
    found: dict[str, ValueSymbol],
    rejected: set[str],
) -> None:
    """Report a `keep` without a type whose variable no statement declares or reads."""
    name = statement.name
    if name.text in found or name.text in rejected:
        return
    span = name.span(scope.module.source)
    rejected.add(name.text)
    if not scope.is_free(name.text):
        scope.declare(program, ValueSymbol(RUNTIME, name.text, UNKNOWN, span))
        return
    scope.clashing.add(name.text)  # its readers should not be reported as well
    near = rename_fix(span, found)
    program.sink.report(
        errors.KEEP_UNDECLARED,
        span,
        name=name.text,
        operator="+=" if statement.append else "=",
        help=suggest_known_names("runtime variable", found, name.text) if near else None,
        fixes=near,
    )


def _variable_type(program: Program, scope: ValueScope, statement: ast.Stmt) -> Type:
    match statement:
        case ast.ExtractStmt(type=expr) | ast.KeepStmt(type=ast.Node() as expr):
            return resolve_type(program, scope.module, expr)
        case ast.CopyStmt(type=written) | ast.RunStmt(type=written):
            return STRING if written is None else resolve_type(program, scope.module, written)
        case ast.ForStmt():
            return STRING
        case ast.CallStmt():
            task = task_of(program, scope, statement)
            return UNKNOWN if task is None or task.result is None else task.result
        case _:
            return UNKNOWN


def _check_same_type(program: Program, earlier: ValueSymbol, later: ValueSymbol) -> None:
    if isinstance(earlier.type, Unknown) or isinstance(later.type, Unknown):
        return
    same = is_assignable(earlier.type, later.type) and is_assignable(later.type, earlier.type)
    if not same or describe_type(earlier.type, None) != describe_type(later.type, None):
        program.sink.report(
            errors.RUNTIME_TYPE_CONFLICT,
            later.span,
            name=later.name,
            type=describe_type(later.type),
            earlier=describe_type(earlier.type),
            labels=(Label(earlier.span, f"first set as `{describe_type(earlier.type)}`"),),
        )
