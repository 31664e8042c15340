"""`flowdsl restore`: list the saved versions of a workflow, or bring one back."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.job import JobOptions
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.planning.plan import Plan
from flowdsl.deploy.restore import Shelf, read_shelf, restore
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count

from ..runtime import exit_codes
from ..runtime.command_line.options import add_options, number_between
from ..runtime.console import Console
from ..runtime.engine.deployment import NOTHING, open_deployment
from ..runtime.engine.questions import Silent, require_answer
from ..runtime.engine.report import EngineOperation, OperationReport, writing_options
from ..views.difference import Line, field_lines
from ..views.painted import BAD, QUIET, WARNED, paint_lines
from ..views.table import items_json


class Restoration(OperationReport):
    """The `Ui` of restoring version `number`, a field that is set after the report is created."""

    number = 0

    def render(self, plan: Plan, *, color: bool) -> str:
        return render_restoration(plan, self.number, color=color)

    def confirm(self, plan: Plan) -> bool:
        require_answer(self.has_yes_option, "brings the version back")
        return self.has_agreement(f"bring version {self.number} back in {self.environment}?")


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        address=ADDRESS  `workflow.NAME`, or its name alone
        --env
        --version N  the version to bring back; without it they are listed
        --yes
        --json  for programs, on standard output
        --lock-timeout --timeout --verbose
        """,
        version={
            "type": number_between(
                1, 999999999, "the number of a version; `flowdsl restore ADDRESS` lists them"
            )
        },
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the versions, or show what restoring one changes, ask, and do it."""
    if arguments.version is None:
        return _list_versions(arguments, console)
    ending = partial(describe_restoration, arguments.version)
    report = Restoration.of(arguments, console, "restore", ending)
    report.number = arguments.version
    return report.carry_out(_prepare_restoration, arguments)


def _list_versions(arguments: argparse.Namespace, console: Console) -> int:
    deployment = open_deployment(arguments.env, console)

    async def read(client: CyberdeskClient) -> Shelf:
        job = deployment.job(NOTHING, client, JobOptions(), Silent())
        return await read_shelf(job, arguments.address)

    shelf = deployment.ask(arguments, console, read)
    if arguments.json:
        head = {"address": shelf.address, "workflow_id": shelf.live.id}
        console.out(items_json(version_items(shelf), head))
    else:
        console.out(render_versions(shelf, color=console.color_out))
    return exit_codes.SUCCESS


def _prepare_restoration(arguments: argparse.Namespace, console: Console) -> EngineOperation:
    deployment = open_deployment(arguments.env, console)
    work = partial(restore, word=arguments.address, number=arguments.version)
    return EngineOperation(deployment, NOTHING, writing_options(arguments), work)


def render_versions(shelf: Shelf, *, color: bool) -> str:
    """A line for each version, the newest first."""
    head = (
        f'{make_printable(shelf.address)}  "{make_printable(shelf.live.name)}"  '
        f"{make_printable(shelf.live.id)}"
    )
    lines: list[Line] = [[(head, "")]]
    for restorable in reversed(shelf.versions):
        line: Line = [
            (f"  {restorable.number:>4}  ", ""),
            (make_printable(restorable.updated_at) or "at an unknown time", QUIET),
            ("  ", ""),
        ]
        if restorable.problem:
            line.append((f"cannot be brought back: {make_printable(restorable.problem)}", BAD))
        else:
            paths = ", ".join(change.path for change in shelf.changes(restorable))
            line.append((make_printable(paths), "") if paths else ("as it is now", QUIET))
        lines.append(line)
    if not shelf.versions:
        lines.append([("  no version is saved", QUIET)])
    return paint_lines(lines, color)


def version_items(shelf: Shelf) -> list[dict[str, Any]]:
    return [
        {
            "version": restorable.number,
            "updated_at": restorable.updated_at or None,
            "differs": [change.path for change in shelf.changes(restorable)],
            "problem": restorable.problem or None,
        }
        for restorable in shelf.versions
    ]


def render_restoration(plan: Plan, number: int, *, color: bool) -> str:
    lines: list[Line] = []
    for change in plan.changes:
        head = (
            f'~ {make_printable(change.address)}  "{make_printable(change.name)}"  to version '
            f"{number}"
        )
        lines.append([(head, "")])
        for field in change.difference.fields if change.difference is not None else ():
            unmanaged = change.prior is not None and field.path not in change.prior.applied
            remark = "not managed by the source" if unmanaged else ""
            lines += field_lines(field.path, field.before, field.after, remark=remark)
        impact = plan.impact.get(change.address)
        if impact is not None and impact.trajectories:
            names = ", ".join(f"`{make_printable(each.name)}`" for each in impact.trajectories)
            said = f"approved recordings go on replaying what they recorded: {names}"
            lines.append([(f"    {said}", WARNED)])
    lines += [[(f"note: {make_printable(note)}", QUIET)] for note in plan.notes]
    return paint_lines(lines, color)


def describe_restoration(number: int, outcome: Outcome, environment: str) -> str:
    if outcome.status is Status.NOTHING_TO_DO:
        return f"nothing to do: version {number} is what is there"
    done = outcome.count("performed")
    if outcome.status is Status.DONE:
        return f"restored in {environment}: {format_count(done, 'workflow')}, version {number}"
    return f"stopped in {environment}: {format_count(done, 'workflow')} restored"
