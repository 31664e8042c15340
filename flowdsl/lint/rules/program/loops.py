"""Rules about loops and attempts."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Edit, Fix, Label
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.semantics.control_flow.leaving import leaves_after
from flowdsl.semantics.model import CONST, ENVIRONMENT, INPUT, PARAMETER, TaskSymbol
from flowdsl.semantics.names.paths import field_of
from flowdsl.semantics.traversal import KeptVariables, inner_blocks, refs_outside_blocks
from flowdsl.semantics.types import ListOf, strip_optional
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import ROUNDS, keyword_span, leaving_else
from flowdsl.syntax.visit import walk

# An `abort` in a `retry`, which waits for a `fail`.
#
# An `abort` there is often meant: a locked account needs no second attempt. It is surely a mistake
# in two cases: when no failure in the body leads to another attempt, and when the check that ends
# an attempt aborts although the `retry` has an `else` for when it gives up.


ABORT_INSIDE_RETRY = SUSPICIOUS.spec(
    "abort-inside-retry",
    "this `abort` ends the run at the first attempt, {why}",
    "write `fail`, which is what `retry` catches",
)


def check_abort_inside_retry(context: LintContext, statement: ast.RetryStmt) -> None:
    """Report the `abort`s of one `retry`."""
    body = context.source.text[statement.body.start : statement.body.end]
    if "abort" not in body and "call" not in body:
        return
    here = Label(context.keyword(statement), "the retry")
    aborts = list(_find_aborts(context, statement.body, set()))
    if not aborts or context.may_lack_statements():
        return
    if not _can_fail(context, statement.body, set()):
        why = "and nothing else in the `retry` can fail"
        for call, abort, source in aborts:
            _report(context, here, call, abort, source, why)
        return
    last = _find_last_statement(statement.body)
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
        context.report(ABORT_INSIDE_RETRY, context.keyword(call), why=why, labels=labels)
        return
    fix = Fix("write `fail`", (Edit(keyword, "fail"),))
    context.report(ABORT_INSIDE_RETRY, keyword, why=why, labels=(here,), fixes=(fix,))


def _find_last_statement(block: ast.Block) -> ast.Stmt | None:
    """Return the last statement of a block, also if it is inside a step."""
    if not block.statements:
        return None
    last = block.statements[-1]
    return _find_last_statement(last.body) if isinstance(last, ast.StepStmt) else last


def _find_aborts(
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
                inside = _find_aborts(context, task.declaration.body, entered, task.module.source)
                for _, abort, home in inside:
                    yield statement, abort, home
                    break
        for inner in inner_blocks(statement):
            yield from _find_aborts(context, inner.block, entered, source)


_FALLIBLE = (
    ast.ChooseStmt,
    ast.WaitUntilStmt,
    ast.ExtractStmt,
    ast.CopyStmt,
    ast.ExpectStmt,
    ast.RunStmt,
    *ROUNDS,
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


# A `for x in list max N` whose list can never hold as many as `N` entries.

BOUND_ABOVE_MAX_ITEMS = SUSPICIOUS.spec(
    "bound-above-max-items",
    "`max {bound}` never takes effect: {list} holds at most {most}",
    "remove `max {bound}`, or write the smaller bound that is meant",
)


def check_bound_above_max_items(context: LintContext, statement: ast.ForStmt) -> None:
    """Report a bound that never takes effect."""
    limit = statement.limit
    if limit is None:
        return
    if isinstance(limit, ast.IntLit):
        bound: object = limit.value
    else:
        bound = context.model.constants.get(limit)
    most = _count_most_entries(context, statement.iterable)
    if not isinstance(bound, int) or most is None or bound <= most:
        return
    iterable = context.span(statement.iterable)
    written = Span(context.source, statement.iterable.end, limit.end)
    fix = Fix(f"remove `{written.text.strip()}`", (Edit(written, ""),), "safe")
    list_ = f"`{iterable.text}`" if isinstance(statement.iterable, ast.Ref) else "the list"
    context.report(
        BOUND_ABOVE_MAX_ITEMS,
        context.span(limit),
        bound=context.span(limit).text,
        list=list_,
        most=most,
        fixes=(fix,),
    )


def _count_most_entries(
    context: LintContext, iterable: ast.Ref | ast.IntLit | ast.ListExpr
) -> int | None:
    """The most entries that a list can have; None if that is uncertain.

    The service enforces the annotations of inputs; those of values that are read from the screen
    are only requests.
    """
    if isinstance(iterable, ast.IntLit):
        return iterable.value
    if isinstance(iterable, ast.ListExpr):
        return len(iterable.items)
    model = context.model
    if iterable in model.constants:
        value = model.constants[iterable]
        return value if isinstance(value, int) else len(value) if isinstance(value, list) else None
    symbol = model.values.get(iterable)
    if symbol is None or symbol.kind != INPUT:
        return None
    field = field_of(model, iterable)
    return None if field is None else field.constraints.max_items


# Values that every entry of a `for` replaces: one value of an output, or one name of a file.

LAST_ENTRY_WINS = SUSPICIOUS.spec(
    "last-entry-wins",
    "every entry of this `for` {does} {what} again, so that the last one wins",
    "{way}",
)

_SAME = frozenset((CONST, ENVIRONMENT, INPUT, PARAMETER))
"""The kinds of values that are the same in every entry."""

_DONE_ALWAYS = (ast.StepStmt, ast.RetryStmt)
"""Statements whose bodies are done in any case."""


def check_last_entry_wins(context: LintContext, statement: ast.ForStmt) -> None:
    """Report statements that do the same for every entry and replace the result each time."""
    if context.may_lack_statements():
        return
    for each in _find_certain_statements(statement.body):
        match each:
            case ast.EmitStmt(append=False, name=name, value=value):
                if _can_vary(context, value) and _is_replaced(context, each, statement.body):
                    _report_replaced(context, name, "emits")
            case ast.ExtractStmt(name=name) if each in context.model.set_outputs:
                if _is_replaced(context, each, statement.body):
                    _report_replaced(context, name, "reads")
            case ast.CaptureStmt(file=file) | ast.ExportStmt(file=file):
                if not _can_vary(context, file) and not leaves_after(statement.body, each):
                    does = "captures" if isinstance(each, ast.CaptureStmt) else "exports"
                    written = context.span(file).text.strip('"')
                    context.report(
                        LAST_ENTRY_WINS,
                        context.span(file),
                        does=does,
                        what=f"`{written}`",
                        way=(
                            "put something of the entry into the name, such as "
                            f"`{{{statement.variable.text}}}` or a field of it"
                        ),
                    )
            case _:
                pass


def _report_replaced(context: LintContext, name: ast.Name, does: str) -> None:
    way = (
        f"declare `{name.text}` as a list and write `+=`, or {does[:-1]} it once, behind the `for`"
    )
    context.report(LAST_ENTRY_WINS, context.span(name), does=does, what=f"`{name.text}`", way=way)


def _find_certain_statements(block: ast.Block) -> Iterator[ast.Stmt]:
    """Return the statements of a body that every entry reaches, unless one before them leaves."""
    for statement in block.statements:
        inner = statement.statement if isinstance(statement, ast.AnnotatedStmt) else statement
        if isinstance(inner, _DONE_ALWAYS):
            yield from _find_certain_statements(inner.body)
        else:
            yield inner


def _is_replaced(
    context: LintContext, statement: ast.EmitStmt | ast.ExtractStmt, body: ast.Block
) -> bool:
    """Whether each entry gives an output that is not a list a value that no entry reads."""
    target = next((f for f in context.emitted_fields() if f.name == statement.name.text), None)
    if target is None or isinstance(strip_optional(target.type), ListOf):
        return False
    if leaves_after(body, statement):
        return False
    if isinstance(statement, ast.ExtractStmt):
        name = statement.name.text
        return not any(isinstance(each, ast.Ref) and each.name.text == name for each in walk(body))
    kept = KeptVariables(context.body_statements())
    return not any(
        kept.outlives(ref.name.text, body) for ref in refs_outside_blocks(statement.value)
    )


def _can_vary(context: LintContext, node: ast.Node) -> bool:
    """Whether a value may be another one for the next entry."""
    symbols = [context.model.values.get(ref) for ref in refs_outside_blocks(node)]
    return any(symbol is None or symbol.kind not in _SAME for symbol in symbols)


RULES = (
    LoadedRule(ABORT_INSIDE_RETRY, check_abort_inside_retry),
    LoadedRule(BOUND_ABOVE_MAX_ITEMS, check_bound_above_max_items),
    LoadedRule(LAST_ENTRY_WINS, check_last_entry_wins),
)
