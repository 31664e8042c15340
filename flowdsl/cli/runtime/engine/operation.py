"""Runs a command of the engine that writes, from its arguments to its exit code.

Handles signals, the result file, and the end of the command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from flowdsl.codegen.artifacts import Bundle
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.job import Job, JobOptions
from flowdsl.deploy.outcome import Outcome
from flowdsl.host import signals
from flowdsl.host.terminal import is_terminal
from flowdsl.source.record import Record

from ..command_line.options import add_options, lock_timeout
from ..console import Console
from ..failure_table import OF_STATUS
from ..interrupts import Interrupts
from ..progress import open_display
from .deployment import Deployment, lease_holder_name
from .report import OperationReport

R = TypeVar("R", bound=OperationReport)


class EngineOperation(Record):
    """A command of the engine: `work` takes a job, which `more` gives further fields."""

    deployment: Deployment
    bundle: Bundle
    options: JobOptions
    work: Callable[[Job], Coroutine[Any, Any, Outcome]]
    more: Mapping[str, Any] = {}


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options for machine-readable output."""
    add_options(parser, "--json  one object a line on standard output")
    add_options(parser, "--result FILE  write how it ended, as JSON")


def configure_output(parser: argparse.ArgumentParser) -> None:
    """Declare the options for machine-readable output, and those of the service."""
    add_report_options(parser)
    add_options(parser, "--timeout --verbose")


def report_of(
    kind_of_report: type[R],
    arguments: argparse.Namespace,
    console: Console,
    *,
    kind: str,
    ending: Callable[[Outcome, str], str],
) -> R:
    """Make the report of the command `kind`.

    `ending` returns its last line from an outcome and an environment.
    """
    progress = getattr(arguments, "progress", "auto")
    return kind_of_report(
        console,
        open_display(progress, console, is_terminal(sys.stderr), kind),
        environment=arguments.env or "",
        as_json=arguments.json,
        yes=arguments.yes,
        result=getattr(arguments, "result", None),
        kind=kind,
        ending=ending,
    )


def writing_options(arguments: argparse.Namespace, **more: Any) -> JobOptions:
    """Make the options of a job that waits for the lease as long as `--lock-timeout` says."""
    return JobOptions(
        lock_timeout=lock_timeout(arguments.lock_timeout), holder=lease_holder_name(), **more
    )


def carry_out_operation(
    report: OperationReport,
    prepare: Callable[[argparse.Namespace, Console], EngineOperation],
    arguments: argparse.Namespace,
    console: Console,
) -> int:
    """Prepare and run an operation; returns the exit code.

    A failure is also recorded in the result file.
    """
    interrupts = Interrupts(lambda: report.writing, report.say, arguments.timeout)
    with signals.BeforeEnding(report.interrupted):
        try:
            operation = prepare(arguments, console)
            deployment = operation.deployment
            report.environment = deployment.environment.name

            async def work(client: CyberdeskClient) -> Outcome:
                job = deployment.job(
                    operation.bundle,
                    client,
                    operation.options,
                    report,
                    stop=interrupts.reason,
                    interrupted=interrupts.received,
                    **operation.more,
                )
                return await operation.work(job)

            outcome = deployment.ask(
                arguments, console, work, interrupts=interrupts, over=report.out_of_time
            )
            code = OF_STATUS.get(outcome.status, interrupts.exit_code)
            return report.finished(outcome, code)
        except BaseException as failure:
            report.failed(failure)
            raise
