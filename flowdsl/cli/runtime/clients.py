"""The frame of every command that talks to a service: environment, client, event loop, signals."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowdsl.config.project import Environment
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import Deadline
from flowdsl.workspace.service import open_service

from .command_line.options import IS_OVER, TimeLimit, nothing_written, request_listener
from .console import Console
from .failure import CommandError
from .interrupts import Interrupts, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.emulator.scenario import Scenario

T = TypeVar("T")


def use_service(
    arguments: argparse.Namespace,
    console: Console,
    environment: Environment,
    root: str,
    work: Callable[[CyberdeskClient], Awaitable[T]],
    *,
    interrupts: Interrupts | None = None,
    over: Callable[[], CommandError | None] = nothing_written,
    scenario: Scenario | None = None,
    limit: TimeLimit | None = None,
) -> T:
    """Run `work` with the client of an environment of the project at `root`.

    A signal or the deadline ends it as `interrupts` and `over` define; without them, `work` must
    not write, and is cancelled. Reads fail at the deadline as long as nothing has been written,
    even under the lease, where nothing else ends the command. `scenario` is for the local
    Cyberdesk, and `limit` takes the place of `--timeout`. Raises the failures of `open_service`
    before any key is sent.
    """
    limit = limit or arguments.timeout
    deadline = Deadline(limit.seconds_for_reads, IS_OVER)
    listener = request_listener(arguments, console)
    with open_service(
        environment, root, deadline=deadline, listener=listener, scenario=scenario
    ) as client:

        async def work_with_client() -> T:
            async with client:
                return await work(client)

        if interrupts is None:
            return run(work_with_client(), limit)
        return interrupts.run(work_with_client(), over)
