"""Carrying out a plan's workflows: intents first, then a few operations at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import AuthenticationRefused, CyberdeskError, ServiceUnreachable
from flowdsl.deploy.diff import Difference, compare, not_kept
from flowdsl.deploy.journal import Journal
from flowdsl.deploy.kinds import workflow
from flowdsl.deploy.outcome import Result, Status
from flowdsl.deploy.plan import Action, Change
from flowdsl.deploy.recover import Unresolved, creation_key, find_created, mark_of
from flowdsl.deploy.resource import Desired, Live, hashes
from flowdsl.deploy.target import Target
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import Intent, ResourceState
from flowdsl.state.lease import Surroundings


class WrongOrganization(Exception):
    """What was created belongs to another organisation than the one deployed to."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the workflow between the plan and now, or right after our write."""


@dataclass(slots=True)
class Progress:
    """What has been done so far. `observe` is told of each result."""

    observe: Callable[[Result], None]
    interrupted: Callable[[], bool]
    results: list[Result] = field(default_factory=list)
    refused: bool = False
    unreachable_only: bool = True
    _reason: str = ""

    @property
    def halted(self) -> str:
        """Why no further operation begins; empty while they may."""
        return self._reason or ("the deploy is interrupted" if self.interrupted() else "")

    def halt(self, reason: str) -> None:
        """Let no further operation begin; the first reason counts."""
        self._reason = self._reason or reason

    def refuse(self, reason: str) -> None:
        """Let no further operation begin, because the key does not allow them."""
        self.refused = True
        self.halt(reason)

    def add(self, result: Result) -> None:
        """Take in the result of one address."""
        self.results.append(result)
        self.observe(result)

    def fail(self, address: str, action: str, error: CyberdeskError) -> None:
        """Take in a refused or failed request."""
        if isinstance(error, AuthenticationRefused):
            self.refuse("the API key is refused")
        if not isinstance(error, ServiceUnreachable) or error.outcome_unknown:
            self.unreachable_only = False
        self.add(Result(address, action, "failed", message=str(error)))

    @property
    def status(self) -> Status:
        """The status that the results so far amount to."""
        outcomes = {result.outcome for result in self.results}
        if "unknown" in outcomes:
            return Status.UNKNOWN
        if self.interrupted():
            return Status.INTERRUPTED
        if "failed" in outcomes:
            if self.refused:
                return Status.ACCESS
            nothing_done = "performed" not in outcomes
            return Status.SERVICE if nothing_done and self.unreachable_only else Status.PARTIAL
        return Status.CONFLICT if "conflict" in outcomes else Status.DONE


@dataclass(frozen=True, slots=True)
class _Operation:
    change: Change
    desired: Desired
    intent: Intent


@dataclass(frozen=True, slots=True)
class Site:
    """Where operations take place: `tag_ids` maps the names of the organisation's tags to their ids."""

    target: Target
    tag_ids: Mapping[str, str]
    journal: Journal
    around: Surroundings


async def apply_workflows(
    client: CyberdeskClient,
    site: Site,
    changes: Iterable[Change],
    progress: Progress,
    *,
    concurrency: int,
) -> None:
    """Create and update workflows; what became of each is in `progress`, what is known of it in the journal.

    Every intent is stored before the first request. Updates go first: they touch what is in use. After an operation whose
    outcome is unknown, or a refused key, no other one begins.
    """
    operations = [
        _Operation(change, change.desired, _intent(change, change.desired, site.around))
        for change in changes
        if change.desired is not None and change.writes
    ]
    if operations:
        site.journal.intend(operation.intent for operation in operations)

    async def carry_out(own: CyberdeskClient, operation: _Operation) -> None:
        address, action = operation.change.address, operation.change.action.value
        try:
            if operation.change.action is Action.CREATE:
                workflow_id, remark = await _create(own, site, operation)
            else:
                workflow_id, remark = await _update(own, site, operation)
        except Unresolved as unresolved:
            progress.halt("the outcome of a creation is unknown")
            progress.add(Result(address, action, "unknown", message=str(unresolved)))
        except WrongOrganization as wrong:
            site.journal.settle(operation.intent)
            site.journal.drop(address)
            progress.refuse("the API key belongs to another organisation")
            progress.add(Result(address, action, "failed", message=str(wrong)))
        except ChangedMeanwhile as changed:
            site.journal.settle(operation.intent)
            progress.add(Result(address, action, "conflict", message=str(changed)))
        except CyberdeskError as error:
            progress.fail(address, action, error)
        else:
            site.journal.settle(operation.intent)
            progress.add(Result(address, action, "performed", workflow_id, remark))
        site.journal.tick()

    operations.sort(key=lambda operation: operation.change.action is Action.CREATE)
    left = await for_each(
        client,
        operations,
        carry_out,
        concurrency=concurrency,
        stopped=lambda: bool(progress.halted),
    )
    for operation in left:
        # Nothing was sent, so there is nothing to look for later.
        site.journal.settle(operation.intent)
        address, action = operation.change.address, operation.change.action.value
        progress.add(Result(address, action, "not_attempted", message=progress.halted))


