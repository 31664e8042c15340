"""Options that several commands take, and the types of their values."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.environment import in_ci
from flowdsl.source import durations

from ..console import COLORS, CommandError, Console
from ..exit_codes import SERVICE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.cyberdesk.log import Listener, RequestAttempt

GRACE = 0.5
"""Seconds that reads may continue after the deadline, so that the end of the whole command, which
has a better message, comes first."""

IS_OVER = "the time that `--timeout` gives is over"

MAX_DIGITS = 12
"""Of a number on a command line."""

LOCK_TIMEOUT, LOCK_TIMEOUT_IN_CI = 70.0, 600.0
"""Seconds to wait for another deploy."""


SHARED = {
    "--accept-guard": (
        "--accept-guard NAME=N...  accept what a guard stopped, for exactly N; may be repeated"
    ),
    "--breaking": (
        "--breaking error|warn|ignore  what changes that break callers do (default: warn, with "
        "`--plan` as it was planned)"
    ),
    "--concurrency": "--concurrency N  requests at once (default: 4)",
    "--env": "-e, --env ENV  the environment; default: FLOWDSL_ENV, else the only one",
    "--json": "--json  one JSON object on standard output",
    "--lock-timeout": (
        "--lock-timeout TIME  how long to wait for another deploy (default: 70s, in CI 10m)"
    ),
    "--only": "--only ADDRESS...  change this workflow alone; may be repeated",
    "--prune": "--prune  delete managed workflows that left the source",
    "--recreate": (
        "--recreate ADDRESS...  create a workflow anew that was deleted elsewhere; may be repeated"
    ),
    "--result": "--result FILE  write how it ended, as JSON",
    "--stdin-filename": "--stdin-filename FILE  the file that standard input stands for",
    "--timeout": "--timeout TIME  how long the whole may take",
    "--verbose": "-v, --verbose  tell of every request",
    "--yes": "-y, --yes  do not ask",
    "PATH": "paths=PATH*  files, folders, globs or `-`; default: the project's flows",
}
"""The rows of arguments that many commands have, by the name that stands for one in a table."""


def add_options(parser: Any, table: str, **more: Any) -> None:
    """Declare the arguments of a table on a parser, or on a group of one.

    A row is an argument, and after two spaces, or in lines that are indented further, its help:

        --quiet              a flag, false unless given
        -o, --output FILE    an option with two names
        --type input|output  one of these words
        --only NAME...       may be repeated; the values are a list
        --plan saved=FILE    becomes `arguments.saved`
        paths=PATH*          positional, with `nargs` `*`, `+` or `?`
        --env --json         those of `SHARED`

    `more` are further arguments of `add_argument`, by `arguments` attribute or long option; each
    has to belong to a row.
    """
    keys: set[str] = set()
    for row in _split_rows(table):
        head, _, help = row.partition("  ")
        if head in SHARED:
            head, _, usual = SHARED[head].partition("  ")
            help = help or usual
        words = head.split()
        names = [word.rstrip(",") for word in words if word.startswith("-")]
        value = words[-1] if len(words) > len(names) else ""
        dest = value.partition("=")[0] if "=" in value else ""
        dest = dest if dest.islower() else ""  # unlike that of `--input NAME=VALUE`
        value = value.removeprefix(f"{dest}=") if dest else value
        how: dict[str, Any] = {"dest": dest} if dest else {}
        if not value:
            how["action"] = "store_true"
        elif value.endswith("..."):
            how |= {"metavar": value.removesuffix("..."), "action": "append", "default": []}
        elif value.islower():
            how["choices"] = tuple(value.split("|"))
        elif value[-1] in "*+?":
            how |= {"metavar": value[:-1], "nargs": value[-1]}
        else:
            how["metavar"] = value
        key = dest or names[-1].lstrip("-").replace("-", "_")
        keys.add(key)
        parser.add_argument(*names, help=help, **how, **(_TYPES | more).get(key, {}))
    assert keys >= more.keys(), f"no row is called {more.keys() - keys}"


def _split_rows(table: str) -> list[str]:
    """Split a table into rows, each with two spaces between argument and help."""
    rows: list[str] = []
    margin = 0
    for line in filter(str.strip, table.split("\n")):
        indent = len(line) - len(line.lstrip())
        margin = margin if rows else indent
        if indent > margin:
            rows[-1] += f"{' ' if '  ' in rows[-1] else '  '}{line.strip()}"
        else:
            rows.append(line.strip())
    return [
        row
        for line in rows
        for row in (line.split() if SHARED.keys() >= set(line.split()) else [line])
    ]


def add_global_options(parser: Any, directory: Any, color: Any) -> None:
    """Declare the options of every command; `directory` and `color` are their defaults."""
    parser.add_argument(
        "-C", dest="directory", metavar="DIR", default=directory, help="work in DIR"
    )
    parser.add_argument(
        "--color",
        choices=COLORS,
        default=color,
        help="colour in what people read (default: auto)",
    )


def lock_timeout(given: float | None) -> float:
    """Seconds to wait for another deploy."""
    if given is not None:
        return given
    return LOCK_TIMEOUT_IN_CI if in_ci(os.environ) else LOCK_TIMEOUT


def request_listener(arguments: argparse.Namespace, console: Console) -> Listener | None:
    """Return the function that prints a line for each request; None without `-v`.

    The line has no key, no body and no query.
    """
    if not arguments.verbose:
        return None

    def print_request(attempt: RequestAttempt) -> None:
        console.err(f"http: {attempt.line()}")

    return print_request


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


def nothing_written() -> CommandError:
    """The failure of a command that reached its deadline before it has written anything."""
    return CommandError(f"{IS_OVER}; nothing was written", SERVICE)


def plan_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that decide which changes a plan contains, as fields of the engine's options."""
    return {
        "concurrency": arguments.concurrency,
        "recreate": frozenset(arguments.recreate),
        "only": frozenset(arguments.only),
        "prune": arguments.prune,
        "accepted": dict(arguments.accept_guard),
        "breaking": arguments.breaking or "warn",
    }


