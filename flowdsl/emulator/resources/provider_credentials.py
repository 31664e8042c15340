"""`/v1/provider-credentials`: the four slots for the organisation's own keys of model providers.

Of a secret only what the contract shows is stored: its kind, and its last four characters if it is
long enough. The secret itself is dropped with its request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Row

from flowdsl.emulator.errors import invalid_request, not_found
from flowdsl.emulator.resources.rows import Resource
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import provider_credentials
from flowdsl.emulator.wire.models import (
    BedrockAuthMode,
    ProviderCredentialAuthType,
    ProviderCredentialDisplayMetadata,
    ProviderCredentialResponse,
    ProviderCredentialSlot,
    ProviderCredentialSource,
    ProviderCredentialStatus,
    ProviderCredentialUpsert,
    ProviderCredentialValidationCheck,
    ProviderCredentialValidationResponse,
)

router = APIRouter(
    prefix="/v1/provider-credentials", tags=["provider_credentials"], route_class=StoreRoute
)

CREDENTIALS = Resource(
    kind="provider credential",
    table=provider_credentials,
    reply=ProviderCredentialResponse,
    order=(provider_credentials.c.slot,),
    key="slot",
)

SHOWN_FROM = 16
"""No character of a shorter key is shown."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A slot for keys; `covers` lists the providers whose model configurations use its key."""

    display_name: str
    covers: tuple[str, ...]


PROVIDERS = {
    ProviderCredentialSlot.ANTHROPIC: Provider("Anthropic", ("anthropic",)),
    ProviderCredentialSlot.OPENAI: Provider("OpenAI", ("openai",)),
    ProviderCredentialSlot.GOOGLE: Provider("Google", ("google_genai", "google_vertexai")),
    ProviderCredentialSlot.AWS_BEDROCK: Provider("AWS Bedrock", ("bedrock", "bedrock_converse")),
}


@router.get("")
async def list_provider_credentials(transaction: Current) -> list[ProviderCredentialResponse]:
    """All slots, those without a key of the organisation too."""
    return [_render_credential(slot, CREDENTIALS.find(transaction, slot)) for slot in PROVIDERS]


@router.put("/{slot}")
async def upsert_provider_credential(
    transaction: Current, slot: ProviderCredentialSlot, body: ProviderCredentialUpsert
) -> ProviderCredentialResponse:
    """The slot with this credential in place of any other, active at once.

    It is not tried (assumption `credential-unasked`). 422 for one that lacks what the slot needs
    (`credential-needs`).
    """
    auth_type, shown = _read_credential(slot, body)
    values = {
        "auth_type": auth_type.value,
        "status": ProviderCredentialStatus.ACTIVE.value,
        "display_metadata": shown.model_dump(mode="json"),
        "activated_at": transaction.now,
        "last_validated_at": None,
    }
    if CREDENTIALS.find(transaction, slot) is None:
        CREDENTIALS.insert(transaction, slot=slot.value, **values)
    else:
        CREDENTIALS.change(transaction, slot, **values)
    return _render_credential(slot, CREDENTIALS.row(transaction, slot))


@router.post("/{slot}/validate")
async def validate_provider_credential(
    transaction: Current, slot: ProviderCredentialSlot
) -> ProviderCredentialValidationResponse:
    """What a call with the credential would show: it works (assumption `credential-unasked`)."""
    _refuse_empty(transaction, slot)
    CREDENTIALS.change(transaction, slot, last_validated_at=transaction.now)
    check = ProviderCredentialValidationCheck(
        check="stored", label=f"A key of {PROVIDERS[slot].display_name} is stored", ok=True
    )
    return ProviderCredentialValidationResponse(
        slot=slot,
        ok=True,
        checks=[check],
        credential=_render_credential(slot, CREDENTIALS.row(transaction, slot)),
    )


@router.delete("/{slot}")
async def delete_provider_credential(
    transaction: Current, slot: ProviderCredentialSlot
) -> ProviderCredentialResponse:
    """The slot without its credential: it stays with the organisation, whose key is missing."""
    _refuse_empty(transaction, slot)
    CREDENTIALS.change(
        transaction,
        slot,
        auth_type=None,
        status=ProviderCredentialStatus.MISSING.value,
        display_metadata=ProviderCredentialDisplayMetadata().model_dump(mode="json"),
        activated_at=None,
        last_validated_at=None,
    )
    return _render_credential(slot, CREDENTIALS.row(transaction, slot))


