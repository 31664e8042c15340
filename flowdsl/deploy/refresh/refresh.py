"""Reads state and service, checks that they belong together, and compares them for a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from flowdsl.codegen.artifacts import Bundle
from flowdsl.config.address import Address, workflow_address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.ownership.identity import (
    check_api_base,
    check_organization,
    find_expected_organization,
    find_unclaimed_workflows,
    prove_organization,
    stop_for_lost_state,
)
from flowdsl.deploy.planning.breaking import breaking_changes
from flowdsl.deploy.planning.desired import DesiredState, find_wanted_lists, resolve_desired_state
from flowdsl.deploy.planning.named import plan_named
from flowdsl.deploy.planning.plan import Plan, Settled, plan_changes
from flowdsl.deploy.recovery.late_writes import find_own_deletions
from flowdsl.deploy.refresh.guards import guards_of
from flowdsl.deploy.refresh.impact import study_impact
from flowdsl.deploy.refresh.tracked import read_live
from flowdsl.deploy.resources.directory import Directory, read_directory
from flowdsl.deploy.resources.policy import render_canonical_json
from flowdsl.deploy.resources.resource import Live
from flowdsl.deploy.target import DeployTarget
from flowdsl.state.document import StateDocument, new_document, refuse_moved
from flowdsl.state.stores import StateStore, Versioned


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The desired and the live state, read at one time.

    `live` maps ids to workflows, `settled` some of these to what a comparison found, and `tracked`
    addresses to the ids in state, of which `gone` do not exist. `organization_id` is that of the
    key, None while no reply has shown it.
    """

    directory: Directory
    desired: DesiredState
    live: Mapping[str, Live]
    settled: Mapping[str, Settled]
    tracked: Mapping[Address, str]
    organization_id: str | None

    @property
    def gone(self) -> frozenset[Address]:
        return frozenset(address for address, each in self.tracked.items() if each not in self.live)


async def read_prior(job: Job) -> StateDocument:
    """Return the state document, a new one on a first deploy; raises `Stop` if state was lost."""
    versioned = await asyncio.to_thread(job.store.load)
    if versioned is None:
        versioned = await state_after_all(job.client, job.target, job.store, job.bundle)
    return _require_document(job, versioned)


async def state_after_all(
    client: CyberdeskClient, target: DeployTarget, store: StateStore, bundle: Bundle
) -> Versioned | None:
    """Return the state if none was found at first: None before a first deploy.

    Raises `Stop` if state was lost: the organisation holds workflows of this project.
    """
    in_source = {
        workflow_address(item.name): (
            workflow_address(item.renamed_from) if item.renamed_from else None
        )
        for item in bundle.workflows
    }
    left = await find_unclaimed_workflows(client, target, in_source)
    # A concurrent first deploy writes its state before it creates anything: read state again.
    versioned = await asyncio.to_thread(store.load) if left else None
    if versioned is None and left:
        raise stop_for_lost_state(target, store.url, left)
    return versioned


async def read_state(job: Job) -> StateDocument:
    """Return the state document, or a new one if there is none, whatever the organisation holds."""
    return _require_document(job, await asyncio.to_thread(job.store.load))


def _require_document(job: Job, versioned: Versioned | None) -> StateDocument:
    if versioned is not None:
        refuse_moved(versioned.document, job.store.url)
        check_api_base(job.target, versioned.document)
        return versioned.document
    return new_document(
        job.target.project,
        job.target.environment,
        api_base=job.target.api_base,
        lineage=job.runtime.new_id(),
        nonce=job.runtime.new_id(),
    )


