"""The three-way comparison of one resource: desired, last applied, live. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flowdsl.deploy.resources.policy import Policies, fingerprint, normalise_value
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.state.document import ResourceState

Origin = Literal["source", "drift", "both"]

_NO_TAGS: frozenset[str] = frozenset()
"""A plan has thousands of differences without one, and each empty set would take 216 bytes."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A managed field whose live value differs from the desired one.

    `before` (live) and `after` (desired) are in normal form, and `value` is the value to send.
    `origin` says what changed since the value last applied: the source, the service (`drift`), or
    both.
    """

    path: str
    before: Any
    after: Any
    origin: Origin
    value: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between a live resource and the desired one.

    `applied`, `dropped` and `tags` are what state holds once the two are equal, and `children` are
    the current checks. `state_is_behind` is true if state has to be written even when no request is
    sent.
    """

    fields: tuple[FieldChange, ...]
    tags_to_add: frozenset[str]
    tags_to_remove: frozenset[str]
    tags_drifted: frozenset[str]
    applied: Mapping[str, str]
    dropped: Mapping[str, str]
    tags: frozenset[str]
    children: Mapping[str, str]
    state_is_behind: bool

    @property
    def is_empty(self) -> bool:
        """Whether no request has to be sent."""
        return not (self.fields or self.tags_to_add or self.tags_to_remove)

    @property
    def drifted(self) -> frozenset[str]:
        """The fields that somebody else changed since the last deploy.

        `tags` is among them if somebody removed one of our tags.
        """
        paths = {change.path for change in self.fields if change.origin != "source"}
        return frozenset(paths | ({"tags"} if self.tags_drifted else set()))


def compare(
    policies: Policies,
    desired: Desired,
    prior: ResourceState | None,
    live: Live,
    ignored: Collection[str] = (),
) -> Difference:
    """Compare the managed fields: those that are declared, and those that have left the source.

    The latter are cleared once. A field that the service did not keep when it was sent is sent
    again only if its value changes, or once replies contain it.

    `prior` is None for a resource that is being adopted: then every difference is attributed to the
    source. `ignored` fields are neither compared nor sent; `tags` may be among them.
    """
    last = {} if prior is None else prior.applied
    absent = not_kept(policies, desired, live)
    sent_before = {} if prior is None else prior.dropped
    dropped = {path: sent for path, sent in absent.items() if sent_before.get(path) == sent}
    wanted_hashes = desired.hashes(policies)
    values = desired.values
    changes = []
    before_now = {path for path in last if policies.covers(path)}
    for path in sorted((values.keys() | before_now) - dropped.keys()):
        if is_ignored(path, ignored):
            continue
        declared = path in values
        policy = policies[path]
        value = values[path] if declared else policy.cleared_by
        raw = live.values.get(path)
        if isinstance(raw, str) and raw == value:
            continue
        before = normalise_value(policy, raw)
        there = fingerprint(before)
        wanted = wanted_hashes[path] if declared else fingerprint(normalise_value(policy, value))
        if there != wanted:
            after = normalise_value(policy, value)
            known = last.get(path) if path in live.values else None
            origin = _find_change_origin(known, there, wanted if declared else None)
            if origin == "both" and policy.says_the_same is not None:
                # The source has taken the edit over (ADR 98).
                same = policy.says_the_same(values, live.values)
                origin = "source" if same else origin
            changes.append(FieldChange(path, before, after, origin, value))
    applied = {
        path: sent
        for path, sent in wanted_hashes.items()
        if path not in dropped and not is_ignored(path, ignored)
    }
    if applied == last:
        applied = last
    ours = frozenset(() if prior is None else prior.tags)
    there_now = frozenset(live.tags)
    wanted_tags = ours if "tags" in ignored else desired.tags
    to_add = frozenset() if "tags" in ignored else wanted_tags - there_now
    tags = (ours & wanted_tags) | to_add
    to_remove = (ours - wanted_tags) & there_now
    drifted = frozenset() if "tags" in ignored else (ours & wanted_tags) - there_now
    return Difference(
        fields=tuple(changes),
        tags_to_add=to_add or _NO_TAGS,
        tags_to_remove=to_remove or _NO_TAGS,
        tags_drifted=drifted or _NO_TAGS,
        applied=applied,
        dropped=dropped,
        tags=wanted_tags if tags == wanted_tags else tags,
        children=live.children,
        state_is_behind=prior is None
        or applied != dict(prior.applied)
        or dropped != dict(prior.dropped)
        or tags != ours
        or (prior.name, prior.protect) != (desired.name, desired.protect)
        or (prior.source_map, prior.renamed_from) != (desired.source_map, desired.renamed_from)
        or dict(prior.children) != dict(live.children),
    )


def find_edited_paths(
    policies: Policies, planned: Live, now: Live, paths: Iterable[str]
) -> frozenset[str]:
    """Return those of `paths` whose value differs in meaning between `planned` and `now`."""
    return frozenset(
        path
        for path in paths
        if fingerprint(normalise_value(policies[path], planned.values.get(path)))
        != fingerprint(normalise_value(policies[path], now.values.get(path)))
    )


def is_ignored(path: str, ignored: Collection[str]) -> bool:
    """Whether a field, or a field that contains it, is left to the dashboard."""
    return path in ignored or path.partition(".")[0] in ignored


def not_kept(policies: Policies, desired: Desired, live: Live) -> dict[str, str]:
    """Return the declared fields that the reply lacks, each with its fingerprint.

    Fields whose declared value is null are left out.
    """
    nothing = fingerprint(None)
    sent_hashes = desired.hashes(policies)
    return {
        path: sent
        for path, sent in sent_hashes.items()
        if path not in live.values and sent != nothing
    }


def _find_change_origin(last: str | None, there: str, wanted: str | None) -> Origin:
    """Return who changed a field, by hashes; `wanted` is None for a field that left the source."""
    if last is None or last == there:
        return "source"
    return "drift" if last == wanted else "both"
