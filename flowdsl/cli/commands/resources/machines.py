"""`flowdsl machines`: the desktops of an organisation, the values they supply, and their pools."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Sequence

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.machine import Machine
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.runs.names import find_machine, find_pool
from flowdsl.runs.resources.machines import STATUSES, list_machines, pools_of

from ...runtime.command_line.arguments import SubcommandParser
from ...runtime.command_line.options import add_options
from ...runtime.console import Console, UsageError
from ...views.table import Column, id_column
from .frame.actions import (
    ActionStep,
    Ended,
    Objects,
    ResourceAction,
    Row,
    Steps,
    add_words,
    delete_action,
    new_key,
    skip_step,
)
from .frame.parameters import add_parameters, read_parameters
from .frame.resource import (
    Filter,
    ResourceCommand,
    add_action,
    fields_of,
    names_in,
    row_of,
    time_filters,
)
from .frame.session import ResourceSession


async def _machine_row(client: CyberdeskClient, machine: Machine) -> Row:
    pools = await pools_of(client, machine)
    return {
        **row_of(machine, "unkey_key_id", "linked_keepalive_machine_id", "physical_server_id"),
        "machine_sensitive_parameters": names_in(machine.machine_sensitive_parameters),
        "pools": [fields_of(pool, "id", "name") for pool in pools],
    }


async def _list_machines(session: ResourceSession, **filters: str) -> Sequence[Row]:
    client = session.client
    return [await _machine_row(client, each) for each in await list_machines(client, **filters)]


def _declare_set(parser: SubcommandParser) -> None:
    add_words(parser, "MACHINE", several=False)
    add_parameters(parser, unset=True)
    add_options(parser, "--name NAME  what it is called from now on")
    add_options(parser, "--alerts on|off  whether the service tells when it fails")


async def _plan_set(session: ResourceSession, arguments: Namespace) -> Steps:
    parameters = read_parameters(arguments, session.console)
    if parameters.is_empty and arguments.name is None and arguments.alerts is None:
        raise UsageError("nothing is set: give `NAME=VALUE`, `--secret`, `--unset` or another")
    if arguments.name is not None and not arguments.name.strip():
        raise UsageError("a machine needs a name")
    client = session.client
    machine = await find_machine(client, arguments.words)
    about = MACHINE.about(machine)
    patch = parameters.make_patch("machine", about, machine)
    if arguments.name not in (None, machine.name):
        patch["name"] = arguments.name
    alerts = None if arguments.alerts is None else arguments.alerts == "on"
    if alerts is not None and alerts is not machine.alerts_enabled:
        patch["alerts_enabled"] = alerts
    if not patch:
        return [skip_step(about, await _machine_row(client, machine), "is so already")]

    async def send() -> Ended:
        changed = await client.machines.update(machine.id, patch, idempotency_key=new_key())
        return await _machine_row(client, changed), f"{about} is changed"

    return [ActionStep(about, send)]


async def _plan_clear(session: ResourceSession, arguments: Namespace) -> Steps:
    client, steps = session.client, dict[str, ActionStep]()
    for word in arguments.words:
        machine = await find_machine(client, word)
        about = MACHINE.about(machine)

        async def send(machine: Machine = machine, about: str = about) -> Ended:
            freed = await client.machines.clear_session(machine.id, idempotency_key=new_key())
            return await _machine_row(client, freed), f"{about} is free"

        if machine.reserved_session_id is None:
            row = await _machine_row(client, machine)
            steps[machine.id] = skip_step(about, row, "is free already")
        else:
            shown = f"{about}, in session {machine.reserved_session_id}"
            steps[machine.id] = ActionStep(shown, send)
    return list(steps.values())


def _declare_pools(parser: SubcommandParser) -> None:
    add_words(parser, "MACHINE", several=False)
    add_options(parser, "pools=POOL*  ids, or names; none: no pool")
    parser.scattered = "pools"


async def _plan_pools(session: ResourceSession, arguments: Namespace) -> Steps:
    client = session.client
    machine = await find_machine(client, arguments.words)
    pools = {pool.id: pool for pool in [await find_pool(client, word) for word in arguments.pools]}
    about = MACHINE.about(machine)
    names = ", ".join(sorted(make_printable(pool.name) for pool in pools.values())) or "no pool"
    if {pool.id for pool in await pools_of(client, machine)} == pools.keys():
        row = await _machine_row(client, machine)
        return [skip_step(about, row, f"is in {names} already")]

    async def send() -> Ended:
        ids = list(pools)
        changed = await client.machines.set_pools(machine.id, ids, idempotency_key=new_key())
        return await _machine_row(client, changed), f"{about} is in {names}"

    return [ActionStep(about, send)]


MACHINE = Objects(
    "machine",
    "MACHINE",
    lambda client: client.machines,
    lambda session, machine: _machine_row(session.client, machine),
    list_command="flowdsl machines list",
    find=lambda session, word: find_machine(session.client, word),
)
MACHINES = ResourceCommand(
    word="machines",
    objects=MACHINE,
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("STATUS", "status"),
        Column("FREE", "is_available"),
        Column("HOST", "hostname", width=24),
        Column("POOLS", "pools"),
        Column("PARAMETERS", "machine_parameters"),
        Column("LAST SEEN", "last_seen"),
    ),
    read=_list_machines,
    filters=(
        Filter("--search", "search", "a part of the id, the name or the host name", "TEXT"),
        Filter("--name", "name", "the whole name, with case", "NAME"),
        Filter("--status", "status", "its connection", "STATUS", choices=STATUSES),
        Filter("--pool", "pool", "those of a pool", "POOL"),
        *time_filters("created"),
    ),
    actions=(
        ResourceAction(
            "set", "set parameters, name or alerts of a machine", _declare_set, _plan_set
        ),
        ResourceAction(
            "set-pools", "put a machine into these pools and no others", _declare_pools, _plan_pools
        ),
        ResourceAction(
            "clear-session",
            "free a machine; the runs of its session are cancelled",
            lambda parser: add_words(parser, "MACHINE"),
            _plan_clear,
            lambda count: (
                f"free {format_count(count, 'machine')}? unfinished runs there are cancelled"
            ),
            doing="frees",
        ),
        delete_action(
            MACHINE,
            lost="connections and logs go with it, and its runs stay",
            help="remove a machine from the organisation",
        ),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    subjects = MACHINES.configure(parser)
    check = add_action(
        subjects, "check", "compare parameters with what deployed flows take from a machine"
    )
    add_options(
        check,
        """
        machines=MACHINE*  an id or a name; default: all of them
        --pool POOL...  the machines of a pool, in runs that select it; may be repeated
        --workflow ADDRESS...
            what this workflow takes; may be repeated; default: all that are deployed
        --all  also list what is there
        """,
    )


def run(arguments: Namespace, console: Console) -> int:
    if arguments.subject == "check":
        from .machines_check import check_machine_inputs

        return check_machine_inputs(arguments, console)
    return MACHINES.run(arguments, console)
