"""Pairs statements parsed from a prompt with the source statements that they came from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.codegen.prompt.actions import emit_action
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import origin_of
from flowdsl.ir.walk import inner_bodies, replace_bodies
from flowdsl.source.record import Record, field_names
from flowdsl.syntax import ast
from flowdsl.syntax.statements import BY_KIND, STATEMENTS
from flowdsl.syntax.visit import children

from ..attempts import EditContext

_NOT_COMPARED = frozenset(("origin", "counted"))
"""Fields with the position of a statement, or that follow from other statements."""


class Unit(Record):
    """A statement of a prompt. Statements with the same meaning have equal keys.

    `bodies` are those of `source_bodies`.
    """

    node: nodes.Statement
    key: str
    bodies: tuple[tuple[Unit, ...], ...]


class Home(Record):
    """The place of a statement in the source.

    `outer` is the statement with its annotations. `block` contains it; None for the statement after
    an `else`. `loop` is the variable of the enclosing loop.
    """

    path: str
    statement: ast.Stmt
    outer: ast.Stmt
    block: ast.Block | None
    owner: ast.TaskDecl | ast.WorkflowDecl
    loop: str | None


class Placed(Record):
    """A unit of the prompt as it compiles now, with the IR statement that it came from.

    `home` is its place in the source, None if it did not come from a single statement. `part` of
    `parts` says which line it is of a `do` that became several. A body is None if prompt and IR
    disagree.
    """

    unit: Unit
    compiled: nodes.Statement
    home: Home | None
    part: int
    parts: int
    bodies: tuple[tuple[Placed, ...] | None, ...]


def split_into_units(body: Sequence[nodes.Statement]) -> tuple[Unit, ...]:
    """Return the units of a body; a `Store` of several values gives one for each."""
    found: list[Unit] = []
    for statement in _single_stores(body):
        inner = tuple(split_into_units(each) for each in source_bodies(statement))
        found.append(Unit(statement, repr(_comparable_form(statement)), inner))
    return tuple(found)


def source_bodies(statement: nodes.Statement) -> Sequence[nodes.Body]:
    """Return the bodies of a statement as source has them: two of a loop with `on failure`."""
    once = _find_caught_entry(statement)
    return inner_bodies(statement if once is None else once)


def replace_source_bodies(
    statement: nodes.Statement, bodies: Sequence[nodes.Body]
) -> nodes.Statement:
    """Replace the bodies of a statement, given in the order of `source_bodies`."""
    once = _find_caught_entry(statement)
    if once is None:
        return replace_bodies(statement, bodies)
    return replace_bodies(statement, [(replace_bodies(once, bodies),)])


def _find_caught_entry(statement: nodes.Statement) -> nodes.Retry | None:
    """Return what a loop with `on failure` does for each entry; None for another statement."""
    match statement:
        case nodes.Loop(body=(nodes.Retry(entry=True) as once,)):
            return once
        case _:
            return None


def _single_stores(body: Sequence[nodes.Statement]) -> Iterator[nodes.Statement]:
    for statement in body:
        if isinstance(statement, nodes.Store):
            for assignment in statement.assignments:
                yield nodes.Store(origin=assignment.origin, assignments=(assignment,))
        else:
            yield statement


def _comparable_form(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_comparable_form(each) for each in value]
    names = field_names(type(value))
    if not names:
        return value
    skipped = _NOT_COMPARED | ({"variable"} if isinstance(value, nodes.Loop) else set())
    return [
        type(value).__name__,
        *(_comparable_form(getattr(value, name)) for name in names if name not in skipped),
    ]


def place_units(
    read: Sequence[Unit], compiled: Sequence[nodes.Statement], homes: dict[nodes.Origin, Home]
) -> tuple[Placed, ...] | None:
    """Return a body's units with their places; None if `compiled` is not what it came from."""
    lines = deque(_flatten_body_lines(compiled))
    placed = _place_read_units(read, lines, homes)
    rest = (each[0] for each in lines if each is not None)
    return placed if all(isinstance(each, nodes.Step) for each in rest) else None


_Line = tuple[nodes.Statement, int, int]


def _flatten_body_lines(body: Sequence[nodes.Statement]) -> Iterator[_Line | None]:
    """Return the statements of a body and of its steps in order, None for the end of a step.

    Each has its part and the number of its parts.
    """
    for statement in _single_stores(body):
        count = len(emit_action(statement)) if isinstance(statement, nodes.Do) else 1
        yield from ((statement, part, count) for part in range(count))
        if isinstance(statement, nodes.Step):
            yield from _flatten_body_lines(statement.body)
            yield None


def _place_read_units(
    read: Sequence[Unit], lines: deque[_Line | None], homes: dict[nodes.Origin, Home]
) -> tuple[Placed, ...] | None:
    """Return the places of units; their lines are removed from `lines`.

    A call continues across the end of a step, so that a step of the prompt may contain statements
    of the next one, and a step whose statements were all moved has no title there.
    """
    placed: list[Placed] = []
    for unit in read:
        is_step = isinstance(unit.node, nodes.Step)
        line = None
        while lines and line is None:
            line = lines.popleft()
            if line is not None and isinstance(line[0], nodes.Step) and not is_step:
                line = None
        if line is None or type(line[0]) is not type(unit.node):
            return None
        statement, part, count = line
        bodies: tuple[tuple[Placed, ...] | None, ...]
        inner = list(source_bodies(statement))
        if is_step:
            bodies = tuple(_place_read_units(each, lines, homes) for each in unit.bodies)
            if None in bodies:
                return None
        elif len(inner) == len(unit.bodies):
            pairs = zip(unit.bodies, inner, strict=True)
            bodies = tuple(place_units(one, other, homes) for one, other in pairs)
        else:
            bodies = tuple(None for _ in unit.bodies)
        home = homes.get(statement.origin)
        if home is not None and not _may_be(statement, home.statement):
            home = None
        placed.append(Placed(unit, statement, home, part, count, bodies))
    return tuple(placed)


