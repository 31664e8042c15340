"""Resources that are identified by their name, in a list that the service returns whole.

Such a resource needs no mark and no intent: after a lost reply it is found by its name. Names of
tags are assumed to be unique in an organisation, and so are those of groups. Names of model
configurations need not be: if two have the name of a declared one, the plan has an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flowdsl.config.address import MODEL, TAG, TAG_GROUP
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.model_configuration import (
    ModelConfiguration,
    ModelConfigurationCreate,
    ModelConfigurationPatch,
)
from flowdsl.cyberdesk.models.tag import (
    Tag,
    TagCreate,
    TagGroup,
    TagGroupCreate,
    TagGroupPatch,
    TagPatch,
)
from flowdsl.cyberdesk.models.wire_model import WriteModel
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.policy import FieldPolicy, Policies
from flowdsl.deploy.resources.resource import Live

Row = Tag | TagGroup | ModelConfiguration
_CLEARED = FieldPolicy("null clears; null when absent")


@dataclass(frozen=True, slots=True)
class NamedKind:
    """A kind of named resources.

    - `rows` are the rows of a directory that may be ours.
    - `routes` are the client's routes that create, update and delete.
    - `created` and `changed` are the request bodies.

    Writes take wire values and raise `CyberdeskError`; `key` is the idempotency key.
    """

    name: str
    policies: Policies
    rows: Callable[[Directory], Iterable[Row]]
    routes: Callable[[CyberdeskClient], Any]
    created: type[WriteModel]
    changed: type[WriteModel]

    def find(self, directory: Directory, name: str) -> list[Live]:
        """Return the resources of that name, ours or not; several if names need not be unique."""
        return [
            Live(
                id=row.id,
                name=row.name,
                values={path: getattr(row, path) for path in self.policies},
                remote=row.as_sent(),
                organization_id=row.organization_id,
            )
            for row in self.rows(directory)
            if row.name == name
        ]

    async def create(
        self, client: CyberdeskClient, name: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        """Create the resource; the request is sent once, as a lost one is found by its name."""
        body = self.created.model_validate({"name": name, **values})
        await self.routes(client).create(body, idempotency_key=key)

    async def update(
        self, client: CyberdeskClient, resource_id: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        """Send exactly the fields in `values`."""
        body = self.changed.model_validate(values)
        await self.routes(client).update(resource_id, body, idempotency_key=key)

    async def delete(self, client: CyberdeskClient, resource_id: str, *, key: str) -> None:
        """Delete the resource; one that is already gone counts as deleted."""
        await self.routes(client).delete(resource_id, idempotency_key=key)


_LABEL = Policies(dict.fromkeys(("description", "emoji", "color"), _CLEARED))

_KINDS = (
    NamedKind(
        TAG_GROUP,
        _LABEL,
        lambda directory: directory.tag_groups,
        lambda client: client.tag_groups,
        TagGroupCreate,
        TagGroupPatch,
    ),
    NamedKind(
        TAG,
        Policies(
            {**_LABEL, "group_id": FieldPolicy("the id of the declared group; null ungroups")}
        ),
        lambda directory: directory.tags,
        lambda client: client.tags,
        TagCreate,
        TagPatch,
    ),
    NamedKind(
        MODEL,
        # The key of a provider is not a field: no reply contains it, so it cannot be compared.
        Policies(
            {
                **dict.fromkeys(("provider", "model"), FieldPolicy("required by the contract")),
                "description": _CLEARED,
                "temperature": _CLEARED,
                "max_tokens": _CLEARED,
                "timeout_seconds": _CLEARED,
                "max_retries": _CLEARED,
                "additional_params": _CLEARED,
                "agent_harness_version_string": _CLEARED,
                "is_computer_use_model": FieldPolicy(
                    "default false (schema)", False, default=False
                ),
            }
        ),
        lambda directory: [
            row for row in directory.models if not row.is_system_default and not row.is_archived
        ],
        lambda client: client.model_configurations,
        ModelConfigurationCreate,
        ModelConfigurationPatch,
    ),
)

NAMED_KIND = {kind.name: kind for kind in _KINDS}
"""The kinds by their name in addresses, in the order in which they depend on each other."""
