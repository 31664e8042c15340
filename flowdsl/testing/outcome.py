"""What becomes of a test: plain data that can be sent from one process to another."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.source.text import Span

FAILED = "failed"
"""The program does something else than the test expects."""
MISTAKEN = "mistaken"
"""The test itself cannot be right: a question without an answer, an answer without a question."""
DISAGREEMENT = "disagreement"
"""The prompt does something else than its program: a bug of FlowDSL."""


class Place(Record, eq=True):
    """A line and column of a file of the project, from 1."""

    path: str
    line: int
    column: int


def place_of(span: Span) -> Place:
    """Where a span begins."""
    return Place(span.path, span.first.line, span.first.column)


class Problem(Record):
    """One reason why a test fails.

    - `kind`: FAILED, MISTAKEN or DISAGREEMENT.
    - `place`: the line of the test that is not met, or the line of the flow that asks.
    - `answer`: a line for the test that mends it, or empty.
    - `shown`: what happened, line by line, with a mark at the first difference.
    """

    kind: str
    message: str
    place: Place
    answer: str = ""
    shown: tuple[str, ...] = ()


class Result(Record):
    """What became of a test; it passed where there are no problems.

    `subject` is the name of what the test is for. `ways` and `statements` are what its run took of
    the program (`coverage`).
    """

    title: str
    subject: str
    place: Place
    problems: tuple[Problem, ...]
    ways: frozenset[tuple[str, int, str, str]] = frozenset()
    statements: frozenset[tuple[str, int]] = frozenset()

    @property
    def passed(self) -> bool:
        return not self.problems
