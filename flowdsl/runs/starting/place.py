"""The place of a run: a machine, pools or a session, what they supply, and deployed ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowdsl.config.address import Address, workflow_address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import make_printable
from flowdsl.deploy.planning.models import MAIN_AGENT, ModelResolver
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.deploy.target import DeployTarget
from flowdsl.runs.inputs.machine_parameters import ANYWHERE, MachineParameters, on_machine, on_pools
from flowdsl.runs.names import NoSuchName, by_name, find_machine, find_pool, session_id
from flowdsl.runs.resources.machines import read_pool_machines
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import StateDocument


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


class NotDeployed(FlowdslError):
    """A workflow to run is not deployed to the environment."""


def deployed_ids(
    names: Iterable[str], document: StateDocument | None, environment: str
) -> dict[str, str]:
    """Return the ids of workflows by their names in source; raises `NotDeployed`."""
    wanted = tuple(names)
    known: Mapping[Address, str] = {} if document is None else document.workflow_ids()
    missing = [name for name in wanted if workflow_address(name) not in known]
    if missing:
        shown = ", ".join(f"`{name}`" for name in missing)
        verb = "is" if len(missing) == 1 else "are"
        raise NotDeployed(
            f"{shown} {verb} not deployed to `{environment}`; `flowdsl deploy --env {environment}` "
            "deploys what the sources say"
        )
    return {name: known[workflow_address(name)] for name in wanted}


def has_other_inputs(name: str, payload: Mapping[str, Any], document: StateDocument) -> bool:
    """Whether the source's inputs, used to check values, differ from the deployed workflow's."""
    field = "input_schema"
    applied = document.workflows()[workflow_address(name)].applied.get(field)
    if applied is None or field not in payload:
        return False
    return applied != fingerprint(normalise_value(POLICIES[field], payload[field]))


def other_inputs_warning(name: str) -> str:
    """Return the warning about a workflow that `has_other_inputs`."""
    return (
        f"the inputs of `{name}` in the sources are not those that are deployed; deploy first, or "
        "run from the commit that was deployed"
    )
