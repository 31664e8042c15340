"""The options of commands that talk to the service: `-v` and `--timeout`.

`-v` prints a line on standard error for each request.
"""

from __future__ import annotations

from . import time_limit
from .console import Console

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from flowdsl.cyberdesk.log import Attempt, Listener


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    time_limit.configure(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="tell of every request")


def listener(arguments: argparse.Namespace, console: Console) -> Listener | None:
    """The function that prints a line for each request; None without `-v`.

    The line has no key, no body and no query.
    """
    if not arguments.verbose:
        return None

    def tell(attempt: Attempt) -> None:
        console.err(f"http: {attempt.line()}")

    return tell
