"""What `flowdsl restore` shows of versions, and of bringing one back."""

from __future__ import annotations

from typing import Any

from flowdsl.deploy.comparison.versions import RestorableVersion
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.planning.plan import Plan
from flowdsl.deploy.restore import Shelf
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted

from ...views.difference import Line, field_lines
from ...views.painted import BAD, QUIET, WARNED, painted


def render_versions(shelf: Shelf, *, color: bool) -> str:
    """A line for each version, the newest first."""
    head = f'{printable(shelf.address)}  "{printable(shelf.live.name)}"  {printable(shelf.live.id)}'
    lines: list[Line] = [[(head, "")]]
    for restorable in reversed(shelf.versions):
        line: Line = [(f"  {restorable.number:>4}  ", ""), (_time(restorable), QUIET), ("  ", "")]
        if restorable.problem:
            line.append((f"cannot be brought back: {printable(restorable.problem)}", BAD))
        else:
            paths = ", ".join(change.path for change in shelf.changes(restorable))
            line.append((printable(paths), "") if paths else ("as it is now", QUIET))
        lines.append(line)
    if not shelf.versions:
        lines.append([("  no version is saved", QUIET)])
    return painted(lines, color)


def version_items(shelf: Shelf) -> list[dict[str, Any]]:
    """The versions as objects of the machine format."""
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
    """What bringing the version back changes, in full."""
    lines: list[Line] = []
    for change in plan.changes:
        head = f'~ {printable(change.address)}  "{printable(change.name)}"  to version {number}'
        lines.append([(head, "")])
        for field in change.difference.fields if change.difference is not None else ():
            unmanaged = change.prior is not None and field.path not in change.prior.applied
            remark = "not managed by the source" if unmanaged else ""
            lines += field_lines(field.path, field.before, field.after, remark=remark)
        impact = plan.impact.get(change.address)
        if impact is not None and impact.trajectories:
            names = ", ".join(f"`{printable(each.name)}`" for each in impact.trajectories)
            said = f"approved recordings go on replaying what they recorded: {names}"
            lines.append([(f"    {said}", WARNED)])
    lines += [[(f"note: {printable(note)}", QUIET)] for note in plan.notes]
    return painted(lines, color)


def restored(number: int, outcome: Outcome, environment: str) -> str:
    """How the restoration ended, in one line."""
    if outcome.status is Status.NOTHING_TO_DO:
        return f"nothing to do: version {number} is what is there"
    done = sum(result.outcome == "performed" for result in outcome.results)
    if outcome.status is Status.DONE:
        return f"restored in {environment}: {counted(done, 'workflow')}, version {number}"
    return f"stopped in {environment}: {counted(done, 'workflow')} restored"


def _time(restorable: RestorableVersion) -> str:
    return printable(restorable.updated_at) or "at an unknown time"
