"""Keys of model providers that an organisation brings itself. Fields: SDK 2.2.69."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import Items, ReadModel, WriteModel

CredentialSlot = Literal["anthropic", "aws_bedrock", "google", "openai"]


class ProviderCredentialUpsert(WriteModel):
    """The body of `PUT /v1/provider-credentials/{slot}`, which takes no other field."""

    api_key: str | None = Field(default=None, repr=False)
    service_account_json: str | None = Field(default=None, repr=False)
    bedrock_auth_mode: Literal["api_key", "iam"] | None = None
    aws_access_key_id: str | None = Field(default=None, repr=False)
    aws_secret_access_key: str | None = Field(default=None, repr=False)
    aws_region: str | None = None


class ProviderCredential(ReadModel):
    """A slot for a key; `source` says whose key is used. No reply has the key itself."""

    slot: str
    display_name: str
    source: str
    covered_providers: Items[str]
    status: str | None = None
    auth_type: str | None = None
    display_metadata: dict[str, Any] | None = None
    last_error: str | None = None
    activated_at: str | None = None
    last_validated_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class CredentialCheck(ReadModel):
    """One thing that was tried with a key."""

    check: str
    label: str
    ok: bool
    model: str | None = None
    location: str | None = None
    error: str | None = None
    is_auth_error: bool | None = None


class CredentialValidation(ReadModel):
    """What trying a key showed."""

    slot: str
    ok: bool
    checks: Items[CredentialCheck]
    credential: ProviderCredential
