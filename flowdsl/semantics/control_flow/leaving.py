"""Blocks that no path continues after, and statements that may fail."""

from __future__ import annotations

import re

from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import else_of, keyword_span

from ..calls.summaries import Summaries, summary_of
from ..names.paths import count_certain_entries, path_of
from ..program import Program
from ..traversal import ReadingTables, inner_blocks, type_read_by
from ..types import Optional


def has_no_path_behind(block: ast.Block, program: Program | None = None) -> bool:
    """Whether no path continues after a block, because its last statement always leaves.

    That is a `fail`, `abort` or `finish`, a `step` whose block leaves, or an `if` or `match` with
    an `else` all of whose blocks do. With `program`, two more forms are recognised: the call of a
    task that always leaves, and choices without an `else` that are exhaustive.
    """
    if not block.statements:
        return False
    last = block.statements[-1]
    if isinstance(last, ast.StepStmt):
        return has_no_path_behind(last.body, program)
    if isinstance(last, ast.IfStmt | ast.MatchStmt):
        if last.otherwise is None and (program is None or last not in program.complete):
            return False
        return all(has_no_path_behind(inner.block, program) for inner in inner_blocks(last))
    if isinstance(last, ast.CallStmt):
        task = None if program is None else program.calls.get(last)
        return task is not None and has_no_path_behind(task.declaration.body)
    return isinstance(last, ast.FailStmt | ast.AbortStmt | ast.FinishStmt)


def leaves_after(block: ast.Block, statement: ast.Stmt) -> bool:
    """Whether the run leaves `block` for good after `statement`, which is inside it."""
    if has_no_path_behind(block):
        return True
    around = [
        inner.block
        for outer in block.statements
        if outer.start <= statement.start and statement.end <= outer.end
        for inner in inner_blocks(outer)
        if inner.block.start <= statement.start and statement.end <= inner.block.end
    ]
    return any(leaves_after(inner, statement) for inner in around)


def runs_always(program: Program, iterable: ast.Ref | ast.IntLit | ast.ListExpr) -> bool:
    """Whether a `for` over `iterable` runs at least once."""
    if isinstance(iterable, ast.ListExpr):
        return bool(iterable.items)
    if isinstance(iterable, ast.IntLit):
        return iterable.value > 0
    value = program.constants.get(iterable)
    if value is not None:
        return value > 0 if isinstance(value, int) else bool(value)
    symbol = program.values.get(iterable)
    if symbol is None:
        # The name is reported already; what the loop sets should not be reported, too.
        return True
    if isinstance(program.ref_types.get(iterable), Optional):
        return False
    return count_certain_entries(program, symbol, path_of(iterable, symbol)) > 0


# What may fail: statements from which control passes to the enclosing failure handler.


def first_failure(
    program: Program, source: SourceFile, node: ast.Stmt | ast.Block, summaries: Summaries
) -> Span | None:
    """Return the keyword of the first statement that may fail and leave `node`; None without one.

    A `retry` with an `else`, and a `for` with `on failure`, handle failures in their bodies.
    """
    if isinstance(node, ast.Block):
        for statement in node.statements:
            found = first_failure(program, source, statement, summaries)
            if found is not None:
                return found
        return None
    if isinstance(node, ast.AnnotatedStmt):
        return first_failure(program, source, node.statement, summaries)
    if _fails_itself(program, node, summaries):
        return keyword_span(node, source)
    for block in _open_blocks(node):
        found = first_failure(program, source, block, summaries)
        if found is not None:
            return found
    return None


def _open_blocks(statement: ast.Stmt) -> list[ast.Block]:
    """Return the blocks of a statement in which a failure also leaves the statement."""
    if isinstance(statement, ast.RetryStmt) and statement.otherwise is not None:
        return [statement.otherwise]
    if isinstance(statement, ast.ForStmt) and statement.failure is not None:
        return [statement.failure]
    return [inner.block for inner in inner_blocks(statement)]


def _fails_itself(program: Program, statement: ast.Stmt, summaries: Summaries) -> bool:
    """Whether a statement itself may fail, or its `else` without a block may."""
    otherwise = else_of(statement)
    if otherwise is not None:
        return isinstance(otherwise.action, ast.FailStmt)
    match statement:
        case ast.FailStmt():
            return True
        case ast.CallStmt():
            return summary_of(summaries, program.calls.get(statement)).may_fail
        case ast.ChooseStmt() | ast.WaitUntilStmt() | ast.ExpectStmt():
            return True
        case ast.WhileStmt() | ast.RepeatStmt():
            return True
        case ast.ExtractStmt() | ast.CopyStmt():
            return needs_value(program, statement)
        case ast.TypeStmt():
            return statement in program.typed_days
        case ast.RunStmt(name=name):
            return name is not None
        case _:
            return False


def failure_words(between: Span) -> Span:
    """Return the place of the words `on failure` between the body of a `for` and that block."""
    words = re.compile(r"\bon(?:\s|#.*+)++failure\b")
    found = words.search(between.source.text, between.start, between.end)
    if found is None:  # what stood between the two words was left out as a mistake
        return between
    return Span(between.source, found.start(), found.end())


def needs_value(tables: ReadingTables, statement: ast.ExtractStmt | ast.CopyStmt) -> bool:
    """Whether a reading without an `else` fails if the value is missing."""
    if isinstance(statement, ast.ExtractStmt) and statement.background:
        return False
    return not isinstance(type_read_by(statement, tables), Optional)
