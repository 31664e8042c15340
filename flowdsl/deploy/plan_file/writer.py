"""Converts a plan to a document: from `planning.plan` to the models in `format`. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowdsl.config.address import IMAGE, Address
from flowdsl.deploy.comparison.diff import Difference
from flowdsl.deploy.comparison.edits import edit_behind
from flowdsl.deploy.comparison.field_diff import (
    DiffRow,
    edit_rows,
    field_rows,
    render_lost_tags,
    render_plain_rows,
    tag_rows,
)
from flowdsl.deploy.job import OnBreaking
from flowdsl.deploy.plan_file.format import (
    Base,
    ChangeEntry,
    DiagnosticEntry,
    DriftEntry,
    FieldEntry,
    GuardEntry,
    ModelKeyEntry,
    PendingEntry,
    PlanDocument,
    Source,
    StateRef,
    Summary,
)
from flowdsl.deploy.planning.model_keys import key_routes
from flowdsl.deploy.planning.named import NamedChange
from flowdsl.deploy.planning.plan import Action, Change, Impact, Plan
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.named import NAMED_KIND
from flowdsl.deploy.resources.policy import Policies, fingerprint, normalise_value
from flowdsl.deploy.resources.resource import Live, hash_fields
from flowdsl.state.document import Intent, ResourceState

DIFF_LINES = 2_000
"""The number of lines of one difference that are written."""
TAGS = "tags"

_NO_IMPACT = Impact()
_NOT_KEPT = "the service does not keep this field"


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The parts of a plan document that the plan itself does not contain.

    `source` is None outside of a repository, and `state` for a first deploy. `pending` are the open
    writes in state, and `on_breaking` is the value of `--breaking`. `diagnostics` are listed before
    the plan's own notes.
    """

    flowdsl_version: str
    created_at: datetime
    expires_at: datetime
    on_breaking: OnBreaking
    project: str
    environment: str
    organization_id: str | None
    api_base: str
    source: Source | None = None
    state: StateRef | None = None
    pending: tuple[Intent, ...] = ()
    diagnostics: tuple[DiagnosticEntry, ...] = ()


def plan_document(plan: Plan, facts: PlanFacts) -> dict[str, Any]:
    """Return the plan as JSON values, according to the models in `format`.

    Every text in it is on one line, or consists of such lines.
    """
    document = PlanDocument(
        format_version=1,
        kind="plan",
        flowdsl_version=facts.flowdsl_version,
        created_at=facts.created_at,
        expires_at=facts.expires_at,
        on_breaking=facts.on_breaking,
        project=facts.project,
        environment=facts.environment,
        organization_id=facts.organization_id,
        api_base=facts.api_base,
        source=facts.source,
        state=facts.state,
        summary=_count_changes(plan),
        changes=(*_change_entries(plan),),
        model_keys=tuple(ModelKeyEntry.model_validate(route) for route in key_routes(plan.named)),
        drift=(*_collect_drift(plan),),
        pending=tuple(
            PendingEntry(
                address=intent.address,
                action=intent.action,
                workflow_id=intent.resource_id,
                created_at=intent.created_at,
            )
            for intent in facts.pending
        ),
        guards=tuple(GuardEntry.model_validate(guard) for guard in plan.guards),
        diagnostics=(
            *facts.diagnostics,
            *(DiagnosticEntry(level="note", message=note) for note in plan.notes),
        ),
    )
    return document.model_dump(mode="json")