async def refresh(job: Job, prior: StateDocument) -> Refreshed:
    """Read the service.

    Raises `Stop` for a wrong organisation or a project that it cannot satisfy, and
    `CyberdeskError`.
    """
    directory = await read_directory(job.client, find_wanted_lists(job.bundle, job.target))
    tracked = prior.workflow_ids()
    desire = cache(lambda: resolve_desired_state(job.bundle, job.target, directory))
    live, settled = await read_live(job, prior, desire)
    deleted = find_own_deletions(prior)
    ours = {address for address, workflow_id in tracked.items() if workflow_id in deleted}
    given_up = job.options.recreate | job.target.forgotten | ours
    organization_id = await prove_organization(
        job.client, job.target, prior, directory, live, tracked, given_up
    )
    desired = _require_sound(desire())
    return Refreshed(directory, desired, live, settled, tracked, organization_id)


async def refresh_directory(job: Job, prior: StateDocument, before: Refreshed) -> Refreshed:
    """Return `before` with the lists read again; raises `Stop` for a wrong organisation."""
    directory = await read_directory(job.client, find_wanted_lists(job.bundle, job.target))
    owners = directory.organizations()
    check_organization(job.target, prior, owners)
    return replace(
        before,
        directory=directory,
        desired=_require_sound(resolve_desired_state(job.bundle, job.target, directory)),
        organization_id=min(owners, default=before.organization_id),
    )


def is_unproven(job: Job, prior: StateDocument, seen: Refreshed) -> bool:
    """Whether only a creation can show that the key is of the organisation deployed to.

    Until one has, no two writes may be under way: the first may have reached another organisation.
    """
    return (
        seen.organization_id is None and find_expected_organization(job.target, prior) is not None
    )


def concurrency_of(job: Job, prior: StateDocument, seen: Refreshed) -> int:
    """Return the number of workflows that may be written at the same time."""
    return 1 if is_unproven(job, prior, seen) else job.options.concurrency


def plan_from(job: Job, prior: StateDocument, seen: Refreshed) -> Plan:
    """Return the plan from the refreshed data; raises `Stop`, `PlanError` or `AmbiguousName`."""
    options, target = job.options, job.target
    named = plan_named(seen.desired.named, prior, seen.directory, target.deleted)
    plan = plan_changes(
        target,
        seen.desired,
        named,
        prior,
        seen.live,
        settled=seen.settled,
        recreate=options.recreate,
        prune=options.prune,
    )
    if options.only:
        plan = plan.restrict_to_addresses(options.only)
    if unknown := sorted(_unknown_models(plan, seen.desired.unknown_models)):
        raise Stop(Status.INVALID, *unknown)
    if options.breaking != "ignore":
        found = (
            (change.address, breaking_changes(change, job.bundle.chains)) for change in plan.changes
        )
        plan = replace(plan, breaking={address: each for address, each in found if each})
    return replace(
        plan,
        guards=guards_of(plan, seen.tracked, seen.gone & prior.resources.keys(), options.breaking),
    )


def _unknown_models(plan: Plan, unknown: Mapping[str, str]) -> set[str]:
    """Return messages about models that the plan would send and that do not exist."""
    found: set[str] = set()
    for change in plan.changes if unknown else ():
        if change.desired is None or not change.writes:
            continue
        fields = () if change.difference is None else change.difference.fields
        sent = [field.value for field in fields] or list(change.desired.values.values())
        text = render_canonical_json(sent)
        found |= {
            f"`{change.address}` cannot be deployed: {message}"
            for model, message in unknown.items()
            if model in text
        }
    return found


async def full_plan(job: Job, prior: StateDocument, seen: Refreshed) -> Plan:
    """Return the plan from the refreshed data, with its impact; also raises `CyberdeskError`."""
    plan = plan_from(job, prior, seen)
    for address, moved in sorted(plan.blocked_by.items()):
        raise Stop(
            Status.CONFLICT,
            f"`{address}` cannot be deployed without `{moved}`, to which the workflow that is "
            "there now moves; name both with `--only`",
        )
    impact = await study_impact(job.client, plan, concurrency=job.options.concurrency)
    return replace(plan, impact=impact)


def _require_sound(desired: DesiredState) -> DesiredState:
    if desired.problems:
        raise Stop(Status.INVALID, *desired.problems)
    return desired
