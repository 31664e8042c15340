"""Expected failures of a command: messages for people, and an exit code."""

from __future__ import annotations

from flowdsl.source.failure import FlowdslError

from .exit_codes import USAGE


class CommandError(FlowdslError):
    """Ends the command with exit code `code`.

    Each of its messages is printed as `error: <message>` on standard error, and then the lines of
    `listing`.
    """

    listing: tuple[str, ...] = ()

    def __init__(self, message: str, code: int, *further: str) -> None:
        self.messages = (message, *further)
        self.message = "; ".join(self.messages)
        super().__init__(self.message)
        self.code = code


class UsageError(CommandError):
    """The command line asks for something that does not exist; exit code 64."""

    def __init__(self, message: str, listing: tuple[str, ...] = ()) -> None:
        super().__init__(message, USAGE)
        self.listing = listing


def command_error(failure: FlowdslError) -> CommandError:
    """Convert a failure of any layer to messages and an exit code."""
    if isinstance(failure, CommandError):
        return failure
    # The table imports the failures of all layers, which most commands do not load.
    from .failure_table import exit_code_for, messages_of

    first, *further = messages_of(failure)
    return CommandError(first, exit_code_for(failure), *further)
