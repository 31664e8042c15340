"""Reports an `else` after which the run continues and uses what was not found.

    choose "the row of {name}" else { emit missing += name }
    press "F2"                                              works on whatever row is selected

    extract state: string from "the page 1" else { }        an earlier line has read `state` ...
    emit second = state                                      ... and this is what that one read

A variable that no path has set is reported by `unset-runtime-variable` instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Label
from flowdsl.lint.bodies import NOTES, without_steps
from flowdsl.lint.context import LintContext
from flowdsl.semantics.control_flow.leaving import has_no_path_behind
from flowdsl.semantics.traversal import KeptVariables, inner_blocks, statements
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.statements import DO, SOURCE, STATEMENTS, TARGET, name_set_by
from flowdsl.syntax.visit import walk

SPEC = SUSPICIOUS.spec(
    "else-goes-on",
    "where {fails}, this `else` goes on, and {use}",
    "{way}",
)

_END = "end the `else` with `fail`, `abort` or `finish`"
_WORKS: tuple[type[ast.Node], ...] = (
    ast.PressStmt,
    *(
        class_
        for class_, row in STATEMENTS.items()
        if any(role in (DO, TARGET, SOURCE) for _, role in row.texts)
    ),
)
"""Statements that act on the screen or read it."""


class _Around(Record):
    """A block around a statement.

    `before` and `behind` are its statements on either side, those of its steps among them;
    `may_repeat`: it is the body of a loop.
    """

    block: ast.Block
    before: tuple[ast.Stmt, ...]
    behind: tuple[ast.Stmt, ...]
    may_repeat: bool


def check(
    context: LintContext,
    statement: ast.ChooseStmt | ast.ExpectStmt | ast.ExtractStmt | ast.CopyStmt,
) -> None:
    """Report an `else` block if a later statement uses what this one did not get."""
    body, otherwise = context.body, statement.otherwise
    if body is None or otherwise is None or not isinstance(otherwise.action, ast.Block):
        return
    # A second `steps` is an error, and the body is that of the first.
    if context.may_lack_statements() or not body.start <= statement.start < body.end:
        return
    around = list(_find_blocks_around(body, statement))
    if isinstance(statement, ast.ExtractStmt | ast.CopyStmt):
        _check_value(context, statement, otherwise, around)
    else:
        _check_screen(context, statement, otherwise, around[0])


def _check_screen(
    context: LintContext,
    statement: ast.ChooseStmt | ast.ExpectStmt,
    otherwise: ast.Otherwise,
    around: _Around,
) -> None:
    """Report an `else` of notes only, if the next statement acts on the screen or reads it."""
    assert isinstance(otherwise.action, ast.Block)
    noted = otherwise.action.statements
    is_choice = isinstance(statement, ast.ChooseStmt)
    # An `expect` with an empty block is reported by `no-effect`.
    if not all(isinstance(each, NOTES) for each in noted) or not (noted or is_choice):
        return
    following = next((each for each in around.behind if not isinstance(each, NOTES)), None)
    if not isinstance(following, _WORKS):
        return
    word = context.keyword(following)
    way = f"{_END}; or note it there with `keep`, and put what follows under an `if`"
    if is_choice:
        fails, use = "there is nothing to choose", f"`{word.text}` works on what is not open"
    else:
        fails, use = "this does not hold", f"`{word.text}` works on a screen that is not expected"
        way = f'{_END}; or, if it is no condition of what follows, ask with `if not sees "..."`'
    label = Label(word, "this is done in any case")
    context.report(
        SPEC, otherwise.span(context.source), fails=fails, use=use, way=way, labels=(label,)
    )


def _check_value(
    context: LintContext,
    statement: ast.ExtractStmt | ast.CopyStmt,
    otherwise: ast.Otherwise,
    around: list[_Around],
) -> None:
    """Report an `else` after which the variable is read while it has an earlier value.

    An earlier value that nothing has used yet counts as intended for the missing one.
    """
    name = statement.name.text
    action = otherwise.action
    assert isinstance(action, ast.Block)
    if has_no_path_behind(action) or _is_setting_inside(action, name):
        return
    is_output = statement in context.model.set_outputs
    earlier = _earlier_value(context, statement.name, around, is_output)
    read = None if earlier is None else _read_behind(name, around)
    if earlier is None or read is None:
        return
    written = context.source.text[read.start : read.end]
    word = "emit" if is_output else "keep"
    context.report(
        SPEC,
        otherwise.span(context.source),
        fails="nothing can be read here",
        use=f"`{written}` is what was read before",
        way=f"set it in the `else` with `{word} {name} = ...`, or {_END}",
        labels=(earlier, Label(context.span(read), "used here")),
    )


def _earlier_value(
    context: LintContext, name: ast.Name, around: list[_Around], is_output: bool
) -> Label | None:
    """Return where the value was read that a variable has before the reading into `name`.

    That may be the same statement, in an earlier pass of a loop. None if a `keep` or an `emit` has
    set it.
    """
    is_used = False
    for block in around:
        for each in reversed(block.before):
            setter = name_set_by(each)
            if setter is not None and setter.text == name.text:
                is_reading = is_used and not isinstance(each, ast.KeepStmt | ast.EmitStmt)
                return Label(context.span(setter), "read before, here") if is_reading else None
            if _is_setting_inside(each, name.text):
                return None
            is_used = is_used or _first_read(each, name.text) is not None
        if block.may_repeat:
            kept = KeptVariables(context.statements(around[-1].block))
            again = Label(context.span(name), "an earlier pass may have set it here")
            return again if is_output or kept.outlives(name.text, block.block) else None
    return None


def _read_behind(name: str, around: list[_Around]) -> ast.Ref | None:
    """Return the first reference to a variable that is always reached in the same loop pass."""
    for block in around:
        for each in block.behind:
            found = _first_read(each, name)
            if _is_setting_inside(each, name):
                return None if inner_blocks(each) else found
            if found is not None:
                return found
        if block.may_repeat or has_no_path_behind(block.block):
            return None
    return None


def _first_read(statement: ast.Stmt, name: str) -> ast.Ref | None:
    for node in walk(statement):
        if isinstance(node, ast.Ref) and node.name.text == name:
            return node
    return None


def _is_setting_inside(node: ast.Stmt | ast.Block, name: str) -> bool:
    """Whether a statement, or any inside it, sets a variable."""
    inside = (
        statements(node)
        if isinstance(node, ast.Block)
        else [node, *(each for inner in inner_blocks(node) for each in statements(inner.block))]
    )
    setters = map(name_set_by, inside)
    return any(setter is not None and setter.text == name for setter in setters)


def _find_blocks_around(
    block: ast.Block, statement: ast.Stmt, *, may_repeat: bool = False
) -> Iterator[_Around]:
    """Return the blocks around a statement, from the innermost one to `block`, except steps."""
    flat = tuple(without_steps(block))
    at = next(index for index, each in enumerate(flat) if each.start <= statement.start < each.end)
    if flat[at] is not statement:
        for inner in inner_blocks(flat[at]):
            if inner.block.start <= statement.start < inner.block.end:
                yield from _find_blocks_around(inner.block, statement, may_repeat=inner.may_repeat)
    yield _Around(block, flat[:at], flat[at + 1 :], may_repeat)
