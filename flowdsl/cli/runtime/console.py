"""What a command says to its caller: standard output, standard error, and expected failures."""

from __future__ import annotations

import os
import sys

from flowdsl.host.terminal import wants_color
from flowdsl.source.failure import FlowdslError

from .exit_codes import USAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

COLORS = ("auto", "always", "never")
"""The values of `--color`."""


class Stream:
    """A standard stream.

    Characters outside its encoding are escaped. Output that cannot be written is dropped, and the
    command continues; `failure` is then the reason, or empty if only the reader has closed the
    pipe.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure = ""
        if hasattr(stream, "reconfigure"):
            self.flush()  # `reconfigure` flushes as well, but would raise
            stream.reconfigure(errors="backslashreplace")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        try:
            self.stream.write(text)
        except OSError as error:
            self._drop_buffered(error)
        return len(text)

    def write_bytes(self, content: bytes) -> None:
        try:
            self.stream.flush()
            rest = memoryview(content)
            while rest:  # an unbuffered stream may write only a part
                rest = rest[self.stream.buffer.write(rest) :]
        except OSError as error:
            self._drop_buffered(error)

    def flush(self) -> None:
        """Flush everything to the operating system."""
        try:
            self.stream.flush()
        except OSError as error:
            self._drop_buffered(error)

    def _drop_buffered(self, error: OSError) -> None:
        """Discard the buffered output.

        Otherwise, the interpreter would report an error when it flushes at exit.
        """
        if not isinstance(error, BrokenPipeError):
            self.failure = (error.strerror or "it fails").lower()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)


class Console:
    """Where a command writes.

    `out` takes the result of the command, `err` all other messages. Characters outside the encoding
    of a stream are escaped. When the reader closes the pipe or the disk is full, further output is
    dropped and the command continues, so that its work is done and its exit code is right.
    """

    def __init__(self, stdout: TextIO, stderr: TextIO, color: str = "auto") -> None:
        self._stdout = Stream(stdout)
        self.stderr = Stream(stderr)
        self.use_color_setting(color)

    def use_color_setting(self, color: str) -> None:
        self.color_out = wants_color(color, self._stdout.stream, os.environ)
        self.color_err = wants_color(color, self.stderr.stream, os.environ)

    def out(self, text: str) -> None:
        """Write `text` and a line break to standard output."""
        self._stdout.write(text + "\n")

    def out_bytes(self, content: bytes) -> None:
        """Write `content` to standard output unchanged."""
        self._stdout.write_bytes(content)

    def err(self, text: str) -> None:
        """Write `text` and a line break to standard error."""
        self.stderr.write(text + "\n")

    def flush(self) -> bool:
        """Flush everything to the operating system.

        Returns whether standard output has taken everything that a reader was there for.
        """
        self._stdout.flush()
        self.stderr.flush()
        return not self._stdout.failure

    def finish(self) -> bool:
        """Flush before the process ends.

        Returns whether everything was written that a reader was there for.
        """
        self.flush()
        # Not reported on standard output, which programs read.
        if self._stdout.failure:
            self.err(f"error: standard output cannot be written: {self._stdout.failure}")
            self.flush()
        return not (self._stdout.failure or self.stderr.failure)


def standard_console() -> Console:
    return Console(sys.stdout, sys.stderr)


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
