"""The base classes and value types of the generated models."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from flowdsl.emulator.clock import format_time

ReplyId = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
"""A UUID the store has already checked."""

ReplyTime = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time in the format of `clock.format_time`."""

RepeatedTime = Annotated[
    datetime,
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time from a request that replies repeat in the format of `clock.format_time`."""

OpenObject = dict[str, JsonValue]

MAX_SKIP = 2**63 - 1
"""The largest integer in SQLite."""


class Paging(BaseModel):
    """The page of a list that is requested; filters of lists add fields."""

    skip: Annotated[int, Field(ge=0, le=MAX_SKIP)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


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


class SecretRequestModel(RequestModel):
    """A request body whose values are never quoted in messages."""

    model_config = ConfigDict(hide_input_in_errors=True)


class ReplyModel(BaseModel):
    """A reply body or a part of one."""

    model_config = ConfigDict(extra="forbid")


class PageModel(ReplyModel):
    """A page of a list; each subclass declares the type of its items."""

    items: list[Any]
    total: int
    skip: int
    limit: int

    @classmethod
    def of(cls, wanted: Paging, items: list[Any], total: int, **more: Any) -> Self:
        """Return the requested page."""
        return cls(items=items, total=total, skip=wanted.skip, limit=wanted.limit, **more)
