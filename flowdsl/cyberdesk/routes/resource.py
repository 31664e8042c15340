"""What the routes of all resources have in common: reading one, changing one, a page of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from flowdsl.cyberdesk.models.wire_model import Page, ReadModel, WriteModel
from flowdsl.cyberdesk.redaction import redact_value
from flowdsl.cyberdesk.replies import Reply
from flowdsl.cyberdesk.transport import Sender, quote_segment

Row = TypeVar("Row", bound=ReadModel)
Create = TypeVar("Create", bound=WriteModel)
Patch = TypeVar("Patch", bound=WriteModel)
Listing = TypeVar("Listing", bound=Page[Any])
Model = TypeVar("Model", bound=BaseModel)

_JOINED = frozenset({"include", "tag_ids"})
"""Parameters whose values stand in one text; another list is one parameter for each value."""

_KEPT = frozenset(
    {
        *("id", "run_id", "workflow_id", "machine_id", "session_id", "organization_id", "user_id"),
        *("status", "created_at", "started_at", "ended_at", "updated_at", "expires_at"),
        *("input_values", "original_input_values", "sensitive_input_aliases", "session_alias"),
        *("pool_ids", "input_attachment_ids", "output_attachment_ids", "attachment_type"),
    }
)
"""Fields of a run, a file or a recording that are our own words, or none."""


class Readable(Generic[Row]):
    """The routes below `path`, whose replies are `row`s."""

    path: ClassVar[str]
    row: type[Row]

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def get(self, identifier: str, *, include: Sequence[str] = ()) -> Row:
        """One of them with all of its fields, and the related rows that `include` names."""
        return self._read(
            await self._sender.get(self._one(identifier), query_parameters(include=include))
        )

    def _one(self, identifier: str, *rest: str) -> str:
        """The path of one, or of what is below it."""
        return "/".join((self.path, quote_segment(identifier), *rest))

    def _read(self, reply: Reply) -> Row:
        return self._clean(reply.model(self.row))

    def _clean(self, row: Row) -> Row:
        """The row without what must not be shown of it."""
        return row

    async def _fetch_page(
        self, page: type[Listing], skip: int, limit: int, wanted: object
    ) -> Listing:
        """One page of those that are `wanted`, a mapping of parameters."""
        assert isinstance(wanted, dict)
        found = (
            await self._sender.get(self.path, query_parameters(skip=skip, limit=limit, **wanted))
        ).model(page)
        found.items[:] = map(self._clean, found.items)
        return found


class Editable(Readable[Row], Generic[Row, Patch]):
    """The routes of what is changed by a `patch` and deleted."""

    patch: type[Patch]

    async def update(
        self, identifier: str, patch: Patch | Mapping[str, Any], *, idempotency_key: str
    ) -> Row:
        """What it is after the change; in `patch` an absent field stays and None clears.

        Raises `ValueError` for fields or values that the class of the patch does not take.
        """
        body = self.patch.model_validate(patch).to_wire()
        return await self._write("PATCH", self._one(identifier), idempotency_key, body)

    async def delete(self, identifier: str, *, idempotency_key: str) -> bool:
        """True when deleted, False when it was already gone."""
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
    """The routes of what callers also make."""

    async def create(self, new: Create, *, idempotency_key: str, once: bool = True) -> Row:
        """The new one; `once` is that of `Sender.write`."""
        return await self._write("POST", self.path, idempotency_key, new.to_wire(), once=once)


def query_parameters(**params: Any) -> dict[str, str | int | bool | list[str]]:
    """The parameters of a request: those that are neither None nor an empty list."""
    said = {name: value for name, value in params.items() if value not in (None, [], ())}
    return {name: ",".join(value) if name in _JOINED else value for name, value in said.items()}


def redact_model(found: Model, secrets: tuple[str, ...]) -> Model:
    """What the service says of a run, as a model, with `REDACTED` for every secret of the run.

    Numbers are looked at in outputs alone, whose types are those of a workflow.
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
