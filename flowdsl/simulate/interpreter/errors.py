"""Why a program cannot be executed. Each is a mistake of whoever asks, not of the world."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.source.files import spell_flow_path
from flowdsl.source.text import Span


class MissingInText(Exception):
    """A text with a value that is missing; the checker should have refused the program."""

    def __init__(self, place: Span) -> None:
        line = place.first.line
        super().__init__(f"{place.path}:{line}: the value of `{place.text}` is missing in a text")
        self.place = place


class NotAProgram(Exception):
    """A workflow without steps in the language: its prompt is taken from a file."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"workflow `{name}` takes its prompt from a file, and has no steps to execute"
        )


class UnknownDay(Exception):
    """The default of an input is no day: nobody says which day is today, or there is none such."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the default of `{name}` is no day that can be worked out")
        self.name = name


class TooLong(Exception):
    """A run that takes more than its budget; `loops` are those that it is in, outer ones first."""

    def __init__(self, takes: str, loops: Sequence[Span]) -> None:
        self.problem = f"the run {takes}"
        self.loops = tuple(loops)
        where = f", in the loop of {_format_position(loops[-1])}" if loops else ""
        super().__init__(f"{self.problem}{where}")

    @property
    def told(self) -> str:
        """What is wrong, for a message that stands at the innermost loop."""
        if not self.loops:
            return self.problem
        outer = ", ".join(map(_format_position, self.loops[:-1]))
        stands = f", which stands in that of {outer}" if outer else ""
        return f"{self.problem}: it is still in this loop{stands}"


def _format_position(span: Span) -> str:
    return f"{spell_flow_path(span.path)}:{span.first.line}"
