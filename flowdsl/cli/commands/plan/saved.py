"""Plans as files: the facts they record, and the check that a saved one is carried out exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flowdsl import __version__
from flowdsl.deploy.deploy import PlannedDeploy
from flowdsl.deploy.job import OnBreaking
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.plan_file.format import Source, StateRef
from flowdsl.deploy.plan_file.reader import MAX_BYTES, SavedPlan, find_plan_mismatches, read_plan
from flowdsl.deploy.plan_file.writer import PlanFacts, plan_document
from flowdsl.diagnostics.render.cells import make_printable

from ...runtime.console import CommandError
from ...runtime.engine.deployment import Deployment
from ...runtime.exit_codes import CONFLICT
from ...runtime.places import read_named

VALID_FOR = timedelta(hours=24)
"""How long a saved plan may be carried out."""


def facts_of(
    deployment: Deployment, planned: PlannedDeploy, created_at: datetime, on_breaking: OnBreaking
) -> PlanFacts:
    """The facts of a plan other than its changes."""
    prior, source = planned.prior, deployment.source
    return PlanFacts(
        flowdsl_version=__version__,
        created_at=created_at,
        expires_at=created_at + VALID_FOR,
        on_breaking=on_breaking,
        project=deployment.project_id,
        environment=deployment.environment.name,
        organization_id=planned.seen.organization_id or prior.organization_id,
        api_base=deployment.api_base,
        source=None if source is None else Source(commit=source.commit, dirty=source.dirty),
        state=StateRef(lineage=prior.lineage, serial=prior.serial) if prior.serial > 0 else None,
        pending=prior.pending,
    )


def read_saved_plan(path: str) -> SavedPlan:
    """Read a saved plan. Raises `CommandError` if the file is not a plan, or too old."""
    content = read_named(path, MAX_BYTES)
    saved = read_plan(content, where=make_printable(path), now=datetime.now(UTC))
    if saved.expired:
        raise CommandError(
            f"the plan `{make_printable(path)}` has expired; make a new one with `flowdsl plan -o`",
            CONFLICT,
        )
    return saved


def require_saved_plan(
    saved: SavedPlan, deployment: Deployment, on_breaking: OnBreaking
) -> Callable[[PlannedDeploy], None]:
    """Make a check for `Job.approve` that raises `Stop` unless the deploy carries out `saved`.

    It compares the first planned deploy with the saved one. A deploy plans a second time only if
    state has changed before it held the lease, or has open writes that it settles first; then it is
    another deploy than the one that was reviewed.
    """
    first: PlannedDeploy | None = None

    def approve(planned: PlannedDeploy) -> None:
        nonlocal first
        if first is not None:
            if first.prior.pending:
                environment = deployment.environment.name
                raise Stop(
                    Status.CONFLICT,
                    "an earlier deploy left writes open, which are settled before a plan is made "
                    f"that can be saved: `flowdsl recover --env {environment}`, then make a new "
                    "plan",
                )
            raise Stop(
                Status.CONFLICT, "the state has moved on since the plan was read; make a new plan"
            )
        first = planned
        facts = facts_of(deployment, planned, saved.document.created_at, on_breaking)
        problems = find_plan_mismatches(saved, plan_document(planned.plan, facts))
        if problems:
            raise Stop(Status.CONFLICT, "the saved plan no longer holds; make a new one", *problems)

    return approve
