"""What the routes of all resources have in common: get, list, create, update, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.wire_model import ListPage, ReadModel, WriteModel
from flowdsl.cyberdesk.paging import walk_all
from flowdsl.cyberdesk.redaction import redact_value
from flowdsl.cyberdesk.replies import Reply
from flowdsl.cyberdesk.transport import Sender, quote_segment

Row = TypeVar("Row", bound=ReadModel)
Create = TypeVar("Create", bound=WriteModel)
Patch = TypeVar("Patch", bound=WriteModel)
Model = TypeVar("Model", bound=BaseModel)

_JOINED = frozenset({"include", "tag_ids"})
"""Parameters whose values are joined by commas; other lists repeat the parameter for each value."""

_KEPT = frozenset(
    {
        *("id", "run_id", "workflow_id", "machine_id", "session_id", "organization_id", "user_id"),
        *("status", "created_at", "started_at", "ended_at", "updated_at", "expires_at"),
        *("input_values", "original_input_values", "sensitive_input_aliases", "session_alias"),
        *("pool_ids", "input_attachment_ids", "output_attachment_ids", "attachment_type"),
    }
)
"""Fields of a run, file or recording that are never redacted: their values are ours or ids."""


class Readable(Generic[Row]):
    """The routes below `path`, whose replies have the type `row`."""

    path: ClassVar[str]
    row: type[Row]

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def get(self, identifier: str, *, include: Sequence[str] = ()) -> Row:
        """Return one object with all of its fields, and the related rows that `include` names."""
        return self._read(
            await self._sender.get(self._one(identifier), query_parameters(include=include))
        )

    def _one(self, identifier: str, *rest: str) -> str:
        """Return the path of one object, or of a path below it."""
        return "/".join((self.path, quote_segment(identifier), *rest))

    def _read(self, reply: Reply) -> Row:
        return self._clean(reply.model(self.row))

    def _clean(self, row: Row) -> Row:
        """Return the row without secrets; subclasses override this."""
        return row

    async def _fetch_page(self, skip: int, limit: int, wanted: object) -> ListPage[Row]:
        """Return one page of the rows that match `wanted`, a mapping of parameters."""
        assert isinstance(wanted, dict)
        params = query_parameters(skip=skip, limit=limit, **wanted)
        page: ListPage[Row] = (await self._sender.get(self.path, params)).model(_page_of(self.row))
        page.items[:] = map(self._clean, page.items)
        return page

    async def _fetch_all(self, wanted: object) -> list[Row]:
        """Return every row that matches `wanted`, once, even if rows change (see `walk_all`)."""

        async def read_page(skip: int) -> ListPage[Any]:
            return await self._fetch_page(skip, LIST_LIMIT, wanted)

        return await walk_all(read_page, self.path.rpartition("/")[2].replace("-", " "))


@cache
def _page_of(row: type[ReadModel]) -> Any:
    return ListPage.__class_getitem__(row)


class Editable(Readable[Row], Generic[Row, Patch]):
    """The routes of resources that can be updated by a `patch` and deleted."""

    patch: type[Patch]
    method_of_update: ClassVar[str] = "PATCH"

    async def update(
        self, identifier: str, patch: Patch | Mapping[str, Any], *, idempotency_key: str
    ) -> Row:
        """Update an object and return it; in `patch` an absent field is unchanged and None clears.

        Raises `ValueError` for fields or values that the class of the patch does not accept.
        """
        body = self.patch.model_validate(patch).to_wire()
        path = self._one(identifier)
        return await self._write(self.method_of_update, path, idempotency_key, body)

    async def delete(self, identifier: str, *, idempotency_key: str) -> bool:
        """Return True when deleted, False when it was already gone."""
        return await self._sender.delete(self._one(identifier), idempotency_key)

    async def _write(
        self,
        method: str,
        path: str,
        idempotency_key: str,
        body: Mapping[str, Any] | None = None,
        *,
        once: bool = False,
    ) -> Row:
        return self._read(await self._sender.write(method, path, idempotency_key, body, once=once))


class Resource(Editable[Row, Patch], Generic[Row, Create, Patch]):
    """The routes of resources that callers can also create."""

    async def create(self, new: Create, *, idempotency_key: str, once: bool = True) -> Row:
        """Create an object and return it; `once` is described at `Sender.write`."""
        return await self._write("POST", self.path, idempotency_key, new.to_wire(), once=once)


def query_parameters(**params: Any) -> dict[str, str | int | bool | list[str]]:
    """Return the parameters of a request, without None and empty lists."""
    said = {name: value for name, value in params.items() if value not in (None, [], ())}
    return {name: ",".join(value) if name in _JOINED else value for name, value in said.items()}


def redact_model(found: Model, secrets: tuple[str, ...]) -> Model:
    """Return a model with every secret of its run replaced by `REDACTED`.

    Numbers are redacted in outputs only, whose types the workflow defines.
    """
    if not secrets:
        return found
    clean = {
        name: value
        if name in _KEPT
        else redact_value(value, secrets, numbers=name == "output_data")
        for name, value in found.model_dump(exclude_unset=True).items()
    }
    return type(found).model_validate(clean)