def source_for(transaction: Transaction, provider: str) -> ProviderCredentialSource:
    """Return whose key is used to call a model of this provider."""
    slots = [slot for slot, known in PROVIDERS.items() if provider in known.covers]
    owned = any(CREDENTIALS.find(transaction, slot) is not None for slot in slots)
    return ProviderCredentialSource.ORGANIZATION if owned else ProviderCredentialSource.CYBERDESK


def _read_credential(
    slot: ProviderCredentialSlot, body: ProviderCredentialUpsert
) -> tuple[ProviderCredentialAuthType, ProviderCredentialDisplayMetadata]:
    """Return the kind of a credential and the metadata that may be shown."""
    match slot:
        case ProviderCredentialSlot.GOOGLE:
            account = _service_account(_require_field(slot, body, "service_account_json"))
            shown = ProviderCredentialDisplayMetadata(
                project_id=account["project_id"], client_email=account["client_email"]
            )
            return ProviderCredentialAuthType.SERVICE_ACCOUNT_JSON, shown
        case ProviderCredentialSlot.AWS_BEDROCK:
            mode = _require_field(slot, body, "bedrock_auth_mode")
            region = _require_field(slot, body, "aws_region")
            if mode == BedrockAuthMode.API_KEY:
                last = _last_characters(_require_field(slot, body, "api_key"))
                shown = ProviderCredentialDisplayMetadata(key_last4=last, aws_region=region)
                return ProviderCredentialAuthType.AWS_BEDROCK_API_KEY, shown
            last = _last_characters(_require_field(slot, body, "aws_access_key_id"))
            _require_field(slot, body, "aws_secret_access_key")
            shown = ProviderCredentialDisplayMetadata(access_key_id_last4=last, aws_region=region)
            return ProviderCredentialAuthType.AWS_IAM, shown
        case _:
            last = _last_characters(_require_field(slot, body, "api_key"))
            shown = ProviderCredentialDisplayMetadata(key_last4=last)
            return ProviderCredentialAuthType.API_KEY, shown


def _require_field(slot: ProviderCredentialSlot, body: ProviderCredentialUpsert, name: str) -> str:
    value: str | None = getattr(body, name)
    if not value:
        raise invalid_request(("body", name), f"slot `{slot}` needs `{name}` here", "missing")
    return value


def _service_account(text: str) -> dict[str, str]:
    """Parse a Google Cloud key file; raises a 422 that quotes nothing of an invalid one."""
    location = ("body", "service_account_json")
    try:
        read: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise invalid_request(location, "the key file is no JSON", "json_invalid") from None
    for name in ("project_id", "client_email"):
        if not isinstance(read, dict) or not isinstance(read.get(name), str):
            raise invalid_request(location, f"the key file has no text `{name}`", "missing")
    return read  # type: ignore[no-any-return]


def _last_characters(secret: str) -> str | None:
    return secret[-4:] if len(secret) >= SHOWN_FROM else None


def _refuse_empty(transaction: Transaction, slot: ProviderCredentialSlot) -> None:
    """Raise a 404 if the slot holds no key of the organisation."""
    row = CREDENTIALS.find(transaction, slot)
    if row is None or row.status == ProviderCredentialStatus.MISSING:
        raise not_found(CREDENTIALS.kind, slot)


def _render_credential(
    slot: ProviderCredentialSlot, row: Row[Any] | None
) -> ProviderCredentialResponse:
    provider, source = PROVIDERS[slot], ProviderCredentialSource.ORGANIZATION
    if row is None:
        source = ProviderCredentialSource.CYBERDESK
    stored = {} if row is None else row._asdict()
    stored.pop("organization_id", None)
    return ProviderCredentialResponse.model_validate(
        {
            "slot": slot,
            "display_name": provider.display_name,
            "covered_providers": list(provider.covers),
            "source": source,
            **stored,
        }
    )
