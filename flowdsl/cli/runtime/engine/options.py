"""The options that commands of the deploy engine share, and the types of their values."""

from __future__ import annotations

import argparse
import os

from flowdsl.diagnostics.suggest import listed
from flowdsl.host.environment import in_ci

from ..time_limit import duration

LOCK_TIMEOUT, LOCK_TIMEOUT_IN_CI = 70.0, 600.0
"""Seconds to wait for another deploy."""


def add_environment(parser: argparse.ArgumentParser) -> None:
    """Declare `--env`."""
    parser.add_argument(
        "-e",
        "--env",
        metavar="ENV",
        help="the environment; default: FLOWDSL_ENV, else the only one",
    )


def add_lock_timeout(parser: argparse.ArgumentParser) -> None:
    """Declare `--lock-timeout`."""
    parser.add_argument(
        "--lock-timeout",
        type=duration,
        metavar="TIME",
        help="how long to wait for another deploy (default: 70s, in CI 10m)",
    )


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that decide which changes a plan holds."""
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="change this workflow alone; may be repeated",
    )
    parser.add_argument(
        "--recreate",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="create a workflow anew that was deleted elsewhere; may be repeated",
    )
    parser.add_argument(
        "--prune", action="store_true", help="delete managed workflows that left the source"
    )
    parser.add_argument(
        "--breaking",
        choices=("error", "warn", "ignore"),
        help="what changes that break callers do (default: warn, with `--plan` as it was planned)",
    )
    parser.add_argument(
        "--accept-guard",
        action="append",
        default=[],
        type=guard,
        metavar="NAME=N",
        help="go on although a guard stands in the way, for exactly N; may be repeated",
    )
    parser.add_argument(
        "--concurrency",
        type=concurrency,
        default=4,
        metavar="N",
        help="requests at once (default: 4)",
    )


def guard(text: str) -> tuple[str, int]:
    """The name and the number of `deletes=7`; raises `ArgumentTypeError`."""
    from flowdsl.deploy.refresh.guards import NAMES

    name, _, number = text.partition("=")
    if name not in NAMES or not (number.isascii() and number.isdecimal()):
        raise argparse.ArgumentTypeError(
            f"`{text}` is not the name of a guard and a number; the guards are {listed(NAMES)}"
        )
    return name, int(number[:12])


def concurrency(text: str) -> int:
    """A number of requests at once; raises `ArgumentTypeError`."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= 64):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 1 to 64")
    return int(text)


def lock_timeout(given: float | None) -> float:
    """Seconds to wait for another deploy."""
    if given is not None:
        return given
    return LOCK_TIMEOUT_IN_CI if in_ci(os.environ) else LOCK_TIMEOUT
