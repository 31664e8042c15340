"""What the sources should compile to, and whether a variant of them comes closer to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flowdsl.codegen.artifacts import plain
from flowdsl.config.address import Address
from flowdsl.deploy.resources.policy import canonical, normalise
from flowdsl.deploy.resources.resource import Desired
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.source.record import Record

from .differences import cost, edits
from .workspace import Built, Workspace

TAGS = "tags"

_FEW_FILES = 3
"""A project of at most so many flows is compiled whole at once."""


class Goal(Record):
    """A workflow as it should compile: each managed field in normal form, tags under `TAGS`."""

    address: Address
    values: Mapping[str, Any]

    def distances(self, desired: Desired) -> dict[str, int]:
        """The distance of each field from the goal, as `differences.cost` measures it."""
        have = forms(desired)
        paths = self.values.keys() | have.keys()
        return {path: cost(have.get(path), self.values.get(path)) for path in paths}

    def open_fields(self, desired: Desired) -> frozenset[str]:
        """The fields that differ from the goal."""
        return frozenset(path for path, far in self.distances(desired).items() if far)


def forms(desired: Desired) -> dict[str, Any]:
    """The normal form of each field that the source declares, and its tags under `TAGS`."""
    found = {path: normalise(POLICIES[path], value) for path, value in desired.values.items()}
    found[TAGS] = sorted(desired.tags)
    return {path: value for path, value in found.items() if value is not None}


class Judge:
    """Compares variants of the sources with `first`, the sources before any edit.

    `goals` are the workflows that may change; no other workflow may.
    """

    def __init__(self, workspace: Workspace, first: Built, goals: Mapping[Address, Goal]) -> None:
        self._workspace = workspace
        self._first = first
        self._goals = goals
        self._elsewhere: dict[str, dict[str, Any]] | None = None
        self._others = _others(first, goals)

    def built(self, texts: Mapping[str, str], best: Built, address: Address) -> Built | None:
        """The variant, compiled, if it brings the workflow closer than `best`, else None.

        No field may move away, no other workflow change, and the edit must be the same elsewhere.
        """
        if len(self._workspace.entries) > _FEW_FILES:
            # Most variants can be refused by the file of the workflow alone.
            entry = best.symbol(address).module.source.path
            alone = self._workspace.build(texts, [entry])
            if alone is None or not self._is_closer(alone, best, [address]):
                return None
        variant = self._workspace.build(texts)
        if variant is None or not self._is_closer(variant, best, self._goals):
            return None
        if not self._is_alone(variant) or not self._is_the_same_elsewhere(variant):
            return None
        return variant

    def as_good(self, texts: Mapping[str, str], best: Built) -> Built | None:
        """The variant, compiled, if every workflow of the goals comes out in it as in `best`."""
        variant = self._workspace.build(texts)
        if variant is None or not self._goals.keys() <= variant.desired.keys():
            return None
        for address in self._goals:
            if forms(variant.desired[address]) != forms(best.desired[address]):
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
            if forms(now) == forms(was):
                continue
            before, after = goal.distances(was), goal.distances(now)
            if any(far > before.get(path, 0) for path, far in after.items()):
                return False
            gained += sum(before.values()) - sum(after.values())
        return gained > 0

    def _is_alone(self, variant: Built) -> bool:
        """Whether nothing has changed but fields of the workflows of the goals."""
        for address in self._goals:
            own, was = variant.desired[address], self._first.desired[address]
            if (own.protect, own.renamed_from) != (was.protect, was.renamed_from):
                return False
        return (
            set(variant.problems) <= set(self._first.problems)
            and _others(variant, self._goals) == self._others
        )

    def _is_the_same_elsewhere(self, variant: Built) -> bool:
        """Whether the edit replaces the same words in every other environment as in this one."""
        if self._elsewhere is None:
            self._elsewhere = self._workspace.elsewhere(self._first.texts) or {}
        if not self._elsewhere:
            return True
        after = self._workspace.elsewhere(variant.texts)
        if after is None:
            return False
        names = {address.name for address in self._goals}
        here = {
            name: _edited(_payload(self._first, name), _payload(variant, name)) for name in names
        }
        for environment, was in self._elsewhere.items():
            now = after[environment]
            if now.keys() != was.keys():
                return False
            for name, payload in was.items():
                if name not in names and now[name] != payload:
                    return False
                if name in names and not _alike(_edited(payload, now[name]), here[name]):
                    return False
        return True


def _payload(built: Built, name: str) -> dict[str, Any]:
    (artifact,) = (each for each in built.bundle.workflows if each.name == name)
    payload: dict[str, Any] = plain(artifact.payload)
    return payload | {"name": artifact.title, "tags": list(artifact.tags)}


def _edited(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    paths = before.keys() | after.keys()
    changed = {path for path in paths if before.get(path) != after.get(path)}
    return {path: edits(before.get(path), after.get(path)) for path in changed}


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two edits insert the same words in place of the same words.

    Where words are only removed, they may differ. On which side of them a blank was put is no
    difference.
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


def _others(built: Built, addresses: Collection[Address]) -> str:
    """Everything that is compiled but the workflows at `addresses`, in a form to be compared."""
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
    return canonical([workflows, plain(built.chains)])


def narrowed(goal: Goal, first: Desired, kept: Collection[str]) -> Goal:
    """The goal in which only the fields in `kept` change; the others stay as they compile now."""
    have = forms(first)
    paths = goal.values.keys() | have.keys()
    values = {path: (goal.values if path in kept else have).get(path) for path in paths}
    return Goal(goal.address, {path: value for path, value in values.items() if value is not None})
