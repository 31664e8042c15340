"""What is deployed: addresses, what is wanted of a resource, what is there, and how a kind of resource is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.policy import Policies, fingerprint, normalise


@dataclass(frozen=True, slots=True)
class Desired:
    """A resource as the project wants it.

    `values` maps each declared field to the value to send, nothing left open. `tags` are the names of a workflow's tags,
    `images` the hashes of its pictures. `source_map` is the fingerprint of a workflow's address and prompt, under which the
    source map of that prompt is kept.
    """

    address: Address
    name: str
    values: Mapping[str, Any]
    tags: frozenset[str] = frozenset()
    renamed_from: Address | None = None
    protect: bool = False
    images: tuple[str, ...] = ()
    source_map: str | None = None
    _hashes: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def hashes(self, policies: Policies) -> Mapping[str, str]:
        """The fingerprint of each declared field's normal form; made once, since every comparison asks for it."""
        if not self._hashes:
            self._hashes.update(hashes(policies, self.values))
        return self._hashes


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the service has it.

    `values` maps every field with a policy of its own, and whatever else the reply carries, to the value the service
    answers with. `tags` maps names to ids, `children`
    names of checks to ids. `remote` is the whole reply, for carrying what is not ours.
    """

    id: str
    name: str
    values: Mapping[str, Any]
    remote: Mapping[str, Any]
    organization_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, str] = field(default_factory=dict)


class NamedKind(Protocol):
    """A kind of resource that its name identifies in the organisation, in a list the service gives whole.

    Such a resource needs no mark and no intent: after a lost reply its name finds it. Writes take wire values and raise `CyberdeskError`; `key` is the idempotency key.
    """

    name: str
    policies: Policies

    def find(self, directory: Directory, name: str) -> list[Live]:
        """The resources of that name, ours or not; more than one where names need not be unique."""
        ...

    async def create(
        self, client: CyberdeskClient, name: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        """Create the resource."""
        ...

    async def update(
        self, client: CyberdeskClient, resource_id: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        """Send exactly the fields in `values`."""
        ...

    async def delete(self, client: CyberdeskClient, resource_id: str, *, key: str) -> None:
        """Delete the resource; one that is gone already is deleted."""
        ...


def hashes(policies: Policies, values: Mapping[str, Any]) -> dict[str, str]:
    """The fingerprint of each field's normal form."""
    return {path: fingerprint(normalise(policies[path], value)) for path, value in values.items()}
