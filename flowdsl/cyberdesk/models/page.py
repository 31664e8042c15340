"""Pages of lists."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import PrivateAttr

from flowdsl.cyberdesk.models.wire_model import Items, ReadModel

Row = TypeVar("Row")


class Page(ReadModel, Generic[Row]):
    """One page of a list; `total` counts the rows that match on all pages."""

    items: Items[Row]
    total: int
    skip: int | None = None
    limit: int | None = None
    included: Items[dict[str, Any]] | None = None
    _size: int = PrivateAttr(0)

    @property
    def size(self) -> int:
        """Bytes of the reply that this page came in; 0 for a page that is no reply."""
        return self._size

    def weigh(self, size: int) -> None:
        """Set `size`."""
        self._size = size
