"""Where a run goes by the options of a command."""

from __future__ import annotations

import argparse
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.diagnostics.render.cells import printable
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.lookup import NoSuchName
from flowdsl.runs.starting.place import find_place
from flowdsl.semantics.declarations.wire import is_uuid

from ..exit_codes import USAGE
from ..failure import CommandError, UsageError


async def placed(
    client: CyberdeskClient, arguments: argparse.Namespace
) -> tuple[dict[str, Any], MachineParameters]:
    """As `find_place`, from `--machine`, `--pool` and `--session`, or `--resume`."""
    return await find_place(
        client,
        machine=arguments.machine,
        pools=arguments.pool,
        session=arguments.session or getattr(arguments, "resume", None) or None,
    )


def check_session(option: str, session: str) -> None:
    """Raise `UsageError` for a session that is no id."""
    if not is_uuid(session):
        raise UsageError(f"`--{option} {printable(session)}` is no id of a session")


def no_such(none: NoSuchName) -> CommandError:
    """How a command ends for a word that means nothing, or several things, each on a line."""
    return CommandError(str(none), USAGE, *none.candidates)
