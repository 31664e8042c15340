"""What is wrong with the inputs of a run: one sentence, its place, and what exists instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flowdsl.diagnostics.render.cells import printable
from flowdsl.source.failure import FlowdslError

LONGEST_NAME = 60
"""Characters of a name in a message."""

LONGEST_REASON = 200
"""Characters of what a reader says."""

SHOWN = 20
"""Problems that are told one by one; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `place` is the option or `FILE:LINE:COLUMN`; `help` says what exists or what
    to do. `of_name`: it is wrong to give anything by this name, so that one row says it for all.
    """

    place: str
    message: str
    help: str = ""
    of_name: bool = False

    def inside(self, place: str) -> Problem:
        """The mistake as one of what is at `place`; as it is where that is empty."""
        return replace(self, place=f"{place}: {self.place}") if place else self

    def line(self) -> str:
        """`rows.csv:3:2: ...; ...`."""
        tail = f"; {self.help}" if self.help else ""
        return f"{self.place}: {self.message}{tail}"


def shown_name(name: str) -> str:
    """A name that somebody gave, as a message has it, cut."""
    text = printable(name)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"


def shown_words(words: str) -> str:
    """Words of a reader about what a file holds, as a message has them, cut."""
    return printable(words)[:LONGEST_REASON]


class InputsRefused(FlowdslError):
    """Inputs that do not fit; nothing was sent."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.lines()))

    def lines(self) -> list[str]:
        """One line for each of the first `SHOWN` problems, and one that counts the others."""
        lines = [problem.line() for problem in self.problems[:SHOWN]]
        rest = len(self.problems) - SHOWN
        if rest > 0:
            lines.append(f"and {rest} more problem{'s' if rest > 1 else ''} with the inputs")
        return lines


def refuse(place: str, message: str, help: str = "") -> InputsRefused:
    """What to raise for one problem."""
    return InputsRefused([Problem(place, message, help)])
