"""Creates what workflows refer to: tag groups, tags, pictures and model configurations.

The order of the kinds limits the damage that a wrong API key can do. If the organisation holds
nothing, only the reply to the first creation shows which organisation it is, and by then that
object may be in the wrong one.

- A tag or group shows the organisation and reveals only a name.
- A picture does not show the organisation.
- Model configurations are last, and those that carry the key of a provider after those without. So
  that key is at risk only if nothing else is declared that would show the organisation first. The
  service offers no way to avoid that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flowdsl.codegen.artifacts import ImageFile
from flowdsl.config.address import IMAGE, MODEL, TAG, TAG_GROUP, Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.apply.operations import format_field_names
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import OperationResult, Status, Stop
from flowdsl.deploy.planning.named import NamedChange
from flowdsl.deploy.planning.plan import Plan
from flowdsl.deploy.recovery.late_writes import LATE_WRITES_END, POLL_SECONDS
from flowdsl.deploy.refresh.refresh import Refreshed, is_unproven, plan_from, refresh_directory
from flowdsl.deploy.resources.directory import upload_image
from flowdsl.deploy.resources.named import NAMED_KIND
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import StateDocument


@dataclass(frozen=True, slots=True)
class _PrerequisiteStep:
    address: Address
    action: str
    send: Callable[[CyberdeskClient], Awaitable[None]]


_ORDER = (TAG_GROUP, TAG, IMAGE, MODEL)


async def create_prerequisites(
    job: Job,
    client: CyberdeskClient,
    prior: StateDocument,
    progress: Progress,
    seen: Refreshed,
    plan: Plan,
    *,
    abandoned: bool = False,
) -> tuple[Refreshed, Plan]:
    """Create missing prerequisites, kind by kind; return the lists afterwards and their plan.

    Each of these objects is found again by its name. So a lost reply is resolved by reading the
    lists again, for as long as a request may take to show in them. An object that is missing even
    then is requested once more, with the same key; if it is still missing, it has failed and halts
    `progress`, because workflows refer to it. `abandoned` is true if a previous lease holder died
    and may have requests that are still under way.

    `plan` is the one that was shown. An update that differs from it is a conflict: these objects
    have no versions from which an overwritten edit could be restored.

    Raises `Stop` as soon as a list shows another organisation than the one deployed to. Until a
    reply shows the organisation, creations are sent one at a time, and each is looked up before the
    next.
    """
    shown = plan
    if abandoned:
        seen, plan = await _wait_for_strays(job, prior, seen, plan)
    if any(change.action == "update" for change in plan.named):
        # The person may have spent a long time reading the plan.
        seen, plan = await _read_again(job, prior, seen, plan)
    plan = _without_edited(progress, shown, plan)
    for kind in _ORDER:
        waiting = {step.address for step in _list_prerequisite_steps(job, plan, kind)}
        while not progress.halt_reason:
            steps = [
                step
                for step in _list_prerequisite_steps(job, plan, kind)
                if step.address in waiting
            ]
            if not steps:
                break
            if is_unproven(job, prior, seen):
                steps = [min(steps, key=partial(_is_secret, job))]
            waiting -= {step.address for step in steps}
            seen, plan = await _carry_out(job, client, prior, progress, seen, plan, kind, steps)
            plan = _without_edited(progress, shown, plan)
        for step in _list_prerequisite_steps(job, plan, kind) if progress.halt_reason else ():
            if step.address in waiting:
                reason = progress.halt_reason
                progress.add(
                    OperationResult(step.address, step.action, "not_attempted", message=reason)
                )
    return seen, plan


async def _carry_out(
    job: Job,
    client: CyberdeskClient,
    prior: StateDocument,
    progress: Progress,
    seen: Refreshed,
    plan: Plan,
    kind: str,
    steps: Collection[_PrerequisiteStep],
) -> tuple[Refreshed, Plan]:
    """Carry out the steps of one kind; return the refreshed lists and plan. Results: `progress`."""
    errors: dict[Address, CyberdeskError] = {}

    async def carry_out(own: CyberdeskClient, step: _PrerequisiteStep) -> None:
        errors.pop(step.address, None)
        try:
            await step.send(own)
        except CyberdeskError as error:
            errors[step.address] = error

    async def begin(own: CyberdeskClient, step: _PrerequisiteStep) -> None:
        progress.begin(step.address, step.action)
        await carry_out(own, step)

    concurrency = job.options.concurrency
    await for_each(client, steps, begin, concurrency=concurrency)
    try:
        seen, plan = await _look_for(job, prior, seen, plan, kind, errors)
        open_still = {each.address for each in _list_prerequisite_steps(job, plan, kind)}
        lost = [each for each in steps if each.address in open_still and _is_lost(each, errors)]
        if lost and not progress.halt_reason:
            # By now no earlier request can still arrive.
            await for_each(client, lost, carry_out, concurrency=concurrency)
            seen, plan = await _look_for(job, prior, seen, plan, kind, errors)
    except (CyberdeskError, Stop) as error:
        _tell_unseen(progress, steps, errors, error)
        raise
    open_still = {step.address for step in _list_prerequisite_steps(job, plan, kind)}
    for step in steps:
        if step.address not in open_still:
            progress.add(OperationResult(step.address, step.action, "performed"))
            continue
        progress.halt(f"`{step.address}` could not be made")
        if step.address in errors:
            failure = errors[step.address]
            # Whatever was sent, the object does not exist: the lists were read.
            progress.fail(step.address, step.action, failure, known=step.action == "create")
        else:
            message = "the service holds other values than were sent"
            progress.add(OperationResult(step.address, step.action, "failed", message=message))
    return seen, plan


def _tell_unseen(
    progress: Progress,
    steps: Collection[_PrerequisiteStep],
    errors: Mapping[Address, CyberdeskError],
    error: CyberdeskError | Stop,
) -> None:
    """Add results for steps whose outcome cannot be read because of `error`."""
    # A later deploy finds the object by its name. Until then no result may claim that nothing was
    # written.
    foreign = isinstance(error, Stop) and error.status is Status.ACCESS
    for step in steps:
        if step.address in errors:
            progress.fail(step.address, step.action, errors[step.address])
        elif foreign:
            message = "it was made in another organisation; delete it there in the dashboard"
            progress.add(
                OperationResult(step.address, step.action, "failed", None, message, "incomplete")
            )
        else:
            progress.add(OperationResult(step.address, step.action, "performed"))


def _is_lost(step: _PrerequisiteStep, errors: Mapping[Address, CyberdeskError]) -> bool:
    """Whether the outcome of a creation request is unknown."""
    error = errors.get(step.address)
    return step.action == "create" and error is not None and error.outcome_unknown


def _without_edited(progress: Progress, shown: Plan, plan: Plan) -> Plan:
    """Return `plan` without updates that were not shown to anybody.

    Each of these is a conflict, unless it was written before.
    """
    known = {change.address: change for change in shown.named}
    written = {result.address for result in progress.results}
    edited = [
        change
        for change in plan.named
        if change.action == "update"
        and change.address not in written
        and not (change.address in known and change.carries_out(known[change.address]))
    ]
    for change in edited:
        assert change.difference is not None
        paths = format_field_names(field.path for field in change.difference.fields)
        message = (
            f"{paths} of `{change.address}` was edited after the plan was made; "
            "deploy again to see it"
        )
        progress.add(OperationResult(change.address, change.action, "conflict", message=message))
    return replace(plan, named=tuple(each for each in plan.named if each not in edited))


async def _look_for(
    job: Job,
    prior: StateDocument,
    seen: Refreshed,
    plan: Plan,
    kind: str,
    errors: Mapping[Address, CyberdeskError],
) -> tuple[Refreshed, Plan]:
    """Refresh until the lists show the lost creations or no longer can; return lists and plan."""
    begun = job.runtime.monotonic()
    while True:
        last = job.runtime.monotonic() - begun >= LATE_WRITES_END.total_seconds()
        seen, made = await _read_again(job, prior, seen, plan)
        missing = [
            each.address
            for each in _list_prerequisite_steps(job, made, kind)
            if each.action == "create"
        ]
        expected = [each for each in missing if each not in errors or errors[each].outcome_unknown]
        if last or not expected:
            return seen, made
        await job.runtime.sleep(POLL_SECONDS)


async def _wait_for_strays(
    job: Job, prior: StateDocument, seen: Refreshed, plan: Plan
) -> tuple[Refreshed, Plan]:
    """Wait until no creation of a dead process can arrive; return the lists and the plan.

    Only model configurations need the wait: the service would create a second one of the same name,
    and nothing but the name distinguishes them.
    """
    begun = job.runtime.monotonic()
    while any(step.action == "create" for step in _list_prerequisite_steps(job, plan, MODEL)):
        if job.runtime.monotonic() - begun >= LATE_WRITES_END.total_seconds():
            break
        await job.runtime.sleep(POLL_SECONDS)
        seen, plan = await _read_again(job, prior, seen, plan)
    return seen, plan


async def _read_again(
    job: Job, prior: StateDocument, seen: Refreshed, plan: Plan
) -> tuple[Refreshed, Plan]:
    seen = await refresh_directory(job, prior, seen)
    again = plan_from(job, prior, seen).only(plan.addresses)
    return seen, replace(again, impact=plan.impact)


def _list_prerequisite_steps(job: Job, plan: Plan, kind: str) -> list[_PrerequisiteStep]:
    if kind == IMAGE:
        return [
            _PrerequisiteStep(
                Address(kind, item.sha256),
                "create",
                partial(_upload_picture, job.runtime.new_id(), item),
            )
            for item in plan.uploads
        ]
    return [
        _PrerequisiteStep(
            change.address,
            change.action,
            partial(_write_named_change, job, job.runtime.new_id(), change),
        )
        for change in plan.named
        if change.action in ("create", "update") and change.address.kind == kind
    ]


def _is_secret(job: Job, step: _PrerequisiteStep) -> bool:
    return step.action == "create" and bool(job.target.secrets(step.address))


async def _upload_picture(key: str, item: ImageFile, client: CyberdeskClient) -> None:
    await upload_image(client, item, key=f"{key}-image")


async def _write_named_change(
    job: Job, key: str, change: NamedChange, client: CyberdeskClient
) -> None:
    secrets = job.target.secrets(change.address) if change.action == "create" else {}
    await _write_named(client, change, secrets, key=f"{key}-{change.action}")


async def _write_named(
    client: CyberdeskClient, change: NamedChange, secrets: Mapping[str, Any], *, key: str
) -> None:
    """Create or update a named resource; raises `CyberdeskError`.

    `secrets` are write-only fields that are sent with a creation.
    """
    assert change.desired is not None
    kind = NAMED_KIND[change.desired.kind]
    if change.action == "create":
        values = {**change.desired.values, **secrets}
        await kind.create(client, change.desired.name, values, key=key)
    elif change.live is not None and change.difference is not None:
        values = {field.path: field.value for field in change.difference.fields}
        await kind.update(client, change.live.id, values, key=key)
