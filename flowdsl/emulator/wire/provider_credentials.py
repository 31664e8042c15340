"""Bodies of provider credentials, the organisation's own keys of model providers."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from flowdsl.emulator.wire.values import ReplyModel, ReplyTime, RequestModel


class ProviderCredentialSlot(StrEnum):
    """A provider that an organisation may bring a key of."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    GOOGLE = "google"
    AWS_BEDROCK = "aws_bedrock"


class ProviderCredentialAuthType(StrEnum):
    """What kind of secret is stored."""

    API_KEY = "api_key"
    SERVICE_ACCOUNT_JSON = "service_account_json"
    AWS_BEDROCK_API_KEY = "aws_bedrock_api_key"
    AWS_IAM = "aws_iam"


class ProviderCredentialSource(StrEnum):
    """Whose key runs use: the service's, or the organisation's own."""

    CYBERDESK = "cyberdesk"
    ORGANIZATION = "organization"


class ProviderCredentialStatus(StrEnum):
    """How it stands with the organisation's own key."""

    ACTIVE = "active"
    INVALID = "invalid"
    MISSING = "missing"


class BedrockAuthMode(StrEnum):
    """How requests to Bedrock are signed."""

    API_KEY = "api_key"
    IAM = "iam"


class ProviderCredentialUpsert(RequestModel):
    """The secret of one slot, write-only; which keys are needed depends on the slot."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    api_key: str | None = None
    service_account_json: str | None = None
    bedrock_auth_mode: BedrockAuthMode | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_region: Literal["us-east-1", "us-east-2", "us-west-2"] | None = None


class ProviderCredentialDisplayMetadata(ReplyModel):
    """What a person may see of a credential."""

    key_last4: str | None = None
    project_id: str | None = None
    client_email: str | None = None
    aws_region: str | None = None
    access_key_id_last4: str | None = None


class ProviderCredentialResponse(ReplyModel):
    """How one slot stands; never the secret."""

    slot: ProviderCredentialSlot
    display_name: str
    source: ProviderCredentialSource
    covered_providers: list[str]
    status: ProviderCredentialStatus | None = None
    auth_type: ProviderCredentialAuthType | None = None
    display_metadata: ProviderCredentialDisplayMetadata = Field(
        default_factory=ProviderCredentialDisplayMetadata
    )
    last_error: str | None = None
    activated_at: ReplyTime | None = None
    last_validated_at: ReplyTime | None = None
    created_at: ReplyTime | None = None
    updated_at: ReplyTime | None = None


class ProviderCredentialValidationCheck(ReplyModel):
    """One thing that was tried with a credential."""

    check: str
    label: str
    ok: bool
    model: str | None = None
    location: str | None = None
    error: str | None = None
    is_auth_error: bool = False


class ProviderCredentialValidationResponse(ReplyModel):
    """What came of trying the credential of a slot."""

    slot: ProviderCredentialSlot
    ok: bool
    checks: list[ProviderCredentialValidationCheck]
    credential: ProviderCredentialResponse
