"""The search for a lost update: an edit of somebody else between our reading and our writing. Pure.

The service has no preconditions, but a PATCH keeps the state that it replaces as a version
(contract, section 3). So after our PATCH, a new version that we neither read nor sent is such an
edit. The form of a version is not documented; this relies on the assumption `version-content`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import canonical, fingerprint, normalise
from flowdsl.deploy.resources.resource import Live
from flowdsl.state.document import Intent

SAVED_VERSIONS = "old_versions"


@dataclass(frozen=True, slots=True)
class Version:
    """A state that a workflow once had.

    `number` counts from 1, for the oldest version that is kept. `fields` are those that the version
    has.
    """

    number: int
    updated_at: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LostUpdate:
    """An edit of somebody else that our write replaced: its version and the fields it changed."""

    version: Version
    paths: tuple[str, ...]


def versions_of(raw: object) -> tuple[Version, ...]:
    """The versions in a reply, the oldest first; none when they have no form that is understood."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        return ()
    found = [each for each in raw if isinstance(each, Mapping)]
    found.sort(key=lambda each: str(each.get("updated_at") or ""))
    return tuple(
        Version(number, str(each.get("updated_at") or ""), each)
        for number, each in enumerate(found, 1)
    )


def lost_update(
    before: Live, after: Live, sent: Mapping[str, Any], strays: Sequence[Intent] = ()
) -> LostUpdate | None:
    """The edit that came between `before`, which was read, and our write of `sent`.

    None without one.

    `after` was read after the write. Every version that is new in it has to be what we read, or
    what we sent: by this request, whose repetition leaves a version, or by one of the `strays`.
    """
    known = {
        canonical(version.fields) for version in versions_of(before.remote.get(SAVED_VERSIONS))
    }
    for version in reversed(versions_of(after.remote.get(SAVED_VERSIONS))):
        if canonical(version.fields) in known:
            continue
        if paths := tuple(_edited(version, before, sent, strays)):
            return LostUpdate(version, paths)
    return None


def _edited(
    version: Version, before: Live, sent: Mapping[str, Any], strays: Sequence[Intent]
) -> Iterator[str]:
    for path in sorted(version.fields.keys() & before.values.keys() & workflow.POLICIES.keys()):
        policy = workflow.POLICIES[path]
        try:
            there = fingerprint(normalise(policy, version.fields[path]))
        except (TypeError, AttributeError, ValueError):  # a value of another shape tells nothing
            continue
        ours = [before.values[path], *([sent[path]] if path in sent else [])]
        late = [stray.sent[path] for stray in strays if path in stray.sent]
        if there not in (*(fingerprint(normalise(policy, value)) for value in ours), *late):
            yield path
