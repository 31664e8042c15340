"""Failures that a command expects: one line for people, and an exit code."""

from __future__ import annotations

from .exit_codes import USAGE


class CommandError(Exception):
    """Ends the command with exit code `code`.

    Each of its messages is printed as `error: <message>` on standard error.
    """

    def __init__(self, message: str, code: int, *further: str) -> None:
        self.messages = (message, *further)
        self.message = "; ".join(self.messages)
        super().__init__(self.message)
        self.code = code


class UsageError(CommandError):
    """The command line asks for something that does not exist; exit code 64."""

    def __init__(self, message: str) -> None:
        super().__init__(message, USAGE)
