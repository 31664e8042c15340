"""Saved versions of a workflow: how to restore one, and which edits they show. Pure.

The form of a version is not documented. The fields read from one must pass the model of the request
that would restore it (`WorkflowPatch`). A version that does not pass is kept with the reason,
because somebody may look for it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from flowdsl.cyberdesk.models.workflow import ModelMetadata, WorkflowPatch
from flowdsl.deploy.comparison.diff import FieldChange, is_ignored
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.mark import mark_in, without_mark
from flowdsl.deploy.resources.policy import fingerprint, normalise_value, render_canonical_json
from flowdsl.deploy.resources.resource import Live
from flowdsl.state.document import Intent

_PLAIN = tuple(path for path in workflow.POLICIES if "." not in path and path != workflow.CHECKS)
_NULL_SAYS_NOTHING = frozenset({"includes_file_exports", "is_webhooks_enabled"})
"""Fields for which null has no documented meaning; a null counts as absent from the version."""

_CHECK_FIELDS = frozenset(workflow.POLICIES[workflow.CHECKS].item)


@dataclass(frozen=True, slots=True)
class RestorableVersion:
    """A saved version.

    `values` are its fields, in the form in which they are sent, and `children` the ids of its
    checks by name. `problem` says why it cannot be restored; then there are no values.
    """

    number: int
    updated_at: str
    values: Mapping[str, Any] = field(default_factory=dict)
    children: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def parse_saved_versions(raw: object) -> tuple[RestorableVersion, ...]:
    """Return the versions in a reply, numbered as by `versions_of`."""
    return tuple(_convert_version(version) for version in versions_of(raw))


def changes_to(
    restorable: RestorableVersion, live: Live, ignored: Collection[str] = ()
) -> tuple[FieldChange, ...]:
    """Return the changes to send to restore a version, without `ignored` fields."""
    changes = []
    for path, value in sorted(restorable.values.items()):
        policy = workflow.POLICIES[path]
        before, after = (
            normalise_value(policy, live.values.get(path)),
            normalise_value(policy, value),
        )
        if not is_ignored(path, ignored) and fingerprint(before) != fingerprint(after):
            sent = _without_mark(value) if path == "input_schema" and _has_mark(live) else value
            changes.append(FieldChange(path, before, after, "source", sent))
    return tuple(changes)


def find_untouched_fields(
    restorable: RestorableVersion, ignored: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the fields that a restore does not change: missing in the version, or `ignored`."""
    told = {path.partition(".")[0] for path in restorable.values if not is_ignored(path, ignored)}
    return tuple(sorted({path.partition(".")[0] for path in workflow.POLICIES} - told))


def model_ids(changes: Collection[FieldChange]) -> frozenset[str]:
    """Return the ids of model configurations in the values to send."""
    found: set[object] = set()
    for change in changes:
        if change.path == workflow.CHECKS:
            found |= {check.get("model") for check in change.value}
        elif change.path in workflow.MODEL_PATHS:
            found.add(change.value)
    return frozenset(each for each in found if isinstance(each, str))


def _convert_version(version: Version) -> RestorableVersion:
    try:
        values, children = _parse_version_fields(version.fields)
    except _UnusableVersion as unusable:
        return RestorableVersion(version.number, version.updated_at, problem=str(unusable))
    if not values:
        nothing = "it tells of no field that this version of flowdsl knows"
        return RestorableVersion(version.number, version.updated_at, problem=nothing)
    return RestorableVersion(version.number, version.updated_at, values, children)


class _UnusableVersion(Exception):
    """A version cannot be restored; the message says why."""


