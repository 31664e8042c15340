"""`flowdsl trajectories`: recordings of runs, which are replayed, and which is the main one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.config.address import Address
from flowdsl.cyberdesk.errors import NotFound
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.names import NoSuchName
from flowdsl.runs.resources.recordings import find_trajectory, list_trajectories
from flowdsl.source.record import replace

from ...views.table import Column, id_column
from .frame.actions import (
    ActionStep,
    Ended,
    Objects,
    ResourceAction,
    Row,
    Steps,
    add_words,
    change_each,
    create_once,
    delete_action,
    new_key,
)
from .frame.resource import Filter, ResourceCommand, ResourceView, fields_of, row_of, time_filters
from .frame.session import ResourceSession

LIST_COMMAND = "flowdsl trajectories list"


def trajectory_row(trajectory: Trajectory, addresses: Mapping[str, Address]) -> Row:
    """A recording in machine formats; `addresses` maps ids of workflows to addresses."""
    row = row_of(trajectory, "trajectory_data", "original_input_values")
    return {**row, "workflow": addresses.get(trajectory.workflow_id)}


async def _list_trajectories(session: ResourceSession, **filters: Any) -> Sequence[Row]:
    trajectories = await list_trajectories(session.client, **filters)
    addresses = session.addresses() if trajectories else {}
    return [trajectory_row(each, addresses) for each in trajectories]


async def _trajectory_with_steps(session: ResourceSession, trajectory: Trajectory) -> Row:
    whole = trajectory
    if whole.trajectory_data is None:  # not in the items of a list
        whole = await session.client.trajectories.get(trajectory.id)
    return {
        **trajectory_row(whole, session.addresses()),
        **fields_of(whole, "original_input_values", "trajectory_data"),
    }


def recording_label(trajectory: Trajectory) -> str:
    name = f" {make_printable(trajectory.name)}" if trajectory.name else ""
    return f"{trajectory.id}{name}"


def _field_action(name: str, field: str, value: bool, result: str, help: str) -> ResourceAction:
    """Make an action that sets a field of recordings; `result` describes them afterwards."""

    async def plan(session: ResourceSession, arguments: Namespace) -> Steps:
        trajectories = session.client.trajectories
        return await change_each(
            session,
            replace(TRAJECTORY, kind=""),
            [arguments.words] if isinstance(arguments.words, str) else arguments.words,
            lambda found: getattr(found, field) is value,
            lambda found: trajectories.update(found.id, {field: value}, idempotency_key=new_key()),
            result,
            note_approval,
        )

    def note_approval(trajectory: Trajectory) -> str:
        if field == "is_main" and trajectory.is_main and not trajectory.is_approved:
            return "\nnote: runs replay it only once it is approved"
        return ""

    # A workflow has one main recording, so several words would override each other.
    several = name != "set-main"
    return ResourceAction(
        name, help, lambda parser: add_words(parser, "TRAJECTORY", several=several), plan
    )


async def _plan_copy(session: ResourceSession, arguments: Namespace) -> Steps:
    client = session.client
    source = await find_trajectory(client, arguments.words)

    async def rows() -> Sequence[Trajectory]:
        return await list_trajectories(client, workflow_id=source.workflow_id)

    async def send() -> Ended:
        copy = await create_once(
            lambda: client.trajectories.duplicate(source.id, idempotency_key=new_key()),
            rows,
            lambda each: each.run_id == source.run_id and not each.is_approved,
            lambda each: each.id,
        )
        row = trajectory_row(copy, session.addresses())
        return row, f"{recording_label(copy)} is a copy of {source.id}, not approved"

    return [ActionStep(recording_label(source), send)]


async def _trajectory_details(session: ResourceSession, trajectory: Trajectory) -> Row:
    return trajectory_row(trajectory, session.addresses())


async def _latest_trajectory_row(session: ResourceSession, arguments: Namespace) -> Row:
    word = arguments.words
    workflow = await session.find_workflow(word)
    try:
        trajectory = await session.client.workflows.latest_trajectory(workflow)
    except NotFound:
        raise NoSuchName(f"workflow `{make_printable(word)}` has no recording") from None
    return trajectory_row(trajectory, session.addresses())


TRAJECTORY = Objects(
    "trajectory",
    "TRAJECTORY",
    lambda client: client.trajectories,
    _trajectory_details,
    recording_label,
    LIST_COMMAND,
    lambda session, word: find_trajectory(session.client, word),
)
TRAJECTORIES = ResourceCommand(
    word="trajectories",
    objects=TRAJECTORY,
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("WORKFLOW", "workflow"),
        Column("APPROVED", "is_approved"),
        Column("MAIN", "is_main"),
        Column("GENERATED", "is_generated"),
        Column("CREATED", "created_at"),
    ),
    read=_list_trajectories,
    whole=_trajectory_with_steps,
    filters=(
        Filter(
            "--workflow",
            "workflow_id",
            "those of a workflow: its address, id or title",
            "ADDRESS",
            meaning=ResourceSession.find_workflow,
        ),
        Filter("--run", "run_id", "the one of a run", "RUN"),
        Filter("--approved", "approved", "those that runs replay"),
        Filter("--unapproved", "approved", "those that runs do not replay", value=False),
        Filter("--generated", "generated", "those that the dashboard shows"),
        Filter("--recorded", "generated", "those that it does not show", value=False),
        Filter("--search", "search", "a part of the id, the name or the description", "TEXT"),
        *time_filters("created", "updated"),
    ),
    views=(
        ResourceView(
            "latest",
            "the recording of a workflow that was changed last",
            lambda parser: add_words(parser, "WORKFLOW", several=False),
            _latest_trajectory_row,
        ),
    ),
    actions=(
        _field_action("approve", "is_approved", True, "approved", "let runs replay a recording"),
        _field_action(
            "unapprove",
            "is_approved",
            False,
            "not approved",
            "stop runs from replaying a recording",
        ),
        _field_action(
            "set-main",
            "is_main",
            True,
            "the main one",
            "prefer a recording to others of its workflow",
        ),
        ResourceAction(
            "duplicate",
            "copy a recording; the copy is not approved",
            lambda parser: add_words(parser, "TRAJECTORY", several=False),
            _plan_copy,
            list_command=LIST_COMMAND,
        ),
        delete_action(
            TRAJECTORY,
            lost="runs cannot replay it any more",
            help="delete a recording; the run that it comes from stays",
        ),
    ),
)

configure, run = TRAJECTORIES.configure, TRAJECTORIES.run
