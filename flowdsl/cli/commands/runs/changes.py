"""`flowdsl runs delete` and `trajectory`: changes to runs that have ended."""

from __future__ import annotations

from argparse import Namespace

from flowdsl.cyberdesk.errors import CyberdeskError, NotFound
from flowdsl.cyberdesk.models.run import Run
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.names import find_run
from flowdsl.runs.starting.retrying import refuse_live

from ...runtime.console import Console
from ...runtime.runs.asking import refuse_newest_unasked
from ...views.runs import run_object
from ..resources.frame.actions import (
    ActionStep,
    Ended,
    Objects,
    ResourceAction,
    Steps,
    delete_action,
    new_key,
    run_action,
)
from ..resources.frame.session import ResourceSession
from ..resources.trajectories import recording_label, trajectory_row


def delete(arguments: Namespace, console: Console) -> int:
    """Delete runs that have ended, after asking."""
    refuse_newest_unasked(arguments.words, arguments.yes)
    return run_action("runs", _DELETE, arguments, console)


def generate(arguments: Namespace, console: Console) -> int:
    return run_action("trajectories", _GENERATE, arguments, console)


async def _find_ended_run(session: ResourceSession, word: str) -> Run:
    run = await find_run(session.client, word)
    refuse_live(run)
    return run


async def _find_recording(session: ResourceSession, run: Run) -> Trajectory | None:
    """Find the recording of a run; None if there is none."""
    try:
        return await session.client.runs.trajectory(run.id)
    except NotFound:
        return None


async def _plan_generation(session: ResourceSession, arguments: Namespace) -> Steps:
    client = session.client
    run = await _find_ended_run(session, arguments.words)
    about = f"run {run.id}"
    recording = await _find_recording(session, run)
    if recording is not None and recording.is_generated:
        row = trajectory_row(recording, session.addresses())
        message = f"the recording of {about} is {recording_label(recording)} already"
        return [ActionStep(about, known_result=(row, message))]

    async def send() -> Ended:
        try:
            made = await client.runs.generate_trajectory(run.id, idempotency_key=new_key())
        except CyberdeskError as error:
            recording = await _find_recording(session, run) if error.outcome_unknown else None
            if recording is None or not recording.is_generated:
                raise
            made = recording
        line = f"the recording of {about} is {recording_label(made)}"
        if not made.is_approved:
            line += f"\nnote: `flowdsl trajectories approve {made.id}` lets runs replay it"
        return trajectory_row(made, session.addresses()), line

    return [ActionStep(about, send)]


_RUN = Objects(
    "run",
    "RUN",
    lambda client: client.runs,
    lambda _session, run: dict(run_object(run)),
    lambda run: f"{run.id} ({make_printable(run.status)})",
    "flowdsl runs list",
    _find_ended_run,
)
_DELETE = delete_action(_RUN, lost="inputs, outputs, history and files are lost", help="")
_GENERATE = ResourceAction(
    "trajectory",
    "",
    lambda _parser: None,
    _plan_generation,
    list_command="flowdsl trajectories list --run RUN",
)
