"""Output of commands that write, other than the plan: each result, and how they ended.

Also the plan as events of the machine format.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flowdsl.config.address import IMAGE, WORKFLOW, Address
from flowdsl.deploy.comparison.diff import Difference
from flowdsl.deploy.outcome import OperationResult, Outcome, ResultOutcome, Status
from flowdsl.deploy.planning.plan import Action, Plan
from flowdsl.deploy.resources.policy import fingerprint
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count

from .markdown import format_code_span, format_prose
from .painted import BAD, QUIET, WARNED, paint_lines

ROWS = 200
"""The maximum number of results in a Markdown table; those that failed come first."""

WIDTH = 400
"""The maximum number of characters of a message in Markdown."""

IDS = 20
"""The maximum number of workflows whose ids are printed after a deploy."""

_KEPT = (Action.CREATE, Action.UPDATE, Action.RENAME, Action.ADOPT)
"""Actions after which a workflow exists."""

_RESULTS = {"performed": ("note", QUIET), "conflict": ("conflict", WARNED)}


def render_result(result: OperationResult, *, color: bool) -> str | None:
    """Render a result that people have to know of; None if it succeeded without a remark."""
    if result.outcome == "not_attempted" or (result.outcome == "performed" and not result.message):
        return None
    label, style = _RESULTS.get(result.outcome, (result.outcome, BAD))
    said = make_printable(f"{result.address}: {result.message}")
    return paint_lines([[(f"{label}: ", style), (said, "")]], color)


def render_outcome(outcome: Outcome, environment: str) -> str:
    count = partial(outcome.count, "performed")
    created, deleted = count(Action.CREATE, WORKFLOW), count(Action.DELETE, WORKFLOW)
    changed = count(kind=WORKFLOW) - created - count(Action.ADOPT, WORKFLOW) - deleted
    adopted = len(_find_adopted_workflows(outcome))
    others_deleted = count(Action.DELETE) - deleted
    others_written = count() - count(kind=WORKFLOW) - others_deleted
    plan = outcome.plan
    if outcome.status is Status.NOTHING_TO_DO and not adopted:
        same = 0 if plan is None else len(plan.of(Action.UNCHANGED))
        kept = 0 if plan is None else len(plan.of(Action.KEEP))
        orphans = f"; {format_count(kept, 'workflow')} left the source and stayed" if kept else ""
        return (
            f"nothing to do: {format_count(same, 'workflow')} up to date in {environment}{orphans}"
        )
    parts = [f"{created} created" if created else "", f"{changed} updated" if changed else ""]
    parts.append(f"{adopted} adopted" if adopted else "")
    parts.append(f"{deleted} deleted" if deleted else "")
    for others, word in ((others_written, "written"), (others_deleted, "deleted")):
        parts.append(f"{format_count(others, 'other object')} {word}" if others else "")
    parts += count_unfinished(outcome, "failed", "conflict", "unknown", "not_attempted")
    counts = ", ".join(part for part in parts if part) or "nothing written"
    well = outcome.status in (Status.DONE, Status.NOTHING_TO_DO)
    return f"{'deployed to' if well else 'stopped in'} {environment}: {counts}"


def count_unfinished(
    outcome: Outcome, *labels: ResultOutcome, action: str | None = None
) -> list[str]:
    """Return the numbers of results with each of these outcomes, as in `2 not attempted`."""
    numbers = ((outcome.count(label, action), label.replace("_", " ")) for label in labels)
    return [f"{number} {words}" for number, words in numbers if number]


def render_deployed(outcome: Outcome, environment: str) -> str:
    """Summarize a deploy, with the ids of new and changed workflows and how to start a run.

    The line of `render_outcome` follows the ids. There is no link to the dashboard, since the
    project does not know its address.
    """
    written = [
        result
        for result in outcome.results
        if result.outcome == "performed"
        and result.address.kind == WORKFLOW
        and result.action in _KEPT
        and result.id is not None
    ]
    if outcome.status is not Status.DONE or not written:
        return render_outcome(outcome, environment)
    shown = written[:IDS]
    width = max(len(make_printable(result.address)) for result in shown)
    lines = [
        f"  {make_printable(each.address):<{width}}  {make_printable(each.id or '')}"
        for each in shown
    ]
    if len(written) > IDS:
        rest = len(written) - IDS
        lines.append(f"  and {rest} more; `flowdsl state list --env {environment}` has every id")
    lines.append(render_outcome(outcome, environment))
    lines.append(
        f"start a run: flowdsl run {make_printable(written[0].address.name)} -e {environment}"
    )
    return "\n".join(lines)


def render_outcome_markdown(outcome: Outcome, environment: str) -> str:
    """Render how the deploy ended, as the summary of a CI job.

    It has one line, what people have to know, and a table of results.
    """
    lines = [f"## FlowDSL deploy to {format_code_span(environment, WIDTH)}", ""]
    lines += [format_prose(render_outcome(outcome, environment), WIDTH), ""]
    for message in outcome.messages:
        lines += [f"- {format_prose(message, WIDTH)}"]
    results = sorted(outcome.results, key=lambda result: result.outcome == "performed")
    if results:
        lines += ["", "| Address | Action | Outcome | Remark |", "|---|---|---|---|"]
    for result in results[:ROWS]:
        remark = format_prose(result.message, WIDTH).replace("|", "\\|")
        outcome_word = result.outcome.replace("_", " ")
        address = format_code_span(result.address, WIDTH).replace("|", "\\|")
        lines.append(f"| {address} | {result.action} | {outcome_word} | {remark} |")
    if len(results) > ROWS:
        lines += ["", f"and {len(results) - ROWS} more"]
    return "\n".join(lines) + "\n"


def _find_adopted_workflows(outcome: Outcome) -> set[Address]:
    """Find the workflows that were adopted.

    Those for which no request was needed have no result; they count if everything succeeded.
    """
    adopted = {
        result.address
        for result in outcome.results
        if result.outcome == "performed" and result.action == Action.ADOPT
    }
    if outcome.plan is not None and outcome.status in (Status.DONE, Status.NOTHING_TO_DO):
        adopted |= {each.address for each in outcome.plan.of(Action.ADOPT)}
    return adopted


def plan_events(plan: Plan) -> Iterator[dict[str, Any]]:
    """The plan as objects of the machine format, without any text of a prompt."""
    for item in plan.uploads:
        yield {"address": Address(IMAGE, item.sha256), "action": "create", "fields": []}
    for named in plan.named:
        if named.writes:
            fields = _field_events(named.difference)
            yield {"address": named.address, "action": named.action, "fields": fields}
    for change in plan.changes:
        if change.action is not Action.UNCHANGED:
            yield {
                "address": change.address,
                "previous_address": change.previous_address,
                "workflow_id": None if change.prior is None else change.prior.id,
                "action": change.action.value,
                "fields": _field_events(change.difference),
            }


def _field_events(difference: Difference | None) -> list[dict[str, Any]]:
    return [
        {
            "path": field.path,
            "before_sha256": fingerprint(field.before),
            "after_sha256": fingerprint(field.after),
            "origin": field.origin,
        }
        for field in (() if difference is None else difference.fields)
    ]