def _parse_version_fields(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values of a version and the ids of its checks by name.

    Raises `_UnusableVersion`.
    """
    body = {
        path: fields[path]
        for path in _PLAIN
        if path in fields and not (fields[path] is None and path in _NULL_SAYS_NOTHING)
    }
    models = _parse_version_models(fields)
    checks = _parse_version_checks(fields)
    if models:
        body[workflow.MODELS] = models
    if checks is not None:
        body[workflow.CHECKS] = [
            {name: check[name] for name in check.keys() & _CHECK_FIELDS} for check in checks
        ]
    try:
        wire = WorkflowPatch.model_validate(body).to_wire()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _UnusableVersion(f"`{place}`: {first['msg']}") from None
    values = {path: value for path, value in wire.items() if path != workflow.MODELS}
    values |= {f"{workflow.MODELS}.{key}": wire[workflow.MODELS][key] for key in models}
    ids = ((check["name"], check.get("id")) for check in checks or ())
    return values, {name: each for name, each in ids if isinstance(each, str)}


def _parse_version_models(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the models of a version; null for all of them selects the default for each."""
    if workflow.MODELS not in fields:
        return {}
    models = fields[workflow.MODELS]
    if models is None:
        return dict.fromkeys(ModelMetadata.always_sent)
    if not isinstance(models, Mapping):
        raise _UnusableVersion(f"`{workflow.MODELS}` is not an object")
    return {key: models[key] for key in ModelMetadata.always_sent if key in models}


def _parse_version_checks(fields: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the checks of a version; None if they are absent or null.

    In a list of workflows, null means that checks were not requested.
    """
    checks = fields.get(workflow.CHECKS)
    if checks is None:
        return None
    if not isinstance(checks, list) or not all(isinstance(check, Mapping) for check in checks):
        raise _UnusableVersion(f"`{workflow.CHECKS}` is not a list of objects")
    for number, check in enumerate(checks):
        if not isinstance(check.get("name"), str):
            raise _UnusableVersion(f"`{workflow.CHECKS}.{number}.name` is no text")
    return checks


def _has_mark(live: Live) -> bool:
    return mark_in(live.values.get("input_schema")) is not None


def _without_mark(schema: Any) -> Any:
    """Return a schema without its old mark; the current mark is added when it is sent."""
    if mark_in(schema) is None:
        return schema
    rest = without_mark(json.loads(schema))
    return json.dumps(rest, ensure_ascii=False) if rest else None


# Detection of lost updates: edits that somebody else made between our read and our write. The
# service has no preconditions, but a PATCH keeps the state that it replaces as a version
# (`version-content` in docs/assumptions.md). So after our PATCH, a new version that we neither read
# nor sent is such an edit. The form of a version is not documented.

SAVED_VERSIONS = "old_versions"


@dataclass(frozen=True, slots=True)
class Version:
    """A former state of a workflow.

    `number` counts from 1, for the oldest version that is kept. `fields` are those that the version
    has.
    """

    number: int
    updated_at: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LostUpdate:
    """An edit by somebody else that our write replaced: its version and the fields it changed."""

    version: Version
    paths: tuple[str, ...]


def versions_of(raw: object) -> tuple[Version, ...]:
    """Return the versions in a reply, oldest first; none if their form is not recognised."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        return ()
    versions = [each for each in raw if isinstance(each, Mapping)]
    versions.sort(key=lambda each: str(each.get("updated_at") or ""))
    return tuple(
        Version(number, str(each.get("updated_at") or ""), each)
        for number, each in enumerate(versions, 1)
    )


def find_lost_update(
    before: Live, after: Live, sent: Mapping[str, Any], strays: Sequence[Intent] = ()
) -> LostUpdate | None:
    """Return the edit between the read of `before` and our write of `sent`; None without one.

    `after` was read after the write. Every new version in it must be the state we read, or one we
    sent: by this request, whose repetition leaves a version, or by one of the `strays`.
    """
    known = {
        render_canonical_json(version.fields)
        for version in versions_of(before.remote.get(SAVED_VERSIONS))
    }
    for version in reversed(versions_of(after.remote.get(SAVED_VERSIONS))):
        if render_canonical_json(version.fields) in known:
            continue
        if paths := tuple(_find_edited_fields(version, before, sent, strays)):
            return LostUpdate(version, paths)
    return None


def _find_edited_fields(
    version: Version, before: Live, sent: Mapping[str, Any], strays: Sequence[Intent]
) -> Iterator[str]:
    for path in sorted(version.fields.keys() & before.values.keys() & workflow.POLICIES.keys()):
        policy = workflow.POLICIES[path]
        try:
            there = fingerprint(normalise_value(policy, version.fields[path]))
        except (TypeError, AttributeError, ValueError):  # A value of another shape shows nothing.
            continue
        ours = [before.values[path], *([sent[path]] if path in sent else [])]
        late = [stray.sent[path] for stray in strays if path in stray.sent]
        if there not in (*(fingerprint(normalise_value(policy, value)) for value in ours), *late):
            yield path
