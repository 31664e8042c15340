"""Bodies of model configurations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowdsl.emulator.wire.values import (
    Name255,
    OpenObject,
    ReplyId,
    ReplyModel,
    ReplyTime,
    RequestModel,
)

Provider = Annotated[str, Field(min_length=1, max_length=50)]


class ModelConfigurationCreate(RequestModel):
    """A new configuration; `api_key` is write-only."""

    name: Name255
    provider: Provider
    model: Name255
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: OpenObject | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool = False
    is_archived: bool = False
    api_key: str | None = None


class ModelConfigurationUpdate(RequestModel):
    """Absent keys stay; `clear_api_key` drops the key, null does not."""

    name: Name255 | None = None
    description: str | None = None
    provider: Provider | None = None
    model: Name255 | None = None
    api_key: str | None = None
    clear_api_key: bool | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: OpenObject | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool | None = None
    is_archived: bool | None = None


class ModelConfigurationResponse(ReplyModel):
    """One configuration; `api_key_alias` stands for the key."""

    name: Name255
    provider: Provider
    model: Name255
    id: ReplyId
    is_system_default: bool
    created_at: ReplyTime
    updated_at: ReplyTime
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: OpenObject | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool = False
    is_archived: bool = False
    organization_id: str | None = None
    api_key_alias: str | None = None
