"""A command that writes without a deploy, from its arguments to its exit code.

Takes care of signals, the result file, and how the command ended.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.addressing import NoSuchAddress
from flowdsl.deploy.outcome import Outcome
from flowdsl.host import signals
from flowdsl.host.environment import MissingKey
from flowdsl.host.terminal import is_terminal

from .. import http_log
from ..clients import open_client
from ..console import Console
from ..exit_codes import ACCESS
from ..failure import CommandError, UsageError
from ..interrupts import Interrupts
from ..progress import open_display
from ..time_limit import TimeLimit
from .deployment import EXIT_CODES, Deployment
from .report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

R = TypeVar("R", bound=Report)

Work = Callable[[CyberdeskClient, Interrupts], Coroutine[Any, Any, Outcome]]


def configure_output(parser: argparse.ArgumentParser) -> None:
    """Declare the options for programs, and `-v`."""
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.add_argument("--result", metavar="FILE", help="write how it ended, as JSON")
    http_log.configure(parser)


def report_of(
    kind_of_report: type[R],
    arguments: argparse.Namespace,
    console: Console,
    *,
    kind: str,
    ending: Callable[[Outcome, str], str],
) -> R:
    """The report of the command `kind`.

    `ending` gives its last line for an outcome and an environment.
    """
    return kind_of_report(
        console,
        open_display("auto", console, is_terminal(sys.stderr)),
        environment=arguments.env or "",
        as_json=arguments.json,
        yes=arguments.yes,
        result=arguments.result,
        kind=kind,
        ending=ending,
    )


def operate(
    report: Report,
    prepare: Callable[[], tuple[Deployment, Work]],
    arguments: argparse.Namespace,
    console: Console,
) -> int:
    """Do the work that `prepare` gives; returns the exit code.

    Whatever else ends the command leaves a result file as well.
    """
    interrupts = Interrupts(lambda: report.writing, report.say, TimeLimit(arguments.timeout))
    with signals.Ending(report.interrupted):
        try:
            deployment, work = prepare()
            report.environment = deployment.environment.name
            outcome = _done(deployment, work, interrupts, report, arguments, console)
            code = EXIT_CODES.get(outcome.status, interrupts.exit_code)
            return report.finished(outcome, code)
        except BaseException as failure:
            report.failed(failure)
            raise


def _done(
    deployment: Deployment,
    work: Work,
    interrupts: Interrupts,
    report: Report,
    arguments: argparse.Namespace,
    console: Console,
) -> Outcome:
    told = http_log.listener(arguments, console)
    with open_client(
        deployment.environment, deployment.target.root, interrupts.limit, told
    ) as client:

        async def run() -> Outcome:
            async with client:
                return await work(client, interrupts)

        try:
            return interrupts.run(run(), report.out_of_time)
        except NoSuchAddress as none:
            raise UsageError(str(none)) from None
        except MissingKey as missing:
            raise CommandError(str(missing), ACCESS) from None
