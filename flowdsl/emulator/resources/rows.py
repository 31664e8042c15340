"""Operations common to all resources: find, list, create, change and delete rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    Row,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from flowdsl.emulator.clock import format_time
from flowdsl.emulator.errors import invalid_request, not_found
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.wire.values import Paging, ReplyModel, RequestModel

Reply = TypeVar("Reply", bound=ReplyModel)


@dataclass(frozen=True, eq=False, kw_only=True)
class Resource(Generic[Reply]):
    """A table of rows that belong to organisations, and the replies that show them.

    `kind` is the noun used in messages, `order` the order of lists, and `key` the column that
    identifies a row. If `is_shared`, rows without an organisation are visible to all. A row whose
    creation time is in the future does not exist yet. In a body that changes a row, null for a key
    of `required` is a 422; null for a key of `kept_on_null` leaves the value unchanged (assumption
    `null-boolean`); null for any other key clears it. Of the secrets in the column `secrets` only
    aliases are stored.
    """

    kind: str
    table: Table
    reply: type[Reply]
    order: tuple[ColumnElement[Any], ...]
    key: str = "id"
    is_shared: bool = False
    required: tuple[str, ...] = ()
    kept_on_null: tuple[str, ...] = ()
    secrets: str | None = None

    @property
    def _made(self) -> Column[Any]:
        columns = self.table.c
        return columns.created_at if "created_at" in columns else columns.connected_at

    @cached_property
    def _visible_rows_query(self) -> Select[Any]:
        columns = self.table.c
        own = and_(columns.organization_id == bindparam("own"), self._made <= bindparam("until"))
        visible = or_(columns.organization_id.is_(None), own) if self.is_shared else own
        return select(self.table).where(visible).order_by(*self.order)

    @cached_property
    def _row_by_key_query(self) -> Select[Any]:
        return self._visible_rows_query.where(self.table.c[self.key] == bindparam("key"))

    def find(self, transaction: Transaction, key: UUID | str) -> Row[Any] | None:
        """Return one row; None if the organisation has none with this key."""
        bound = {"own": transaction.organization_id, "until": transaction.now, "key": str(key)}
        return transaction.connection.execute(self._row_by_key_query, bound).one_or_none()

    def row(self, transaction: Transaction, key: UUID | str) -> Row[Any]:
        """Return one row; 404 if the organisation has none with this key."""
        row = self.find(transaction, key)
        if row is None:
            raise not_found(self.kind, key)
        return row

    def rows(
        self,
        transaction: Transaction,
        *conditions: ColumnElement[bool],
        columns: Sequence[ColumnElement[Any]] = (),
        is_list: bool = False,
    ) -> Sequence[Row[Any]]:
        """Return the organisation's rows that meet all `conditions`, with `columns` or all columns.

        Rows that are too young to be listed are left out.
        """
        asked = (
            self._visible_rows_query.where(*conditions) if conditions else self._visible_rows_query
        )
        if columns:
            asked = asked.with_only_columns(*columns)
        return transaction.connection.execute(
            asked, self._bind_parameters(transaction, is_list)
        ).all()

    def named(self, transaction: Transaction, ids: Iterable[str]) -> Sequence[Row[Any]]:
        """Return the organisation's rows with these ids, in order."""
        return self.rows(transaction, self.table.c.id.in_(list(dict.fromkeys(ids))))

    def page(
        self,
        transaction: Transaction,
        wanted: Paging,
        *conditions: ColumnElement[bool],
        order: Sequence[ColumnElement[Any]] = (),
        columns: Sequence[Column[Any]] = (),
    ) -> tuple[Sequence[Row[Any]], int]:
        """Return one page of the rows that meet all `conditions`, and their total number."""
        matching = self._visible_rows_query.where(*conditions)
        asked = matching.order_by(None).order_by(*order) if order else matching
        if columns:
            asked = asked.with_only_columns(*columns)
        bound = self._bind_parameters(transaction, is_list=True)
        rows = transaction.connection.execute(
            asked.offset(wanted.skip).limit(wanted.limit), bound
        ).all()
        if wanted.skip == 0 and len(rows) < wanted.limit:
            return rows, len(rows)
        counted = matching.with_only_columns(func.count(), maintain_column_froms=True)
        return rows, int(transaction.connection.scalar(counted.order_by(None), bound) or 0)

    def show(self, row: Row[Any], **values: Any) -> Reply:
        """Return the reply for a row: fields from columns of the same name, and from `values`."""
        columns = row._asdict()
        shown = {name: columns[name] for name in self.reply.model_fields if name in columns}
        return self.reply(**shown | values)

    def get(self, transaction: Transaction, key: UUID | str) -> Reply:
        """Return the reply for one row; 404 as for `row`."""
        return self.show(self.row(transaction, key))

    def insert(self, transaction: Transaction, **values: Any) -> str:
        """Insert a row with the current times and an alias for each secret; return its id."""
        common: dict[str, Any] = {
            "id": transaction.new_id(),
            "organization_id": transaction.organization_id,
            "created_at": transaction.now,
            "updated_at": transaction.now,
        }
        common = {name: value for name, value in common.items() if name in self.table.c}
        if self.secrets is not None and self.secrets in values:
            values[self.secrets] = new_aliases(transaction, values[self.secrets])
        transaction.connection.execute(insert(self.table).values(**common | values))
        return str((common | values)[self.key])

    def change(self, transaction: Transaction, key: UUID | str, **values: Any) -> None:
        """Set columns of a row and its update time; 404 as for `row`."""
        if "updated_at" in self.table.c:
            values = {"updated_at": transaction.now, **values}
        if values:
            self._execute_for_row(transaction, key, update(self.table).values(**values))

    def update(self, transaction: Transaction, key: UUID | str, body: RequestModel) -> None:
        """Apply the changes of a body; 404 as for `row` before the body is examined."""
        self.row(transaction, key)
        self.change(transaction, key, **self.changes(transaction, body))

    def delete(self, transaction: Transaction, key: UUID | str) -> None:
        """Delete a row with everything that belongs to it; 404 as for `row`."""
        self._execute_for_row(transaction, key, delete(self.table))

    def changes(self, transaction: Transaction, body: RequestModel) -> dict[str, Any]:
        """Return the columns to change, with their values, for the keys that the body contains."""
        sent = body.model_dump(mode="json", include=body.model_fields_set)
        changes: dict[str, Any] = {}
        for name, value in sent.items():
            if value is None and name in self.required:
                raise invalid_request(("body", name), f"`{name}` cannot be null", "string_type")
            if value is None and name in self.kept_on_null:
                continue
            moment = getattr(body, name)
            changes[name] = format_time(moment) if isinstance(moment, datetime) else value
            if name == self.secrets:
                changes[name] = new_aliases(transaction, value)
        return changes

    def _execute_for_row(
        self, transaction: Transaction, key: UUID | str, statement: Update | Delete
    ) -> None:
        """Execute an update or deletion of one row; 404 if there is no such row."""
        columns = self.table.c
        at_key = (
            columns[self.key] == str(key),
            columns.organization_id == transaction.organization_id,
            self._made <= transaction.now,
        )
        if not transaction.connection.execute(statement.where(*at_key)).rowcount:
            raise not_found(self.kind, key)

    def _bind_parameters(self, transaction: Transaction, is_list: bool) -> dict[str, str]:
        until = transaction.listed_until if is_list else None
        return {"own": transaction.organization_id, "until": until or transaction.now}


