"""Model configurations, and an organisation's own keys of model providers.

Limits: the API reference of `create-model-configuration`. Fields: SDK 2.2.69.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import Items, ReadModel, WriteModel

Name = Annotated[str, Field(min_length=1, max_length=255)]
Provider = Annotated[str, Field(min_length=1, max_length=50)]


class _ModelSettings(WriteModel):
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: dict[str, Any] | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool = False
    is_archived: bool = False
    api_key: str | None = Field(default=None, repr=False)


class ModelConfigurationCreate(_ModelSettings):
    """The body of `POST /v1/model-configurations`.

    `provider` is LangChain's name of the provider. No reply contains `api_key`.
    """

    name: Name
    provider: Provider
    model: Name


class ModelConfigurationPatch(_ModelSettings):
    """The body of `PATCH /v1/model-configurations/{id}`.

    `clear_api_key` removes the key; a null `api_key` does not.
    """

    name: Name = ""
    provider: Provider = ""
    model: Name = ""
    clear_api_key: bool = False


class ModelConfiguration(ReadModel):
    """A model configuration; `is_system_default` marks the service's own, which are read-only."""

    id: str
    name: str
    provider: str
    model: str
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: dict[str, Any] | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool | None = None
    is_archived: bool | None = None
    is_system_default: bool | None = None
    organization_id: str | None = None
    api_key_alias: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class ProviderCredentialUpsert(WriteModel):
    """The body of `PUT /v1/provider-credentials/{slot}`, which accepts no other fields."""

    api_key: str | None = Field(default=None, repr=False)
    service_account_json: str | None = Field(default=None, repr=False)
    bedrock_auth_mode: Literal["api_key", "iam"] | None = None
    aws_access_key_id: str | None = Field(default=None, repr=False)
    aws_secret_access_key: str | None = Field(default=None, repr=False)
    aws_region: str | None = None


class ProviderCredential(ReadModel):
    """A slot for a key; `source` says whose key is used. No reply contains the key itself."""

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
    """One test of a key, with its result."""

    check: str
    label: str
    ok: bool
    model: str | None = None
    location: str | None = None
    error: str | None = None
    is_auth_error: bool | None = None


class CredentialValidation(ReadModel):
    """The result of validating a key."""

    slot: str
    ok: bool
    checks: Items[CredentialCheck]
    credential: ProviderCredential
