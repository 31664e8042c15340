"""Model configurations. Limits: the API reference of `create-model-configuration`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flowdsl.cyberdesk.models.wire_model import ReadModel, WriteModel

Name = Annotated[str, Field(min_length=1, max_length=255)]
Provider = Annotated[str, Field(min_length=1, max_length=50)]


class ModelConfigurationCreate(WriteModel):
    """The body of `POST /v1/model-configurations`.

    `provider` is the name that LangChain has for it. No reply contains `api_key`.
    """

    name: Name
    provider: Provider
    model: Name
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


class ModelConfigurationPatch(WriteModel):
    """The body of `PATCH /v1/model-configurations/{id}`.

    `clear_api_key` removes the key; a null `api_key` does not.
    """

    name: Name = ""
    provider: Provider = ""
    model: Name = ""
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
    clear_api_key: bool = False


class ModelConfiguration(ReadModel):
    """A model configuration; one with `is_system_default` is the service's own and read-only."""

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
