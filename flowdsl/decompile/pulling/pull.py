"""One workflow: from what the service has to edits of its sources."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from flowdsl.deploy.diff import Difference, compare
from flowdsl.deploy.kinds.workflow import POLICIES
from flowdsl.deploy.resource import Desired, Live
from flowdsl.diagnostics.suggest import listed
from flowdsl.source.record import Record
from flowdsl.state.document import ResourceState

from ..fields import why_no_inputs, why_no_outputs
from . import checks, fields, files, settings, steps, words
from .attempts import Attempt, Site
from .goal import TAGS, Goal, Judge, forms, narrowed
from .workspace import Built, Workspace

Way = Callable[[Site], Iterator[Attempt]]

WAYS: tuple[Way, ...] = (
    words.attempts,
    settings.attempts,
    fields.attempts,
    checks.attempts,
    steps.attempts,
    files.attempts,
)
"""The ways of editing, finer ones first."""


class Conflict(Record):
    """A field that source and service have both changed since the last deploy, in normal form."""

    path: str
    ours: Any
    theirs: Any


class Pulled(Record):
    """What becomes of one workflow.

    `texts` are the new texts of files by path, those of earlier pulls included. `brought` has the fields that were brought into the
    source, and `levels` the coarsest edit that each needed. `left` says of each other field why nothing of it was written.
    `pending` are fields that only the source has changed: a deploy sends them. With `conflicts` nothing is edited.
    """

    address: str
    texts: dict[str, str]
    brought: tuple[str, ...] = ()
    levels: Mapping[str, str] = MappingProxyType({})
    left: Mapping[str, str] = MappingProxyType({})
    conflicts: tuple[Conflict, ...] = ()
    pending: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the service has anything that the source does not."""
        return bool(self.brought or self.left or self.conflicts)


def pull(
    workspace: Workspace,
    built: Built,
    address: str,
    live: Live,
    prior: ResourceState | None,
    *,
    theirs: bool = False,
) -> Pulled:
    """Bring a workflow of the service into the sources that `built` was compiled from.

    `prior` is what state holds of it, None for one that was adopted and never deployed: then everything that differs is taken from the service.
    `theirs` lets the service win where both have changed.
    """
    desired = built.desired[address]
    difference = compare(POLICIES, desired, prior, live)
    changes = [change for change in difference.fields if prior is None or change.origin != "source"]
    pending = tuple(change.path for change in difference.fields if change not in changes)
    conflicts = tuple(
        Conflict(change.path, change.after, change.before)
        for change in changes
        if prior is not None and change.origin == "both"
    )
    if conflicts and not theirs:
        return Pulled(address, built.texts, conflicts=conflicts, pending=pending)
    left: dict[str, str] = {}
    values: dict[str, Any] = forms(desired)
    for change in changes:
        if not _is_text(change.before):
            left[change.path] = "it holds half of a surrogate pair, which no file can hold"
        elif change.before is None:
            values.pop(change.path, None)
        else:
            values[change.path] = change.before
    values[TAGS], lasting = _tags(workspace, desired, difference, live, prior)
    if lasting:
        left[TAGS] = lasting
    goal = Goal(address, values)
    if not goal.open_fields(desired):
        return Pulled(address, built.texts, left=left, pending=pending)
    editor = _Editor(workspace, built)
    return editor.run(goal, left, pending)


class _Editor:
    """Edits until everything is as it should be, or nothing helps."""

    def __init__(self, workspace: Workspace, first: Built) -> None:
        self._workspace = workspace
        self._first = first

    def run(self, goal: Goal, left: dict[str, str], pending: tuple[str, ...]) -> Pulled:
        """The edits for as many fields as can be brought in; each of them whole."""
        desired = self._first.desired[goal.address]
        wanted = goal.open_fields(desired)
        while True:
            aim = narrowed(goal, desired, wanted)
            best, levels, notes = self._approach(aim)
            missed = aim.open_fields(best.desired[goal.address])
            if not missed:
                break
            left |= {path: self._why(path, goal) for path in missed & wanted}
            if not missed & wanted:
                # An edit for one field moved another, which cannot be: the judge refuses that.
                wanted = frozenset()
            wanted -= missed
            if not wanted:
                best, levels, notes = self._first, {}, []
                break
        return Pulled(
            goal.address,
            best.texts,
            brought=tuple(sorted(wanted)),
            levels={path: level for path, level in levels.items() if path in wanted},
            left=left,
            pending=pending,
            notes=tuple(dict.fromkeys(notes)),
        )

    def _why(self, path: str, goal: Goal) -> str:
        """Why a field could not be brought in, as far as that can be told."""
        value = goal.values.get(path)
        if path == "main_prompt":
            name = goal.address.partition(".")[2]
            here = self._first.desired[goal.address].values[path]
            others = self._workspace.elsewhere(self._first.texts) or {}
            differing = [each for each, all_ in others.items() if all_[name][path] != here]
            if differing:
                return (
                    "statements do not give this prompt, and in a file it would be the same in every environment, where "
                    f"the sources give {listed(differing)} another one; edit the source by hand"
                )
        elif path in ("input_schema", "output_schema") and isinstance(value, dict):
            reason = why_no_inputs(value) if path == "input_schema" else why_no_outputs(value)
            if reason is not None:
                return f"{reason.told()}, and in a file it does not fit the statements"
        return _NOT_SAID

    def _approach(self, goal: Goal) -> tuple[Built, dict[str, str], list[str]]:
        judge = Judge(self._workspace, self._first, goal)
        best = self._first
        levels: dict[str, str] = {}
        notes: list[str] = []
        for way in WAYS:
            while (taken := self._step(judge, goal, best, way)) is not None:
                attempt, better = taken
                before = goal.distances(best.desired[goal.address])
                after = goal.distances(better.desired[goal.address])
                moved = (path for path in before if after.get(path, 0) < before[path])
                levels |= dict.fromkeys(moved, attempt.level)
                notes += attempt.notes
                best = better
        return best, levels, notes

    def _step(
        self, judge: Judge, goal: Goal, best: Built, way: Way
    ) -> tuple[Attempt, Built] | None:
        site = Site(self._workspace, best, goal)
        if not site.open_fields:
            return None
        for attempt in way(site):
            better = judge.built(attempt.texts, best)
            if better is not None:
                return attempt, better
        return None


_NOT_SAID = "no edit of the source compiles to what the service has"


def _tags(
    workspace: Workspace,
    desired: Desired,
    difference: Difference,
    live: Live,
    prior: ResourceState | None,
) -> tuple[list[str], str]:
    """The tags that the source should have, and what to tell of those that cannot be as the service has them."""
    ours = frozenset(desired.tags if prior is None else prior.tags)
    there = frozenset(live.tags)
    everywhere = frozenset(workspace.target.every_workflow_tags)
    added = there - desired.tags - ours
    taken_off = (ours & desired.tags) - there
    fixed = taken_off & everywhere
    words = ""
    if fixed:
        words = "`tags.all` of the environment puts {} on every workflow".format(
            ", ".join(f"`{tag}`" for tag in sorted(fixed))
        )
    return sorted((desired.tags | added) - (taken_off - everywhere)), words


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
