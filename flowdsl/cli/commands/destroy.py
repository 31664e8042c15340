"""`flowdsl destroy`: delete all workflows of an environment, with their runs and recordings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Any

from flowdsl.config.address import WORKFLOW
from flowdsl.deploy.comparison.edits import edits_since
from flowdsl.deploy.destroy import destroy
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.planning.plan import Action, Change, Impact, Plan
from flowdsl.deploy.resources.mark import mark_in
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count

from ..runtime.command_line.options import add_options
from ..runtime.console import Console
from ..runtime.engine.deployment import NOTHING, open_deployment
from ..runtime.engine.questions import require_answer
from ..runtime.engine.report import EngineOperation, OperationReport, writing_options
from ..views.difference import Line
from ..views.outcome import count_unfinished
from ..views.painted import BAD, QUIET, WARNED, paint_lines
from ..views.plan_words import count_trajectories


class Destruction(OperationReport):
    """The `Ui` of a destruction: a person has to type the name of the environment."""

    def render(self, plan: Plan, *, color: bool) -> str:
        return render_destruction(plan, self.environment, color=color)

    def planned(self, plan: Plan) -> Iterator[dict[str, Any]]:
        return destruction_events(plan)

    def confirm(self, plan: Plan) -> bool:
        if self.has_yes_option:
            return True
        require_answer(False, "with `--accept-guard deletes=N` destroys")
        answer = self.answer(
            f"type the name of the environment to delete all this ({self.environment}): "
        )
        return answer == self.environment.lower()


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        --env
        --only ADDRESS...  delete this alone; may be repeated
        -y, --yes  do not ask; goes with `--accept-guard deletes=N`
        --accept-guard NAME=N...  how many workflows are deleted (`deletes=N`), exactly
        --concurrency --lock-timeout
        --json  one object a line on standard output
        --result --timeout --verbose
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Show what will be deleted, ask, and delete it."""
    report = Destruction.of(arguments, console, "destroy", describe_destruction)
    return report.carry_out(_prepare_destruction, arguments)


def _prepare_destruction(arguments: argparse.Namespace, console: Console) -> EngineOperation:
    deployment = open_deployment(arguments.env, console)
    options = writing_options(
        arguments,
        concurrency=arguments.concurrency,
        only=frozenset(arguments.only),
        accepted=dict(arguments.accept_guard),
    )
    return EngineOperation(
        deployment, NOTHING, options, partial(destroy, by_hand=not arguments.yes)
    )


def render_destruction(plan: Plan, environment: str, *, color: bool) -> str:
    """Render everything that is deleted, with what depends on it."""
    lines: list[Line] = []
    for change in plan.changes:
        lines += _render_deleted_workflow(change, plan.impact.get(change.address))
    for named in plan.named:
        said = "" if named.writes else "  is gone already"
        lines.append([("-", BAD), (f" {make_printable(named.address)}", ""), (said, QUIET)])
    deletes = plan.of(Action.DELETE)
    impacts = [plan.impact[each.address] for each in deletes if each.address in plan.impact]
    runs = sum(each.runs_total or 0 for each in impacts)
    recordings = sum(each.trajectories_total or 0 for each in impacts)
    parts = [
        f"{format_count(len(deletes), 'workflow')} with {format_count(runs, 'run')} and "
        + count_trajectories(recordings)
    ]
    others = sum(named.writes for named in plan.named)
    parts += [f"{format_count(others, 'other object')}"] if others else []
    lines.append([(f"to delete in {environment}: {', '.join(parts)}; there is no way back", "")])
    return paint_lines(lines, color)


def destruction_events(plan: Plan) -> Iterator[dict[str, Any]]:
    for change in plan.changes:
        impact = plan.impact.get(change.address, Impact())
        yield {
            "address": change.address,
            "workflow_id": None if change.prior is None else change.prior.id,
            "action": change.action.value,
            "edited": _find_edited_paths(change),
            "impact": {
                "runs_total": impact.runs_total,
                "runs_active": impact.runs_active,
                "trajectories_total": impact.trajectories_total,
                "trajectories_approved": len(impact.trajectories),
            },
        }
    for named in plan.named:
        yield {"address": named.address, "action": named.action}


def describe_destruction(outcome: Outcome, environment: str) -> str:
    if outcome.status is Status.NOTHING_TO_DO:
        return f"nothing to do: no workflow is tracked in {environment}"
    count = partial(outcome.count, "performed")
    deleted, gone = count("delete", WORKFLOW), count("forget", WORKFLOW)
    parts = [f"{format_count(deleted, 'workflow')} deleted"] if deleted else []
    parts += [f"{format_count(gone, 'workflow')} gone already"] if gone else []
    others = count("delete") - deleted
    parts += [f"{format_count(others, 'other object')} deleted"] if others else []
    left = count("keep")
    parts += [f"{left} left"] if left else []
    parts += count_unfinished(outcome, "failed", "conflict", "not_attempted")
    verb = "destroyed" if outcome.status is Status.DONE else "stopped in"
    return f"{verb} {environment}: {', '.join(parts) or 'nothing deleted'}"


def _render_deleted_workflow(change: Change, impact: Impact | None) -> Iterator[Line]:
    head: Line = [("-", BAD), (f" {make_printable(change.address)}", "")]
    head.append((f'  "{make_printable(change.name)}"', QUIET))
    if change.action is Action.FORGET:
        yield [*head, ("  is gone already", QUIET)]
        return
    yield head
    if impact is not None:
        runs = format_count(impact.runs_total or 0, "run")
        if impact.runs_active:
            runs += f", {impact.runs_active} of them under way"
        kept = count_trajectories(impact.trajectories_total or 0)
        if impact.trajectories:
            kept += f", {len(impact.trajectories)} approved"
        yield [(f"    {runs}; {kept}", WARNED if impact.runs_active else "")]
    if edited := _find_edited_paths(change):
        paths = ", ".join(f"`{make_printable(path)}`" for path in edited)
        yield [(f"    edited elsewhere since the last deploy: {paths}", WARNED)]
    mark = mark_in(change.live.values.get("input_schema")) if change.live is not None else None
    if mark is not None and mark.address != change.address:
        said = (
            f"carries the mark of `{mark.address}`, project `{mark.project}`, environment "
            f"`{mark.environment}`"
        )
        yield [(f"    {make_printable(said)}", WARNED)]


def _find_edited_paths(change: Change) -> list[str]:
    if change.prior is None or change.live is None:
        return []
    return [edit.path for edit in edits_since(change.prior, change.live)]
