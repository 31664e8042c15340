"""The decision on edits and deletions that somebody made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flowdsl.config.address import Address
from flowdsl.deploy.comparison.edits import way_to_keep
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.planning.plan import Action, Plan


def decide(job: Job, plan: Plan) -> Plan:
    """The plan to carry out, which leaves drifted resources alone when that is chosen.

    A drifted workflow is skipped as a whole: with half of it from the dashboard and half from the
    source it would be a workflow that nobody has seen. Raises `Stop`.
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
        return _without(plan, drifted)
    job.ui.show_plan(plan)
    raise Stop(
        Status.CONFLICT,
        *_explain(drifted),
        f"{way_to_keep(drifted)}; or deploy with `--on-drift overwrite` or `--on-drift skip`",
    )


def _without(plan: Plan, drifted: Mapping[Address, frozenset[str]]) -> Plan:
    others = plan.addresses - drifted.keys()
    as_well = (
        f"`{address}` is left as it is as well: the workflow that is there now has to move to "
        f"`{moved}` first"
        for address, moved in sorted(plan.occupied(others).items())
    )
    left = (f"{edited}, and is left as it is" for edited in _explain(drifted))
    return replace(plan.only(others), skipped=(*left, *as_well))


def _explain(drifted: Mapping[Address, frozenset[str]]) -> list[str]:
    return [
        f"{', '.join(f'`{path}`' for path in sorted(paths))} of `{address}` was edited since the "
        "last deploy"
        for address, paths in sorted(drifted.items())
    ]
