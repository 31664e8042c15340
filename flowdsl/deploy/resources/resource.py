"""The desired and the live form of a resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowdsl.config.address import Address
from flowdsl.deploy.resources.policy import Policies, fingerprint, normalise_value


@dataclass(frozen=True, slots=True)
class Desired:
    """A resource as the project wants it.

    `values` maps each declared field to the value to send, with all references resolved; they are
    `given`, or made by a function each time that they are asked for (see `WorkflowArtifact`).
    `tags` are the names of a workflow's tags, and `images` the hashes of its pictures. `source_map`
    is the fingerprint of a workflow's address and prompt, under which the source map of that prompt
    is kept.
    """

    address: Address
    name: str
    given: Mapping[str, Any] | Callable[[], Mapping[str, Any]]
    tags: frozenset[str] = frozenset()
    renamed_from: Address | None = None
    protect: bool = False
    images: tuple[str, ...] = ()
    source_map: str | None = None
    _hashes: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def values(self) -> Mapping[str, Any]:
        return self.given() if callable(self.given) else self.given

    def hashes(self, policies: Policies) -> Mapping[str, str]:
        """The fingerprint of each declared field, cached, since every comparison needs it."""
        if not self._hashes:
            self._hashes.update(hash_fields(policies, self.values))
        return self._hashes

    def share_hashes(self, others: Mapping[str, str]) -> None:
        """Take equal `others` for the own hashes, so that memory has their texts once."""
        if self._hashes == others:
            self._hashes.update(others)


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the service has it.

    `values` has every field with a policy, and any others in the reply. `tags` maps names to ids,
    and `children` names of checks to ids. `remote` is the whole reply; fields that are not ours are
    sent back from it.
    """

    id: str
    name: str
    values: Mapping[str, Any]
    remote: Mapping[str, Any]
    organization_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, str] = field(default_factory=dict)


def hash_fields(policies: Policies, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprint of each field's normal form."""
    return {
        path: fingerprint(normalise_value(policies[path], value)) for path, value in values.items()
    }