def _intent(change: Change, desired: Desired, around: Surroundings) -> Intent:
    return Intent(
        id=around.new_id(),
        action="create" if change.action is Action.CREATE else "update",
        address=change.address,
        created_at=around.now(),
        generation=change.generation,
        name=desired.name,
        resource_id=None if change.prior is None else change.prior.id,
        applied=hashes(workflow.POLICIES, desired.values),
        tags=tuple(sorted(desired.tags if change.difference is None else change.difference.tags)),
    )


async def _create(client: CyberdeskClient, site: Site, operation: _Operation) -> tuple[str, str]:
    """The id of the new workflow, and what is to be said of it."""
    desired, intent, journal = operation.desired, operation.intent, site.journal
    try:
        created = await workflow.create(
            client, desired, mark=mark_of(site.target, intent), key=creation_key(intent)
        )
    except CyberdeskError as error:
        if not error.outcome_unknown:
            journal.settle(intent)
            raise
        created = await find_created(client, site.target, intent, desired, site.around)
    resource = ResourceState(
        id=created,
        generation=intent.generation,
        name=desired.name,
        protect=desired.protect,
        applied=intent.applied,
    )
    # From here on the workflow is known by its id, whatever happens to the requests that follow.
    journal.put(desired.address, resource)
    live = await workflow.read(client, created)
    _check_organization(site, created, live)
    journal.see_organization(live.organization_id)
    difference = compare(workflow.POLICIES, desired, None, live)
    if await _write_tags(client, site, operation, live, difference):
        live = await workflow.read(client, created)
    return created, _verify(desired, resource.replace(tags=intent.tags), live, journal)


def _check_organization(site: Site, created: str, live: Live) -> None:
    """Raise `WrongOrganization`: in an organisation that held nothing, the first creation is what shows whose it is."""
    expected = site.target.organization or site.journal.document.organization_id
    if None not in (expected, live.organization_id) and live.organization_id != expected:
        raise WrongOrganization(
            f"the API key belongs to the organisation `{live.organization_id}`, not to `{expected}`, and {created} was "
            "created there; delete it in the dashboard and use a key of the other organisation"
        )


async def _update(client: CyberdeskClient, site: Site, operation: _Operation) -> tuple[str, str]:
    """The id of the workflow, and what is to be said of it."""
    change, desired, intent = operation.change, operation.desired, operation.intent
    prior = change.prior
    assert prior is not None
    try:
        live = await workflow.read(client, prior.id)
        known = None if change.action is Action.ADOPT else prior
        difference = compare(workflow.POLICIES, desired, known, live)
        if edited := difference.drifted - change.drifted:
            raise ChangedMeanwhile(
                f"{_listed(edited)} of `{change.address}` was edited after the plan was made; deploy again to see it"
            )
        if difference.fields:
            await workflow.update(
                client,
                live,
                {field.path: field.value for field in difference.fields},
                desired=desired,
                children=prior.children,
                key=f"{intent.id}-update",
            )
    except CyberdeskError as error:
        if not error.outcome_unknown:
            site.journal.settle(intent)
        raise
    await _write_tags(client, site, operation, live, difference)
    live = await workflow.read(client, prior.id)
    resource = prior.replace(
        name=desired.name, protect=desired.protect, applied=intent.applied, tags=intent.tags
    )
    return prior.id, _verify(desired, resource, live, site.journal)


async def _write_tags(
    client: CyberdeskClient,
    site: Site,
    operation: _Operation,
    live: Live,
    difference: Difference,
) -> bool:
    """Remove tags of ours that are no longer wanted, then add what is missing; tells whether anything was sent."""
    key = operation.intent.id
    for name in sorted(difference.tags_to_remove):
        tag_id = live.tags[name]
        await client.workflows.remove_tag(live.id, tag_id, idempotency_key=f"{key}-untag-{tag_id}")
    if difference.tags_to_add:
        ids = [site.tag_ids[name] for name in sorted(difference.tags_to_add)]
        await client.workflows.add_tags(live.id, ids, idempotency_key=f"{key}-tag")
    return bool(difference.tags_to_remove or difference.tags_to_add)


def _verify(desired: Desired, resource: ResourceState, live: Live, journal: Journal) -> str:
    """Record the workflow as it was read after the write; returns what is to be said of it.

    Raises `ChangedMeanwhile` when it is not as it was sent. A field that is not in the reply is no edit: the service does
    not know it, which is said once and kept in state.
    """
    dropped = not_kept(workflow.POLICIES, desired, live)
    news = [path for path, sent in dropped.items() if resource.dropped.get(path) != sent]
    resource = resource.replace(
        applied={path: sent for path, sent in resource.applied.items() if path not in dropped},
        dropped=dropped,
    )
    difference = compare(workflow.POLICIES, desired, resource, live)
    tags = tuple(sorted(difference.tags & live.tags.keys()))
    journal.put(desired.address, resource.replace(children=dict(live.children), tags=tags))
    if not difference.is_empty:
        paths = {field.path for field in difference.fields}
        if difference.tags_to_add or difference.tags_to_remove:
            paths.add("tags")
        raise ChangedMeanwhile(
            f"{_listed(paths)} of `{desired.address}` is not what was sent: somebody edits the workflow at the same "
            "time, or the service rewrites the value"
        )
    return f"the service dropped {_listed(news)}, which it does not know" if news else ""


def _listed(paths: Iterable[str]) -> str:
    return ", ".join(f"`{path}`" for path in sorted(paths))
