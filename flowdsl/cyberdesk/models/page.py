"""Pages of lists."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from flowdsl.cyberdesk.models.wire_model import ReadModel

Row = TypeVar("Row")


class Page(ReadModel, Generic[Row]):
    """One page of a list; `total` counts all rows that match, on every page."""

    items: list[Row]
    total: int
    skip: int | None = None
    limit: int | None = None
    included: list[dict[str, Any]] | None = None
