"""Options of commands that talk to the service: `--timeout` for the whole command, and `-v`.

`-v` prints a line on standard error for each request.
"""

from __future__ import annotations

import time

from .console import Console
from .exit_codes import SERVICE
from .failure import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from flowdsl.cyberdesk.log import Listener, RequestAttempt

GRACE = 0.5
"""Seconds that reads may continue after the deadline, so that the end of the whole command, which
has a better message, comes first."""

IS_OVER = "the time that `--timeout` gives is over"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options. `--timeout` counts from the parsing of the command line."""
    parser.add_argument(
        "--timeout",
        type=lambda text: TimeLimit(parse_duration(text)),
        default=TimeLimit(),
        metavar="TIME",
        help="how long the whole may take",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="tell of every request")


def request_listener(arguments: argparse.Namespace, console: Console) -> Listener | None:
    """Return the function that prints a line for each request; None without `-v`.

    The line has no key, no body and no query.
    """
    if not arguments.verbose:
        return None

    def tell(attempt: RequestAttempt) -> None:
        console.err(f"http: {attempt.line()}")

    return tell


def parse_duration(text: str) -> float:
    """Parse `500ms`, `30s`, `10m` or `2h` to seconds; raises `ArgumentTypeError`."""
    import argparse

    from flowdsl.source.durations import parse_duration

    seconds = parse_duration(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"`{text}` is not a time such as `30s`, `10m` or `2h`")
    return seconds


def nothing_written() -> CommandError | None:
    """The failure of a command that reached its deadline before it has written anything."""
    return CommandError(f"{IS_OVER}; nothing was written", SERVICE)


class TimeLimit:
    """The time limit of one command, counted from now, in seconds; None for no limit."""

    def __init__(self, seconds: float | None = None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def seconds_for_reads(self) -> float | None:
        """The seconds left for reads: `GRACE` more than `left`."""
        left = self.left()
        return None if left is None else left + GRACE

    def left(self) -> float | None:
        """The seconds left, 0 after the deadline; None without a limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())
