"""The results of tests: plain data that can be passed between processes.

Imports nothing that runs a test, for where nothing has changed none does.
"""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.source.text import Span

SNAPSHOT_FOLDER = "__snapshots__"
SNAPSHOT_ENDING = ".prompt.md"
"""The folder of the snapshots of prompts, beside the flow, and how their names end."""

FAILED = "failed"
"""The program does not do what the test expects."""
MISTAKEN = "mistaken"
"""The test itself is wrong: a question without an answer, or an answer without a question."""
DISAGREEMENT = "disagreement"
"""The prompt behaves differently from its program: a bug of FlowDSL."""


class Place(Record, eq=True):
    """A line and column of a file of the project, from 1."""

    path: str
    line: int
    column: int


def place_of(span: Span) -> Place:
    """Return the place where a span begins."""
    return Place(span.path, span.first.line, span.first.column)


class Problem(Record):
    """One reason why a test fails.

    - `kind`: FAILED, MISTAKEN or DISAGREEMENT.
    - `place`: the line of the unmet expectation, or the line of the flow that asks.
    - `answer`: a line that fixes the test, or empty.
    - `shown`: what happened, line by line, with a mark at the first difference.
    - `cause`, `expected`, `found`: the message in parts: what is not as expected, what is expected
      and what is found there; empty if there is no such pair.
    """

    kind: str
    message: str
    place: Place
    answer: str = ""
    shown: tuple[str, ...] = ()
    cause: str = ""
    expected: str = ""
    found: str = ""


class Result(Record):
    """The result of a test, which passed if it has no problems.

    `subject` is the name of the tested workflow, task or chain. `branches` and `statements` are
    what its run covered (`coverage`).
    """

    title: str
    subject: str
    place: Place
    problems: tuple[Problem, ...]
    branches: frozenset[tuple[str, int, str, str]] = frozenset()
    statements: frozenset[tuple[str, int]] = frozenset()

    @property
    def passed(self) -> bool:
        return not self.problems
