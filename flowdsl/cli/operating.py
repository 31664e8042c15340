"""From the arguments of a command that writes without a deploy to an exit code: signals, result file, how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.outcome import Outcome
from flowdsl.host.environment import MissingKey

from .clients import open_client
from .console import Console
from .deploying import EXIT_CODES, Deployment
from .exit_codes import ACCESS
from .failure import CommandError
from .http_log import listener
from .interrupts import Interrupts
from .reporting import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

Work = Callable[[CyberdeskClient, Interrupts], Coroutine[Any, Any, Outcome]]


def operate(
    report: Report,
    prepare: Callable[[], tuple[Deployment, Work]],
    arguments: argparse.Namespace,
    console: Console,
) -> int:
    """The exit code of what `prepare` gives to do; a failure of either leaves a result file, too."""
    interrupts = Interrupts(lambda: report.writing, report.say)
    try:
        deployment, work = prepare()
        report.environment = deployment.environment.name
        outcome = _done(deployment, work, interrupts, arguments, console)
    except CommandError as failure:
        report.failed(failure)
        raise
    return report.finished(outcome, EXIT_CODES.get(outcome.status, interrupts.exit_code))


def _done(
    deployment: Deployment,
    work: Work,
    interrupts: Interrupts,
    arguments: argparse.Namespace,
    console: Console,
) -> Outcome:
    told = listener(arguments, console)
    with open_client(deployment.environment, deployment.target.root, told) as client:

        async def run() -> Outcome:
            async with client:
                return await work(client, interrupts)

        try:
            return asyncio.run(run())
        except MissingKey as missing:
            raise CommandError(str(missing), ACCESS) from None
