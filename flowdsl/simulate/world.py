"""A world: the answers of the desktop to an executing program.

A question is asked with its exact text, values filled in, at a position: the number of actions and
waits so far. The same question at the same position has the same answer.

    position 0   read "the total" as a number        -> 17.5
                 press "Enter"
    position 1   is there "a row of Ann"?            -> False
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flowdsl.source.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .shapes import Shape

# The kinds of questions, each with its answer

SEES = "sees"
"""Whether the screen shows something, asked by a condition: a boolean."""
EXPECT = "expect"
"""Whether an expectation holds: a boolean."""
WAIT = "wait"
"""Whether something happens within a time, which is part of the question: a boolean."""
CHOOSE = "choose"
"""Whether exactly one matching thing can be opened: a boolean."""
READ = "read"
"""A value on the screen: JSON of the question's shape, or a missing value."""
COPY = "copy"
"""The result of copying: a text, or a missing value."""
DAY = "day"
"""The day that the clock of the desktop shows, as `2026-03-01`."""
COMMAND = "command"
"""Whether a command succeeded: a boolean."""
CHECK = "check"
"""Whether a post-run check finds its statement true: a boolean."""
OUTPUT = "output"
"""What a command printed: JSON of the question's shape, or a missing value."""


SOME_DAY = "2026-03-01"
"""The default day of the clock."""


class Question(Record, eq=True):
    """A question to the world.

    - `text`: the author's words on one line, values filled in; of a command its exact text.
    - `shape`: the shape of the value that is read, for READ, COPY and OUTPUT.
    - `milliseconds`: the time that a WAIT may take.
    - `model`: the model that answers, by its name in the prompt; empty for the default one.
    """

    kind: str
    text: str
    shape: Shape | None = None
    milliseconds: int = 0
    model: str = ""

    def __str__(self) -> str:
        """Return the question in words on one line: `read "the total"`."""
        return f'{_WORDS.get(self.kind, self.kind)} "{one_line(self.text)}"'


_WORDS = {
    READ: "read",
    COPY: "what is copied from",
    OUTPUT: "printed by",
    DAY: "the day of the clock,",
}
"""The words before a question, if they are not its kind."""


def one_line(text: str) -> str:
    """Return a text on one line, with its line ends escaped."""
    return text.replace("\n", "\\n")


class World(Record):
    """The answers of a desktop, and the inputs of a run.

    - `inputs`: JSON by wire name; inputs that were not given are absent.
    - `answer`: the answer to a question at a position.
    - `situations`: positions at which the situation of a rule of `always` arises, each with the
      number of the rule, from 0.
    - `today`: the day on which the run begins, for defaults that depend on it; None if unknown.
    """

    inputs: Mapping[str, Any]
    answer: Callable[[Question, int], Any]
    situations: Mapping[int, int]
    today: date | None = None


class Unanswerable(Exception):
    """The world has no answer to a question: an error of whoever created the world."""
