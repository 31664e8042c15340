"""Standard output and standard error of one command."""

from __future__ import annotations

import os
import sys

from flowdsl.host.terminal import wants_color

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


class Console:
    """Where a command writes.

    `out` takes the command's product, `err` everything said beside it. Text that the stream's encoding cannot hold is
    escaped. When the reader goes away, the rest is dropped and the command goes on, so that its exit code is right.
    """

    def __init__(self, stdout: TextIO, stderr: TextIO, color: str = "auto") -> None:
        self._stdout = stdout
        self._stderr = stderr
        self.color_out = wants_color(color, stdout, os.environ)
        self.color_err = wants_color(color, stderr, os.environ)
        for stream in (stdout, stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    def out(self, text: str) -> None:
        """Write `text` and a line break to standard output."""
        _write(self._stdout, text)

    def out_bytes(self, content: bytes) -> None:
        """Write `content` to standard output as it is."""
        try:
            self._stdout.flush()
            self._stdout.buffer.write(content)
        except BrokenPipeError:
            _drop(self._stdout)

    def err(self, text: str) -> None:
        """Write `text` and a line break to standard error."""
        _write(self._stderr, text)

    def flush(self) -> None:
        """Hand everything to the operating system; called once, before the process ends."""
        for stream in (self._stdout, self._stderr):
            try:
                stream.flush()
            except BrokenPipeError:
                _drop(stream)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text + "\n")
    except BrokenPipeError:
        _drop(stream)


def _drop(stream: TextIO) -> None:
    """Send what is still buffered nowhere: the interpreter flushes at exit and would complain about the pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def standard_console(color: str = "auto") -> Console:
    """The console of this process."""
    return Console(sys.stdout, sys.stderr, color)
