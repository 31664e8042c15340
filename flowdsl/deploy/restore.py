"""Restores a saved version of one workflow, without the source: for emergencies."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.addressing import address_in
from flowdsl.deploy.apply.attempt import Attempt
from flowdsl.deploy.apply.operations import describe_overwritten_edit, format_field_names
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.comparison.diff import Difference, FieldChange, find_edited_paths
from flowdsl.deploy.comparison.versions import (
    SAVED_VERSIONS,
    RestorableVersion,
    changes_to,
    find_lost_update,
    find_untouched_fields,
    model_ids,
    parse_saved_versions,
)
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import Outcome, Status, Stop
from flowdsl.deploy.ownership.identity import prove_organization
from flowdsl.deploy.planning.plan import Action, Change, Plan
from flowdsl.deploy.recovery.recover import read_if_there
from flowdsl.deploy.refresh.impact import study_impact
from flowdsl.deploy.refresh.refresh import read_prior
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import ResourceState, StateDocument

ACTION = "restore"


class NoSuchVersion(FlowdslError):
    """There is no saved version with this number; the message names those that exist."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A workflow and its saved versions, oldest first; `ignored` fields are the dashboard's."""

    address: Address
    resource: ResourceState
    live: Live
    versions: tuple[RestorableVersion, ...]
    ignored: frozenset[str]

    def changes(self, restorable: RestorableVersion) -> tuple[FieldChange, ...]:
        """Return the changes that restoring a version would make."""
        return changes_to(restorable, self.live, self.ignored)


async def read_shelf(job: Job, word: str) -> Shelf:
    """Return the saved versions of the workflow that `word` names, without a lease.

    Raises `NoSuchAddress` for a workflow that state does not have, `Stop` for one that is gone,
    `StateError` and `CyberdeskError`.
    """
    return await _read_shelf(job, await read_prior(job), word)


async def restore(job: Job, word: str, number: int) -> Outcome:
    """Restore version `number` of the workflow that `word` names, after `Ui.confirm`.

    Expected failures become a status with messages. State keeps the values last applied, so that
    the next deploy shows the restored values as an edit made elsewhere. Raises `NoSuchAddress` and
    `NoSuchVersion`.
    """
    attempt = Attempt(job, Progress(job))
    return await attempt.conclude_work(_carry_out_restore(job, attempt, word, number))


async def _read_shelf(job: Job, document: StateDocument, word: str) -> Shelf:
    workflows = document.workflows()
    address = address_in(word, workflows, f"the state of `{job.target.environment}`")
    resource = document.resources[address]
    found = await read_if_there(job.client, resource.id)
    live = {} if found is None else {resource.id: found}
    tracked = {address: resource.id}
    await prove_organization(job.client, job.target, document, Directory(), live, tracked, ())
    if found is None:
        raise Stop(
            Status.CONFLICT,
            f"`{address}` ({resource.id}) no longer exists in the organisation, and its versions "
            f"went with it; `flowdsl deploy --recreate {address} --env {job.target.environment}` "
            "creates it anew from the source",
        )
    versions = parse_saved_versions(found.remote.get(SAVED_VERSIONS))
    if not versions:
        # It is not documented whether the reply to a GET has them; for the route of versions it is.
        versions = parse_saved_versions(await job.client.workflows.versions(resource.id))
    return Shelf(address, resource, found, versions, job.target.ignored)


async def _carry_out_restore(job: Job, attempt: Attempt, word: str, number: int) -> Status:
    prior = attempt.document = await read_prior(job)
    shelf = await _read_shelf(job, prior, word)
    address, restorable = shelf.address, _find_restorable_version(shelf, number)
    plan = await _plan_restore(job, shelf, restorable)
    attempt.plan = plan
    if not plan.writes:
        return Status.NOTHING_TO_DO
    await _check_models(job, restorable, shelf)
    job.ui.show_plan(plan)
    if not job.ui.confirm(plan):
        raise Stop(Status.DECLINED, "nothing was changed")
    async with attempt.under_lease(prior) as (client, journal, _moved):
        now = journal.document.resources.get(address)
        if now is None or now.id != shelf.resource.id:
            raise Stop(
                Status.CONFLICT,
                f"`{address}` was deployed anew or let go meanwhile; look at its versions again",
            )
        if job.stop():
            raise Stop(Status.INTERRUPTED, job.stop())
        after = await _send_version(job, client, attempt.progress, shelf, restorable)
        await journal.give_back()
    if after is not None:
        attempt.messages += _what_next(job, address, now, after)
    return attempt.status


def _find_restorable_version(shelf: Shelf, number: int) -> RestorableVersion:
    for restorable in shelf.versions:
        if restorable.number == number and restorable.problem:
            raise Stop(
                Status.CONFLICT,
                f"version {number} of `{shelf.address}` cannot be brought back: "
                f"{restorable.problem}",
            )
        if restorable.number == number:
            return restorable
    there = f"there are 1 to {len(shelf.versions)}" if shelf.versions else "there are none"
    if len(shelf.versions) == 1:
        there = "there is 1 only"
    raise NoSuchVersion(f"`{shelf.address}` has no saved version {number}; {there}")


