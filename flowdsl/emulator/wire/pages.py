"""The envelope of every paginated list and its two parameters."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import ConfigDict

from flowdsl.emulator.wire.values import ReplyId, ReplyModel

MAX_SKIP = 2**63 - 1
"""The largest number SQLite can count to."""

Skip = Annotated[int, Query(ge=0, le=MAX_SKIP)]
Limit = Annotated[int, Query(ge=1, le=1000)]

Item = TypeVar("Item")


class IncludedResource(ReplyModel):
    """A related row beside the items, named by `type` and `id`, with that row's own fields."""

    model_config = ConfigDict(extra="allow")

    type: str
    id: ReplyId


class PaginatedResponse(ReplyModel, Generic[Item]):
    """`total` counts all rows that match, not the ones on this page."""

    items: list[Item]
    total: int
    skip: int
    limit: int


class PaginatedResponseWithIncludes(PaginatedResponse[Item], Generic[Item]):
    """A page whose items may have related rows."""

    included: list[IncludedResource] | None = None
