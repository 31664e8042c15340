"""`flowdsl restore`: list the saved versions of a workflow, or bring one back."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial

from flowdsl.codegen.artifacts import Bundle
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.job import Job, Options
from flowdsl.deploy.outcome import Outcome
from flowdsl.deploy.planning.plan import Plan
from flowdsl.deploy.restore import NoSuchVersion, Shelf, read_shelf, restore
from flowdsl.host.terminal import is_terminal

from ...runtime import exit_codes, http_log
from ...runtime.clients import open_client
from ...runtime.command_line.global_options import add_yes
from ...runtime.console import Console
from ...runtime.engine.answers import Silent, answered
from ...runtime.engine.deployment import Deployment, holder, open_deployment
from ...runtime.engine.operation import Work, operate
from ...runtime.engine.options import add_environment, add_lock_timeout, lock_timeout
from ...runtime.engine.questions import require_answer
from ...runtime.engine.report import Report
from ...runtime.failure import UsageError
from ...runtime.interrupts import Interrupts
from ...runtime.progress import Display, open_display
from ...runtime.time_limit import TimeLimit
from .view import render_restoration, render_versions, restored, version_items

FORMAT_VERSION = 1
NOTHING = Bundle((), (), {})
"""An empty bundle: a version is brought back whatever the source says."""


class Restoration(Report):
    """The `Ui` of bringing version `number` back."""

    def __init__(
        self,
        console: Console,
        display: Display,
        number: int,
        environment: str,
        *,
        as_json: bool,
        yes: bool,
    ) -> None:
        super().__init__(
            console,
            display,
            environment=environment,
            as_json=as_json,
            yes=yes,
            kind="restore",
            ending=partial(restored, number),
        )
        self._number = number

    def render(self, plan: Plan, *, color: bool) -> str:
        return render_restoration(plan, self._number, color=color)

    def confirm(self, plan: Plan) -> bool:
        return self.agrees(f"bring version {self._number} back in {self.environment}?")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("address", metavar="ADDRESS", help="`workflow.NAME`, or its name alone")
    add_environment(parser)
    parser.add_argument(
        "--version",
        type=_number,
        metavar="N",
        help="the version to bring back; without it they are listed",
    )
    add_yes(parser)
    parser.add_argument("--json", action="store_true", help="for programs, on standard output")
    add_lock_timeout(parser)
    http_log.configure(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the versions, or show what bringing one back changes, ask, and do it."""
    if arguments.version is None:
        return _list(arguments, console)
    display = open_display("auto", console, is_terminal(sys.stderr))
    report = Restoration(
        console,
        display,
        arguments.version,
        arguments.env or "",
        as_json=arguments.json,
        yes=arguments.yes,
    )
    return operate(report, lambda: _prepare(arguments, console, report), arguments, console)


def _list(arguments: argparse.Namespace, console: Console) -> int:
    limit = TimeLimit(arguments.timeout)
    deployment = open_deployment(arguments.env, console, need_flows=False)
    told = http_log.listener(arguments, console)
    with open_client(deployment.environment, deployment.target.root, limit, told) as client:
        job = deployment.job(NOTHING, client, Options(), Silent())
        shelf = answered(_shelf(job, arguments.address), limit)
    if arguments.json:
        items = version_items(shelf)
        report = {
            "format_version": FORMAT_VERSION,
            "address": shelf.address,
            "workflow_id": shelf.live.id,
            "items": items,
            "total": len(items),
        }
        console.out(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        console.out(render_versions(shelf, color=console.color_out))
    return exit_codes.SUCCESS


async def _shelf(job: Job, address: str) -> Shelf:
    async with job.client:
        return await read_shelf(job, address)


def _prepare(
    arguments: argparse.Namespace, console: Console, report: Report
) -> tuple[Deployment, Work]:
    deployment = open_deployment(arguments.env, console, need_flows=False)
    require_answer(arguments.yes, "brings the version back")

    async def work(client: CyberdeskClient, interrupts: Interrupts) -> Outcome:
        job = deployment.job(
            NOTHING,
            client,
            Options(
                lock_timeout=lock_timeout(arguments.lock_timeout),
                holder=holder(),
            ),
            report,
            stop=interrupts.reason,
            interrupted=interrupts.received,
        )
        try:
            return await restore(job, arguments.address, arguments.version)
        except NoSuchVersion as none:
            raise UsageError(str(none)) from None

    return deployment, work


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:9]) > 0):
        raise argparse.ArgumentTypeError(
            f"`{text}` is not the number of a version; `flowdsl restore ADDRESS` lists them"
        )
    return int(text[:9])
