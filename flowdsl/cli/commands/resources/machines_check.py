"""`flowdsl machines check`: do machines supply the `@machine` inputs of deployed flows?

A run takes an input from the machine's parameters, else from those of a pool that the run itself
selects. Other pools of the machine supply nothing (Cyberdesk's documentation).
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flowdsl.compiler.pipeline import analyze
from flowdsl.config.address import Address, workflow_address
from flowdsl.cyberdesk.models.machine import Machine, Pool
from flowdsl.deploy.addressing import address_in
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.runs.names import find_machine, find_pool
from flowdsl.runs.resources.machines import list_machines, pools_of
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.record import Record

from ...runtime.console import CommandError, Console, UsageError
from ...runtime.engine.deployment import SOURCES
from ...runtime.exit_codes import FINDINGS, SOURCE_ERRORS, SUCCESS
from ...views.table import Column, render_table
from .frame.actions import Row, list_json
from .frame.session import ResourceSession, carry_out

UNSET = (None, "", "__EMPTY__")
"""Values that count as absent (Cyberdesk's documentation; `blank-parameters` in
docs/assumptions.md)."""


class Need(Record):
    """An input that a workflow takes from a machine, by its name on the service."""

    address: Address
    name: str
    secret: bool
    required: bool

    @property
    def shown(self) -> str:
        """The name as it is written in a prompt."""
        return f"${self.name}" if self.secret else self.name


def needs_of(model: SemanticModel, deployed: Collection[Address]) -> Iterator[Need]:
    """The `@machine` inputs and secrets of the deployed workflows."""
    for workflow in model.workflows:
        address = workflow_address(workflow.name)
        if address not in deployed:
            continue
        for fields, secret in ((workflow.inputs, False), (workflow.secrets, True)):
            for field in fields:
                if field.constraints.machine:
                    yield Need(address, field.wire_name, secret, field.required)


def source_of(need: Need, machine: Machine, pools: Iterable[Any], selected: Collection[str]) -> Row:
    """Make the row that says where a machine gets an input from.

    `selected` are the ids of the pools given with `--pool`. If none is given, any pool of the
    machine counts, and the row names the pools a run must select.
    """
    giving = [
        pool
        for pool in pools
        if (not selected or pool.id in selected)
        and _has_value_for(pool.pool_parameters, pool.pool_sensitive_parameters, need)
    ]
    source = "pool" if giving else None
    if _has_value_for(machine.machine_parameters, machine.machine_sensitive_parameters, need):
        source = "machine"
    return {
        "machine_id": machine.id,
        "machine": machine.name,
        "workflow": str(need.address),
        "parameter": need.name,
        "sensitive": need.secret,
        "required": need.required,
        "supplied_by": source,
        "pools": [pool.name for pool in giving] if source == "pool" else [],
        "missing": source is None and need.required,
    }


def _has_value_for(
    plain: Mapping[str, Any] | None, secret: Mapping[str, Any] | None, need: Need
) -> bool:
    values = (secret if need.secret else plain) or {}
    value = values.get(need.name)
    return not any(value is unset or value == unset for unset in UNSET)


class Checked(Record):
    """The rows of a check, and the numbers of objects they are based on."""

    rows: Sequence[Row]
    machines: int
    workflows: int
    needs: int
    undeployed: Sequence[Address]


def check_machine_inputs(arguments: Namespace, console: Console) -> int:
    """Compare, and exit with 1 if a machine lacks a required input."""

    async def work(session: ResourceSession) -> Checked:
        return await _check_machines(session, arguments, console)

    environment, checked = carry_out(arguments, console, work, need_flows=True)
    missing = sum(row["missing"] for row in checked.rows)
    if arguments.json:
        console.out(list_json("machines_check", environment, checked.rows, missing=missing))
    else:
        _print_machine_check(checked, environment, missing, arguments.all, console)
    # Without any machine, flows that take something from machines cannot run either.
    return FINDINGS if missing or (checked.needs and not checked.machines) else SUCCESS


async def _check_machines(
    session: ResourceSession, arguments: Namespace, console: Console
) -> Checked:
    model = _analyze_flows(session, console)
    deployed, every = session.deployed(), [workflow_address(each.name) for each in model.workflows]
    wanted = {address_in(word, every, SOURCES) for word in arguments.workflow} or set(every)
    undeployed = sorted(address for address in wanted if address not in deployed)
    if arguments.workflow and undeployed:
        raise UsageError(
            f"`{undeployed[0]}` is not deployed to `{session.environment}`; `flowdsl deploy --env "
            f"{session.environment}` does that"
        )
    here = {address for address in wanted if address in deployed}
    needs = list(needs_of(model, here))
    pools = [await find_pool(session.client, word) for word in arguments.pool]
    machines = await _select_machines(session, arguments.machines, pools)
    selected = {pool.id for pool in pools}
    rows = []
    for machine in machines if needs else ():
        groups = await pools_of(session.client, machine)
        rows += [source_of(need, machine, groups, selected) for need in needs]
    return Checked(rows, len(machines), len(here), len(needs), undeployed)


def _analyze_flows(session: ResourceSession, console: Console) -> SemanticModel:
    deployment = session.deployment
    assert deployment is not None  # `carry_out(need_flows=True)` guarantees a deployment
    target = deployment.target
    options = target.options(deployment.environment)
    analysis = analyze(target.files, target.entries, options)
    if any(map(options.stops, analysis.diagnostics)):
        target.show(analysis.diagnostics, len(analysis.findings.paths), console)
        raise CommandError("the sources have errors", SOURCE_ERRORS)
    return analysis.model


async def _select_machines(
    session: ResourceSession, words: Sequence[str], pools: Sequence[Pool]
) -> Sequence[Machine]:
    """Select the named machines, else those in all of the pools, else every one; sorted by name."""
    client = session.client
    if words:
        named = {each.id: each for each in [await find_machine(client, word) for word in words]}
        return list(named.values())
    wanted = {pool.id for pool in pools}
    # The machine of a run with several pools has to be in all of them.
    return [
        each
        for each in await list_machines(client)
        if wanted <= {pool.id for pool in each.pools or ()}
    ]


_COLUMNS = (
    Column("MACHINE", "label"),
    Column("WORKFLOW", "workflow"),
    Column("PARAMETER", "shown"),
    Column("SUPPLIED BY", "source", width=80),
)


def _print_machine_check(
    checked: Checked, environment: str, missing: int, everything: bool, console: Console
) -> None:
    shown = [
        {
            "label": row["machine"] or row["machine_id"],
            "workflow": row["workflow"],
            "shown": f"${row['parameter']}" if row["sensitive"] else row["parameter"],
            "source": _source_told(row),
        }
        for row in checked.rows
        if everything or row["missing"] or row["supplied_by"] == "pool"
    ]
    if shown:
        console.out(render_table(_COLUMNS, shown))
    for address in checked.undeployed:
        console.err(f"note: {make_printable(address)} is not deployed, and was left out")
    looked = (
        f"{format_count(checked.machines, 'machine')}, "
        f"{format_count(checked.workflows, 'workflow')}"
    )
    end = f"{format_count(missing, 'parameter')} missing" if missing else "nothing is missing"
    if not checked.needs:
        end = "no deployed workflow takes an input from a machine"
    elif not checked.machines:
        end = "there is no machine that could give what flows take"
    console.err(f"{looked} of {environment}: {end}")


def _source_told(row: Row) -> str:
    if row["supplied_by"] == "pool":
        names = ", ".join(row["pools"])
        return f"pool {names}, in runs that select it"
    if row["supplied_by"] == "machine":
        return "the machine"
    return "missing" if row["missing"] else "nothing; it is optional"
