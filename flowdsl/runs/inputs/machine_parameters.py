"""The values that a machine and pools supply to the inputs of a run. Pure.

A value of the run takes precedence over the parameter of its machine, and that over the parameter
of a pool, which counts only if the run names the pool (Cyberdesk's documentation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flowdsl.cyberdesk.models.machine import Machine, Pool


@dataclass(frozen=True, slots=True)
class Supplier:
    """The parameters of one machine or pool; of its secrets only the names are known.

    `away` is the status of a machine that accepts no run now, empty for others.
    """

    name: str
    values: Mapping[str, Any]
    secrets: frozenset[str]
    away: str = ""


@dataclass(frozen=True, slots=True)
class MachineParameters:
    """The machine of a run, or its pools with the `machines` that are in all of them.

    `is_known`: it is known where the run goes, so that a value that is not supplied is missing. It
    is false if the service chooses among all machines, or if the run joins a session.
    """

    machines: tuple[Supplier, ...] = ()
    pools: tuple[Supplier, ...] = ()
    is_known: bool = False

    def values(self, name: str) -> Iterator[tuple[Supplier, Any]]:
        """Return every value that an input may get, one for each machine, with its supplier."""
        below = next(
            ((pool, pool.values[name]) for pool in self.pools if name in pool.values), None
        )
        for machine in self.machines:
            if name in machine.values:
                yield machine, machine.values[name]
            elif below is not None:
                yield below
        if not self.machines and below is not None:
            yield below

    def supplies(self, name: str, *, secret: bool = False) -> bool:
        """Whether the input gets a value wherever the run goes."""
        return not self.find_lacking_suppliers(name, secret=secret) and bool(
            self.machines or self.pools
        )

    def find_lacking_suppliers(self, name: str, *, secret: bool = False) -> tuple[Supplier, ...]:
        """Return the machines on which the input has no value; the pools if there is no machine."""

        def has(supplier: Supplier) -> bool:
            return name in (supplier.secrets if secret else supplier.values)

        if any(map(has, self.pools)):
            return ()
        return tuple(each for each in self.machines or self.pools if not has(each))

    def away(self) -> str:
        """A message if no machine of the run accepts one now; empty otherwise."""
        if not self.machines or not all(each.away for each in self.machines):
            return ""
        first = self.machines[0]
        if len(self.machines) == 1:
            return f"{first.name} is {first.away}; the run waits for it"
        return f"all {len(self.machines)} machines of the pool are away; the run waits for one"

    def names(self, *, secret: bool = False) -> frozenset[str]:
        """Return the names of all parameters of all suppliers."""
        every = (*self.machines, *self.pools)
        return frozenset().union(*(each.secrets if secret else each.values for each in every))


ANYWHERE = MachineParameters()


def supplier_of(resource: Machine | Pool) -> Supplier:
    """Return the parameters of a machine or a pool; null and the empty text count as absent."""
    if isinstance(resource, Machine):
        values, secrets = resource.machine_parameters, resource.machine_sensitive_parameters
        name = f"machine `{resource.name or resource.id}`"
    else:
        values, secrets = resource.pool_parameters, resource.pool_sensitive_parameters
        name = f"pool `{resource.name}`"
    away = ""
    if isinstance(resource, Machine) and resource.status not in (None, "connected"):
        away = resource.status
    given = {key: value for key, value in (values or {}).items() if value not in (None, "")}
    return Supplier(name, given, frozenset(secrets or ()), away)


def on_machine(machine: Machine) -> MachineParameters:
    """Return the parameters for a run on this machine."""
    return MachineParameters(machines=(supplier_of(machine),), is_known=True)


def on_pools(pools: tuple[Pool, ...]) -> MachineParameters:
    """Return the parameters for a run on any machine that is in all of these pools."""
    shared = set.intersection(*({each.id for each in pool.machines or ()} for pool in pools))
    machines = {each.id: each for each in pools[0].machines or () if each.id in shared}
    return MachineParameters(
        machines=tuple(map(supplier_of, machines.values())),
        pools=tuple(map(supplier_of, pools)),
        is_known=True,
    )
