"""Operations on one workflow: create, update and delete, each verified by a read afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound, ValidationRefused
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.comparison.diff import (
    Difference,
    compare,
    find_edited_paths,
    is_ignored,
    not_kept,
)
from flowdsl.deploy.comparison.versions import LostUpdate, find_lost_update
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.planning.plan import Action, Change
from flowdsl.deploy.recovery.late_writes import apply_arrived_strays, strays_of
from flowdsl.deploy.recovery.recover import (
    Unresolved,
    creation_key,
    find_created,
    mark_of,
    read_if_there,
)
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.deploy.target import DeployTarget
from flowdsl.state.document import Intent, ResourceState
from flowdsl.state.errors import StateError
from flowdsl.state.lease import Runtime


class WrongOrganization(Exception):
    """The workflow `id`, just created, is in another organisation than the one deployed to."""

    def __init__(self, message: str, workflow_id: str) -> None:
        super().__init__(message)
        self.id = workflow_id


class ChangedMeanwhile(Exception):
    """Somebody else changed the workflow after the plan was made, or right after our write."""

    reason = ""


class OverwroteEdit(ChangedMeanwhile):
    """Our write replaced an edit that was made after we read the workflow."""

    reason = "lost_update"


class Incomplete(Exception):
    """Only a part of the operation on the workflow `id` was carried out; `cause` ended it."""

    def __init__(self, message: str, workflow_id: str, cause: CyberdeskError | StateError) -> None:
        super().__init__(f"{message}: {cause}; deploy again to finish it")
        self.id = workflow_id
        self.cause = cause


Look = Callable[[CyberdeskClient], Awaitable[tuple[str, str]]]
"""Checks again how an operation ended; returns and raises the same as the operation."""


class InDoubt(Exception):
    """It is not known yet whether the workflow `id` was changed or deleted.

    The request may still be carried out; `look` checks again.
    """

    def __init__(self, message: str, workflow_id: str, look: Look) -> None:
        super().__init__(message)
        self.id = workflow_id
        self.look = look


@dataclass(frozen=True, slots=True)
class Operation:
    """A change to carry out, with its intent, which is recorded before the request is sent."""

    change: Change
    desired: Desired
    intent: Intent


@dataclass(frozen=True, slots=True)
class WriteContext:
    """The context of write operations.

    `tag_ids` maps the names of the organisation's tags to their ids. `approved` maps workflow ids
    to the recordings that lose their approval before the workflow changes. `concurrency` is the
    number of operations at a time. `unproven` is true if only the reply to a creation can show
    whether the key belongs to the organisation deployed to.
    """

    target: DeployTarget
    tag_ids: Mapping[str, str]
    journal: Journal
    runtime: Runtime
    approved: Mapping[str, tuple[str, ...]]
    progress: Progress
    concurrency: int
    unproven: bool = False


async def create_workflow(
    client: CyberdeskClient, context: WriteContext, operation: Operation
) -> tuple[str, str]:
    """Create a workflow; return its id and a remark for people.

    Raises `Unresolved` when it is not known whether the workflow exists, `WrongOrganization`,
    `ChangedMeanwhile`, `Incomplete`, and `CyberdeskError` where nothing was created. An intent with
    a known outcome is resolved.
    """
    desired, intent, journal = operation.desired, operation.intent, context.journal
    try:
        created = await workflow.create(
            client, desired, mark=mark_of(context.target, intent), key=creation_key(intent)
        )
    except CyberdeskError as error:
        if not error.outcome_unknown:
            journal.resolve(intent)
            raise
        try:
            created = await find_created(client, context.target, intent, desired, context.runtime)
        except ValidationRefused:
            journal.resolve(intent)
            raise
        except StateError as lost:
            raise Unresolved(
                f"whether `{desired.address}` was created is not known: its reply was lost "
                f"({error}), and then {lost}; "
                "deploy again, which looks for it before anything else"
            ) from None
    resource = ResourceState(
        id=created,
        generation=intent.generation,
        name=desired.name,
        protect=desired.protect,
        applied=intent.applied,
        renamed_from=desired.renamed_from,
    )
    # From here on state has the id, whatever happens to the following requests.
    journal.put(desired.address, resource)
    try:
        live = await workflow.read(client, created)
    except NotFound:
        # A repeated key gets the first reply again, even if the workflow was deleted since.
        journal.drop(desired.address)
        journal.resolve(intent)
        raise ChangedMeanwhile(
            f"{created} was created and is gone again: somebody deleted it; "
            "deploy again to create it anew"
        ) from None
    except CyberdeskError as error:
        raise Incomplete(f"{created} was created and cannot be read", created, error) from None
    _check_organization(context, created, live)
    journal.see_organization(live.organization_id)
    resource = resource.replace(tags=intent.tags)
    difference = compare(workflow.POLICIES, desired, None, live)
    if difference.tags_to_add or difference.tags_to_remove:
        step = f"{created} was created, and its tags are not written"
        sent = _SentWrites()
        try:
            await _write_tags(client, context, operation, live, difference, sent)
            live = await workflow.read(client, created)
        except (CyberdeskError, StateError) as error:
            raise Incomplete(step, created, sent.doubt or error) from None
        if sent.doubt is not None and not _is_done(context, desired, resource, live):
            raise Incomplete(step, created, sent.doubt)
    return created, _verify_written_workflow(context, desired, resource, live)


async def update_workflow(
    client: CyberdeskClient, context: WriteContext, operation: Operation
) -> tuple[str, str]:
    """Update a workflow; return its id and a remark for people.

    Raises `ChangedMeanwhile`, `OverwroteEdit`, `Incomplete`, `InDoubt`, and `CyberdeskError` or
    `StateError` where nothing was changed. The intent of an operation that is incomplete or in
    doubt stays open.
    """
    change, desired, intent = operation.change, operation.desired, operation.intent
    prior, planned = change.prior, change.live
    assert prior is not None and planned is not None
    before = planned
    fields: dict[str, object] = {}
    sent = _SentWrites()
    try:
        before = await workflow.read(client, prior.id)
        # Writes of an interrupted deploy since the plan was made do not count as somebody's edit.
        now, _ = apply_arrived_strays(prior, strays_of(context.journal.document, prior.id), before)
        known = None if change.action is Action.ADOPT else now
        # No field is left to the dashboard while a workflow is being adopted.
        ignored = () if known is None else context.target.ignored
        difference = compare(workflow.POLICIES, desired, known, before, ignored)
        paths = [
            field.path
            for field in difference.fields
            if now.applied.get(field.path) == prior.applied.get(field.path)
        ]
        # If nothing was applied before, as in an adoption, no difference counts as drift.
        meanwhile = find_edited_paths(workflow.POLICIES, planned, before, paths)
        if meanwhile := meanwhile | (difference.drifted - change.drifted):
            raise ChangedMeanwhile(
                f"{format_field_names(meanwhile)} of `{change.address}` was edited after the plan "
                "was made; deploy again to see it"
            )
        if difference.fields:
            # Before the prompt changes: after a crash, nothing would show that this is still to be
            # done.
            for recording in context.approved.get(prior.id, ()):
                await _unapprove_recording(client, recording, intent)
                sent.done = True
            fields = {field.path: field.value for field in difference.fields}
            await workflow.update(
                client,
                before,
                fields,
                desired=desired,
                children=prior.children,
                key=f"{intent.id}-update",
            )
            sent.done = True
        await _write_tags(client, context, operation, before, difference, sent)
    except (CyberdeskError, StateError) as error:
        unknown = error if isinstance(error, CyberdeskError) and error.outcome_unknown else None
        if unknown is not None and fields:
            sent.doubt = unknown
        elif (
            sent.done or unknown is not None
        ):  # an approval may be withdrawn, and no field was sent
            raise Incomplete(f"{prior.id} was changed in part", prior.id, error) from None
        elif sent.doubt is None:
            if isinstance(error, CyberdeskError):
                context.journal.resolve(intent)
            raise
    return await _conclude_update(context, operation, before, fields, sent, client)


async def _conclude_update(
    context: WriteContext,
    operation: Operation,
    before: Live,
    fields: Mapping[str, object],
    sent: _SentWrites,
    client: CyberdeskClient,
) -> tuple[str, str]:
    """Finish an update that has sent `fields`; returns and raises as `update_workflow` does.

    `before` is the workflow as it was read before the update.
    """
    change, desired, intent = operation.change, operation.desired, operation.intent
    prior = change.prior
    assert prior is not None
    look = partial(_conclude_update, context, operation, before, fields, sent)
    resource = prior.replace(
        name=desired.name, protect=desired.protect, applied=intent.applied, tags=intent.tags
    )
    try:
        live = await workflow.read(client, prior.id)
    except CyberdeskError as error:
        if sent.doubt is not None:
            raise _in_doubt(context, change.address, prior.id, sent.doubt, look) from None
        if not sent.done:
            raise
        raise Incomplete(f"{prior.id} was changed and cannot be read", prior.id, error) from None
    # Compare with the tags that were ours before: in `resource`, a tag to remove no longer is.
    if sent.doubt is not None and not _is_done(context, desired, prior, live):
        raise _in_doubt(context, change.address, prior.id, sent.doubt, look)
    strays = strays_of(context.journal.document, prior.id)
    lost = find_lost_update(before, live, fields, strays) if fields else None
    remark = _verify_written_workflow(context, desired, resource, live)
    if lost is not None:
        raise OverwroteEdit(describe_overwritten_edit(context.target, change.address, lost))
    return prior.id, remark


async def delete_workflow(
    client: CyberdeskClient, context: WriteContext, change: Change, *, key: str
) -> tuple[str, str]:
    """Delete the workflow with its runs and trajectories; returns its id and a remark for people.

    Raises `ChangedMeanwhile` when somebody edited it after the plan was made, `InDoubt`,
    `Incomplete`, and `CyberdeskError` where nothing was deleted.
    """
    assert change.prior is not None and change.live is not None
    identifier = change.prior.id
    doubt: CyberdeskError | None = None
    live = await read_if_there(client, identifier)
    if live is None:
        context.journal.drop(change.address)
        return identifier, ""
    if live.remote.get("updated_at") != change.live.remote.get("updated_at"):
        raise ChangedMeanwhile(
            f"`{change.address}` was edited after the plan was made, so it is not deleted; "
            "look at the plan again"
        )
    try:
        await client.workflows.delete(identifier, idempotency_key=key)
    except CyberdeskError as error:
        if not error.outcome_unknown:
            raise
        doubt = error
    return await _conclude_deletion(context, change, doubt, client)


async def _conclude_deletion(
    context: WriteContext, change: Change, doubt: CyberdeskError | None, client: CyberdeskClient
) -> tuple[str, str]:
    """Finish a deletion that was accepted or got no reply (`doubt`), as `delete_workflow` does."""
    assert change.prior is not None
    identifier = change.prior.id
    look = partial(_conclude_deletion, context, change, doubt)
    # The reply may belong to an earlier request with the same key, so only a read can tell.
    try:
        if await read_if_there(client, identifier) is None:
            context.journal.drop(change.address)
            return identifier, ""
    except CyberdeskError as error:
        if doubt is not None:
            raise _in_doubt(context, change.address, identifier, doubt, look) from None
        raise Incomplete(
            f"the deletion of {identifier} was accepted and cannot be seen", identifier, error
        ) from None
    if doubt is not None:
        raise _in_doubt(context, change.address, identifier, doubt, look)
    raise ChangedMeanwhile(
        f"`{change.address}` is still there after its deletion was accepted; "
        "run the command again to look at it anew"
    )


def format_field_names(paths: Iterable[str]) -> str:
    """Return field names for a message, sorted and in backticks."""
    return ", ".join(f"`{path}`" for path in sorted(paths))


def _in_doubt(
    context: WriteContext, address: Address, workflow_id: str, error: CyberdeskError, look: Look
) -> InDoubt:
    return InDoubt(
        f"whether `{address}` was written is not known: {error}; find out with `flowdsl plan --env "
        f"{context.target.environment}`, or deploy again, which compares before anything else",
        workflow_id,
        look,
    )


def _is_done(context: WriteContext, desired: Desired, resource: ResourceState, live: Live) -> bool:
    """Whether a write without a reply was carried out: the workflow matches `desired`."""
    return compare(workflow.POLICIES, desired, resource, live, context.target.ignored).is_empty


def _check_organization(context: WriteContext, created: str, live: Live) -> None:
    """Raise `WrongOrganization` if a workflow was created in another organisation.

    If the organisation held nothing before, the first creation shows which one the key belongs to.
    """
    expected = context.target.organization or context.journal.document.organization_id
    if None not in (expected, live.organization_id) and live.organization_id != expected:
        raise WrongOrganization(
            f"the API key belongs to the organisation `{live.organization_id}`, not to "
            f"`{expected}`, and {created} was created there; delete it in the dashboard and use a "
            "key of the other organisation",
            created,
        )


async def _unapprove_recording(client: CyberdeskClient, recording: str, intent: Intent) -> None:
    with suppress(NotFound):
        await client.trajectories.update(
            recording, {"is_approved": False}, idempotency_key=f"{intent.id}-unapprove-{recording}"
        )


@dataclass(slots=True)
class _SentWrites:
    """The outcome of the writes of one operation.

    `done` is true if one was carried out. `doubt` is the error of one that may have been carried
    out.
    """

    done: bool = False
    doubt: CyberdeskError | None = None


async def _write_tags(
    client: CyberdeskClient,
    context: WriteContext,
    operation: Operation,
    live: Live,
    difference: Difference,
    sent: _SentWrites,
) -> None:
    """Remove our tags that are no longer desired, then add those that are missing.

    A lost reply does not end this; any other error does.
    """
    key, workflows = operation.intent.id, client.workflows
    gone = [live.tags[name] for name in sorted(difference.tags_to_remove)]
    requests: list[Callable[[], Awaitable[object]]] = [
        partial(workflows.remove_tag, live.id, each, idempotency_key=f"{key}-untag-{each}")
        for each in gone
    ]
    if difference.tags_to_add:
        ids = [context.tag_ids[name] for name in sorted(difference.tags_to_add)]
        requests.append(partial(workflows.add_tags, live.id, ids, idempotency_key=f"{key}-tag"))
    for request in requests:
        try:
            await request()
            sent.done = True
        except CyberdeskError as error:
            if not error.outcome_unknown:
                raise
            sent.doubt = error


def _verify_written_workflow(
    context: WriteContext, desired: Desired, resource: ResourceState, live: Live
) -> str:
    """Record the workflow as it was read after the write; return a remark for people.

    Raises `ChangedMeanwhile` if it differs from what was sent. A field that the reply lacks does
    not count as an edit: the service does not know it. That is reported once, and recorded in
    state.
    """
    ignored = context.target.ignored
    dropped = not_kept(workflow.POLICIES, desired, live)
    news = [path for path, sent in dropped.items() if resource.dropped.get(path) != sent]
    resource = resource.replace(
        applied={
            path: sent
            for path, sent in resource.applied.items()
            if path not in dropped and not is_ignored(path, ignored)
        },
        dropped=dropped,
        source_map=desired.source_map,
        renamed_from=desired.renamed_from,
    )
    difference = compare(workflow.POLICIES, desired, resource, live, ignored)
    tags = tuple(sorted(difference.tags & live.tags.keys()))
    context.journal.put(desired.address, resource.replace(children=dict(live.children), tags=tags))
    if not difference.is_empty:
        paths = {field.path for field in difference.fields}
        if difference.tags_to_add or difference.tags_to_remove:
            paths.add("tags")
        strays = strays_of(context.journal.document, resource.id)
        if apply_arrived_strays(resource, strays, live)[1] != strays:
            raise ChangedMeanwhile(
                f"{format_field_names(paths)} of `{desired.address}` is not what was sent: the "
                "write of an interrupted deploy came right after it; deploy again, which mends it"
            )
        raise ChangedMeanwhile(
            f"{format_field_names(paths)} of `{desired.address}` is not what was sent: somebody "
            "edits the workflow at the same time, or the service rewrites the value"
        )
    return f"the service dropped {format_field_names(news)}, which it does not know" if news else ""


def describe_overwritten_edit(target: DeployTarget, address: Address, lost: LostUpdate) -> str:
    """Return the message about an edit that our write replaced."""
    return (
        f"somebody edited {format_field_names(lost.paths)} of `{address}` between our reading and "
        "our writing, "
        f"and the edit was overwritten; it is kept as version {lost.version.number}: look at it "
        f"with `flowdsl restore {address} --env {target.environment}`, bring it back with "
        f"`--version {lost.version.number}`"
    )
