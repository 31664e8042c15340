"""`flowdsl restore`: list the saved versions of a workflow, or bring one back."""

from __future__ import annotations

import argparse
from functools import partial

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.job import Options
from flowdsl.deploy.planning.plan import Plan
from flowdsl.deploy.restore import Shelf, read_shelf, restore

from ...runtime import exit_codes, service_options
from ...runtime.command_line.arguments import number_between
from ...runtime.command_line.global_options import add_yes
from ...runtime.console import Console
from ...runtime.engine.deployment import NOTHING, open_deployment
from ...runtime.engine.operation import Operation, operate, report_of, writing_options
from ...runtime.engine.options import add_environment, add_lock_timeout
from ...runtime.engine.questions import Silent, require_answer
from ...runtime.engine.report import Report
from ...views.json_objects import items_json
from .view import render_restoration, render_versions, restored, version_items


class Restoration(Report):
    """The `Ui` of bringing version `number` back, a field that is set once the report is made."""

    number = 0

    def render(self, plan: Plan, *, color: bool) -> str:
        return render_restoration(plan, self.number, color=color)

    def confirm(self, plan: Plan) -> bool:
        return self.agrees(f"bring version {self.number} back in {self.environment}?")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("address", metavar="ADDRESS", help="`workflow.NAME`, or its name alone")
    add_environment(parser)
    parser.add_argument(
        "--version",
        type=number_between(
            1, 999_999_999, "the number of a version; `flowdsl restore ADDRESS` lists them"
        ),
        metavar="N",
        help="the version to bring back; without it they are listed",
    )
    add_yes(parser)
    parser.add_argument("--json", action="store_true", help="for programs, on standard output")
    add_lock_timeout(parser)
    service_options.configure(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the versions, or show what bringing one back changes, ask, and do it."""
    if arguments.version is None:
        return _list(arguments, console)
    ending = partial(restored, arguments.version)
    report = report_of(Restoration, arguments, console, kind="restore", ending=ending)
    report.number = arguments.version
    return operate(report, lambda: _prepare(arguments, console), arguments, console)


def _list(arguments: argparse.Namespace, console: Console) -> int:
    deployment = open_deployment(arguments.env, console, need_flows=False)

    async def read(client: CyberdeskClient) -> Shelf:
        job = deployment.job(NOTHING, client, Options(), Silent())
        return await read_shelf(job, arguments.address)

    shelf = deployment.ask(arguments, console, read)
    if arguments.json:
        head = {"address": shelf.address, "workflow_id": shelf.live.id}
        console.out(items_json(version_items(shelf), head))
    else:
        console.out(render_versions(shelf, color=console.color_out))
    return exit_codes.SUCCESS


def _prepare(arguments: argparse.Namespace, console: Console) -> Operation:
    deployment = open_deployment(arguments.env, console, need_flows=False)
    require_answer(arguments.yes, "brings the version back")
    work = partial(restore, word=arguments.address, number=arguments.version)
    return Operation(deployment, NOTHING, writing_options(arguments), work)
