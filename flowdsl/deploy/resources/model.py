"""Model configurations, whose names need not be unique.

A declared name that two of them have is therefore an error of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.config.address import MODEL
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.model_configuration import (
    ModelConfigurationCreate,
    ModelConfigurationPatch,
)
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.policy import FieldPolicy, Policies
from flowdsl.deploy.resources.resource import Live


class ModelKind:
    """`model.<name>`.

    The key of a provider is not among the fields: no reply contains it, so it cannot be compared.
    """

    name = MODEL
    policies = Policies(
        {
            "provider": FieldPolicy("required by the contract"),
            "model": FieldPolicy("required by the contract"),
            "description": FieldPolicy("null clears; null when absent"),
            "temperature": FieldPolicy("null clears; null when absent"),
            "max_tokens": FieldPolicy("null clears; null when absent"),
            "timeout_seconds": FieldPolicy("null clears; null when absent"),
            "max_retries": FieldPolicy("null clears; null when absent"),
            "additional_params": FieldPolicy("null clears; null when absent"),
            "agent_harness_version_string": FieldPolicy("null clears; null when absent"),
            "is_computer_use_model": FieldPolicy("default false (schema)", False, default=False),
        }
    )

    def find(self, directory: Directory, name: str) -> list[Live]:
        return [
            Live(
                id=row.id,
                name=row.name,
                values={path: getattr(row, path) for path in self.policies},
                remote=row.as_sent(),
                organization_id=row.organization_id,
            )
            for row in directory.models
            if row.name == name and not row.is_system_default and not row.is_archived
        ]

    async def create(
        self, client: CyberdeskClient, name: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        body = ModelConfigurationCreate.model_validate({"name": name, **values})
        # After a lost reply the name is looked for. A service that forgot the key would make two.
        await client.model_configurations.create(body, idempotency_key=key, once=True)

    async def update(
        self, client: CyberdeskClient, resource_id: str, values: Mapping[str, Any], *, key: str
    ) -> None:
        body = ModelConfigurationPatch.model_validate(values)
        await client.model_configurations.update(resource_id, body, idempotency_key=key)

    async def delete(self, client: CyberdeskClient, resource_id: str, *, key: str) -> None:
        await client.model_configurations.delete(resource_id, idempotency_key=key)
