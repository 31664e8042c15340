"""Reasons not to carry a plan out, and decisions on drift.

Guards are reasons that a person can accept. Drift is an edit or deletion that somebody made
elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from flowdsl.config.address import Address
from flowdsl.deploy.comparison.edits import way_to_keep
from flowdsl.deploy.job import Job, OnBreaking
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.planning.plan import Action, Guard, Plan
from flowdsl.state.document import DeployedSource

DELETES, UPDATES, MISSING, BREAKING = "deletes", "updates", "missing", "breaking"
NAMES = (DELETES, UPDATES, MISSING, BREAKING)

FEW_DELETES, FEW_UPDATES, FEW_MISSING = 3, 10, 1
"""Numbers that never trip a guard, however small the project is."""

SHARE_OF_DELETES, SHARE_OF_UPDATES, SHARE_OF_MISSING = 0.2, 0.5, 0.2


def guards_of(
    plan: Plan, tracked: Mapping[Address, str], gone: Collection[Address], on_breaking: OnBreaking
) -> tuple[Guard, ...]:
    """Return the guards that `plan` trips.

    `tracked` maps the workflows in state to their ids, and `gone` are those that do not exist.
    """
    return tuple(_find_tripped_guards(plan, len(tracked), len(gone), on_breaking))


def _find_tripped_guards(
    plan: Plan, tracked: int, gone: int, on_breaking: OnBreaking
) -> Iterator[Guard]:
    deletes = len(plan.of(Action.DELETE))
    if deletes > max(FEW_DELETES, SHARE_OF_DELETES * tracked):
        yield Guard(DELETES, deletes, f"{deletes} of {tracked} workflows would be deleted")
    adopted = plan.of(Action.ADOPT)
    there = tracked + len(adopted)
    updates = sum(change.writes for change in (*plan.of(Action.UPDATE, Action.RENAME), *adopted))
    if updates > max(FEW_UPDATES, SHARE_OF_UPDATES * there):
        yield Guard(UPDATES, updates, f"{updates} of {there} workflows would be changed")
    if gone > max(FEW_MISSING, SHARE_OF_MISSING * tracked):
        yield Guard(
            MISSING,
            gone,
            f"{gone} of {tracked} workflows in state do not exist in the organisation",
        )
    broken = sum(map(len, plan.breaking.values()))
    if broken and on_breaking == "error":
        yield Guard(BREAKING, broken, f"{broken} changes break those who call the workflows")


def check_guards(plan: Plan, accepted: Mapping[str, int]) -> None:
    """Raise `Stop` for a guard that was not accepted, or was accepted with another number."""
    messages = []
    for guard in plan.guards:
        number = accepted.get(guard.name)
        if number is None:
            messages.append(
                f"{guard.message}; if that is meant, `--accept-guard {guard.name}={guard.planned}`"
            )
        elif number != guard.planned:
            messages.append(
                f"{guard.message}, and `--accept-guard {guard.name}={number}` lifts that for "
                f"{number}; look at the plan again"
            )
    if messages:
        raise Stop(Status.GUARDED, *messages)


def check_protection(plan: Plan, environment: str) -> None:
    """Raise `Stop` if a protected workflow would be deleted.

    `protect` in state counts, whatever the source says now.
    """
    held = [
        change.address
        for change in plan.of(Action.DELETE)
        if change.prior is not None and change.prior.protect
    ]
    if held:
        raise Stop(
            Status.GUARDED,
            *(
                f"`{address}` is protected and is not deleted; "
                f"`flowdsl state unprotect {address} --env {environment}` "
                "takes the protection off"
                for address in held
            ),
        )


def check_source(job: Job, deployed: DeployedSource | None) -> None:
    """Raise `Stop` for a work tree that must not be deployed.

    That is a dirty one if the environment is protected, or one older than the deployed commit.
    """
    target, source = job.target, job.source
    if target.protected:
        if source is None:
            raise Stop(
                Status.GUARDED,
                f"`{target.environment}` is protected and takes committed sources only: "
                f"{target.no_checkout}",
            )
        if source.dirty:
            raise Stop(
                Status.GUARDED,
                f"`{target.environment}` is protected and takes committed sources only, and the "
                "work tree has changes; commit them first",
            )
    if deployed is None or source is None or job.history is None or job.options.allow_older:
        return
    short = deployed.commit[:12]
    relation = job.history.relation(deployed.commit)
    if relation == "older":
        raise Stop(
            Status.CONFLICT,
            f"the commit {source.commit[:12]} is older than {short}, which is deployed; "
            "deploy the newer one, or go back on purpose with `--allow-older`",
        )
    if relation == "unknown" and job.history.shallow:
        raise Stop(
            Status.CONFLICT,
            f"the deployed commit {short} is not in this shallow clone, so it cannot be told "
            f"whether {source.commit[:12]} is older; fetch the history (`git fetch --unshallow`), "
            "or deploy with `--allow-older`",
        )


def decide_on_drift(job: Job, plan: Plan) -> Plan:
    """Return the plan to carry out, without drifted resources if that is chosen.

    A drifted workflow is skipped as a whole: half from the dashboard and half from the source, it
    would be a workflow that nobody has seen. Raises `Stop`.
    """
    if missing := plan.of(Action.MISSING):
        job.ui.show_plan(plan)
        raise Stop(
            Status.CONFLICT,
            *(
                f"`{change.address}` ({change.prior.id if change.prior else ''}) no longer exists "
                "in the organisation; "
                "if it was deleted on purpose, take it out of the source, or deploy with "
                f"`--recreate {change.address}` to create it anew"
                for change in missing
            ),
        )
    drifted = plan.drifted
    if not drifted:
        return plan
    choice = job.options.on_drift or job.ui.choose_for_drift(plan)
    if choice == "overwrite":
        return plan
    if choice == "skip":
        return _leave_drifted_alone(plan, drifted)
    job.ui.show_plan(plan)
    raise Stop(
        Status.CONFLICT,
        *_explain_drift(drifted),
        f"{way_to_keep(drifted)}; or deploy with `--on-drift overwrite` or `--on-drift skip`",
    )


def _leave_drifted_alone(plan: Plan, drifted: Mapping[Address, frozenset[str]]) -> Plan:
    others = plan.addresses - drifted.keys()
    as_well = (
        f"`{address}` is left as it is as well: the workflow that is there now has to move to "
        f"`{moved}` first"
        for address, moved in sorted(plan.find_occupied_addresses(others).items())
    )
    left = (f"{edited}, and is left as it is" for edited in _explain_drift(drifted))
    return replace(plan.without_others(others), skipped=(*left, *as_well))


def _explain_drift(drifted: Mapping[Address, frozenset[str]]) -> list[str]:
    return [
        f"{', '.join(f'`{path}`' for path in sorted(paths))} of `{address}` was edited since the "
        "last deploy"
        for address, paths in sorted(drifted.items())
    ]
