"""The goal that the sources should compile to, and whether a variant comes closer to it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape
from typing import Any

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.config.address import Address
from flowdsl.deploy.resources.policy import normalise_value, render_canonical_json
from flowdsl.deploy.resources.resource import Desired
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.prompt.reading.output_sources import fill_sources
from flowdsl.prompt.reading.own_lines import list_own_lines
from flowdsl.prompt.text import spell_literal
from flowdsl.prompt.words import say_sentence
from flowdsl.source.alignment import Effort
from flowdsl.source.record import Record
from flowdsl.source.refused_texts import normalise_inputs

from .recutting import recut_prompt
from .workspace import Built, Workspace, payloads_of

TAGS = "tags"
PROMPT = "main_prompt"
INPUTS = "input_schema"
OUTPUTS = "output_schema"

_ENVIRONMENT = re.compile(r"\benv\s*\.")
_FEW_FILES = 3
"""A project with at most this many flows is compiled as a whole at once."""


class Goal(Record):
    """A workflow as it should compile: each managed field in normal form, tags under `TAGS`.

    Fields in `loose` only have to say the same (`FieldPolicy.says_the_same`).
    """

    address: Address
    values: Mapping[str, Any]
    loose: frozenset[str] = frozenset()

    def measure_distances(self, desired: Desired) -> dict[str, int]:
        """Return each field's distance from the goal, by `measure_difference`."""
        have = normalise_fields(desired)
        paths = self.values.keys() | have.keys()
        return {path: self._measure(path, have.get(path)) for path in paths}

    def _measure(self, path: str, value: Any) -> int:
        wanted = self.values.get(path)
        if path in self.loose and value != wanted:
            value, wanted = _drop_implied(path, value), _drop_implied(path, wanted)
        return measure_difference(value, wanted)

    def open_fields(self, desired: Desired) -> frozenset[str]:
        """Return the fields that differ from the goal."""
        return frozenset(path for path, far in self.measure_distances(desired).items() if far)


def normalise_fields(desired: Desired) -> dict[str, Any]:
    """Return the normal form of each field that the source declares, and its tags under `TAGS`."""
    found = {path: normalise_value(POLICIES[path], value) for path, value in desired.values.items()}
    found[TAGS] = sorted(desired.tags)
    return {path: value for path, value in found.items() if value is not None}


