"""Where a run goes by the options of a command."""

from __future__ import annotations

import argparse
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.lookup import NoSuchName
from flowdsl.runs.starting.place import find_place

from ..exit_codes import USAGE
from ..failure import CommandError


async def placed(
    client: CyberdeskClient, arguments: argparse.Namespace
) -> tuple[dict[str, Any], MachineParameters]:
    """As `find_place`, from `--machine`, `--pool` and `--session`."""
    return await find_place(
        client, machine=arguments.machine, pools=arguments.pool, session=arguments.session
    )


def no_such(none: NoSuchName) -> CommandError:
    """How a command ends for a word that means nothing, or several things, each on a line."""
    return CommandError(str(none), USAGE, *none.candidates)