async def _plan_restore(job: Job, shelf: Shelf, restorable: RestorableVersion) -> Plan:
    """Return the difference between the workflow and a version of it, as a plan of one change."""
    last = shelf.resource
    difference = Difference(
        fields=shelf.changes(restorable),
        tags_to_add=frozenset(),
        tags_to_remove=frozenset(),
        tags_drifted=frozenset(),
        applied=last.applied,
        dropped=last.dropped,
        tags=frozenset(last.tags),
        children=last.children,
        state_is_behind=False,
    )
    change = Change(
        shelf.address,
        Action.UNCHANGED if difference.is_empty else Action.UPDATE,
        shelf.live.name,
        prior=last,
        difference=difference,
        live=shelf.live,
    )
    kept = find_untouched_fields(restorable, shelf.ignored)
    notes = (
        (
            f"{format_field_names(kept)} stay as they are: the version does not tell of them, "
            "or they are the dashboard's",
        )
        if kept
        else ()
    )
    plan = Plan((change,), (), (), notes)
    impact = await study_impact(job.client, plan, concurrency=job.options.concurrency)
    return replace(plan, impact=impact)


async def _check_models(job: Job, restorable: RestorableVersion, shelf: Shelf) -> None:
    """Raise `Stop` if a version names a missing model, whose id the service might accept."""
    wanted = model_ids(shelf.changes(restorable))
    if not wanted:
        return
    missing = wanted - {row.id for row in await job.client.model_configurations.list()}
    if missing:
        raise Stop(
            Status.CONFLICT,
            f"version {restorable.number} of `{shelf.address}` names the model configuration "
            f"{format_field_names(missing)}, which does not exist any more",
        )


async def _send_version(
    job: Job,
    client: CyberdeskClient,
    progress: Progress,
    shelf: Shelf,
    restorable: RestorableVersion,
) -> Live | None:
    """Restore the version; the result is added to `progress`.

    Returns the workflow as it is afterwards, or None if that failed.
    """
    address, identifier = shelf.address, shelf.resource.id
    progress.total = 1
    progress.begin(address, ACTION)
    lost: CyberdeskError | None = None
    try:
        before = await workflow.read(client, identifier)
        if meanwhile := find_edited_paths(workflow.POLICIES, shelf.live, before, workflow.POLICIES):
            said = (
                f"{format_field_names(meanwhile)} of `{address}` was edited after it was shown; "
                "look at it again"
            )
            progress.add(address, ACTION, "conflict", identifier, said)
            return None
        changes = changes_to(restorable, before, shelf.ignored)
        sent = {change.path: change.value for change in changes}
        try:
            await workflow.update(
                client,
                before,
                sent,
                desired=Desired(address, shelf.resource.name, restorable.values),
                children=restorable.children,
                key=f"{job.runtime.new_id()}-{ACTION}",
            )
        except CyberdeskError as error:
            if not error.outcome_unknown:
                raise
            lost = error
        # From here on something may have been written, whatever fails.
        progress.unreachable_only = False
        after = await workflow.read(client, identifier)
    except CyberdeskError as error:
        progress.fail(address, ACTION, lost or error)
        return None
    left = changes_to(restorable, after, shelf.ignored)
    edit = find_lost_update(before, after, sent)
    if edit is not None:
        progress.add(
            address,
            ACTION,
            "conflict",
            identifier,
            describe_overwritten_edit(job.target, address, edit),
            "lost_update",
        )
    elif left and lost is not None:
        progress.fail(address, ACTION, lost)
    elif left:
        said = (
            f"{format_field_names(change.path for change in left)} of `{address}` is not what was "
            "sent: somebody edits the workflow at the same time, or the service rewrites the value"
        )
        progress.add(address, ACTION, "conflict", identifier, said)
    else:
        progress.add(address, ACTION, "performed", identifier)
    return after


def _what_next(job: Job, address: Address, last: ResourceState, after: Live) -> list[str]:
    """Return messages on what the next deploy will do about the restored workflow."""
    drifted = [
        path
        for path, applied in last.applied.items()
        if path in after.values
        and fingerprint(normalise_value(workflow.POLICIES[path], after.values[path])) != applied
    ]
    if not drifted:
        return [f"`{address}` is as it was last deployed"]
    environment = job.target.environment
    return [
        f"{format_field_names(drifted)} of `{address}` is not as it was last deployed, so the "
        "next deploy stops there: bring it into the source with "
        f"`flowdsl pull {address} --env {environment}`, or go back to the source with "
        f"`flowdsl deploy --env {environment} --on-drift overwrite`"
    ]
