"""The routes of keys of model providers."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.cyberdesk.models.provider_credential import (
    CredentialValidation,
    ProviderCredential,
    ProviderCredentialUpsert,
)
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/provider-credentials"


class ProviderCredentials:
    """The routes below `/v1/provider-credentials`, whose list has no pages.

    Every write may be repeated: a slot holds one key.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self) -> Sequence[ProviderCredential]:
        """All slots, also those without a key of the organisation."""
        return (await self._sender.get(_PATH)).models(ProviderCredential)

    async def put(
        self, slot: str, credential: ProviderCredentialUpsert, *, idempotency_key: str
    ) -> ProviderCredential:
        """The slot with this key in place of any other."""
        body = credential.to_wire()
        reply = await self._sender.write("PUT", _one(slot), idempotency_key, body)
        return reply.model(ProviderCredential)

    async def validate(self, slot: str, *, idempotency_key: str) -> CredentialValidation:
        """What a call of the provider with the key shows; `NotFound` without a key."""
        path = f"{_one(slot)}/validate"
        return (await self._sender.write("POST", path, idempotency_key)).model(CredentialValidation)

    async def delete(self, slot: str, *, idempotency_key: str) -> ProviderCredential:
        """The slot without its key; `NotFound` without one."""
        reply = await self._sender.write("DELETE", _one(slot), idempotency_key)
        return reply.model(ProviderCredential)


def _one(slot: str) -> str:
    return f"{_PATH}/{segment(slot)}"