def parse_guard(text: str) -> tuple[str, int]:
    """Parse the name and the number of `deletes=7`; raises `ArgumentTypeError`."""
    from flowdsl.deploy.refresh.guards import NAMES

    name, _, number = text.partition("=")
    try:
        if name in NAMES:
            return name, number_between(0, 10**12)(number)
    except argparse.ArgumentTypeError:
        pass
    raise argparse.ArgumentTypeError(
        f"`{text}` is not the name of a guard and a number; the guards are {join_names(NAMES)}"
    )


def parse_duration(text: str) -> float:
    """Parse `500ms`, `30s`, `10m` or `2h` to seconds; raises `ArgumentTypeError`."""
    seconds = durations.parse_duration(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"`{text}` is not a time such as `30s`, `10m` or `2h`")
    return seconds


def number_between(least: int, most: int, what: str = "") -> Callable[[str], int]:
    """Make the parser of a whole number within bounds; `what` replaces them in the message."""

    def parse_number(text: str) -> int:
        is_short = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
        if is_short and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(
            f"`{text}` is not {what or f'a number from {least} to {most}'}"
        )

    return parse_number


def parse_positive_number(text: str) -> int:
    """Parse a whole number from 1."""
    return number_between(1, 10**9, "a whole number from 1")(text)


_TYPES: dict[str, dict[str, Any]] = {
    "accept_guard": {"type": parse_guard},
    "concurrency": {"type": number_between(1, 64), "default": 4},
    "lock_timeout": {"type": parse_duration},
    "progress": {"default": "auto"},
    "timeout": {"type": lambda text: TimeLimit(parse_duration(text)), "default": TimeLimit()},
}
