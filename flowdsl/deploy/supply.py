"""Making what workflows refer to: pictures, tag groups, tags and model configurations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from flowdsl.codegen.artifacts import ImageFile
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.job import Job
from flowdsl.deploy.kinds import NAMED, image
from flowdsl.deploy.kinds.model import ModelKind
from flowdsl.deploy.named import NamedChange, write_named
from flowdsl.deploy.outcome import Result
from flowdsl.deploy.plan import Plan
from flowdsl.deploy.progress import Progress
from flowdsl.deploy.recover import POLL_SECONDS, SETTLING
from flowdsl.deploy.resource import address_of
from flowdsl.deploy.survey import Survey, plan_from, survey_directory
from flowdsl.deploy.workers import for_each
from flowdsl.state.document import StateDocument


@dataclass(frozen=True, slots=True)
class _Step:
    address: str
    action: str
    send: Callable[[CyberdeskClient], Awaitable[None]]


async def supply(
    job: Job,
    client: CyberdeskClient,
    prior: StateDocument,
    progress: Progress,
    seen: Survey,
    plan: Plan,
    *,
    abandoned: bool = False,
) -> tuple[Survey, Plan]:
    """Make what is missing, kind by kind; returns what is there afterwards and the plan made from it.

    Each of these is found again by its name, so a lost reply is settled by reading the lists again, for as long as a request
    may take to show in them. What is missing even then has failed and halts `progress`, because workflows refer to it.
    `abandoned`: a process that held the lease before died, and what it sent may still be on its way.
    """
    if abandoned:
        seen, plan = await _wait_for_strays(job, prior, seen, plan)
    for kind in (image.NAME, *(named.name for named in NAMED)):
        steps = _steps(job, plan, kind)
        if not steps or progress.halted:
            continue
        errors: dict[str, CyberdeskError] = {}

        async def carry_out(
            own: CyberdeskClient, step: _Step, errors: dict[str, CyberdeskError] = errors
        ) -> None:
            progress.begin(step.address, step.action)
            try:
                await step.send(own)
            except CyberdeskError as error:
                errors[step.address] = error

        await for_each(client, steps, carry_out, concurrency=job.options.concurrency)
        try:
            seen, made = await _look_for(job, prior, seen, plan, kind, errors)
        except CyberdeskError:
            # What was sent is found by its name next time; until then nobody may be told that nothing was written.
            for step in steps:
                if step.address in errors:
                    progress.fail(step.address, step.action, errors[step.address])
                else:
                    progress.add(Result(step.address, step.action, "performed"))
            raise
        plan = made
        open_still = {step.address for step in _steps(job, plan, kind)}
        for step in steps:
            if step.address not in open_still:
                progress.add(Result(step.address, step.action, "performed"))
                continue
            progress.halt(f"`{step.address}` could not be made")
            if step.address in errors:
                failure = errors[step.address]
                # Whatever was sent, it is not there: that was looked at.
                progress.fail(step.address, step.action, failure, known=step.action == "create")
            else:
                message = "the service holds other values than were sent"
                progress.add(Result(step.address, step.action, "failed", message=message))
    return seen, plan


async def _look_for(
    job: Job,
    prior: StateDocument,
    seen: Survey,
    plan: Plan,
    kind: str,
    errors: Mapping[str, CyberdeskError],
) -> tuple[Survey, Plan]:
    """The survey and the plan once the lists show what was sent, or once they no longer can."""
    begun = job.around.monotonic()
    while True:
        last = job.around.monotonic() - begun >= SETTLING.total_seconds()
        seen = await survey_directory(job, seen)
        made = _plan_again(job, prior, seen, plan)
        missing = [each.address for each in _steps(job, made, kind) if each.action == "create"]
        expected = [each for each in missing if each not in errors or errors[each].outcome_unknown]
        if last or not expected:
            return seen, made
        await job.around.sleep(POLL_SECONDS)


async def _wait_for_strays(
    job: Job, prior: StateDocument, seen: Survey, plan: Plan
) -> tuple[Survey, Plan]:
    """The survey and the plan once nothing can come any more of a creation of which only the name tells, and which the
    service would make twice: a model configuration."""
    begun = job.around.monotonic()
    while any(step.action == "create" for step in _steps(job, plan, ModelKind.name)):
        if job.around.monotonic() - begun >= SETTLING.total_seconds():
            break
        await job.around.sleep(POLL_SECONDS)
        seen = await survey_directory(job, seen)
        plan = _plan_again(job, prior, seen, plan)
    return seen, plan


def _plan_again(job: Job, prior: StateDocument, seen: Survey, plan: Plan) -> Plan:
    return replace(plan_from(job, prior, seen).only(plan.addresses), impact=plan.impact)


def _steps(job: Job, plan: Plan, kind: str) -> list[_Step]:
    if kind == image.NAME:
        return [
            _Step(address_of(kind, item.sha256), "create", partial(_upload, job, item))
            for item in plan.uploads
        ]
    return [
        _Step(change.address, change.action, partial(_write, job, change))
        for change in plan.named
        if change.action in ("create", "update") and change.address.startswith(f"{kind}.")
    ]


async def _upload(job: Job, item: ImageFile, client: CyberdeskClient) -> None:
    await image.upload(client, item, key=f"{job.around.new_id()}-image")


async def _write(job: Job, change: NamedChange, client: CyberdeskClient) -> None:
    secrets = job.target.secrets(change.address) if change.action == "create" else {}
    await write_named(client, change, secrets, key=f"{job.around.new_id()}-{change.action}")