class VariantJudge:
    """Compares variants of the sources with `first`, the sources before any edit.

    `goals` are the workflows that may change; no other workflow may.
    """

    def __init__(self, workspace: Workspace, first: Built, goals: Mapping[Address, Goal]) -> None:
        self._workspace = workspace
        self._first = first
        self._goals = goals
        self._elsewhere: dict[str, dict[str, Any]] | None = None
        self._others = _serialise_other_workflows(first, goals)

    def built(
        self,
        texts: Mapping[str, str],
        best: Built,
        address: Address,
        *,
        breaks_tests: bool = False,
    ) -> Built | None:
        """Return the compiled variant if it brings the workflow closer than `best`, else None.

        No field may move away, no other workflow may change, and the edit must be the same in other
        environments. Tests may have errors with `breaks_tests`.
        """
        if len(self._workspace.entries) > _FEW_FILES:
            # Most variants can be rejected after compiling only the file of the workflow.
            entry = best.symbol(address).module.source.path
            alone = self._workspace.build_with_texts(texts, [entry], breaks_tests=breaks_tests)
            if alone is None or not self._is_closer(alone, best, [address]):
                return None
        variant = self._workspace.build_with_texts(texts, breaks_tests=breaks_tests)
        if variant is None or not self._is_closer(variant, best, self._goals):
            return None
        if not self._is_alone(variant) or not self._is_the_same_elsewhere(variant):
            return None
        return variant

    def as_good(self, texts: Mapping[str, str], best: Built) -> Built | None:
        """Return the compiled variant if every workflow of the goals compiles as in `best`."""
        variant = self._workspace.build_with_texts(texts, breaks_tests=bool(best.broken_tests))
        if variant is None or not self._goals.keys() <= variant.desired.keys():
            return None
        for address in self._goals:
            if normalise_fields(variant.desired[address]) != normalise_fields(
                best.desired[address]
            ):
                return None
        if not self._is_alone(variant) or not self._is_the_same_elsewhere(variant):
            return None
        return variant

    def _is_closer(self, variant: Built, best: Built, addresses: Iterable[Address]) -> bool:
        """Whether some field of the workflows comes closer than in `best`, and none moves away."""
        gained = 0
        for address in addresses:
            if address not in variant.desired:
                return False
            goal = self._goals[address]
            now, was = variant.desired[address], best.desired[address]
            if normalise_fields(now) == normalise_fields(was):
                continue
            before, after = goal.measure_distances(was), goal.measure_distances(now)
            if any(far > before.get(path, 0) for path, far in after.items()):
                return False
            gained += sum(before.values()) - sum(after.values())
        return gained > 0

    def _is_alone(self, variant: Built) -> bool:
        """Whether nothing has changed except fields of the workflows of the goals."""
        for address in self._goals:
            own, was = variant.desired[address], self._first.desired[address]
            if (own.protect, own.renamed_from) != (was.protect, was.renamed_from):
                return False
        return (
            set(variant.problems) <= set(self._first.problems)
            and _serialise_other_workflows(variant, self._goals) == self._others
        )

    def _is_the_same_elsewhere(self, variant: Built) -> bool:
        """Whether the edit replaces the same words in every other environment as in this one."""
        if self._elsewhere is None:
            self._elsewhere = self._workspace.elsewhere(self._first.texts) or {}
        if not self._elsewhere:
            return True
        breaks_tests = bool(variant.broken_tests)
        after = self._workspace.elsewhere(variant.texts, breaks_tests=breaks_tests)
        if after is None:
            return False
        names = {address.name for address in self._goals}
        was_here, now_here = payloads_of(self._first.bundle), payloads_of(variant.bundle)
        here = {name: _collect_field_edits(was_here[name], now_here[name]) for name in names}
        keeps = _count_environment_names(variant) >= _count_environment_names(self._first)
        for environment, was in self._elsewhere.items():
            now = after[environment]
            if now == was and keeps:
                continue  # The statement is not there, in a branch for other environments.
            if now.keys() != was.keys():
                return False
            for name, payload in was.items():
                if name not in names and now[name] != payload:
                    return False
                if name in names and not _is_same_edit(
                    _collect_field_edits(payload, now[name]), here[name]
                ):
                    return False
        return True


def _count_environment_names(built: Built) -> int:
    """Return how often the sources name a value of the environment."""
    return sum(len(_ENVIRONMENT.findall(each.source.text)) for each in built.model.modules)


