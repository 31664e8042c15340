"""Record where a run is while the interpreter executes it, and which branches it has taken."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.flow_tests.acts import element_type, means_loop
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import type_read_by
from flowdsl.simulate import world
from flowdsl.simulate.interpreter.fields import find_field_of_key
from flowdsl.simulate.interpreter.values import is_same
from flowdsl.simulate.interpreter.watching import Watcher
from flowdsl.simulate.trace import SUCCESS, Ending, Recorder, Trace
from flowdsl.simulate.world import Question
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .coverage import Key, key_of
from .literals import LiteralValues

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.simulate.interpreter.watching import Loop

Selector = ast.ItemNumber | ast.ItemWhere | ast.PassNumber


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": is_same,
    "!=": lambda one, other: not is_same(one, other),
}


class Entry:
    """One pass of a loop: `number` from 1, its `entry`, and its events from `start` to `end`.

    A round and an attempt are passes, too; they have no `entry`.
    """

    __slots__ = ("end", "entry", "loop", "number", "start")

    def __init__(self, loop: Loop, number: int, entry: Any, start: int) -> None:
        self.loop = loop
        self.number = number
        self.entry = entry
        self.start = start
        self.end = start


def is_meant(selector: Selector, pass_: Entry, literals: LiteralValues) -> bool:
    """Whether a selector matches a pass of a loop."""
    loop = pass_.loop
    if isinstance(selector, ast.PassNumber):
        return isinstance(loop, _PASSES[selector.kind]) and selector.number.value == pass_.number
    if not isinstance(loop, ast.ForStmt):
        return False
    if selector.of is not None and not means_loop(selector.of.text, loop):
        return False
    if isinstance(selector, ast.ItemNumber):
        return selector.number.value == pass_.number
    name, entry = selector.field.text, pass_.entry
    if isinstance(entry, dict):
        field = find_field_of_key(element_type(literals.model.ref_types, loop), name)
        found = entry.get(name if field is None else field.wire_name)
    else:
        found = entry
    sought = literals.json(selector.value)
    if found is None or sought is None:
        equal = found is None and sought is None
        return equal if selector.operator == "==" else selector.operator == "!=" and not equal
    try:
        return bool(COMPARISONS[selector.operator](found, sought))
    except TypeError:
        return False


_PASSES: Mapping[str, tuple[type[ast.Node], ...]] = {
    "attempt": (ast.RetryStmt,),
    "round": (ast.WhileStmt, ast.RepeatStmt),
}
"""The statements that have rounds, and those that have attempts."""

SCREEN = frozenset((world.SEES, world.EXPECT, world.CHOOSE, world.WAIT))
"""Kinds of questions that `screen` answers."""
VALUES = frozenset((world.READ, world.COPY, world.OUTPUT))
"""Kinds of questions that `reads` answers."""


class RunFollower(Watcher):
    """Records the position, branches and loop passes of one run.

    `outer_calls` is the number of calls around the tested task, which tests leave out of paths.
    `branches` are those taken so far (`coverage`), in order. `entries` are the passes of loops,
    `open` the current ones, outermost first, and `steps` the titles of the steps that began.
    `refused_at` is the place of an output with an invalid value.
    """

    def __init__(self, model: SemanticModel, outer_calls: int = 0) -> None:
        self.model = model
        self._outer_calls = outer_calls
        self._calls: list[str] = []
        self._recorder: Recorder | None = None
        self._source: SourceFile | None = None
        self.node: ast.Node | None = None
        self._awaited: dict[ast.Node, bool] = {}
        self._kinds: dict[ast.Node, str] = {}
        self.branches: dict[Key, None] = {}
        self._begun: set[tuple[SourceFile, int]] = set()
        self.entries: list[Entry] = []
        self.steps: list[str] = []
        self.open: list[Entry] = []
        self.refused_at: Span | None = None

    def so_far(self) -> Trace | None:
        """The trace so far; None before the run begins. Its name and ending are placeholders."""
        if self._recorder is None:
            return None
        return self._recorder.trace(("", ""), Ending(SUCCESS, None, {}))

    def statements(self) -> frozenset[tuple[str, int]]:
        """The executed statements and conditions, by file and offset."""
        return frozenset((source.path, start) for source, start in self._begun)

    @property
    def position(self) -> int:
        """The number of actions and waits so far."""
        return 0 if self._recorder is None else self._recorder.position

    # The current question

    def place(self) -> Span:
        """The place where the program asks."""
        assert self._source is not None and self.node is not None, "somebody asks"
        return self.node.span(self._source)

    def written(self) -> str:
        """The text of the question as written in the source, without its `else`."""
        assert self._source is not None and self.node is not None, "somebody asks"
        for name in ("text", "target", "condition", "command"):
            text = getattr(self.node, name, None)
            if isinstance(text, ast.Text):
                return text.span(self._source).text
        return self.place().text

    def path(self, question: Question) -> tuple[str, ...]:
        """The calls that lead to the variable being read, then the variable; else empty."""
        variable = getattr(self.node, "name", None) if question.kind in VALUES else None
        return () if variable is None else (*self._calls[self._outer_calls :], variable.text)

    def type(self, question: Question) -> types.Type:
        """The type of an answer."""
        if question.kind not in VALUES:
            return types.BOOL
        if not isinstance(self.node, ast.ExtractStmt | ast.CopyStmt | ast.RunStmt):
            return types.STRING
        return type_read_by(self.node, self.model)

    def kinds_of(self, question: Question) -> frozenset[str]:
        """The kinds of questions whose answers in a test answer this one, too.

        A `sees` in an `expect` or a `wait until` may be answered by that word.
        """
        also = None if self.node is None else self._kinds.get(self.node)
        return frozenset((question.kind,)) if also is None else frozenset((question.kind, also))

    def usually(self, question: Question) -> bool:
        """The default answer to a yes/no question: yes, except for most `sees`.

        What an `expect` or a `wait until` asks is answered so that it is so. Rounds are over as
        soon as they can be: a `sees` of a `while` is answered so that its condition does not hold,
        one behind `until` so that it does. Any other is answered with no.
        """
        if question.kind != world.SEES:
            return True
        return self.node is not None and self._awaited.get(self.node, False)

    # Callbacks of a watcher

    def begins(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def asks(self, source: SourceFile, node: ast.Node) -> None:
        self._source, self.node = source, node
        if isinstance(node, ast.Check | ast.ChecksFrom):
            return  # not a statement
        self._begun.add((source, node.start))
        match node:
            case ast.WhileStmt(condition=condition):
                self._await(condition, None, holds=False)
            case ast.RepeatStmt(condition=condition):
                self._await(condition, None)
            case ast.IfStmt(expected=True, branches=(ast.IfBranch(condition=failed),)):
                self._await(failed, world.EXPECT, holds=False)
            case ast.WaitUntilStmt(condition=awaited) if not isinstance(awaited, ast.Text):
                self._await(awaited, world.WAIT)
            case _:
                pass

    def _await(self, condition: ast.Condition, kind: str | None, *, holds: bool = True) -> None:
        """Record with which answers a condition is so, and by which word a test may give them."""
        for node, answer in _find_awaited_answers(condition, holds=holds):
            self._awaited[node] = answer
            if kind is not None:
                self._kinds[node] = kind

    def begins_call(self, source: SourceFile, call: ast.CallStmt) -> None:
        self._calls.append((call.result or call.task.name).text)

    def ends_call(self) -> None:
        self._calls.pop()

    def begins_step(self, source: SourceFile, step: ast.StepStmt, title: str) -> None:
        self.steps.append(title)

    def begins_entry(self, source: SourceFile, loop: Loop, number: int, entry: Any) -> None:
        self.open.append(Entry(loop, number, entry, self._count()))
        self.entries.append(self.open[-1])

    def ends_entry(self) -> None:
        self.open.pop().end = self._count()

    def refuses(self, source: SourceFile, node: ast.Node) -> None:
        self.refused_at = node.span(source)

    def _count(self) -> int:
        return 0 if self._recorder is None else self._recorder.count

    def takes(self, source: SourceFile, node: ast.Node, branch: str) -> None:
        self.branches[key_of(source, node, branch)] = None


def _find_awaited_answers(
    condition: ast.Condition, *, holds: bool
) -> Iterator[tuple[ast.Node, bool]]:
    """Yield what each `sees` of a condition answers, so that the condition holds.

    Of alternatives, the first one that the screen alone decides is so, and the others are not.
    """
    match condition:
        case ast.SeesExpr():
            yield condition, holds
        case ast.NotExpr(operand=operand):
            yield from _find_awaited_answers(operand, holds=not holds)
        case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
            one_is_enough = isinstance(condition, ast.OrExpr) == holds
            chosen = next(filter(_asks_screen_alone, operands), None) if one_is_enough else None
            for each in operands:
                for node, answer in _find_awaited_answers(each, holds=holds):
                    yield node, answer and chosen in (None, each)
        case _:
            pass


def _asks_screen_alone(condition: ast.Condition) -> bool:
    """Whether nothing but what is on the screen decides a condition."""
    match condition:
        case ast.NotExpr(operand=operand):
            return _asks_screen_alone(operand)
        case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
            return all(map(_asks_screen_alone, operands))
        case _:
            return isinstance(condition, ast.SeesExpr)
