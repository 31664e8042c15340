"""Consts and the values of literals: during the check, and later per environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.source.files import spell_flow_path
from flowdsl.syntax import ast
from flowdsl.syntax.errors import NESTING_TOO_DEEP
from flowdsl.syntax.visit import walk

from .. import errors, places
from ..calls.call_graph import MAX_CHARACTERS, count_literal_characters
from ..model import CONST, ENVIRONMENT, RowsFile, ValueSymbol
from ..names.paths import path_of
from ..names.scopes import ValueScope
from ..program import MAX_CHAIN, ModuleScope, Program
from ..semantic_model import SemanticModel
from ..texts.rules import CONTROLS
from ..types import STRING
from ..values.expressions import infer_type, key_text
from ..values.spelling import spell_constant
from .text_files import collect_rows_files, load_text


def resolve_consts(program: Program) -> None:
    """Evaluate every const, each after those it uses.

    Consts that use themselves are reported and have no value.
    """
    for module in program.sources.modules:
        scope = program.scopes[module]
        for entry in scope.own.values():
            if isinstance(entry.declaration, ast.ConstDecl):
                _resolve_const(scope, entry.declaration)


def _resolve_const(scope: ModuleScope, const: ast.ConstDecl) -> None:
    """Evaluate one const, after those that it uses."""
    program = scope.program
    if const in program.consts:
        return
    if const in program.resolving:
        cycle = [*program.resolving[program.resolving.index(const) :], const]
        names = " -> ".join(entry.name.text for entry in cycle if isinstance(entry, ast.ConstDecl))
        scope.report(errors.CONST_CYCLE, const.name, cycle=names)
        return
    if len(program.resolving) >= MAX_CHAIN:
        scope.report(NESTING_TOO_DEEP, const.name, what="consts", limit=MAX_CHAIN)
        return
    if const.file is not None:
        _resolve_file(scope, const, const.file)
        return
    assert const.value is not None
    program.resolving.append(const)
    size = count_literal_characters(const.value)
    for home, used in _consts_in(scope, const.value):
        _resolve_const(program.scopes[home], used)
        size += program.const_sizes.get(used, 0)
    program.resolving.pop()
    span = const.name.span(scope.source)
    if not _is_small(scope, const, size):
        return
    type_ = infer_type(ValueScope(scope), const.value, places.CONSTANT)
    known = const.value in program.constants
    program.consts[const] = ValueSymbol(
        CONST,
        const.name.text,
        type_,
        span,
        value=program.constants.get(const.value),
        literal=None if known else const.value,
        rows=tuple(_collect_fixture_rows(scope, const)),
    )


def _collect_fixture_rows(
    scope: ModuleScope, const: ast.ConstDecl
) -> Iterator[tuple[str, RowsFile | None]]:
    """Collect the rows that a fixture takes from files."""
    if isinstance(const.value, ast.ObjectExpr):
        yield from collect_rows_files(scope, const.value, const.rows)


def _resolve_file(scope: ModuleScope, const: ast.ConstDecl, written: ast.StringLit) -> None:
    """Set a const to the text of a file; nothing in it is a variable.

    Line ends are `\\n`, regardless of git and editors, and one at the end is removed.
    """
    program = scope.program
    path = load_text(scope, written)
    if path is None:
        return
    text = program.texts[path].replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    if not _is_small(scope, const, len(text)):
        return
    control = next((each for each in text if each in CONTROLS), None)
    if control is not None:
        line = text.count("\n", 0, text.index(control)) + 1
        reason = f"it holds the control character U+{ord(control):04X} (line {line})"
        scope.report(errors.UNREADABLE_FILE, written, path=spell_flow_path(path), reason=reason)
        return
    span = const.name.span(scope.source)
    program.consts[const] = ValueSymbol(CONST, const.name.text, STRING, span, value=text)


def _is_small(scope: ModuleScope, const: ast.ConstDecl, size: int) -> bool:
    """Whether a const is within the maximum number of characters; one that is not is reported."""
    scope.program.const_sizes[const] = size
    if size <= MAX_CHARACTERS:
        return True
    scope.report(
        errors.TOO_LARGE,
        const.name,
        what=f"const `{const.name.text}`",
        size=size,
        unit="characters",
        limit=MAX_CHARACTERS,
    )
    return False


def _consts_in(
    scope: ModuleScope, value: ast.Literal
) -> Iterator[tuple[ast.Module, ast.ConstDecl]]:
    """Yield the consts that `value` names, each with the file that declares it."""
    for node in walk(value):
        entry = None
        if isinstance(node, ast.ConstRef):
            namespace, name = node.name.namespace, node.name.name.text
            if namespace is None:
                entry = scope.names.get(name)
            else:
                other = scope.namespaces.get(namespace.text, (None,))[0]
                entry = other.own.get(name) if other is not None else None
        elif isinstance(node, ast.Ref):
            entry = scope.names.get(node.name.text)
            other = scope.namespaces.get(node.name.text, (None,))[0]
            first = node.path[0] if node.path else None
            if other is not None and isinstance(first, ast.FieldAccess):
                entry = other.own.get(first.name)
        if entry is not None and isinstance(entry.declaration, ast.ConstDecl):
            yield entry.home, entry.declaration


def constant_json(program: Program, expr: ast.Expr) -> Any:
    """Return the JSON value of a literal; parts that depend on `env` remain AST nodes."""
    if expr in program.constants:
        return program.constants[expr]
    if isinstance(expr, ast.ListExpr):
        return [constant_json(program, item) for item in expr.items]
    if isinstance(expr, ast.ObjectExpr):
        return {key_text(pair.key): constant_json(program, pair.value) for pair in expr.pairs}
    return expr


def evaluate_constant(model: SemanticModel, value: Any, variables: Mapping[str, str]) -> Any:
    """Evaluate a literal, or JSON with AST nodes inside, to JSON in one environment.

    `env.x` is `variables["x"]`. Only for programs without errors: every name must be resolved, and
    every variable defined.
    """
    if isinstance(value, list):
        return [evaluate_constant(model, item, variables) for item in value]
    if isinstance(value, dict):
        return {key: evaluate_constant(model, item, variables) for key, item in value.items()}
    if not isinstance(value, ast.Node):
        return value
    if value in model.constants:
        return model.constants[value]
    match value:
        case ast.Text(parts=parts):
            return "".join(_evaluate_piece(model, part, variables) for part in parts)
        case ast.ListExpr(items=items):
            return [evaluate_constant(model, item, variables) for item in items]
        case ast.ObjectExpr(pairs=pairs):
            return {
                key_text(pair.key): evaluate_constant(model, pair.value, variables)
                for pair in pairs
            }
        case ast.Ref() | ast.ConstRef():
            return _evaluate_name(model, value, variables)
        case _:
            raise AssertionError(f"not a literal: {value!r}")


def _evaluate_piece(model: SemanticModel, part: ast.TextPart, variables: Mapping[str, str]) -> str:
    match part:
        case ast.TextLiteral(value=value):
            return value
        case ast.TextComment():
            return ""
        case ast.Ref():
            return spell_constant(evaluate_constant(model, part, variables))


def _evaluate_name(
    model: SemanticModel, node: ast.Ref | ast.ConstRef, variables: Mapping[str, str]
) -> Any:
    symbol = model.values[node]
    if symbol.kind == ENVIRONMENT:
        assert isinstance(node, ast.Ref) and isinstance(node.path[0], ast.FieldAccess)
        return variables[node.path[0].name]
    value = (
        symbol.value
        if symbol.literal is None
        else evaluate_constant(model, symbol.literal, variables)
    )
    if isinstance(node, ast.Ref):
        for part in path_of(node, symbol):
            value = value[part.index if isinstance(part, ast.IndexAccess) else part.name]
    return value