def _collect_field_edits(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    paths = before.keys() | after.keys()
    changed = {path for path in paths if before.get(path) != after.get(path)}
    return {path: pair_changed_words(before.get(path), after.get(path)) for path in changed}


def _is_same_edit(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two edits insert the same words in place of the same words.

    Words that are only removed may differ. The side on which a blank was inserted does not matter.
    """
    return one.keys() == other.keys() and all(
        len(one[path]) == len(other[path])
        and all(
            new.split() == new_there.split()
            and (old.split() == old_there.split() or not new.strip())
            for (old, new), (old_there, new_there) in zip(one[path], other[path], strict=True)
        )
        for path in one
    )


def _serialise_other_workflows(built: Built, addresses: Collection[Address]) -> str:
    """Return everything that is compiled except the workflows at `addresses`, for comparison."""
    workflows = {
        each.address: [
            dict(each.values),
            sorted(each.tags),
            each.name,
            each.renamed_from,
            each.protect,
        ]
        for each in built.desired.values()
        if each.address not in addresses
    }
    return render_canonical_json([workflows, render_plain_json(built.chains)])


def narrow_goal(goal: Goal, first: Desired, kept: Collection[str]) -> Goal:
    """Return the goal with only the fields in `kept`; the others stay as they compile now."""
    have = normalise_fields(first)
    paths = goal.values.keys() | have.keys()
    values = {path: (goal.values if path in kept else have).get(path) for path in paths}
    return Goal(goal.address, {path: value for path, value in values.items() if value is not None})


def loosen_goal(goal: Goal, first: Desired, *, recut: bool = False) -> Goal | None:
    """Return the goal without what follows from the rest of it; None if nothing else changed.

    The title of a prompt follows from the name if the service has the former one. With `recut` the
    lines of the prompt are cut as the compiler cuts them; None if they are so already.
    """
    have = normalise_fields(first)
    prompt = _write_new_title(goal, have)
    if recut:
        cut = recut_prompt(prompt, str(have[PROMPT]))
        if cut == prompt:
            return None
        prompt = cut
    values = {**goal.values, PROMPT: prompt}
    if OUTPUTS in values:
        values[OUTPUTS] = fill_sources(values[OUTPUTS], have.get(OUTPUTS))
    loose = frozenset(
        path
        for path in (PROMPT, INPUTS, OUTPUTS)
        if _drop_implied(path, values.get(path)) != _drop_implied(path, have.get(path))
    )
    return Goal(goal.address, values, loose) if loose else None


def _write_new_title(goal: Goal, have: Mapping[str, Any]) -> str:
    """Return the prompt of a goal with the name of the goal in the place of the former title."""
    prompt = str(goal.values.get(PROMPT))
    before, after = (
        say_sentence("heading.title", spell_literal(str(values.get("name"))))
        for values in (have, goal.values)
    )
    if prompt.startswith("<p>"):
        before, after = escape(before, quote=False), escape(after, quote=False)
    start = "<p>" * prompt.startswith("<p>") + before
    return prompt.replace(before, after, 1) if prompt.startswith(start) else prompt


def _drop_implied(path: str, value: Any) -> Any:
    """Return a value without what follows from the rest of it."""
    if path != PROMPT:
        return normalise_inputs(value) if path == INPUTS else value
    lines = list_own_lines(str(value))
    return value if lines is None else "\n".join(lines)


# The difference between two values


_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_MOST_PAIRS = 4_000_000
"""The maximum number of word pairs to align; a larger change is treated as a single change."""


class Hunk(Record, eq=True):
    """Replaces the characters from `start` to `end` by `new`."""

    start: int
    end: int
    new: str


@lru_cache(maxsize=256)
def find_changed_hunks(before: str, after: str) -> tuple[Hunk, ...]:
    """Return the changes that turn `before` into `after`, in order; words change as wholes."""
    one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found: list[Hunk] = []
    offsets = [0]
    for line in one:
        offsets.append(offsets[-1] + len(line))
    effort = Effort()
    for tag, i1, i2, j1, j2 in effort.compute_opcodes(one, other):
        if tag == "equal":
            continue
        if i2 - i1 == j2 - j1:
            pairs = [(i, i + 1, j1 + i - i1, j1 + i - i1 + 1) for i in range(i1, i2)]
        else:
            pairs = [(i1, i2, j1, j2)]
        for a1, a2, b1, b2 in pairs:
            old, new = "".join(one[a1:a2]), "".join(other[b1:b2])
            found += (
                Hunk(offsets[a1] + start, offsets[a1] + end, words)
                for start, end, words in _word_changes(old, new, effort)
            )
    return tuple(found)


def _word_changes(old: str, new: str, effort: Effort) -> Iterator[tuple[int, int, str]]:
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(one) * len(other) > _MOST_PAIRS:
        yield 0, len(old), new
        return
    offsets = [0]
    for token in one:
        offsets.append(offsets[-1] + len(token))
    pending: tuple[int, int, str] | None = None
    for tag, i1, i2, j1, j2 in effort.compute_opcodes(one, other):
        if tag == "equal":
            continue
        start, end, words = offsets[i1], offsets[i2], "".join(other[j1:j2])
        if pending is not None and not old[pending[1] : start].strip():
            # Changes separated only by blanks are merged.
            pending = (pending[0], end, pending[2] + old[pending[1] : start] + words)
            continue
        if pending is not None:
            yield pending
        pending = (start, end, words)
    if pending is not None:
        yield pending


def measure_difference(before: Any, after: Any) -> int:
    """Return the distance of two values: 0 if they are equal.

    Otherwise about the number of characters that change.
    """
    if before == after and type(before) is type(after):
        return 0
    one, other = render_value_lines(before), render_value_lines(after)
    return max(
        1, sum(max(each.end - each.start, len(each.new)) for each in find_changed_hunks(one, other))
    )


def pair_changed_words(before: Any, after: Any) -> list[tuple[str, str]]:
    """Return the pairs (words removed, words inserted) that lead from one value to another."""
    one, other = render_value_lines(before), render_value_lines(after)
    return [(one[each.start : each.end], each.new) for each in find_changed_hunks(one, other)]


def render_value_lines(value: Any) -> str:
    """Return a value as lines of text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
