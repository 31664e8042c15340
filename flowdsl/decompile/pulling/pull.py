"""Computes edits of the sources from the live workflows of the service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Any

from flowdsl.config.address import Address
from flowdsl.deploy.comparison.diff import compare
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.deploy.resources.workflow import MODELS, POLICIES
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.suggest import join_names
from flowdsl.prompt.reading.normal_form import normalise_prompt
from flowdsl.prompt.reading.output_sources import says_the_same_outputs
from flowdsl.prompt.reading.own_lines import says_the_same
from flowdsl.prompt.text import commands_of
from flowdsl.source.files import UnreadableFile, decode_text, library_of, spell_flow_path
from flowdsl.source.record import Record
from flowdsl.state.document import ResourceState

from ..fields import SchemaFields, read_inputs, read_outputs
from ..payload import ALLOWLIST
from ..reading.statements import is_prose
from . import checks, fields, files, settings
from .attempts import EditContext, SourceVariant
from .editing import find_changed_lines, restore_lines
from .goal import (
    INPUTS,
    OUTPUTS,
    PROMPT,
    TAGS,
    Goal,
    VariantJudge,
    loosen_goal,
    narrow_goal,
    normalise_fields,
    pair_changed_words,
)
from .steps import steps
from .workspace import Built, Workspace

Way = Callable[[EditContext], Iterator[SourceVariant]]

FINE: tuple[Way, ...] = (
    settings.attempt_settings,
    fields.attempt_fields,
    checks.attempt_checks,
    steps.attempt_steps,
)
"""The ways of editing what is written in source, the finest first."""

COARSE: tuple[Way, ...] = (files.attempt_prompt, files.attempt_files)
"""The ways of editing files, for what no finer edit can express."""


class Conflict(Record):
    """A field that source and service have both changed since the last deploy, in normal form."""

    path: str
    ours: Any
    theirs: Any


class Request(Record):
    """A workflow to bring into the source: its live version, and what state records of it.

    `prior` is None for a workflow that was adopted and never deployed: every difference is then
    taken from the service.
    """

    address: Address
    live: Live
    prior: ResourceState | None


class Pulled(Record):
    """The result for one workflow.

    `brought` are the fields that were brought into the source, and `levels` the coarsest edit that
    each needed. `implied` are the lines of the prompt that the next deploy takes out or writes,
    after `- ` or `+ `, since they follow from its other lines. `left` maps other fields to the
    reason why nothing of them was written. `pending` are the fields that only the source has
    changed, which a deploy sends. With `conflicts` nothing is edited.
    """

    address: Address
    brought: tuple[str, ...] = ()
    levels: Mapping[str, str] = MappingProxyType({})
    left: Mapping[str, str] = MappingProxyType({})
    conflicts: tuple[Conflict, ...] = ()
    pending: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()


class Pull(Record):
    """The result for several workflows. `texts` are the new texts of files by path."""

    texts: dict[str, str]
    workflows: tuple[Pulled, ...]


def pull_workflows(
    workspace: Workspace,
    built: Built,
    requests: Sequence[Request],
    *,
    theirs: bool = False,
    as_file: bool = False,
) -> Pull:
    """Bring workflows of the service into the sources that `built` was compiled from.

    They are handled together: something that several workflows share changes only if all of them
    have the change. With `theirs` the service wins if both sides have changed. With `as_file` a
    part that nothing finer gives replaces its section, verbatim in a new file.
    """
    plans = [_plan_request(workspace, built, request, theirs=theirs) for request in requests]
    goals = {plan.goal.address: plan.goal for plan in plans if plan.goal is not None}
    editor = _Editor(workspace, built, goals, as_file=as_file)
    editor.run()
    return Pull(editor.best.texts, tuple(editor.make_result(plan) for plan in plans))


class _PullPlan(Record):
    """The planned changes of one workflow; nothing if `goal` is None."""

    goal: Goal | None
    outcome: Pulled


def _plan_request(
    workspace: Workspace, built: Built, request: Request, *, theirs: bool
) -> _PullPlan:
    address, prior, live = request.address, request.prior, request.live
    desired = built.desired[address]
    deep = {
        path: _TOO_DEEP for path, value in live.values.items() if _nesting_depth(value) > _DEEPEST
    }
    if deep:
        return _PullPlan(None, Pulled(address, left=deep))
    difference = compare(POLICIES, desired, prior, live)
    changes = [each for each in difference.fields if prior is None or each.origin != "source"]
    pending = tuple(each.path for each in difference.fields if each not in changes)
    conflicts = tuple(
        Conflict(each.path, each.after, each.before)
        for each in changes
        if prior is not None and each.origin == "both"
    )
    if conflicts and not theirs:
        return _PullPlan(None, Pulled(address, conflicts=conflicts, pending=pending))
    left: dict[str, str] = {}
    values: dict[str, Any] = normalise_fields(desired) | _find_chosen_models(
        workspace, desired, live
    )
    for change in changes:
        if not _is_text(change.before):
            left[change.path] = "it holds half of a surrogate pair, which no file can hold"
        elif change.before is None:
            values.pop(change.path, None)
        else:
            values[change.path] = change.before
    if isinstance(schema := values.get(INPUTS), dict) and isinstance(schema.get("required"), list):
        # The order in which secrets stand among the required inputs means nothing.
        in_order = sorted(schema["required"], key=lambda name: str(name).startswith("$"))
        values[INPUTS] = {**schema, "required": in_order}
    values[TAGS], lasting = _choose_wanted_tags(workspace, desired, live, prior)
    if lasting:
        left[TAGS] = lasting
    return _PullPlan(Goal(address, values), Pulled(address, left=left, pending=pending))


class _Editor:
    """Edits the sources until every workflow reaches its goal or no edit helps."""

    def __init__(
        self,
        workspace: Workspace,
        first: Built,
        goals: Mapping[Address, Goal],
        *,
        as_file: bool,
    ) -> None:
        self._workspace = workspace
        self._as_file = as_file
        self._first = first
        self._goals = goals
        self._wanted = {
            address: goal.open_fields(first.desired[address]) for address, goal in goals.items()
        }
        self._errors: dict[Address, str] = {}
        self._left: dict[Address, dict[str, str]] = {address: {} for address in goals}
        self._start_over()

    def run(self) -> None:
        """Edit for as many fields as can be brought in completely.

        Fields that cannot are given up, and editing starts over for the others.
        """
        while any(self._wanted.values()):
            aims = {
                address: narrow_goal(goal, self._first.desired[address], self._wanted[address])
                for address, goal in self._goals.items()
            }
            self._start_over()
            self._approach_goals(aims)
            held = self._give_back_libraries()
            missed = self._find_missed_fields(aims)
            if not any(missed.values()):
                return
            for address, paths in missed.items():
                for path in paths & self._wanted[address]:
                    self._left[address][path] = held or self._why(path, self._goals[address])
                self._wanted[address] -= paths
        self._start_over()

    def _start_over(self) -> None:
        self.best = self._first
        self._levels: dict[tuple[str, str], str] = {}
        self._notes: dict[Address, list[str]] = {}

    def _give_back_libraries(self) -> str:
        """Revert the edits of files of libraries, which a project only reads.

        Return a text about where these edits belong, empty if there are none.
        """
        theirs = sorted(path for path in self.best.texts if library_of(path) is not None)
        if not theirs:
            return ""
        own = {path: text for path, text in self.best.texts.items() if path not in theirs}
        self.best = self._workspace.build_with_texts(own) or self._first
        names = join_names({library_of(path) or "" for path in theirs})
        return (
            f"the edit belongs into {join_names(map(spell_flow_path, theirs))}, and this project "
            "only "
            f"reads the library {names}: make it there by hand, and deploy every project that uses "
            "the library"
        )

    def make_result(self, plan: _PullPlan) -> Pulled:
        """Return the result for a workflow."""
        goal, outcome = plan.goal, plan.outcome
        if goal is None:
            return outcome
        brought = sorted(self._wanted[goal.address])
        return Pulled(
            goal.address,
            brought=tuple(brought),
            levels={path: self._levels.get((goal.address, path), "") for path in brought},
            left={**outcome.left, **self._left[goal.address]},
            pending=outcome.pending,
            notes=tuple(
                dict.fromkeys((*self._notes.get(goal.address, ()), *self._note_sources(goal)))
            ),
            implied=tuple(self._list_implied_lines(goal)) if brought else (),
        )

    def _note_sources(self, goal: Goal) -> Iterator[str]:
        """Yield a note if somebody took out where outputs come from, which is written again."""
        compiled = normalise_fields(self.best.desired[goal.address]).get(OUTPUTS)
        wanted = goal.values.get(OUTPUTS)
        if OUTPUTS in self._wanted[goal.address] and compiled != wanted:
            yield "the next deploy writes behind descriptions of outputs again where they are from"

    def _list_implied_lines(self, goal: Goal) -> Iterator[str]:
        if PROMPT in self._left[goal.address] or PROMPT not in goal.values:
            return
        compiled = str(self.best.desired[goal.address].values[PROMPT])
        lacking, extra = _find_differing_lines(compiled, str(goal.values[PROMPT]), _NUMBER)
        yield from (f"- {line}" for line in extra)
        yield from (f"+ {line}" for line in lacking)

    def _approach_goals(self, aims: dict[Address, Goal]) -> None:
        for address, aim in list(aims.items()):
            self._try_goal(aims, loosen_goal(aim, self._first.desired[address], recut=True), 1)
        self._apply_ways(aims, FINE)
        missed = self._find_missed_fields(aims)
        for address in [each for each, paths in missed.items() if paths]:
            loose = loosen_goal(aims[address], self._first.desired[address])
            self._try_goal(aims, loose, len(missed[address]))
        missed = self._find_missed_fields(aims)
        if not any(missed.values()):
            return
        # With a prompt in a file, everything else may need other edits than with statements.
        self._start_over()
        filed = [address for address, paths in missed.items() if files.PROMPT in paths]
        self._apply_ways(aims, (files.attempt_prompt,), filed)
        self._apply_ways(aims, FINE)
        self._apply_ways(aims, COARSE)
        self._drop_leftovers(VariantJudge(self._workspace, self._first, aims))

    def _try_goal(self, aims: dict[Address, Goal], goal: Goal | None, missed: int) -> None:
        """Edit from the start for a goal, and take it if fewer fields than `missed` are missed."""
        if goal is None:
            return
        best, levels, notes = self.best, self._levels, self._notes
        self._start_over()
        self._apply_ways({**aims, goal.address: goal}, FINE)
        if len(goal.open_fields(self.best.desired[goal.address])) < missed:
            aims[goal.address] = goal
        else:
            self.best, self._levels, self._notes = best, levels, notes

    def _find_missed_fields(self, aims: Mapping[Address, Goal]) -> dict[Address, frozenset[str]]:
        return {
            address: aim.open_fields(self.best.desired[address]) for address, aim in aims.items()
        }

    def _drop_leftovers(self, judge: VariantJudge) -> None:
        """Revert edits that were made for something that is now in a file."""
        for path in sorted(self.best.texts):
            try:
                before = decode_text(path, self._workspace.files.read_bytes(path))
            except UnreadableFile:
                continue  # A new file.
            for number in range(len(find_changed_lines(before, self.best.texts[path])) - 1, -1, -1):
                now = self.best.texts[path]
                ranges = find_changed_lines(before, now)
                text = restore_lines(before, now, ranges[number])
                texts = {**self.best.texts, path: text}
                if text == before:
                    del texts[path]
                same = judge.as_good(texts, self.best)
                self.best = same or self.best
                if path not in self.best.texts:
                    break

    def _apply_ways(
        self,
        aims: Mapping[Address, Goal],
        ways: Sequence[Way],
        only: Sequence[Address] | None = None,
    ) -> None:
        """Edit in each of the ways, again while that helps: an edit may need one made after it."""
        judge = VariantJudge(self._workspace, self._first, aims)
        helped = True
        while helped:
            helped = False
            # Shared declarations can only be edited in the finest way, which comes first for all.
            for way, (address, aim) in product(ways, aims.items()):
                if only is not None and address not in only:
                    continue
                while (taken := self._step(judge, aim, way)) is not None:
                    attempt, better = taken
                    for each, other in aims.items():
                        before = other.measure_distances(self.best.desired[each])
                        after = other.measure_distances(better.desired[each])
                        moved = (path for path in before if after.get(path, 0) < before[path])
                        self._levels |= {(each, path): attempt.level for path in moved}
                    self._notes.setdefault(address, []).extend(attempt.notes)
                    self.best, helped = better, True

    def _step(
        self, judge: VariantJudge, goal: Goal, way: Way
    ) -> tuple[SourceVariant, Built] | None:
        context = EditContext(self._workspace, self.best, goal, self._as_file)
        if not context.open_fields:
            return None
        tried: dict[tuple[tuple[str, str], ...], SourceVariant] = {}
        for attempt in way(context):
            key = tuple(sorted(attempt.texts.items()))
            if key in tried:
                continue
            tried[key] = attempt
            self._workspace.errors = ()
            better = judge.built(
                attempt.texts, self.best, goal.address, breaks_tests=bool(self.best.broken_tests)
            )
            if better is not None:
                return attempt, better
            if self._workspace.errors:
                self._errors.setdefault(goal.address, self._workspace.errors[0].message)
        if self.best.model.tests and not self.best.broken_tests:
            for attempt in tried.values():
                better = judge.built(attempt.texts, self.best, goal.address, breaks_tests=True)
                if better is not None:
                    return attempt, better
        return None

    def _why(self, path: str, goal: Goal) -> str:
        """Return why a field could not be brought in, as far as the reason is known."""
        value = goal.values.get(path)
        if path == ALLOWLIST and not self._as_file:
            allowed = commands_of(self._first.workflow(goal.address).body)
            if run := [each for each in allowed if each not in (value or ())]:
                return f"statements run {join_names(run)}, which puts it on the list; edit them"
        error = self._errors.get(goal.address)
        because = "" if error is None else f", since the sources would have an error: {error}"
        if path == PROMPT:
            name = goal.address.name
            here = self._first.desired[goal.address].values[path]
            others = self._workspace.elsewhere(self._first.texts) or {}
            differing = [each for each, all_ in others.items() if all_[name][path] != here]
            compiled = str(self.best.desired[goal.address].values[path])
            fields = ({"name": "", path: each} for each in (compiled, str(value)))
            if says_the_same(*fields):
                return _SAYS_THE_SAME
            lines = _describe_lines(compiled, str(value)) + because
            if differing:
                return (
                    f"{lines}, and in a file the prompt would be the same in every environment, "
                    f"where the sources give {join_names(differing)} another one; edit the source "
                    "by hand"
                )
            return lines if self._as_file else f"{lines}; {_IN_A_FILE}"
        if path == OUTPUTS and says_the_same_outputs(
            value, normalise_fields(self.best.desired[goal.address]).get(path)
        ):
            return (
                "it only lacks where outputs come from, which the compiler writes; to have it, "
                "run `flowdsl deploy --on-drift overwrite`"
            )
        if path in (INPUTS, OUTPUTS) and isinstance(value, dict):
            read = read_inputs(value) if path == INPUTS else read_outputs(value)
            reason = read.reason if isinstance(read, SchemaFields) else read
            if reason is not None:
                ending = "in a file it does not fit the statements"
                return f"{reason.describe()}, and {ending if self._as_file else _IN_A_FILE}"
        return f"{_NOT_SAID}{because}" if self._as_file else f"{_NOT_SAID}{because}; {_IN_A_FILE}"


_DEEPEST = 100
_TOO_DEEP = "it is nested too deeply"
_NOT_SAID = "no edit of the source compiles to what the service has"
_SAYS_THE_SAME = (
    "it says what the source says, and only its lines are cut otherwise; to have those of the "
    "compiler, run `flowdsl deploy --on-drift overwrite`"
)
_IN_A_FILE = "`--as-file` keeps it verbatim in a file where that is possible"
_LABEL = re.compile(r"^ *(?:[0-9]+[0-9.]*|-) ")
_NUMBER = re.compile(r"^ *(?:[0-9]+[0-9.]* )?")
_SHOWN_LINES = 3
_SHOWN_WIDTH = 70


def _find_differing_lines(
    compiled: str, wanted: str, label: re.Pattern[str]
) -> tuple[list[str], list[str]]:
    """Return the lines that only one of two prompts has, compared without their labels."""
    one, other = (normalise_prompt(each).splitlines() for each in (compiled, wanted))
    bare = ("\n".join(label.sub("", line) for line in each) for each in (one, other))
    changes = find_changed_lines(*bare)
    lacking = [line.strip() for start, end, _, _ in changes for line in one[start:end] if line]
    extra = [line.strip() for _, _, start, end in changes for line in other[start:end] if line]
    return lacking, extra


def _describe_lines(compiled: str, wanted: str) -> str:
    """Return a text about the lines that differ in the prompt that comes closest to the wanted."""
    lacking, extra = (
        [_LABEL.sub("", line) for line in lines]
        for lines in _find_differing_lines(compiled, wanted, _LABEL)
    )
    what = "no statements give" if extra else "the other statements do not go without"
    shown = [
        f"`{line.strip()[: _SHOWN_WIDTH - 1] + '…' if len(line) > _SHOWN_WIDTH else line.strip()}`"
        for line in (extra or lacking)[:_SHOWN_LINES]
    ]
    more = len(extra or lacking) - len(shown)
    rest = f" and {format_count(more, 'more line')}" if more else ""
    if len(lacking) == len(extra) == 1 and not is_prose(lacking[0]):
        ((old, new), *others) = pair_changed_words(lacking[0], extra[0])
        if not others:
            rest += f", where the compiler writes `{old}`" if old.strip() else ""
            rest += "" if old.strip() else f", where the compiler does not write `{new.strip()}`"
    return f"{what} {'the line ' if len(shown) == 1 else 'the lines '}{', '.join(shown)}{rest}"


def _find_chosen_models(workspace: Workspace, desired: Desired, live: Live) -> dict[str, str]:
    """Return the models that a person chose where the source declares none, by field.

    The dashboard also writes the ids of defaults, which nobody chose.
    """
    defaults = {each.id for each in workspace.directory.models if each.is_system_default}
    return {
        path: value
        for path, value in live.values.items()
        if path.startswith(f"{MODELS}.") and path not in desired.values
        if isinstance(value, str) and value not in defaults
    }


def _choose_wanted_tags(
    workspace: Workspace,
    desired: Desired,
    live: Live,
    prior: ResourceState | None,
) -> tuple[list[str], str]:
    """Return the tags that the source should have, and why some cannot be as on the service.

    The reason is empty if all can.
    """
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


def _nesting_depth(value: Any) -> int:
    """Return the nesting depth of lists and objects in a value, or in the JSON in a text."""
    if isinstance(value, str):
        depth = deepest = 0
        for bracket in re.findall(r"[\[{]|[\]}]", value) if value.lstrip()[:1] == "{" else ():
            depth += 1 if bracket in "[{" else -1
            deepest = max(deepest, depth)
        return deepest
    level, found = [value], 0
    while level:
        inner = (each for each in level if isinstance(each, dict | list))
        level = [
            part for each in inner for part in (each.values() if isinstance(each, dict) else each)
        ]
        found += bool(level)
    return found


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
