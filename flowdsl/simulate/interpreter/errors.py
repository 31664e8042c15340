"""The reasons why a program cannot be executed; each is an error of the caller, not the world."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.source.files import spell_flow_path
from flowdsl.source.text import Span


class MissingInText(Exception):
    """A missing value in a text; the checker should have rejected the program."""

    def __init__(self, place: Span) -> None:
        line = place.first.line
        super().__init__(f"{place.path}:{line}: the value of `{place.text}` is missing in a text")
        self.place = place


class NoSuchDay(Exception):
    """A day that is typed, and that no calendar has: it is beyond the years 1 to 9999."""

    def __init__(self, place: Span) -> None:
        super().__init__(f"`{place.text}` counts beyond the years 1 to 9999")
        self.place = place


class NotAProgram(Exception):
    """A workflow without steps in the language: its prompt is loaded from a file."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"workflow `{name}` takes its prompt from a file, and has no steps to execute"
        )


class UnknownDay(Exception):
    """The default of an input is not a date: `today` is unknown, or the date does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the default of `{name}` is no day that can be worked out")
        self.name = name


class TooLong(Exception):
    """A run that exceeds its budget; `loops` are the loops it is in, outermost first."""

    def __init__(self, takes: str, loops: Sequence[Span]) -> None:
        self.problem = f"the run {takes}"
        self.loops = tuple(loops)
        where = f", in the loop of {_format_position(loops[-1])}" if loops else ""
        super().__init__(f"{self.problem}{where}")

    @property
    def told(self) -> str:
        """The error, for a message located at the innermost loop."""
        if not self.loops:
            return self.problem
        outer = ", ".join(map(_format_position, self.loops[:-1]))
        stands = f", which stands in that of {outer}" if outer else ""
        return f"{self.problem}: it is still in this loop{stands}"


def _format_position(span: Span) -> str:
    return f"{spell_flow_path(span.path)}:{span.first.line}"