def dump_plan(document: Mapping[str, Any]) -> bytes:
    """Return the document as indented JSON with a final line break."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def base_of(
    policies: Policies, live: Live | None, managed: Mapping[str, Any], tags: frozenset[str]
) -> Base | None:
    """Hash the current state of an object: its `managed` fields and those of its tags in `tags`.

    Whoever applies the saved plan compares it, and so notices a later edit.
    """
    if live is None:
        return None
    content = {
        path: normalise_value(policies[path], live.values.get(path))
        for path in sorted(managed)
        if policies.covers(path)
    }
    versions, updated_at = live.remote.get("old_versions"), live.remote.get("updated_at")
    return Base(
        content_sha256=fingerprint({"fields": content, TAGS: sorted(tags & live.tags.keys())}),
        updated_at=updated_at if isinstance(updated_at, str) else None,
        versions=len(versions) if isinstance(versions, list) else None,
    )


def _count_changes(plan: Plan) -> Summary:
    """Count the changes of workflows and of their prerequisites."""
    actions = [change.action.value for change in plan.changes]
    actions += [named.action for named in plan.named]
    actions += ["create"] * len(plan.uploads)
    counts = {action.value: actions.count(action.value) for action in Action}
    return Summary(**counts, drifted=len(plan.drifted))


def _change_entries(plan: Plan) -> Iterator[ChangeEntry]:
    for picture in plan.uploads:
        yield _make_change_entry(
            Address(IMAGE, picture.sha256), "create", "the picture is not stored yet"
        )
    for named in plan.named:
        if named.writes or named.changes_state:
            yield _make_named_entry(named)
    for change in plan.changes:
        if change.action is not Action.UNCHANGED or change.changes_state:
            yield _workflow_entry(plan, change)


def _workflow_entry(plan: Plan, change: Change) -> ChangeEntry:
    impact = plan.impact.get(change.address, _NO_IMPACT)
    return _make_change_entry(
        change.address,
        change.action.value,
        _describe_change_reason(change),
        previous_address=change.previous_address,
        workflow_id=_id_of(change.prior, change.live),
        fields=tuple(_workflow_fields(change)),
        base=_workflow_base(change),
        breaking=plan.breaking.get(change.address, ()),
        trajectories=impact.trajectories,
        impact=impact,
    )


def _make_named_entry(named: NamedChange) -> ChangeEntry:
    policies = NAMED_KIND[named.address.kind].policies
    reasons = {
        "create": "it is not in the organisation yet",
        "update": _origin_reason(named.drifted, named.difference),
        "unchanged": "it is as declared, and only state is written",
        "forget": "it is no longer declared; it stays in the organisation",
        "delete": "it is no longer declared, and its deletion is asked for",
    }
    values = {} if named.desired is None else named.desired.values
    fields = list(_difference_fields(named))
    if named.action == "create":
        fields = list(_new_fields(policies, values))
    return _make_change_entry(
        named.address,
        named.action,
        reasons[named.action],
        workflow_id=_id_of(named.prior, named.live),
        fields=tuple(fields),
        base=base_of(policies, named.live, values, frozenset()),
    )


def _make_change_entry(address: Address, action: str, reason: str, **more: Any) -> ChangeEntry:
    """Return an entry; what is not among `more` is empty."""
    entry = {
        "previous_address": None,
        "workflow_id": None,
        "fields": (),
        "base": None,
        "breaking": (),
        "trajectories": (),
        "impact": _NO_IMPACT,
        **more,
    }
    return ChangeEntry.model_validate(
        {"address": address, "action": action, "reason": reason, **entry}
    )


def _id_of(prior: ResourceState | None, live: Live | None) -> str | None:
    if prior is not None:
        return prior.id
    return None if live is None else live.id


def _describe_change_reason(change: Change) -> str:
    match change.action:
        case Action.CREATE if change.generation > 1:
            return "it was deleted elsewhere, and `--recreate` makes it anew"
        case Action.CREATE:
            return "it is in the source and not in state"
        case Action.UPDATE | Action.RENAME:
            return _origin_reason(change.drifted, change.difference)
        case Action.ADOPT:
            return "`[[adopt]]` takes it over"
        case Action.UNCHANGED:
            return "it is as the source wants it, and only state is written"
        case Action.DELETE:
            return "it left the source, and its deletion is asked for"
        case Action.KEEP:
            return "it left the source and stays as it is"
        case Action.MISSING:
            return "it no longer exists in the organisation"
        case Action.FORGET:
            return "it is dropped from state"


def _origin_reason(drifted: frozenset[str], difference: Difference | None) -> str:
    if not drifted or difference is None:
        return "the source changed"
    moved = {change.origin for change in difference.fields}
    if moved <= {"drift"} and not difference.tags_to_remove:
        return "it was edited elsewhere"
    return "the source changed, and it was edited elsewhere"


def _workflow_fields(change: Change) -> Iterator[FieldEntry]:
    if change.action is Action.CREATE and change.desired is not None:
        yield from _new_fields(workflow.POLICIES, change.desired.values)
        if change.desired.tags:
            yield _make_field_entry(
                TAGS, None, fingerprint(sorted(change.desired.tags)), None, "source"
            )
        return
    yield from _difference_fields(change)
    difference = change.difference
    if difference is not None and (difference.tags_to_add or difference.tags_to_remove):
        wanted = frozenset(() if change.desired is None else change.desired.tags)
        # Of the current tags, only those that are ours or desired; others are not our concern.
        there = (wanted - difference.tags_to_add) | difference.tags_to_remove
        yield _make_field_entry(
            TAGS,
            fingerprint(sorted(there)),
            fingerprint(sorted(wanted)),
            render_plain_rows(tag_rows(difference)),
            "drift" if difference.tags_drifted else "source",
            edit=render_plain_rows(render_lost_tags(difference)) or None,
        )
    for path, sent in sorted({} if difference is None else difference.dropped.items()):
        yield _make_field_entry(path, fingerprint(None), sent, None, "source", _NOT_KEPT)


def _new_fields(policies: Policies, values: Mapping[str, Any]) -> Iterator[FieldEntry]:
    for path, wanted in sorted(hash_fields(policies, values).items()):
        yield _make_field_entry(path, None, wanted, None, "source")


def _difference_fields(change: Change | NamedChange) -> Iterator[FieldEntry]:
    for field in () if change.difference is None else change.difference.fields:
        edit = edit_behind(field, change.prior, change.live)
        yield _make_field_entry(
            field.path,
            fingerprint(field.before),
            fingerprint(field.after),
            _render_cut_rows(field_rows(field, words=True)),
            field.origin,
            edit=None
            if edit is None or not edit.known
            else _render_cut_rows(edit_rows(edit, words=True)),
        )


def _render_cut_rows(rows: Sequence[DiffRow]) -> str:
    more = len(rows) - DIFF_LINES
    return render_plain_rows(rows[:DIFF_LINES]) + (f"\n… {more} more lines" if more > 0 else "")


def _make_field_entry(
    path: str,
    before: str | None,
    after: str | None,
    diff: str | None,
    origin: Any,
    suppressed: str | None = None,
    edit: str | None = None,
) -> FieldEntry:
    return FieldEntry(
        path=path,
        before_sha256=before,
        after_sha256=after,
        diff=diff,
        edit=edit,
        origin=origin,
        suppressed=suppressed,
    )


def _workflow_base(change: Change) -> Base | None:
    """Return the base of a workflow: a hash over the fields and tags that are ours.

    For a deletion the hash covers all fields, since all of them are lost. None for a creation. The
    versions of what does not change are not counted: a list does not show them.
    """
    if change.action is Action.CREATE:
        return None
    prior, desired = change.prior, change.desired
    managed = dict.fromkeys(() if prior is None else prior.applied)
    tags = frozenset(() if prior is None else prior.tags)
    if desired is not None:
        managed |= dict.fromkeys(desired.values)
        tags |= desired.tags
    if change.action is Action.DELETE:
        managed = dict.fromkeys(workflow.POLICIES)
    base = base_of(workflow.POLICIES, change.live, managed, tags)
    if base is not None and change.action is Action.UNCHANGED:
        return base.model_copy(update={"versions": None})
    return base


def _collect_drift(plan: Plan) -> Iterator[DriftEntry]:
    every: list[Change | NamedChange] = [*plan.changes, *plan.named]
    for change in every:
        if change.difference is None:
            continue
        for item in change.difference.fields:
            if item.origin != "source":
                yield DriftEntry(address=change.address, path=item.path, origin=item.origin)
        if change.difference.tags_drifted:
            yield DriftEntry(address=change.address, path=TAGS, origin="drift")
