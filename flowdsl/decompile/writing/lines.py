"""The statements of a workflow on their way to source: a tree that can be cut and joined.

Two statements of the language have no node in the IR, because lowering puts others in their place:
`emit` and `call`. A `Line` holds a node of either kind and, apart from it, the bodies inside, so
that neighbours can move into a task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.lower_values import LOOP_ITEM
from flowdsl.ir.walk import field_names, inner_bodies, walk
from flowdsl.source.record import Record

Key: TypeAlias = tuple[str, str]
"""The sigil and the name of a variable in the IR."""

LOOP_KEY: Key = ("runtime", LOOP_ITEM)


class Emit(Record):
    """`emit field = value`, with the field's name on the wire.

    `variable` is the task result that the field belongs to; None for an output.
    """

    field: str
    value: nodes.Value
    append: bool
    variable: str | None = None


class Param(Record):
    """A parameter of a task: its name, its type, and whether it takes a secret."""

    name: str
    type: nodes.Type
    secret: bool = False


class Task:
    """A task cut out of a workflow.

    `params` are by the variable that stands for each in the statements. `own` are its runtime
    variables under the names that inlining gave them; `variables` has their names in source.
    `extracted` are arguments that no call gives yet. `result` is the variable that keeps its
    result, of type `record`. `attempt` says that it is called where a `retry` catches a `fail`.
    """

    def __init__(self, body: list[Line], attempt: bool, result: str | None) -> None:
        self.name = ""
        self.body = body
        self.attempt = attempt
        self.params: dict[Key, Param] = {}
        self.own: list[str] = []
        self.variables: dict[str, str] = {}
        self.extracted: tuple[tuple[Key, nodes.Value], ...] = ()
        self.result = result
        self.record: nodes.RecordType | None = None


class Call(Record):
    """`call task(...) as result`, the arguments by the keys of `task.params`."""

    task: Task
    arguments: tuple[tuple[Key, nodes.Value], ...]
    result: str | None


Node: TypeAlias = nodes.Statement | Emit | Call


class Line:
    """A statement, and the bodies in it, in source order: those of `ir.walk.inner_bodies`."""

    __slots__ = ("_read", "bodies", "node")

    def __init__(self, node: Node, bodies: Iterable[list[Line]] = ()) -> None:
        self.node = node
        self.bodies = list(bodies)
        self._read: tuple[Node, tuple[Key, ...]] | None = None

    def reads(self) -> tuple[Key, ...]:
        """The variables that the statement itself reads, without those of its bodies."""
        if self._read is None or self._read[0] is not self.node:
            keys = tuple((each.sigil, each.name) for each in own_variables(self.node))
            self._read = self.node, keys
        return self._read[1]

    def copy(self) -> Line:
        """A new tree of the same statements."""
        return Line(self.node, ([line.copy() for line in body] for body in self.bodies))


def lines_of(body: nodes.Body) -> list[Line]:
    """The lines of a body; a `Store` of several values becomes one line for each."""
    lines: list[Line] = []
    for statement in body:
        if isinstance(statement, nodes.Store):
            lines.extend(
                Line(nodes.Store(origin=statement.origin, assignments=(assignment,)))
                for assignment in statement.assignments
            )
        else:
            lines.append(Line(statement, (lines_of(inner) for inner, _ in inner_bodies(statement))))
    return lines


def all_lines(lines: Iterable[Line]) -> Iterator[Line]:
    """Every line and those in its bodies, outer before inner.

    Tasks that are called are not entered.
    """
    for line in lines:
        yield line
        for body in line.bodies:
            yield from all_lines(body)


_STRUCTURE = frozenset(("body", "otherwise", "branches", "resets", "origin", "type", "task"))
"""Fields of nodes that hold statements, or that cannot hold a variable."""


def own_variables(node: Node) -> Iterator[nodes.Variable]:
    """The variables that a statement itself reads, without those of its bodies."""
    if isinstance(node, nodes.If):
        parts: list[object] = [branch.condition for branch in node.branches]
    elif isinstance(node, Emit):
        parts = [node.value]
    elif isinstance(node, Call):
        parts = [value for _, value in node.arguments]
    else:
        parts = [getattr(node, name) for name in field_names(type(node)) if name not in _STRUCTURE]
    for part in parts:
        for inner in walk(part):
            if isinstance(inner, nodes.Variable):
                yield inner


def reads(lines: Iterable[Line], in_loop: bool = False) -> Iterator[Key]:
    """The variables that lines read, with repetitions.

    The item of a loop counts only outside of that loop; `in_loop` says that one is around.
    """
    for line in lines:
        for key in line.reads():
            if key != LOOP_KEY or not in_loop:
                yield key
        inside = in_loop or isinstance(line.node, nodes.Loop)
        for body in line.bodies:
            yield from reads(body, inside)


def variable_set(node: Node) -> str | None:
    """The runtime variable that a statement itself sets; its name is that of the IR."""
    match node:
        case nodes.Extract() | nodes.BackgroundExtract() | nodes.Copy() | nodes.Run():
            return node.variable
        case Call():
            return node.result
        case Emit(variable=variable):
            return variable
        case nodes.Store(assignments=(assignment,)):
            return assignment.variable
        case _:
            return None


def sets(lines: Iterable[Line]) -> list[str]:
    """The runtime variables that lines set, each once, in source order."""
    found = (variable_set(line.node) for line in all_lines(lines))
    return list(dict.fromkeys(name for name in found if name is not None))


def leaves(lines: Iterable[Line]) -> bool:
    """Whether no path leads past lines."""
    return any(_leaves(line) for line in lines)


def _leaves(line: Line) -> bool:
    match line.node:
        case nodes.Leave():
            return True
        case nodes.Step():
            return leaves(line.bodies[0])
        case nodes.If():
            return all(leaves(body) for body in line.bodies)
        case nodes.Retry():
            return all(leaves(body) for body in line.bodies)
        case Call(task=task):
            return leaves(task.body)
        case _:
            return False


def may_repeat(node: Node, body: int) -> bool:
    """Whether the body at index `body` of a statement may run more than once."""
    return body == 0 and isinstance(node, nodes.Loop | nodes.Repeat | nodes.Retry)


def may_skip(node: Node) -> bool:
    """Whether the bodies of a statement may be skipped."""
    return not isinstance(node, nodes.Step)


def variable_of(key: Key) -> nodes.Variable:
    """The variable of a key, without a path."""
    sigil, name = key
    match sigil:
        case "input" | "runtime" | "secret":
            return nodes.Variable(sigil=sigil, name=name)
        case _:
            raise AssertionError(sigil)
