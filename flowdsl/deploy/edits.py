"""What somebody else changed of a workflow since the last deploy, as far as state and saved versions tell. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from flowdsl.deploy.diff import is_ignored
from flowdsl.deploy.kinds import workflow
from flowdsl.deploy.policy import fingerprint, normalise
from flowdsl.deploy.resource import Live
from flowdsl.deploy.saved import Saved, saved_versions
from flowdsl.deploy.versions import SAVED_VERSIONS
from flowdsl.state.document import ResourceState


@dataclass(frozen=True, slots=True)
class Edit:
    """A managed field that is not as it was last applied, in normal form.

    State holds hashes only: `before` is `known` where a saved version of the workflow still has the value.
    """

    path: str
    before: Any
    after: Any
    known: bool


def edits_since(last: ResourceState, live: Live, ignored: Collection[str] = ()) -> tuple[Edit, ...]:
    """The edits made elsewhere since `last`; `ignored` fields belong to the dashboard."""
    versions = saved_versions(live.remote.get(SAVED_VERSIONS))
    edits = []
    for path, applied in sorted(last.applied.items()):
        if path not in live.values or is_ignored(path, ignored):
            continue
        after = normalise(workflow.POLICIES[path], live.values[path])
        if fingerprint(after) != applied:
            known, before = _last_applied(versions, path, applied)
            edits.append(Edit(path, before, after, known))
    return tuple(edits)


def tags_taken_off(
    last: ResourceState, live: Live, ignored: Collection[str] = ()
) -> tuple[str, ...]:
    """Tags that FlowDSL had put on the workflow and that it no longer carries."""
    return () if "tags" in ignored else tuple(sorted(set(last.tags) - live.tags.keys()))


def _last_applied(versions: Sequence[Saved], path: str, applied: str) -> tuple[bool, Any]:
    for version in reversed(versions):
        if path in version.values:
            value = normalise(workflow.POLICIES[path], version.values[path])
            if fingerprint(value) == applied:
                return True, value
    return False, None
