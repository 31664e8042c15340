"""`flowdsl pools`: the sets of machines that runs may select, and the values they supply."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from flowdsl.cyberdesk.models.machine import Pool, PoolCreate
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.names import find_machine, find_pool
from flowdsl.runs.resources.machines import list_pools, pools_of, read_pool_machines

from ...runtime.command_line.arguments import SubcommandParser
from ...runtime.command_line.options import add_options
from ...runtime.console import UsageError
from ...views.table import Column, id_column
from .frame.actions import (
    ActionStep,
    Ended,
    Objects,
    ResourceAction,
    Row,
    Steps,
    add_words,
    create_once,
    delete_action,
    new_key,
    skip_step,
)
from .frame.parameters import add_parameters, read_parameters
from .frame.resource import Filter, ResourceCommand, fields_of, names_in, row_of
from .frame.session import ResourceSession


def _pool_row(pool: Pool) -> Row:
    secrets = names_in(pool.pool_sensitive_parameters)
    return {**row_of(pool, "machines"), "pool_sensitive_parameters": secrets}


async def _list_pools(session: ResourceSession, *, machine: str | None = None) -> Sequence[Row]:
    return list(map(_pool_row, await list_pools(session.client, machine=machine)))


async def _pool_with_machines(session: ResourceSession, pool: Pool) -> Row:
    """A pool with its machines."""
    (whole,) = await read_pool_machines(session.client, pool)
    machines = [fields_of(each, "id", "name", "status") for each in whole.machines or ()]
    return {**_pool_row(pool), "machines": machines}


def _declare_create(parser: SubcommandParser) -> None:
    add_options(parser, "name=NAME  what it is called")
    add_parameters(parser, unset=False)
    add_options(parser, "--description TEXT  what it is for")


async def _check_name(session: ResourceSession, name: str) -> None:
    """Raise `UsageError` for a name that a pool must not get."""
    if not name.strip():
        raise UsageError("a pool needs a name")
    for pool in await session.client.pools.list_all():
        # The service accepts a duplicate name, but commands could not tell the two pools apart by
        # it.
        if pool.name == name:
            raise UsageError(f"there is a pool `{make_printable(name)}` already: {pool.id}")


async def _plan_create(session: ResourceSession, arguments: Namespace) -> Steps:
    parameters = read_parameters(arguments, session.console)
    client, name = session.client, arguments.name
    await _check_name(session, name)
    values: dict[str, Any] = {"name": name}
    if arguments.description is not None:
        values["description"] = arguments.description
    if parameters.plain:
        values["pool_parameters"] = dict(parameters.plain)
    if parameters.secret:
        values["pool_sensitive_parameters"] = dict(parameters.secret)
    body = PoolCreate(**values)

    async def send() -> Ended:
        made = await create_once(
            lambda: client.pools.create(body, idempotency_key=new_key()),
            client.pools.list_all,
            lambda pool: pool.name == name,
            lambda pool: pool.id,
        )
        return await _pool_with_machines(session, made), f"{POOL.about(made)} is created"

    return [ActionStep(f"pool {make_printable(name)}", send)]


def _declare_set(parser: SubcommandParser) -> None:
    add_words(parser, "POOL", several=False)
    add_parameters(parser, unset=True)
    add_options(parser, "--name NAME  what it is called from now on")
    add_options(parser, "--description TEXT  what it is for; an empty one clears")


async def _plan_set(session: ResourceSession, arguments: Namespace) -> Steps:
    parameters = read_parameters(arguments, session.console)
    if parameters.is_empty and arguments.name is None and arguments.description is None:
        raise UsageError("nothing is set: give `NAME=VALUE`, `--secret`, `--unset` or another")
    client = session.client
    pool = await find_pool(client, arguments.words)
    about = POOL.about(pool)
    patch = parameters.make_patch("pool", about, pool)
    if arguments.name not in (None, pool.name):
        await _check_name(session, arguments.name)
        patch["name"] = arguments.name
    if arguments.description is not None and arguments.description != (pool.description or ""):
        patch["description"] = arguments.description or None
    if not patch:
        return [skip_step(about, await _pool_with_machines(session, pool), "is so already")]

    async def send() -> Ended:
        changed = await client.pools.update(pool.id, patch, idempotency_key=new_key())
        return await _pool_with_machines(session, changed), f"{about} is changed"

    return [ActionStep(about, send)]


def _declare_members(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "pool=POOL  its id, or its name")
    add_words(parser, "MACHINE")


async def _plan_members(session: ResourceSession, arguments: Namespace) -> Steps:
    """Make one request for all machines that are not yet, or still, in the pool."""
    client, adds = session.client, arguments.subject == "add"
    pool = await find_pool(client, arguments.pool)
    named = {each.id: each for each in [await find_machine(client, w) for w in arguments.words]}
    wanted = []
    for machine in named.values():
        is_in = any(each.id == pool.id for each in await pools_of(client, machine))
        if is_in is not adds:
            wanted.append(machine.id)
    names = ", ".join(make_printable(each.name or each.id) for each in named.values())
    about = f"{names} {'in' if adds else 'out of'} pool {POOL.label(pool)}"
    if not wanted:
        return [skip_step(about, await _pool_with_machines(session, pool), "already")]

    async def send() -> Ended:
        if adds:
            await client.pools.add_machines(pool.id, wanted, idempotency_key=new_key())
        else:
            await client.pools.remove_machines(pool.id, wanted, idempotency_key=new_key())
        return await _pool_with_machines(session, await client.pools.get(pool.id)), about

    return [ActionStep(about, send)]


POOL = Objects(
    "pool",
    "POOL",
    lambda client: client.pools,
    _pool_with_machines,
    list_command="flowdsl pools list",
    find=lambda session, word: find_pool(session.client, word),
)
POOLS = ResourceCommand(
    word="pools",
    objects=POOL,
    columns=(
        id_column(),
        Column("NAME", "name"),
        Column("MACHINES", "machine_count"),
        Column("PARAMETERS", "pool_parameters"),
        Column("SENSITIVE", "pool_sensitive_parameters"),
        Column("DESCRIPTION", "description"),
    ),
    read=_list_pools,
    filters=(Filter("--machine", "machine", "those a machine is in", "MACHINE"),),
    actions=(
        ResourceAction(
            "create", "make a pool", _declare_create, _plan_create, list_command=POOL.list_command
        ),
        ResourceAction(
            "set", "set parameters, name or description of a pool", _declare_set, _plan_set
        ),
        ResourceAction("add", "put machines into a pool", _declare_members, _plan_members),
        ResourceAction("remove", "take machines out of a pool", _declare_members, _plan_members),
        delete_action(
            POOL,
            lost="its parameters go with it, and its machines stay",
            help="remove a pool; its machines stay",
        ),
    ),
)

configure, run = POOLS.configure, POOLS.run
