"""`/v1/provider-credentials`: the organisation's own keys of model providers, by slot."""

from __future__ import annotations

from fastapi import APIRouter

from flowdsl.emulator.records.provider_credentials import (
    delete_credential,
    list_credentials,
    put_credential,
    validate_credential,
)
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.models import (
    ProviderCredentialResponse,
    ProviderCredentialSlot,
    ProviderCredentialUpsert,
    ProviderCredentialValidationResponse,
)

router = APIRouter(
    prefix="/v1/provider-credentials", tags=["provider_credentials"], route_class=StoreRoute
)


@router.get("")
async def list_provider_credentials(transaction: Current) -> list[ProviderCredentialResponse]:
    """How every slot stands."""
    return list_credentials(transaction)


@router.put("/{slot}")
async def upsert_provider_credential(
    transaction: Current, slot: ProviderCredentialSlot, body: ProviderCredentialUpsert
) -> ProviderCredentialResponse:
    """Takes a credential; the secret is dropped."""
    return put_credential(transaction, slot, body)


@router.delete("/{slot}")
async def delete_provider_credential(
    transaction: Current, slot: ProviderCredentialSlot
) -> ProviderCredentialResponse:
    """Takes the credential away; the slot does not return to the service's key."""
    return delete_credential(transaction, slot)


@router.post("/{slot}/validate")
async def validate_provider_credential(
    transaction: Current, slot: ProviderCredentialSlot
) -> ProviderCredentialValidationResponse:
    """Tries the credential."""
    return validate_credential(transaction, slot)
