"""Builds the `included` list of a reply: related objects, each identified by `type` and `id`."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.emulator.resources.machines import MACHINES, machine_replies, machines_of_pools
from flowdsl.emulator.resources.rows import include_names
from flowdsl.emulator.resources.workflows import WORKFLOWS, Include, workflow_replies
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.wire.models import (
    IncludedResource,
    MachineResponse,
    PoolResponse,
    TrajectoryResponse,
    WorkflowResponse,
)


def included(
    kind: str, replies: Iterable[WorkflowResponse | MachineResponse | PoolResponse]
) -> list[IncludedResource]:
    """Return one entry per distinct row, with all its fields, in order of first appearance."""
    unique = {reply.id: reply for reply in replies}
    return [
        IncludedResource(type=kind, **reply.model_dump(mode="json")) for reply in unique.values()
    ]


def pools_to_include(
    replies: Iterable[MachineResponse], include: str | None
) -> list[IncludedResource] | None:
    """Return the pools the machines are in; None unless `include` names `pools`."""
    if "pools" not in include_names(include):
        return None
    return included("pool", (pool for reply in replies for pool in reply.pools or ()))


def machines_to_include(
    transaction: Transaction, replies: Iterable[PoolResponse], include: str | None
) -> list[IncludedResource] | None:
    """Return the machines of the pools; None unless `include` names `machines`."""
    if "machines" not in include_names(include):
        return None
    return included("machine", machines_of_pools(transaction, [row.id for row in replies]))


def workflows_to_include(
    transaction: Transaction, replies: Iterable[TrajectoryResponse], include: str | None
) -> list[IncludedResource] | None:
    """Return the workflows the trajectories belong to; None unless `include` names `workflow`."""
    if "workflow" not in include_names(include):
        return None
    return included("workflow", workflows_named(transaction, (row.workflow_id for row in replies)))


def workflows_named(transaction: Transaction, ids: Iterable[str]) -> list[WorkflowResponse]:
    """Return the organisation's workflows with these ids, newest first, without their relations."""
    bare = Include(tags=False, post_run_checks=False, old_versions=False)
    return workflow_replies(transaction, WORKFLOWS.named(transaction, ids), bare)


def machines_named(transaction: Transaction, ids: Iterable[str]) -> list[MachineResponse]:
    """Return the organisation's machines with these ids, oldest first."""
    return machine_replies(transaction, MACHINES.named(transaction, ids))
