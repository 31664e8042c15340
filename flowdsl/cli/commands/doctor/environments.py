"""Checks of one environment of the project: its key, its service, what flows name, its state."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

from flowdsl.compiler.pipeline import compile_project
from flowdsl.config.project import EMBEDDED
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import AuthenticationRefused, CyberdeskError
from flowdsl.cyberdesk.trust import check_api_url
from flowdsl.deploy.planning.desired import find_wanted_lists, resolve_desired_state
from flowdsl.deploy.resources.directory import WantedLists, read_directory
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.environment import TRUSTED_HOSTS, MissingKey, hosts_to_trust, read_api_key
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import StateDocument, refuse_moved, refuse_other_service
from flowdsl.state.errors import StateError

from ...runtime.command_line.options import TimeLimit
from ...runtime.console import Console
from ...runtime.engine.deployment import Deployment, open_deployment, use_service
from ..state.read import age_of
from .machine import DoctorResult

CLOCK_SECONDS = 60.0
"""How far the clocks may be apart. Signed requests to a bucket fail from 15 minutes on, and
moments of runs are compared with those of the service."""


def check_environment(
    name: str, arguments: argparse.Namespace, console: Console
) -> list[DoctorResult]:
    """Look at the environment `name` of the project; nothing is written."""
    try:
        deployment = open_deployment(name, console)
    except FlowdslError as failure:
        return [DoctorResult("the environment", "problem", str(failure))]
    document, state_results = _check_state(deployment)
    results = [*_check_key(deployment), *state_results]
    if any(each.subject == "the key" and each.outcome == "problem" for each in results):
        return results
    return [*results, *_check_service(deployment, document, arguments, console)]


def _check_key(deployment: Deployment) -> Iterator[DoctorResult]:
    """Find the key without printing or sending it."""
    environment = deployment.environment
    if environment.api == EMBEDDED:  # it needs no key
        return
    try:
        check_api_url(environment.api, hosts_to_trust(os.environ))
    except CyberdeskError as failure:
        advice = f"`{TRUSTED_HOSTS}` names hosts that a key may be sent to"
        yield DoctorResult("the key", "problem", str(failure), advice)
        return
    source = environment.api_key
    if source is None:
        message = "the environment does not say where its API key is"
        advice = 'add `api_key = { env = "CYBERDESK_API_KEY" }` to it'
        yield DoctorResult("the key", "problem", message, advice)
        return
    place = f"the variable `{source.name}`" if source.kind == "env" else f"`{source.name}`"
    try:
        read_api_key(source, deployment.target.root, os.environ)
    except MissingKey as failure:
        advice = f"put the key of the organisation into {place}"
        yield DoctorResult("the key", "problem", str(failure), advice)
    else:
        yield DoctorResult("the key", "ok", f"it is in {place}")


def _check_state(deployment: Deployment) -> tuple[StateDocument | None, list[DoctorResult]]:
    """Read state; return the usable document, if any, and what was found."""
    store, environment = deployment.store, deployment.environment
    try:
        versioned = store.load()
        document = None if versioned is None else versioned.document
        if document is not None:
            refuse_moved(document, store.url)
            refuse_other_service(document, environment.name, deployment.api_base)
    except StateError as failure:
        return None, [DoctorResult("the state", "problem", str(failure))]
    return document, list(_describe_state(document, deployment))


def _describe_state(
    document: StateDocument | None, deployment: Deployment
) -> Iterator[DoctorResult]:
    """Say where the state is, what it holds, and whether others have it."""
    store, name = deployment.store, deployment.environment.name
    if document is None:
        yield DoctorResult(
            "the state", "ok", f"there is none at `{store.url}`: nothing is deployed yet"
        )
    else:
        workflows = format_count(len(document.workflow_ids()), "workflow")
        commit = "" if document.source is None else f", of commit {document.source.commit[:12]}"
        yield DoctorResult("the state", "ok", f"{workflows}{commit}, at `{store.url}`")
    if not store.shared and deployment.environment.api != EMBEDDED:
        moved = (
            "" if document is None else f"; `flowdsl state migrate --env {name} --to URL` moves it"
        )
        yield DoctorResult(
            "the state",
            "note",
            "it is a file of this machine, which neither a build nor a colleague has",
            f'`state = "git+ref://origin/..."` or a bucket keeps it for all{moved}',
        )
    if document is not None:
        yield from _describe_open_work(document, name)


def _describe_open_work(document: StateDocument, name: str) -> Iterator[DoctorResult]:
    """The lease, and writes that were left open."""
    writes = format_count(len(document.pending), "write")
    if document.lease is not None:
        lease, now = document.lease, datetime.now(UTC)
        # It is by the holder's clock, so whether that deploy is dead stays a person's decision.
        is_late = lease.expires < now
        since = f"{lease.holder} holds it for {age_of(lease, now)}"
        yield DoctorResult(
            "the lease",
            "problem" if is_late else "note",
            f"{since}, and has not renewed it in time" if is_late else since,
            "the next deploy takes over what a dead one left; where that deploy is dead for "
            f"certain, `flowdsl unlock --env {name} --lock-id {lease.id}` does so at once",
        )
    if document.pending:
        message = f"an earlier deploy left {writes} open"
        advice = f"`flowdsl recover --env {name}` finds out what became of them"
        yield DoctorResult(
            "the state", "problem" if document.lease is None else "note", message, advice
        )


def _check_service(
    deployment: Deployment,
    document: StateDocument | None,
    arguments: argparse.Namespace,
    console: Console,
) -> list[DoctorResult]:
    """Ask the service; a failure becomes the result of what was being asked."""
    results: list[DoctorResult] = []
    subject = "the service"

    async def ask(client: CyberdeskClient) -> None:
        nonlocal subject
        for asked, check in (
            ("the service", _check_clock(client, deployment)),
            ("the organisation", _check_organization(client, deployment, document)),
            ("names", _check_names(client, deployment)),
        ):
            subject = asked
            async for result in check:
                results.append(result)

    environment, limit = deployment.environment, TimeLimit(arguments.patience)
    try:
        use_service(arguments, console, environment, deployment.target.root, ask, limit=limit)
    except AuthenticationRefused as failure:
        advice = "make a key in the settings of the dashboard, and put it in the place of this one"
        results.append(DoctorResult("the key", "problem", str(failure), advice))
    except FlowdslError as failure:
        advice = "" if results else f"look at `api` ({environment.api}), and at proxies"
        results.append(DoctorResult(subject, "problem", str(failure), advice))
    return results


async def _check_clock(
    client: CyberdeskClient, deployment: Deployment
) -> AsyncIterator[DoctorResult]:
    """Find out whether the service answers, and whether its clock agrees with ours."""
    before = datetime.now(UTC)
    clock = await client.read_clock()
    after = datetime.now(UTC)
    api = deployment.environment.api
    yield DoctorResult(
        "the service", "ok", f"{'the local Cyberdesk' if api == EMBEDDED else api} answers"
    )
    if clock is not None:
        yield _compare_clocks(clock, before, after)


def _compare_clocks(service: datetime, before: datetime, after: datetime) -> DoctorResult:
    """Compare the service's clock with ours, read before and after its reply."""
    ahead = (before - service).total_seconds()
    behind = (service - after).total_seconds()
    apart = max(ahead, behind)
    if apart <= CLOCK_SECONDS:
        return DoctorResult("the clock", "ok", "it agrees with that of the service")
    direction = "ahead of" if ahead > behind else "behind"
    return DoctorResult(
        "the clock",
        "problem",
        f"it is {apart:.0f} s {direction} that of the service",
        "let the system set it (`timedatectl set-ntp true`, or the settings of the system)",
    )


