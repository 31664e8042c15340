"""The place of runs, which is a machine, pools or a session, and the model of their agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import make_printable
from flowdsl.deploy.planning.models import MAIN_AGENT, ModelResolver
from flowdsl.deploy.target import DeployTarget
from flowdsl.runs.inputs.machine_parameters import ANYWHERE, MachineParameters, on_machine, on_pools
from flowdsl.runs.names import NoSuchName, by_name, find_machine, find_pool, session_id
from flowdsl.runs.resources.machines import read_pool_machines
from flowdsl.semantics.declarations.wire import is_uuid


async def find_place(
    client: CyberdeskClient,
    *,
    machine: str | None = None,
    pools: Sequence[str] = (),
    session: str | None = None,
) -> tuple[dict[str, Any], MachineParameters]:
    """Return the fields of a request for the place of its runs, and the values supplied there.

    Machine and pools are names or ids, the session is an id. At most one of the three is given; of
    several pools, a machine has to be in all. Raises `NoSuchName` and `CyberdeskError`.
    """
    if machine is not None:
        found = await find_machine(client, machine)
        return {"machine_id": found.id}, on_machine(found)
    if pools:
        sets = await read_pool_machines(client, *[await find_pool(client, word) for word in pools])
        return {"pool_ids": [pool.id for pool in sets]}, on_pools(sets)
    if session is not None:
        return {"session_id": session_id(session)}, ANYWHERE
    return {}, ANYWHERE


async def find_main_agent(
    client: CyberdeskClient, word: str, target: DeployTarget
) -> tuple[str, Sequence[str]]:
    """Return the id of the model configuration that a word names, and notes for people.

    The word is an alias of `target`, or the id or name of one that may be the main agent. Raises
    `NoSuchName` and `CyberdeskError`.
    """
    models = await client.model_configurations.list()
    resolver = ModelResolver(target, models)
    if is_uuid(word):
        identifier = word.lower()
        resolver.check_id(identifier, MAIN_AGENT)
    elif word in target.models or not any(each.name == word for each in models):
        identifier = resolver.id_of(word, MAIN_AGENT)
    else:
        identifier = by_name(
            models, word, "model configuration", lambda each: each.name, lambda each: each.id
        ).id
        resolver.check_id(identifier, MAIN_AGENT)
    for problem in (*resolver.unknown.values(), *resolver.problems):
        raise NoSuchName(make_printable(problem))
    return identifier, tuple(resolver.notes)
