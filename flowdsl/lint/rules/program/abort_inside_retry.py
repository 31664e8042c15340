"""An `abort` in a `retry`, which waits for a `fail`.

An `abort` there is often meant: a locked account needs no second attempt. It is surely a mistake in
two cases: when no failure in the body leads to another attempt, and when the check that ends an
attempt aborts although the `retry` has an `else` for when it gives up.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Edit, Fix, Label
from flowdsl.lint.context import LintContext
from flowdsl.semantics.model import TaskSymbol
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span, leaving_else

SPEC = DiagnosticSpec(
    "abort-inside-retry",
    "suspicious",
    "this `abort` ends the run at the first attempt, {why}",
    "write `fail`, which is what `retry` catches",
)


def check(context: LintContext, statement: ast.RetryStmt) -> None:
    """Report the `abort`s of one `retry`."""
    body = context.source.text[statement.body.start : statement.body.end]
    if "abort" not in body and "call" not in body:
        return
    here = Label(context.keyword(statement), "the retry")
    aborts = list(_aborts(context, statement.body, set()))
    if not aborts or context.may_lack_statements():
        return
    if not _can_fail(context, statement.body, set()):
        why = "and nothing else in the `retry` can fail"
        for call, abort, source in aborts:
            _report(context, here, call, abort, source, why)
        return
    last = _last(statement.body)
    action = leaving_else(last) if last is not None else None
    if statement.otherwise is not None and isinstance(action, ast.AbortStmt):
        why = "before the `else` of the `retry` has its turn"
        _report(context, here, None, action, context.source, why)


def _report(
    context: LintContext,
    here: Label,
    call: ast.CallStmt | None,
    abort: ast.AbortStmt,
    source: SourceFile,
    why: str,
) -> None:
    keyword = keyword_span(abort, source)
    if call is not None:
        labels = (here, Label(keyword, "the `abort`"))
        context.report(SPEC, context.keyword(call), why=why, labels=labels)
        return
    fix = Fix("write `fail`", (Edit(keyword, "fail"),))
    context.report(SPEC, keyword, why=why, labels=(here,), fixes=(fix,))


def _last(block: ast.Block) -> ast.Stmt | None:
    """The last statement of a block, looked for inside its steps, too."""
    if not block.statements:
        return None
    last = block.statements[-1]
    return _last(last.body) if isinstance(last, ast.StepStmt) else last


def _aborts(
    context: LintContext,
    block: ast.Block,
    entered: set[TaskSymbol],
    source: SourceFile | None = None,
) -> Iterator[tuple[ast.CallStmt | None, ast.AbortStmt, SourceFile]]:
    """The `abort`s of a body, each with its file.

    One of a called task comes with the call that leads to it; only the first of each task counts.
    """
    source = source or context.source
    for statement in block.statements:
        if isinstance(statement, ast.AbortStmt):
            yield None, statement, source
        action = leaving_else(statement)
        if isinstance(action, ast.AbortStmt):
            yield None, action, source
        if isinstance(statement, ast.CallStmt):
            task = context.model.calls.get(statement)
            if task is not None and task not in entered:
                entered.add(task)
                inside = _aborts(context, task.declaration.body, entered, task.module.source)
                for _, abort, home in inside:
                    yield statement, abort, home
                    break
        for inner in inner_blocks(statement):
            yield from _aborts(context, inner.block, entered, source)


_FALLIBLE = (
    ast.ChooseStmt,
    ast.WaitUntilStmt,
    ast.ExtractStmt,
    ast.CopyStmt,
    ast.ExpectStmt,
    ast.RunStmt,
    ast.RepeatStmt,
)


def _can_fail(context: LintContext, block: ast.Block, entered: set[TaskSymbol]) -> bool:
    """Whether a `fail` can leave a block, so that a `retry` around it makes another attempt."""
    for statement in block.statements:
        match statement:
            case ast.FailStmt():
                return True
            case ast.TypeStmt() if statement in context.model.typed_days:
                return True
            case ast.CallStmt():
                task = context.model.calls.get(statement)
                if task is None:
                    return True
                if task not in entered:
                    entered.add(task)
                    if _can_fail(context, task.declaration.body, entered):
                        return True
                continue
            case ast.RetryStmt(body=body, otherwise=otherwise):
                if _can_fail(context, body if otherwise is None else otherwise, entered):
                    return True
                continue
            case _:
                pass
        if isinstance(statement, _FALLIBLE):
            action = leaving_else(statement)
            if action is None or isinstance(action, ast.FailStmt):
                return True
        if any(_can_fail(context, inner.block, entered) for inner in inner_blocks(statement)):
            return True
    return False
