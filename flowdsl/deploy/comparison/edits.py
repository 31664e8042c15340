"""Edits that somebody else made to a workflow since the last deploy. Pure.

They are found by comparing with state and with the saved versions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flowdsl.config.address import WORKFLOW, Address
from flowdsl.deploy.comparison.diff import FieldChange, is_ignored
from flowdsl.deploy.comparison.versions import (
    SAVED_VERSIONS,
    RestorableVersion,
    parse_saved_versions,
)
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.deploy.resources.resource import Live
from flowdsl.diagnostics.suggest import join_names
from flowdsl.state.document import ResourceState

PULLED_BY_NAME = 5
"""The number of addresses that a suggested command lists; beyond that it uses `--all`."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A managed field that differs from the value last applied.

    The values are in normal form. State holds only hashes, so `before` is `known` only if a saved
    version of the workflow still has the value.
    """

    path: str
    before: Any
    after: Any
    known: bool


def edits_since(last: ResourceState, live: Live, ignored: Collection[str] = ()) -> tuple[Edit, ...]:
    """Return the edits made elsewhere since `last`, without those of `ignored` fields."""
    versions = parse_saved_versions(live.remote.get(SAVED_VERSIONS))
    edits = []
    for path, applied in sorted(last.applied.items()):
        if path not in live.values or is_ignored(path, ignored):
            continue
        after = normalise_value(workflow.POLICIES[path], live.values[path])
        if fingerprint(after) != applied:
            known, before = _last_applied(versions, path, applied)
            edits.append(Edit(path, before, after, known))
    return tuple(edits)


def edit_behind(change: FieldChange, last: ResourceState | None, live: Live | None) -> Edit | None:
    """Return the edit by somebody else that a planned field change would overwrite, or None.

    If the source still has the value last applied, that is the value before the edit.
    """
    if change.origin == "source":
        return None
    if change.origin == "drift":
        return Edit(change.path, change.after, change.before, known=True)
    applied = None if last is None else last.applied.get(change.path)
    versions = parse_saved_versions(None if live is None else live.remote.get(SAVED_VERSIONS))
    known, before = (
        (False, None) if applied is None else _last_applied(versions, change.path, applied)
    )
    return Edit(change.path, before, change.before, known)


def way_to_keep(addresses: Iterable[Address]) -> str:
    """Return a sentence on how to bring edits at these addresses into the sources."""
    every = sorted(addresses)
    flows = [each for each in every if each.kind == WORKFLOW]
    parts = []
    if flows:
        named = " ".join(flows) if len(flows) <= PULLED_BY_NAME else "--all"
        parts.append(f"`flowdsl pull {named}` takes the edits into the source")
    if others := [each for each in every if each not in flows]:
        parts.append(f"edits of {join_names(others)} are kept by writing them into `flowdsl.toml`")
    return "; ".join(parts)


def tags_taken_off(
    last: ResourceState, live: Live, ignored: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the tags that FlowDSL had put on the workflow and that somebody removed."""
    return () if "tags" in ignored else tuple(sorted(set(last.tags) - live.tags.keys()))


def _last_applied(
    versions: Sequence[RestorableVersion], path: str, applied: str
) -> tuple[bool, Any]:
    for version in reversed(versions):
        if path in version.values:
            value = normalise_value(workflow.POLICIES[path], version.values[path])
            if fingerprint(value) == applied:
                return True, value
    return False, None
