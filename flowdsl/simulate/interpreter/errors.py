"""Why a program cannot be executed. Each is a mistake of whoever asks, not of the world."""

from __future__ import annotations

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
    """A run of more steps than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the run takes more than {limit} steps")
