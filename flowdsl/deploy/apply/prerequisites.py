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

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from flowdsl.config.address import IMAGE, MODEL, TAG, TAG_GROUP, Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.deploy.apply.operations import format_field_names
from flowdsl.deploy.apply.progress import Progress
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import Status, Stop
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
    creation = _Creation(job, client, prior, progress, seen, plan, plan)
    if abandoned:
        await creation.wait_for_strays()
    if any(change.action == "update" for change in plan.named):
        # The person may have spent a long time reading the plan.
        await creation.read_again()
    creation.refuse_edited()
    for kind in _ORDER:
        await creation.create_kind(kind)
    return creation.seen, creation.plan


@dataclass(slots=True)
class _Creation:
    """The work of `create_prerequisites`: `seen` and `plan` are renewed with each read."""

    job: Job
    client: CyberdeskClient
    prior: StateDocument
    progress: Progress
    seen: Refreshed
    plan: Plan
    shown: Plan

    async def create_kind(self, kind: str) -> None:
        progress, waiting = self.progress, self.open_addresses(kind)
        while not progress.halt_reason:
            steps = [step for step in self.steps(kind) if step.address in waiting]
            if not steps:
                return
            if is_unproven(self.job, self.prior, self.seen):
                steps = [min(steps, key=self.is_secret)]
            waiting -= {step.address for step in steps}
            await self.carry_out(kind, steps)
            self.refuse_edited()
        for step in self.steps(kind):
            if step.address in waiting:
                reason = progress.halt_reason
                progress.add(step.address, step.action, "not_attempted", message=reason)

    async def carry_out(self, kind: str, steps: Collection[_PrerequisiteStep]) -> None:
        """Carry out steps of one kind, and read the lists again."""
        progress, concurrency = self.progress, self.job.options.concurrency
        errors: dict[Address, CyberdeskError] = {}

        async def send(own: CyberdeskClient, step: _PrerequisiteStep) -> None:
            errors.pop(step.address, None)
            try:
                await step.send(own)
            except CyberdeskError as error:
                errors[step.address] = error

        async def begin(own: CyberdeskClient, step: _PrerequisiteStep) -> None:
            progress.begin(step.address, step.action)
            await send(own, step)

        def is_lost(step: _PrerequisiteStep) -> bool:
            error = errors.get(step.address)
            return step.action == "create" and error is not None and error.outcome_unknown

        await for_each(self.client, steps, begin, concurrency=concurrency)
        try:
            await self.look_for(kind, errors)
            open_still = self.open_addresses(kind)
            lost = [each for each in steps if each.address in open_still and is_lost(each)]
            if lost and not progress.halt_reason:
                # By now no earlier request can still arrive.
                await for_each(self.client, lost, send, concurrency=concurrency)
                await self.look_for(kind, errors)
        except (CyberdeskError, Stop) as error:
            self.add_unseen(steps, errors, error)
            raise
        open_still = self.open_addresses(kind)
        for step in steps:
            if step.address not in open_still:
                progress.add(step.address, step.action, "performed")
                continue
            progress.halt(f"`{step.address}` could not be made")
            if step.address in errors:
                failure = errors[step.address]
                # Whatever was sent, the object does not exist: the lists were read.
                progress.fail(step.address, step.action, failure, known=step.action == "create")
            else:
                message = "the service holds other values than were sent"
                progress.add(step.address, step.action, "failed", message=message)

    def add_unseen(
        self,
        steps: Collection[_PrerequisiteStep],
        errors: dict[Address, CyberdeskError],
        error: CyberdeskError | Stop,
    ) -> None:
        """Add results for steps whose outcome cannot be read because of `error`."""
        # A later deploy finds the object by its name. Until then no result may claim that nothing
        # was written.
        foreign = isinstance(error, Stop) and error.status is Status.ACCESS
        for step in steps:
            if step.address in errors:
                self.progress.fail(step.address, step.action, errors[step.address])
            elif foreign:
                message = "it was made in another organisation; delete it there in the dashboard"
                self.progress.add(step.address, step.action, "failed", None, message, "incomplete")
            else:
                self.progress.add(step.address, step.action, "performed")

    def refuse_edited(self) -> None:
        """Take updates that were not shown to anybody out of the plan.

        Each of these is a conflict, unless it was written before.
        """
        known = {change.address: change for change in self.shown.named}
        written = {result.address for result in self.progress.results}
        edited = [
            change
            for change in self.plan.named
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
            self.progress.add(change.address, change.action, "conflict", message=message)
        kept = tuple(each for each in self.plan.named if each not in edited)
        self.plan = replace(self.plan, named=kept)

    async def look_for(self, kind: str, errors: dict[Address, CyberdeskError]) -> None:
        """Read the lists until they show the lost creations or no longer can."""
        monotonic = self.job.runtime.monotonic
        begun = monotonic()
        while True:
            last = monotonic() - begun >= LATE_WRITES_END.total_seconds()
            await self.read_again()
            missing = [step.address for step in self.steps(kind) if step.action == "create"]
            if last or not any(
                each not in errors or errors[each].outcome_unknown for each in missing
            ):
                return
            await self.job.runtime.sleep(POLL_SECONDS)

    async def wait_for_strays(self) -> None:
        """Wait until no creation of a dead process can arrive.

        Only model configurations need the wait: the service would create a second one of the same
        name, and nothing but the name distinguishes them.
        """
        runtime = self.job.runtime
        begun = runtime.monotonic()
        while any(step.action == "create" for step in self.steps(MODEL)):
            if runtime.monotonic() - begun >= LATE_WRITES_END.total_seconds():
                break
            await runtime.sleep(POLL_SECONDS)
            await self.read_again()

    async def read_again(self) -> None:
        """Read the lists, and plan the same addresses from them."""
        self.seen = await refresh_directory(self.job, self.prior, self.seen)
        again = plan_from(self.job, self.prior, self.seen).without_others(self.plan.addresses)
        self.plan = replace(again, impact=self.plan.impact)

    def open_addresses(self, kind: str) -> set[Address]:
        return {step.address for step in self.steps(kind)}

    def steps(self, kind: str) -> list[_PrerequisiteStep]:
        """Return what the plan still has to create or update of one kind."""
        new_id = self.job.runtime.new_id
        if kind == IMAGE:
            return [
                _PrerequisiteStep(
                    Address(kind, item.sha256),
                    "create",
                    partial(upload_image, image=item, key=f"{new_id()}-image"),
                )
                for item in self.plan.uploads
            ]
        return [
            _PrerequisiteStep(
                change.address,
                change.action,
                partial(self.write_named, change, f"{new_id()}-{change.action}"),
            )
            for change in self.plan.named
            if change.action in ("create", "update") and change.address.kind == kind
        ]

    async def write_named(self, change: NamedChange, key: str, client: CyberdeskClient) -> None:
        """Create a named resource, with the secrets that belong to it, or update one."""
        assert change.desired is not None
        kind = NAMED_KIND[change.desired.kind]
        if change.action == "create":
            values = {**change.desired.values, **self.job.target.secrets(change.address)}
            await kind.create(client, change.desired.name, values, key=key)
        elif change.live is not None and change.difference is not None:
            values = {field.path: field.value for field in change.difference.fields}
            await kind.update(client, change.live.id, values, key=key)

    def is_secret(self, step: _PrerequisiteStep) -> bool:
        return step.action == "create" and bool(self.job.target.secrets(step.address))