def new_aliases(transaction: Transaction, secrets: Iterable[str] | None) -> dict[str, str] | None:
    """Return a new alias for each secret, by name; None for None."""
    if secrets is None:
        return None
    return {name: f"secret_{transaction.new_id()}" for name in secrets}


def conditions_of(
    table: Table, wanted: BaseModel, *, without: Sequence[str] = ()
) -> list[ColumnElement[bool]]:
    """Translate a filter into conditions on the columns of a table.

    A field with the name of a column requires that value, and `…_from` and `…_to` are inclusive
    bounds of its time. None sets no condition; other fields, and those in `without`, are ignored.
    """
    conditions: list[ColumnElement[bool]] = []
    for name, value in wanted:
        if value is None or name in without:
            continue
        if isinstance(value, datetime) and name.endswith("_from"):
            conditions.append(table.c[name.removesuffix("_from")] >= format_time(value))
        elif isinstance(value, datetime) and name.endswith("_to"):
            conditions.append(table.c[name.removesuffix("_to")] <= format_time(value))
        elif name in table.c:
            conditions.append(table.c[name] == (value if isinstance(value, bool) else str(value)))
    return conditions


def conditions_for_needle(
    needle: str | None, identifier: Column[Any], *texts: Column[Any]
) -> list[ColumnElement[bool]]:
    """Match rows with `needle` in the id or in one of `texts`, ignoring case."""
    if not needle:
        return []
    folded = needle.casefold()
    held = [func.instr(func.casefold(text), folded) > 0 for text in texts]
    return [or_(func.instr(identifier, folded) > 0, *held)]


def include_names(include: str | None) -> frozenset[str]:
    """Return the names in a comma-separated `include`; unknown ones are kept and have no effect."""
    return frozenset(name.strip() for name in (include or "").split(","))
