"""What the generated models are made of: their base classes and the values of replies."""

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
"""A time in the form of `clock.format_time`."""

RepeatedTime = Annotated[
    datetime,
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time that a request sends and replies repeat in the form of `clock.format_time`."""

OpenObject = dict[str, JsonValue]

MAX_SKIP = 2**63 - 1
"""The largest number SQLite can count to."""


class Paging(BaseModel):
    """Which page of a list is asked for; a filter of a list has more fields."""

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
    """A request body whose values no message repeats."""

    model_config = ConfigDict(hide_input_in_errors=True)


class ReplyModel(BaseModel):
    """A reply body or a part of one."""

    model_config = ConfigDict(extra="forbid")


class PageModel(ReplyModel):
    """A page of a list; each kind of page says what its items are."""

    items: list[Any]
    total: int
    skip: int
    limit: int

    @classmethod
    def of(cls, wanted: Paging, items: list[Any], total: int, **more: Any) -> Self:
        """The page that was asked for."""
        return cls(items=items, total=total, skip=wanted.skip, limit=wanted.limit, **more)
