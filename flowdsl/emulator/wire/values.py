"""Value types and the two model classes every body of the contract is made of."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

ReplyId = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
"""A UUID the store has already checked."""

ReplyTime = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time in the form of `clock.format_time`."""

Name100 = Annotated[str, Field(min_length=1, max_length=100)]
Name255 = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str, Field(max_length=500)]
Emoji = Annotated[str, Field(max_length=10)]
Color = Annotated[str, Field(max_length=20)]

OpenObject = dict[str, JsonValue]

strict_keys: ContextVar[bool] = ContextVar("strict_keys", default=False)
"""Whether unknown keys of a request body are refused; set around one request."""


class RequestModel(BaseModel):
    """A request body or a part of one. Unknown keys are dropped, or refused in strict mode."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if strict_keys.get() and isinstance(data, dict):
            unknown = sorted(set(data) - set(cls.model_fields))
            if unknown:
                raise PydanticCustomError(
                    "extra_forbidden",
                    "unknown keys: {unknown}; the keys are: {known}",
                    {"unknown": ", ".join(unknown), "known": ", ".join(cls.model_fields)},
                )
        return data


class ReplyModel(BaseModel):
    """A reply body or a part of one."""

    model_config = ConfigDict(extra="forbid")
