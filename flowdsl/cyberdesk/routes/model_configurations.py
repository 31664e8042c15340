"""The routes of model configurations, and of the API keys of model providers."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.model_configuration import (
    CredentialValidation,
    ModelConfiguration,
    ModelConfigurationCreate,
    ModelConfigurationPatch,
    ProviderCredential,
    ProviderCredentialUpsert,
)
from flowdsl.cyberdesk.routes.resource import Resource
from flowdsl.cyberdesk.transport import Sender, quote_segment

_CREDENTIALS = "/v1/provider-credentials"


class ModelConfigurations(
    Resource[ModelConfiguration, ModelConfigurationCreate, ModelConfigurationPatch]
):
    """The routes below `/v1/model-configurations`, whose list is not paged."""

    path, row, patch = "/v1/model-configurations", ModelConfiguration, ModelConfigurationPatch

    async def list(self) -> Sequence[ModelConfiguration]:
        """Return the service's defaults and the organisation's own; names are not unique."""
        return (await self._sender.get(self.path)).models(ModelConfiguration)


class ProviderCredentials:
    """The routes below `/v1/provider-credentials`, whose list is not paged.

    Every write may be repeated: a slot holds one key.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self) -> Sequence[ProviderCredential]:
        """Return all slots, including those without a key of the organisation."""
        return (await self._sender.get(_CREDENTIALS)).models(ProviderCredential)

    async def put(
        self, slot: str, credential: ProviderCredentialUpsert, *, idempotency_key: str
    ) -> ProviderCredential:
        """Put this key into the slot, replacing any other; return the slot."""
        body = credential.to_wire()
        reply = await self._sender.write("PUT", _path_of_slot(slot), idempotency_key, body)
        return reply.model(ProviderCredential)

    async def validate(self, slot: str, *, idempotency_key: str) -> CredentialValidation:
        """Return the result of a call to the provider with the key; `NotFound` without a key."""
        path = f"{_path_of_slot(slot)}/validate"
        return (await self._sender.write("POST", path, idempotency_key)).model(CredentialValidation)

    async def delete(self, slot: str, *, idempotency_key: str) -> ProviderCredential:
        """Remove the key from the slot and return the slot; `NotFound` without a key."""
        reply = await self._sender.write("DELETE", _path_of_slot(slot), idempotency_key)
        return reply.model(ProviderCredential)


def _path_of_slot(name: str) -> str:
    return f"{_CREDENTIALS}/{quote_segment(name)}"
