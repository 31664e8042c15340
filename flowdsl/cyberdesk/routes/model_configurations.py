"""The routes of model configurations."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.model_configuration import (
    ModelConfiguration,
    ModelConfigurationCreate,
    ModelConfigurationPatch,
)
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/model-configurations"


class ModelConfigurations:
    """The routes below `/v1/model-configurations`, whose list has no pages."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self) -> Sequence[ModelConfiguration]:
        """The service's defaults and the organisation's own; names are not unique."""
        return (await self._sender.get(_PATH)).models(ModelConfiguration)

    async def get(self, configuration_id: str) -> ModelConfiguration:
        """One configuration."""
        return (await self._sender.get(_one(configuration_id))).model(ModelConfiguration)

    async def create(
        self,
        configuration: ModelConfigurationCreate,
        *,
        idempotency_key: str,
        once: bool = False,
    ) -> ModelConfiguration:
        """The new configuration; `once` is that of `Sender.write`."""
        body = configuration.to_wire()
        reply = await self._sender.write("POST", _PATH, idempotency_key, body, once=once)
        return reply.model(ModelConfiguration)

    async def update(
        self, configuration_id: str, patch: ModelConfigurationPatch, *, idempotency_key: str
    ) -> ModelConfiguration:
        """The configuration after the change."""
        path = _one(configuration_id)
        reply = await self._sender.write("PATCH", path, idempotency_key, patch.to_wire())
        return reply.model(ModelConfiguration)

    async def delete(self, configuration_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, False when it was already gone."""
        return await self._sender.delete(_one(configuration_id), idempotency_key)


def _one(configuration_id: str) -> str:
    return f"{_PATH}/{segment(configuration_id)}"
