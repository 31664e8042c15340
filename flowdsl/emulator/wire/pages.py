"""The envelope of every paginated list."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import ConfigDict

from flowdsl.emulator.wire.values import ReplyId, ReplyModel

Item = TypeVar("Item")


class IncludedResource(ReplyModel):
    """A related row beside the items, named by `type` and `id`, with that row's own fields."""

    model_config = ConfigDict(extra="allow")

    type: str
    id: ReplyId


class PaginatedResponseWithIncludes(ReplyModel, Generic[Item]):
    """`total` counts all rows that match, not the ones on this page."""

    items: list[Item]
    total: int
    skip: int
    limit: int
    included: list[IncludedResource] | None = None
