"""Where a run goes: the machine, the pools or the session of the options, and what they supply."""

from __future__ import annotations

import argparse
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.diagnostics.render.cells import printable
from flowdsl.runs.inputs.machine_parameters import ANYWHERE, MachineParameters, on_machine, on_pools
from flowdsl.runs.lookup import NoSuchName
from flowdsl.runs.names import find_machine, find_pool
from flowdsl.semantics.declarations.wire import is_uuid

from ..exit_codes import USAGE
from ..failure import CommandError, UsageError


async def find_place(
    client: CyberdeskClient, arguments: argparse.Namespace
) -> tuple[dict[str, Any], MachineParameters]:
    """The fields of a request that say where its runs go, and what is supplied there.

    Raises `NoSuchName`, and `UsageError` for a session that is no id.
    """
    if arguments.machine is not None:
        machine = await find_machine(client, arguments.machine)
        return {"machine_id": machine.id}, on_machine(machine)
    if arguments.pool:
        pools = tuple(
            [await find_pool(client, word, with_machines=True) for word in arguments.pool]
        )
        return {"pool_ids": [pool.id for pool in pools]}, on_pools(pools)
    for option in ("session", "resume"):
        session = getattr(arguments, option, None)
        if session is not None:
            check_session(option, session)
            return {"session_id": session}, ANYWHERE
    return {}, ANYWHERE


def check_session(option: str, session: str) -> None:
    """Raise `UsageError` for a session that is no id."""
    if not is_uuid(session):
        raise UsageError(f"`--{option} {printable(session)}` is no id of a session")


def no_such(none: NoSuchName) -> CommandError:
    """How a command ends for a word that means nothing, or several things, each on a line."""
    return CommandError(str(none), USAGE, *none.candidates)
