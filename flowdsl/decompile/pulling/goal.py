"""What the sources have to compile to, and whether a variant of them comes closer to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flowdsl.codegen.artifacts import plain
from flowdsl.deploy.kinds.workflow import POLICIES
from flowdsl.deploy.policy import canonical, normalise
from flowdsl.deploy.resource import Desired
from flowdsl.source.record import Record

from .differences import cost, edits
from .workspace import Built, Workspace

TAGS = "tags"


class Goal(Record):
    """A workflow as it should compile: the normal form of each managed field, and its tags under `TAGS`."""

    address: str
    values: Mapping[str, Any]

    def distances(self, desired: Desired) -> dict[str, int]:
        """How far each field is from what it should be."""
        have = forms(desired)
        paths = self.values.keys() | have.keys()
        return {path: cost(have.get(path), self.values.get(path)) for path in paths}

    def open_fields(self, desired: Desired) -> frozenset[str]:
        """The fields that are not yet what they should be."""
        return frozenset(path for path, far in self.distances(desired).items() if far)


def forms(desired: Desired) -> dict[str, Any]:
    """The normal form of each field that a source declares, and its tags."""
    found = {path: normalise(POLICIES[path], value) for path, value in desired.values.items()}
    found[TAGS] = sorted(desired.tags)
    return {path: value for path, value in found.items() if value is not None}


class Judge:
    """Compares variants of the sources with those that were there at first."""

    def __init__(self, workspace: Workspace, first: Built, goal: Goal) -> None:
        self._workspace = workspace
        self._first = first
        self._goal = goal
        self._elsewhere: dict[str, dict[str, Any]] | None = None
        self._others = _others(first, goal.address)

    def built(self, texts: Mapping[str, str], best: Built) -> Built | None:
        """The variant, compiled, when it comes closer than `best` in some field and goes away in none; else None."""
        variant = self._workspace.build(texts)
        if variant is None or self._goal.address not in variant.desired:
            return None
        if not self.is_closer(variant.desired[self._goal.address], best) or not self._is_alone(
            variant
        ):
            return None
        return variant if self._is_the_same_elsewhere(variant) else None

    def is_closer(self, desired: Desired, best: Built) -> bool:
        """Whether a workflow comes closer than `best` in some field and goes away in none."""
        before = self._goal.distances(best.desired[self._goal.address])
        after = self._goal.distances(desired)
        paths = before.keys() | after.keys()
        return all(after.get(path, 0) <= before.get(path, 0) for path in paths) and sum(
            after.values()
        ) < sum(before.values())

    def _is_alone(self, variant: Built) -> bool:
        """Whether nothing but the workflow itself has changed, and of it nothing that no field shows."""
        own, was = variant.desired[self._goal.address], self._first.desired[self._goal.address]
        return (
            (own.protect, own.renamed_from) == (was.protect, was.renamed_from)
            and set(variant.problems) <= set(self._first.problems)
            and _others(variant, self._goal.address) == self._others
        )

    def _is_the_same_elsewhere(self, variant: Built) -> bool:
        """Whether the edit does in every other environment what it does here: the same words go, the same come."""
        if self._elsewhere is None:
            self._elsewhere = self._workspace.elsewhere(self._first.texts) or {}
        if not self._elsewhere:
            return True
        after = self._workspace.elsewhere(variant.texts)
        if after is None:
            return False
        name = self._goal.address.partition(".")[2]
        here = _edited(_payload(self._first, name), _payload(variant, name))
        for environment, was in self._elsewhere.items():
            now = after[environment]
            if _without(now, name) != _without(was, name):
                return False
            if _edited(was[name], now[name]) != here:
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


def _without(payloads: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {other: payload for other, payload in payloads.items() if other != name}


def _others(built: Built, address: str) -> str:
    """Everything but one workflow, to be compared."""
    workflows = {
        each.address: [
            dict(each.values),
            sorted(each.tags),
            each.name,
            each.renamed_from,
            each.protect,
        ]
        for each in built.desired.values()
        if each.address != address
    }
    return canonical([workflows, _plain_chains(built)])


def _plain_chains(built: Built) -> Any:
    return plain(built.chains)


def narrowed(goal: Goal, first: Desired, kept: Collection[str]) -> Goal:
    """The goal in which only the fields of `kept` change; the others stay as they are compiled."""
    have = forms(first)
    paths = goal.values.keys() | have.keys()
    values = {path: (goal.values if path in kept else have).get(path) for path in paths}
    return Goal(goal.address, {path: value for path, value in values.items() if value is not None})