async def _check_organization(
    client: CyberdeskClient, deployment: Deployment, document: StateDocument | None
) -> AsyncIterator[DoctorResult]:
    """Compare the organisation of the key with the one that project or state names."""
    workflows = await client.workflows.list(limit=1)
    machines = await client.machines.list(limit=1)
    seen = {row.organization_id for row in workflows.items}
    seen |= {row.organization_id for row in machines.items}
    expected = deployment.environment.organization or (document and document.organization_id)
    found = min(filter(None, seen), default=None)
    counts = (
        f"{format_count(workflows.total, 'workflow')}, {format_count(machines.total, 'machine')}"
    )
    if found is None:
        message = f"the key is accepted; its organisation is not known yet: {counts}"
        yield DoctorResult("the organisation", "ok", message)
    elif expected is not None and found != expected:
        yield DoctorResult(
            "the organisation",
            "problem",
            f"the key belongs to {found}, and `{deployment.environment.name}` to {expected}",
            "use a key of that organisation",
        )
    else:
        yield DoctorResult("the organisation", "ok", f"{found}: {counts}")


async def _check_names(
    client: CyberdeskClient, deployment: Deployment
) -> AsyncIterator[DoctorResult]:
    """Look for models and tags that the flows name and the organisation lacks."""
    target = deployment.target
    if not target.entries:
        return
    options = target.options(deployment.environment)
    bundle = compile_project(target.files, target.entries, options).bundle
    if bundle is None:
        yield DoctorResult(
            "names", "unknown", "the flows have errors, so what they name is not known"
        )
        return
    wanted = deployment.deploy_target()
    lists = find_wanted_lists(bundle, wanted)
    desired = resolve_desired_state(bundle, wanted, await read_directory(client, lists))
    for problem in desired.problems:
        yield DoctorResult(
            "names", "problem", problem, "`flowdsl models list` and `tags list` show all"
        )
    if not desired.problems:
        asked = "every model and tag that the flows name is there"
        nothing = "the flows name no model and no tag"
        yield DoctorResult("names", "ok", nothing if lists == WantedLists() else asked)
