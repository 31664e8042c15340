"""Notify a watcher of the position in the program during an execution, besides the trace."""

from __future__ import annotations

from typing import Any

from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast

from ..trace import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Loop: TypeAlias = ast.ForStmt | ast.WhileStmt | ast.RepeatStmt | ast.RetryStmt

# The branches of a statement that decides

HOLDS = "holds"
"""The condition holds; a `retry` has a successful attempt, rounds have come to their end."""
OTHERWISE = "otherwise"
"""No condition holds, the thing sought is not there, or every attempt has failed."""
ENTERED = "entered"
"""A loop has an entry, a `while` a round."""
SKIPPED = "skipped"
"""A loop has no entry, a `while` no round."""


class Watcher:
    """Receives notifications of an execution; this base class ignores them.

    `source` is the file of a node.
    """

    def begins(self, recorder: Recorder) -> None:
        """A run begins; `recorder` writes its trace."""

    def asks(self, source: SourceFile, node: ast.Node) -> None:
        """The next question is that of `node`: a `sees`, or a statement."""

    def begins_step(self, source: SourceFile, step: ast.StepStmt, title: str) -> None:
        """A step begins; `title` has its values filled in."""

    def begins_call(self, source: SourceFile, call: ast.CallStmt) -> None:
        """A task is called."""

    def ends_call(self) -> None:
        """The innermost call is over, however it ended."""

    def begins_entry(self, source: SourceFile, loop: Loop, number: int, entry: Any) -> None:
        """A pass of a loop, a round or an attempt begins; `number` counts from 1.

        A round of a `while` begins with the look that decides on it; only a `for` has an `entry`.
        """

    def ends_entry(self) -> None:
        """The innermost pass is over, however it ended."""

    def takes(self, source: SourceFile, node: ast.Node, branch: str) -> None:
        """A statement, or a branch of an `if`, takes one of its branches."""

    def refuses(self, source: SourceFile, node: ast.Node) -> None:
        """An output is invalid; `node` set it, or declares it."""


NOBODY = Watcher()
