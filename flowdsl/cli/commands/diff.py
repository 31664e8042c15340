"""`flowdsl diff`: how workflows on the service differ from the source.

Edits made elsewhere since the last deploy are shown as well.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.comparison.diff import FieldChange
from flowdsl.deploy.comparison.edits import edit_behind
from flowdsl.deploy.differences import WorkflowDifference, find_differences
from flowdsl.deploy.job import JobOptions
from flowdsl.deploy.planning.plan import Action
from flowdsl.deploy.resources.policy import fingerprint
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count

from ..runtime import exit_codes
from ..runtime.command_line.options import add_options
from ..runtime.console import Console
from ..runtime.engine.deployment import compile_bundle, open_deployment
from ..runtime.engine.questions import Silent
from ..views.difference import (
    Line,
    edit_lines,
    render_edit_legend,
    render_field_change,
    render_unified_text,
    tag_lines,
)
from ..views.painted import BAD, GOOD, QUIET, WARNED, paint_lines
from ..views.table import items_json


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        addresses=ADDRESS*  `workflow.NAME`, or its name alone; default: all of them
        --env
        --unified  prompts as a unified diff instead of word by word
        --detailed-exitcode  exit with 2 where there is a difference
        --json --timeout --verbose
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Compile, read and compare; nothing is written and no lease is taken."""
    deployment = open_deployment(arguments.env, console)
    bundle = compile_bundle(deployment, console)
    environment = deployment.environment.name

    async def compare(client: CyberdeskClient) -> tuple[WorkflowDifference, ...]:
        job = deployment.job(bundle, client, JobOptions(breaking="ignore"), Silent())
        return await find_differences(job, arguments.addresses)

    differences = deployment.ask(arguments, console, compare)
    if arguments.json:
        head = {"kind": "diff", "environment": environment}
        console.out(items_json(difference_items(differences), head))
    else:
        unified, color = arguments.unified, console.color_out
        console.out(render_differences(differences, environment, unified=unified, color=color))
    differs = any(compared.differs for compared in differences)
    return exit_codes.CHANGES if differs and arguments.detailed_exitcode else exit_codes.SUCCESS


_REMARKS = {
    Action.CREATE: "is not deployed",
    Action.MISSING: "no longer exists in the organisation",
    Action.FORGET: "left the source and no longer exists",
    Action.KEEP: "left the source",
    Action.DELETE: "left the source",
    Action.ADOPT: "is to be taken over",
}
"""The remark on a workflow, for actions that are no plain update."""


def render_differences(
    differences: Sequence[WorkflowDifference], environment: str, *, unified: bool, color: bool
) -> str:
    """Render every workflow that differs, from its live version to its source.

    So are those with a remark, such as one that left the source and is kept. The last line counts
    those that differ.
    """
    lines: list[Line] = []
    for compared in differences:
        lines += _render_comparison(compared, unified)
    lines += render_edit_legend(
        each.change.address for each in differences if each.edits or each.tags_lost
    )
    differing = sum(compared.differs for compared in differences)
    edited = sum(bool(each.edits or each.tags_lost) for each in differences)
    said = f"{format_count(differing, 'workflow')} of {len(differences)} in {environment} differ"
    if differing == 1:
        said += "s"
    if not differing:
        said = f"no difference: {format_count(len(differences), 'workflow')} in {environment}"
    lines.append([(said, ""), (f", {edited} edited elsewhere" if edited else "", WARNED)])
    return paint_lines(lines, color)


def difference_items(differences: Sequence[WorkflowDifference]) -> list[dict[str, Any]]:
    """The workflows that `render_differences` shows, as objects of the machine format."""
    return [_workflow_item(compared) for compared in differences if _is_shown(compared)]


def _is_shown(compared: WorkflowDifference) -> bool:
    """Whether a workflow differs, or has a remark."""
    return compared.differs or compared.change.action in _REMARKS


def _render_comparison(compared: WorkflowDifference, unified: bool) -> Iterator[Line]:
    """The lines of one workflow; none without a difference or a remark."""
    change = compared.change
    if not _is_shown(compared):
        return
    sign = {Action.CREATE: ("+", GOOD), Action.MISSING: ("!", BAD)}.get(
        change.action, ("~", WARNED)
    )
    head: Line = [sign, (f" {make_printable(change.address)}", "")]
    head.append((f'  "{make_printable(change.name)}"', QUIET))
    if change.previous_address is not None:
        head.append((f"  was {make_printable(change.previous_address)}", QUIET))
    if remark := _REMARKS.get(change.action):
        head.append((f"  {remark}", QUIET))
    if compared.pending:
        head.append(("  a write of an interrupted deploy is open", WARNED))
    yield head
    fields = change.difference.fields if change.difference is not None else ()
    for field in fields:
        edit = edit_behind(field, change.prior, change.live)
        yield from render_field_change(field, edit, unified=unified)
    yield from _render_tag_changes(compared)
    shown = {field.path for field in fields if field.origin != "source"}
    for edit in compared.edits:
        if edit.path not in shown:
            yield from edit_lines(edit, unified=unified)


def _render_tag_changes(compared: WorkflowDifference) -> Iterator[Line]:
    difference = compared.change.difference
    if difference is not None:
        yield from tag_lines(difference)
    lost = set(compared.tags_lost) - (difference.tags_drifted if difference else set())
    if lost:
        tags = ", ".join(make_printable(tag) for tag in sorted(lost))
        yield [(f"    tags taken off elsewhere: {tags}", WARNED)]


def _workflow_item(compared: WorkflowDifference) -> dict[str, Any]:
    change = compared.change
    difference = change.difference
    return {
        "address": change.address,
        "previous_address": change.previous_address,
        "workflow_id": None if change.prior is None else change.prior.id,
        "name": change.name,
        "action": change.action.value,
        "differs": compared.differs,
        "fields": [_field_item(each) for each in (difference.fields if difference else ())],
        "tags": {
            "add": sorted(difference.tags_to_add) if difference else [],
            "remove": sorted(difference.tags_to_remove) if difference else [],
        },
        "edits": [
            {
                "path": edit.path,
                "before_sha256": fingerprint(edit.before) if edit.known else None,
                "after_sha256": fingerprint(edit.after),
                "diff": render_unified_text(edit.before, edit.after) if edit.known else None,
            }
            for edit in compared.edits
        ],
        "tags_lost": list(compared.tags_lost),
        "pending": compared.pending,
    }


def _field_item(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.path,
        "origin": field.origin,
        "before_sha256": fingerprint(field.before),
        "after_sha256": fingerprint(field.after),
        "diff": render_unified_text(field.before, field.after),
    }
