"""The options that commands of the deploy engine share, and the types of their values."""

from __future__ import annotations

import argparse
import os
from typing import Any

from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.environment import in_ci

from ..command_line.arguments import number_between
from ..command_line.global_options import add_flag, add_repeated
from ..service_options import parse_duration

MAX_DIGITS_OF_GUARD = 12

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
        type=parse_duration,
        metavar="TIME",
        help="how long to wait for another deploy (default: 70s, in CI 10m)",
    )


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that decide which changes a plan contains."""
    add_repeated(parser, "--only", "ADDRESS", "change this workflow alone; may be repeated")
    add_repeated(
        parser,
        "--recreate",
        "ADDRESS",
        "create a workflow anew that was deleted elsewhere; may be repeated",
    )
    add_flag(parser, "--prune", "delete managed workflows that left the source")
    parser.add_argument(
        "--breaking",
        choices=("error", "warn", "ignore"),
        help="what changes that break callers do (default: warn, with `--plan` as it was planned)",
    )
    add_guard_and_concurrency_options(
        parser, "accept what a guard stopped, for exactly N; may be repeated"
    )


def add_guard_and_concurrency_options(parser: argparse.ArgumentParser, help: str) -> None:
    """Declare `--accept-guard`, with the text `help`, and `--concurrency`."""
    add_repeated(parser, "--accept-guard", "NAME=N", help, type=parse_guard)
    parser.add_argument(
        "--concurrency",
        type=number_between(1, 64),
        default=4,
        metavar="N",
        help="requests at once (default: 4)",
    )


def plan_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Convert the options of `add_plan_options` to fields of the engine's options."""
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
    is_number = number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS_OF_GUARD
    if name not in NAMES or not is_number:
        raise argparse.ArgumentTypeError(
            f"`{text}` is not the name of a guard and a number; the guards are {join_names(NAMES)}"
        )
    return name, int(number)


def lock_timeout(given: float | None) -> float:
    """Seconds to wait for another deploy."""
    if given is not None:
        return given
    return LOCK_TIMEOUT_IN_CI if in_ci(os.environ) else LOCK_TIMEOUT
