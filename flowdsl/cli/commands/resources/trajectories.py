"""`flowdsl trajectories`: recordings of runs, which of them are replayed, and which comes first."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from flowdsl.config.address import Address
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.diagnostics.render.cells import printable
from flowdsl.runs.lookup import by_id, by_name
from flowdsl.semantics.declarations.wire import is_uuid

from ...runtime.console import Console
from ...runtime.exit_codes import SUCCESS
from .listing import Filter, Resource, Row, add_action, fields_of, list_json, times
from .listing import configure as configure_resource
from .listing import run as run_resource
from .session import Session, carry_out
from .table import Column, id_column

ACTIONS: Mapping[str, tuple[str, bool, str, str]] = {
    "approve": ("is_approved", True, "approved", "let runs replay a recording"),
    "unapprove": ("is_approved", False, "not approved", "stop runs from replaying a recording"),
    "set-main": ("is_main", True, "the main one", "prefer a recording to others of its workflow"),
}
"""By the subcommand: the field that it sets and to what, the word for the result, its help."""


def _row(trajectory: Trajectory, addresses: Mapping[str, Address]) -> Row:
    return {
        **fields_of(trajectory, "id", "name", "description", "workflow_id"),
        "workflow": addresses.get(trajectory.workflow_id),
        **fields_of(
            trajectory,
            "run_id",
            "is_approved",
            "has_been_approved",
            "is_main",
            "is_generated",
            "dimensions",
            "created_at",
            "updated_at",
        ),
    }


async def _every(session: Session, **filters: Any) -> list[Trajectory]:
    """The recordings that match; the service has no list of generated ones and others."""
    wanted = filters.pop("is_generated", None)
    found: list[Trajectory] = []
    for generated in (True, False):
        if wanted in (None, generated):
            found += await session.client.trajectories.list_all(is_generated=generated, **filters)
    return found


async def _read(session: Session, **filters: Any) -> Sequence[Row]:
    found = await _every(session, **filters)
    addresses = session.addresses() if found else {}
    rows = [_row(each, addresses) for each in found]
    return sorted(rows, key=lambda row: (row["created_at"] or "", row["id"]), reverse=True)


async def _trajectory(session: Session, word: str) -> Trajectory:
    if is_uuid(word):
        return await by_id(session.client.trajectories.get, word, "trajectory")
    found = await _every(session, search=word)
    if not any(each.name == word for each in found):
        found = await _every(session)
    return by_name(found, word, "trajectory", lambda each: each.name, _about)


def _about(trajectory: Trajectory) -> str:
    approved = "approved" if trajectory.is_approved else "not approved"
    made = trajectory.created_at or ""
    return f"{trajectory.id}  of workflow {trajectory.workflow_id}  {approved}  {made}".rstrip()


async def _find(session: Session, word: str) -> Row:
    found = await _trajectory(session, word)
    if found.trajectory_data is None:
        found = await session.client.trajectories.get(found.id)
    return {
        **_row(found, session.addresses()),
        **fields_of(found, "original_input_values", "trajectory_data"),
    }


TRAJECTORIES = Resource(
    word="trajectories",
    kind="trajectory",
    subject="TRAJECTORY",
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("WORKFLOW", "workflow"),
        Column("APPROVED", "is_approved"),
        Column("MAIN", "is_main"),
        Column("GENERATED", "is_generated"),
        Column("CREATED", "created_at"),
    ),
    read=_read,
    find=_find,
    filters=(
        Filter(
            "--workflow",
            "workflow_id",
            "those of a workflow: its address, id or title",
            "ADDRESS",
            meaning=Session.find_workflow,
        ),
        Filter("--run", "run_id", "the one of a run", "RUN"),
        Filter("--approved", "is_approved", "those that runs replay"),
        Filter("--unapproved", "is_approved", "those that runs do not replay", value=False),
        Filter("--generated", "is_generated", "those that the dashboard shows"),
        Filter("--recorded", "is_generated", "those that it does not show", value=False),
        Filter("--search", "search", "a part of the id, the name or the description", "TEXT"),
        *times("created", "updated"),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    subjects = configure_resource(TRAJECTORIES, parser)
    for name, (_, _, _, help) in ACTIONS.items():
        action = add_action(subjects, name, help)
        # A workflow has one main recording, so that several words would undo each other.
        several = None if name == "set-main" else "+"
        action.add_argument("words", nargs=several, metavar="TRAJECTORY", help="its id or its name")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    if arguments.subject in ACTIONS:
        return _change(arguments, console)
    return run_resource(TRAJECTORIES, arguments, console)


def _change(arguments: argparse.Namespace, console: Console) -> int:
    """Set a field of recordings; all are looked for before the first is changed."""
    field, value, result, _ = ACTIONS[arguments.subject]
    words = [arguments.words] if isinstance(arguments.words, str) else arguments.words

    async def change(session: Session) -> tuple[str, list[Row]]:
        found: dict[str, Trajectory] = {}
        for word in words:
            one = await _trajectory(session, word)
            found[one.id] = one
        rows = []
        for one in found.values():
            changed = one
            if getattr(one, field) is not value:
                request = partial(
                    session.client.trajectories.update,
                    one.id,
                    {field: value},
                    idempotency_key=uuid4().hex,
                )
                changed = await session.write(request)
            _tell(changed, result, console, anew=changed is not one)
            rows.append(_row(changed, session.addresses()))
        return session.environment, rows

    environment, rows = carry_out(arguments, console, change, need_project=True)
    if arguments.json:
        console.out(list_json(TRAJECTORIES.word, environment, rows))
    return SUCCESS


def _tell(trajectory: Trajectory, result: str, console: Console, *, anew: bool) -> None:
    name = f" {printable(trajectory.name)}" if trajectory.name else ""
    console.err(f"{trajectory.id}{name} is {result}{'' if anew else ' already'}")
    if trajectory.is_main and not trajectory.is_approved and result == ACTIONS["set-main"][2]:
        console.err("note: runs replay it only once it is approved")
