"""The statements of a workflow before they are written: a tree that can be modified.

The IR stores all values by `Store`; source has `emit` for an output and `keep` for another
variable. A `Line` holds a node of either kind and, separately, the bodies inside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.ir.walk import inner_bodies
from flowdsl.source.record import Record

Key: TypeAlias = tuple[str, str]
"""The sigil and the name of a variable in the IR."""

LOOP_KEY: Key = ("runtime", LOOP_ITEM)


def loop_key(loop: nodes.Loop) -> Key:
    """Return the key of a loop's entry: the platform's, or that of a focused agent."""
    return LOOP_KEY if loop.entry is None else ("saved", loop.entry)


class Emit(Record):
    """`emit field = value`, with the output's name on the wire."""

    field: str
    value: nodes.Value | nodes.CountOf
    append: bool
    every: bool = False


class Keep(Record):
    """`keep variable: type = value`; without a type it sets the variable again."""

    variable: str
    type: nodes.Type | None
    value: nodes.Value | nodes.CountOf
    append: bool
    every: bool = False


def adds_entry(node: Emit | Keep) -> bool:
    """Whether a value is added to a list as one entry."""
    return node.append and not node.every


class Failed(Record):
    """`on failure as variable`: the reason, as the first line of the block."""

    variable: str


Node: TypeAlias = nodes.Statement | Emit | Keep | Failed


class Line:
    """A statement, and its bodies in source order: those of `ir.walk.inner_bodies`."""

    __slots__ = ("bodies", "node")

    def __init__(self, node: Node, bodies: Iterable[list[Line]] = ()) -> None:
        self.node = node
        self.bodies = list(bodies)

    def copy(self) -> Line:
        """Return a new tree of the same statements."""
        return Line(self.node, ([line.copy() for line in body] for body in self.bodies))


def lines_of(body: nodes.Body) -> list[Line]:
    """Return the lines of a body; a `Store` of several values becomes one line for each."""
    lines: list[Line] = []
    for statement in body:
        if isinstance(statement, nodes.Store):
            lines.extend(
                Line(nodes.Store(origin=statement.origin, assignments=(assignment,)))
                for assignment in statement.assignments
            )
        else:
            lines.append(Line(statement, (lines_of(inner) for inner in inner_bodies(statement))))
    return lines


def all_lines(lines: Iterable[Line]) -> Iterator[Line]:
    """Return every line and those in its bodies, in pre-order, without called tasks."""
    for line in lines:
        yield line
        for body in line.bodies:
            yield from all_lines(body)


def variable_set(node: Node) -> str | None:
    """Return the runtime variable that a statement itself sets, by its name in the IR."""
    match node:
        case nodes.Extract() | nodes.BackgroundExtract() | nodes.Copy() | nodes.Run():
            return node.variable
        case Keep(variable=variable) | Failed(variable=variable):
            return variable
        case nodes.Store(assignments=(assignment,)):
            return assignment.variable
        case _:
            return None


def always_leaves(lines: Iterable[Line]) -> bool:
    """Whether every path ends within the lines, so that none continues after them."""
    return any(_is_leaving_line(line) for line in lines)


def _is_leaving_line(line: Line) -> bool:
    match line.node:
        case nodes.Leave():
            return True
        case nodes.Step():
            return always_leaves(line.bodies[0])
        case nodes.If():
            return all(always_leaves(body) for body in line.bodies)
        case nodes.Retry():
            return all(always_leaves(body) for body in line.bodies)
        case _:
            return False


def may_repeat(node: Node, body: int) -> bool:
    """Whether the body at index `body` of a statement may run more than once."""
    return body == 0 and isinstance(node, nodes.Loop | nodes.Repeat | nodes.Retry)


def may_skip(node: Node, body: int) -> bool:
    """Whether the body at index `body` of a statement may be skipped."""
    runs_first = isinstance(node, nodes.Repeat) and not node.looks_first and body == 0
    return not isinstance(node, nodes.Step) and not runs_first
