"""Reports lists that may be too long: for an agent to count, or to be saved as a whole again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from flowdsl.diagnostics.diagnostic import INFO, SUSPICIOUS, Label
from flowdsl.lint.bodies import body_of
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.semantics.model import INPUT, RUNTIME
from flowdsl.semantics.names.paths import field_of
from flowdsl.semantics.traversal import inner_blocks, statements
from flowdsl.semantics.types import ListOf, RecordOf, Type, strip_optional
from flowdsl.syntax import ast
from flowdsl.syntax.statements import ROUNDS
from flowdsl.syntax.visit import walk

COUNT_OF_MANY = SUSPICIOUS.spec(
    "count-of-many",
    "an agent counts `{name}`, which may have {most} entries, and miscounts long lists",
    "read the number where the screen shows it, pass it as an input, or write `@max_items({few})` "
    "if there are no more",
)

_FEW = 30
"""The most entries that an agent counts well."""


def check_counts(context: LintContext, module: ast.Module) -> None:
    """Report the lists that are counted and may have more than `_FEW` entries by their bounds."""
    model = context.model
    for node in walk(module):
        counted = node.counted if isinstance(node, ast.CountExpr | ast.Ref) else None
        if counted is None or counted in model.constants or counted not in model.values:
            continue
        field = field_of(model, counted)
        most = None if field is None else field.constraints.max_items
        if most is not None and most > _FEW and not _is_numbered(context, module, counted):
            span = context.span(counted)
            context.report(COUNT_OF_MANY, span, name=span.text, most=most, few=_FEW)


def _is_numbered(context: LintContext, module: ast.Module, counted: ast.Ref) -> bool:
    """Whether a counted list is an output whose entries have numbers already."""
    symbol = context.model.values[counted]
    return symbol.is_output and not any(
        (symbol.name, True) in _find_reads(context, body)
        for body in map(body_of, module.declarations)
        if body is not None
    )


# A list that the flow reads has one key, and each `+=` saves all entries before it again. A list
# that only an output takes has a key for each entry.

LONG_LIST_REWRITTEN = SUSPICIOUS.spec(
    "long-list-rewritten",
    "each entry saves the whole of `{name}` again: about {tokens} tokens for {most} entries",
    "leave `{name}` to an output, of which only the `count of` is read, and keep what the flow "
    "needs of it in another variable",
    severity_override=INFO,
)

_CHEAP = 10_000
"""The tokens below which a list that is saved as a whole for each entry is not reported."""

_LOOPS = frozenset((ast.ForStmt, *ROUNDS))

_TOKENS_OF_VALUE = 8
"""The tokens of a value in a list, with the name of its field; an estimate."""


def check_rewritten(context: LintContext, module: ast.Module) -> None:
    """Report the lists that grow in a loop and are read, if their bounds make them dear."""
    for declaration in module.declarations:
        body = body_of(declaration)
        grown = {} if body is None else dict(_find_grown_lists(context, body))
        if body is None or not _may_read_one_of(context, body, {name for name, _ in grown}):
            continue
        reads = _find_reads(context, body)
        for (name, is_output), (statement, most) in grown.items():
            read = reads.get((name, is_output))
            entries = most * (most + 1) // 2
            tokens = 0 if read is None else entries * _count_tokens(context, read)
            if read is not None and tokens > _CHEAP:
                context.report(
                    LONG_LIST_REWRITTEN,
                    context.span(statement.name),
                    name=name,
                    most=most,
                    tokens=f"{tokens:,}",
                    labels=(Label(context.span(read), "read here"),),
                )


_MANY = 20
"""Names from which on a body is not searched for each of them."""


def _may_read_one_of(context: LintContext, body: ast.Block, names: Collection[str]) -> bool:
    """Whether a body may read a value of one of the names that it sets: few lists are read."""
    text = context.source.text
    return len(names) > _MANY or any(text.count(name, body.start, body.end) > 1 for name in names)


def _find_grown_lists(
    context: LintContext, body: ast.Block
) -> Iterator[tuple[tuple[str, bool], tuple[ast.EmitStmt | ast.KeepStmt, int]]]:
    """Yield the lists that grow in loops, with a statement and the most entries it adds."""
    loops: list[ast.Stmt] = []
    for statement in context.statements(body):
        while loops and loops[-1].end <= statement.start:
            loops.pop()
        if type(statement) in _LOOPS:
            loops.append(statement)
        elif loops and isinstance(statement, ast.EmitStmt | ast.KeepStmt) and statement.append:
            most = 1
            for loop in reversed(loops):
                if _begins_list(loop, statement):
                    break
                most *= _count_passes(context, loop) or 1
            yield (statement.name.text, isinstance(statement, ast.EmitStmt)), (statement, most)


def _begins_list(loop: ast.Stmt, grows: ast.EmitStmt | ast.KeepStmt) -> bool:
    """Whether a pass of a loop sets anew what grows inside it."""
    return any(
        type(node) is type(grows) and not node.append and node.name.text == grows.name.text
        for inner in inner_blocks(loop)
        for node in statements(inner.block)
        if isinstance(node, ast.EmitStmt | ast.KeepStmt)
    )


def _count_passes(context: LintContext, statement: ast.Stmt) -> int | None:
    """Return the most passes of a loop; None if they are unknown, or it is none."""
    if not isinstance(statement, (ast.ForStmt, *ROUNDS)):
        return None
    limit, model = statement.limit, context.model
    if isinstance(limit, ast.IntLit):
        return limit.value
    if limit is not None:
        symbol = model.values.get(limit)
        known = model.constants.get(limit)
        if symbol is not None and symbol.kind == INPUT and symbol.field is not None:
            known = symbol.field.constraints.maximum
        return known if isinstance(known, int) else None
    iterable = statement.iterable if isinstance(statement, ast.ForStmt) else None
    if not isinstance(iterable, ast.Ref) or iterable not in model.values:
        return iterable.value if isinstance(iterable, ast.IntLit) else None
    field = field_of(model, iterable)
    return None if field is None else field.constraints.max_items


def _find_reads(context: LintContext, body: ast.Block) -> dict[tuple[str, bool], ast.Ref]:
    """Return a read of each variable and output; those that are counted do not count.

    A variable that one `emit` takes as a whole is the output itself.
    """
    nodes = [*walk(body)]
    counted: set[ast.Node | None] = {
        node.counted for node in nodes if isinstance(node, ast.CountExpr | ast.Ref)
    }
    counted.update(node.operand for node in nodes if isinstance(node, ast.EmptyExpr))
    values = context.model.values
    whole = [node.value for node in nodes if isinstance(node, ast.EmitStmt) and not node.append]
    emitted = Counter(each.name.text for each in whole if isinstance(each, ast.Ref))
    found: dict[tuple[str, bool], ast.Ref] = {}
    for node in nodes:
        if not isinstance(node, ast.Ref) or node in counted or node.counted is not None:
            continue
        symbol = values.get(node)
        if symbol is None or symbol.kind != RUNTIME:
            continue
        taken = node in whole and not node.path and emitted[node.name.text] == 1
        if not taken or symbol.is_output:
            found.setdefault((symbol.name, symbol.is_output), node)
    return found


def _count_tokens(context: LintContext, read: ast.Ref) -> int:
    """Estimate the tokens of an entry of the list that a reference reads."""
    type_ = strip_optional(context.model.values[read].type)
    element: Type = type_.element if isinstance(type_, ListOf) else type_
    inner = strip_optional(element)
    return _TOKENS_OF_VALUE * max(1, len(inner.fields) if isinstance(inner, RecordOf) else 1)


RULES = (
    LoadedRule(COUNT_OF_MANY, check_counts),
    LoadedRule(LONG_LIST_REWRITTEN, check_rewritten),
)
