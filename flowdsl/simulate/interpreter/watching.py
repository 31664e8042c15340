"""What somebody who watches an execution is told, beside the trace: where in the program it is."""

from __future__ import annotations

from typing import Any

from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast

from ..trace import Recorder

# The ways of a statement that decides

HOLDS = "holds"
"""The condition holds; a `retry` has an attempt that does not fail."""
OTHERWISE = "otherwise"
"""No condition holds, what was asked for is not there, every attempt has failed."""
ENTERED = "entered"
"""A loop has an entry, a `repeat` a round."""
SKIPPED = "skipped"
"""A loop has no entry, a `repeat` no round."""


class Watcher:
    """Is told of an execution; this one listens to nothing. `source` is the file of a node."""

    def begins(self, recorder: Recorder) -> None:
        """A run begins, whose trace `recorder` writes."""

    def asks(self, source: SourceFile, node: ast.Node) -> None:
        """The next question is that of `node`: a `sees`, or a statement."""

    def begins_step(self, source: SourceFile, step: ast.StepStmt, title: str) -> None:
        """A step begins, whose title has its values filled in."""

    def begins_call(self, source: SourceFile, call: ast.CallStmt) -> None:
        """A task is called."""

    def ends_call(self) -> None:
        """The call that began last is over, however it ended."""

    def begins_entry(self, source: SourceFile, loop: ast.ForStmt, number: int, entry: Any) -> None:
        """A pass of a loop begins; `number` counts from 1."""

    def ends_entry(self) -> None:
        """The pass that began last is over, however it ended."""

    def takes(self, source: SourceFile, node: ast.Node, way: str) -> None:
        """A statement, or a branch of an `if`, goes one of its ways."""

    def refuses(self, source: SourceFile, node: ast.Node) -> None:
        """An output is not what it has to be; `node` made it, or declares it."""


NOBODY = Watcher()