def _may_be(statement: nodes.Statement, written: ast.Stmt) -> bool:
    """Whether this statement of the IR can come from that statement of the language."""
    return isinstance(written, BY_KIND[statement.kind])


def homes_of(modules: Sequence[ast.Module]) -> dict[nodes.Origin, Home]:
    """Return the place of each statement of tasks and workflows, by its origin in the IR."""
    found: dict[nodes.Origin, Home] = {}
    for module in modules:
        for declaration in module.declarations:
            if isinstance(declaration, ast.TaskDecl | ast.WorkflowDecl):
                for home in _find_statement_homes(module, declaration, declaration, None, None):
                    found[origin_of(module.source, home.statement)] = home
    return found


def _find_statement_homes(
    module: ast.Module,
    node: ast.Node,
    owner: ast.TaskDecl | ast.WorkflowDecl,
    block: ast.Block | None,
    loop: str | None,
) -> Iterator[Home]:
    for child in children(node):
        inner: ast.Node = child
        while isinstance(inner, ast.AnnotatedStmt):
            inner = inner.statement
        if type(inner) in STATEMENTS:
            held = node if isinstance(node, ast.Block) else None
            path = module.source.path
            yield Home(path, inner, child, held, owner, loop)  # type: ignore[arg-type]
        own = inner.variable.text if isinstance(inner, ast.ForStmt) else loop
        yield from _find_statement_homes(module, inner, owner, block, own)


# Blocks of the source, and the calls that brought in the statements of tasks


Range = tuple[int, int, int, int]
"""Start and end of placed units, and start and end of the wanted units that replace them."""


class Place(Record):
    """A source block that receives statements; `loop` is the variable of the enclosing loop."""

    path: str
    block: ast.Block
    owner: ast.TaskDecl | ast.WorkflowDecl
    loop: str | None


def widen_to_statements(
    placed: Sequence[Placed], opcodes: Sequence[tuple[str, int, int, int, int]]
) -> list[Range]:
    """Return the ranges that differ, extended to every line of a `do` that became several."""
    found: list[list[int]] = []
    for tag, i1, i2, j1, j2 in opcodes:
        if tag == "equal":
            continue
        while 0 < i1 < len(placed) and placed[i1].part > 0:
            i1, j1 = i1 - 1, j1 - 1
        while 0 < i2 < len(placed) and placed[i2].part > 0:
            i2, j2 = i2 + 1, j2 + 1
        if found and i1 < found[-1][1]:
            found[-1][1], found[-1][3] = max(i2, found[-1][1]), max(j2, found[-1][3])
        else:
            found.append([i1, i2, j1, j2])
    return [(a, b, c, d) for a, b, c, d in found]


def map_position(at: int, ranges: Sequence[Range], *, end: bool) -> int:
    """Return the position among the wanted units of the position `at` among the placed ones.

    If units are inserted exactly at `at`, `end` selects the position after them.
    """
    shift = 0
    for i1, i2, j1, j2 in ranges:
        if i2 < at or (i2 == at and (end or i1 < i2)):
            shift = j2 - i2
        elif i1 < at:
            return min(j1 + at - i1, j2)
    return at + shift


def inner_blocks(statement: ast.Stmt) -> list[ast.Block | ast.Stmt | None]:
    """Return the blocks of a statement in the order of `source_bodies`.

    An `else` with only a leaving statement is returned as that statement.
    """
    if isinstance(statement, ast.IfStmt | ast.MatchStmt):
        if isinstance(statement, ast.IfStmt) and statement.expected:
            (branch,) = statement.branches
            return [_block_or_leaving(branch.body), None]
        return [*(each.body for each in statement.branches), statement.otherwise]
    own = [
        name for name in ("body", "failure", "otherwise") if name in field_names(type(statement))
    ]
    inside = (getattr(statement, name) for name in own)
    return [each.action if isinstance(each, ast.Otherwise) else each for each in inside]


def _block_or_leaving(body: ast.Block) -> ast.Block | ast.Stmt:
    """Return the body of an `else`; the leaving statement if it stands without braces."""
    first = body.statements[0] if body.statements else body
    return first if first.start == body.start else body


def call_of(
    context: EditContext, placed: Sequence[Placed], inner: Placed, where: Place
) -> ast.Stmt | None:
    """Return the `call` in a block that a task's statement came from; None if it is unclear."""
    if inner.home is None or inner.home.block is where.block:
        return None
    at = placed.index(inner)
    beside = [
        None if each.home is None or each.home.block is not where.block else each.home.outer
        for each in placed
    ]
    own = list(filter(None, beside[:at]))
    later = next(filter(None, beside[at:]), None)
    statements = list(where.block.statements)
    start = statements.index(own[-1]) + 1 if own and own[-1] in statements else 0
    end = statements.index(later) if later in statements else len(statements)
    calls = [
        each
        for each in statements[start:end]
        if isinstance(each, ast.CallStmt) and _can_reach_task(context, each, inner.home.owner, 0)
    ]
    return calls[0] if len(calls) == 1 else None


def _can_reach_task(context: EditContext, call: ast.CallStmt, owner: ast.Node, depth: int) -> bool:
    """Whether a call leads to statements of a task, directly or through other calls."""
    task = context.built.model.calls.get(call)
    if task is None or depth > 20:
        return False
    if task.declaration is owner:
        return True
    inner = context.built.model.bodies.get(task.declaration.body, ())
    return any(
        _can_reach_task(context, each, owner, depth + 1)
        for each in inner
        if isinstance(each, ast.CallStmt)
    )
