"""Model configurations: the organisation's own and the read-only defaults of the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, insert, or_, select, update

from flowdsl.emulator.errors import not_found, refused
from flowdsl.emulator.records.filters import listed
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import model_configurations
from flowdsl.emulator.wire.models import ModelConfigurationResponse

_COLUMNS = frozenset({"name", "is_archived"})


def list_models(transaction: Transaction) -> list[ModelConfigurationResponse]:
    """The service's defaults, then the organisation's own in the order they were made."""
    rows = transaction.connection.execute(
        select(model_configurations)
        .where(
            or_(
                model_configurations.c.organization_id.is_(None),
                and_(
                    model_configurations.c.organization_id == transaction.organization_id,
                    *listed(transaction, model_configurations.c.created_at),
                ),
            )
        )
        .order_by(
            model_configurations.c.organization_id.is_not(None),
            model_configurations.c.created_at,
            model_configurations.c.id,
        )
    )
    return [_model_reply(row) for row in rows]


def get_model(transaction: Transaction, model_id: UUID) -> ModelConfigurationResponse:
    """One configuration; 404 where the organisation cannot see one of this id."""
    return _model_reply(_model_row(transaction, model_id))


def create_model(
    transaction: Transaction, values: Mapping[str, Any], *, has_api_key: bool
) -> ModelConfigurationResponse:
    """A configuration of the organisation. Names need not be unique."""
    identifier = transaction.new_id()
    transaction.connection.execute(
        insert(model_configurations).values(
            id=identifier,
            organization_id=transaction.organization_id,
            name=values["name"],
            is_archived=values["is_archived"],
            settings={name: value for name, value in values.items() if name not in _COLUMNS},
            api_key_alias=_new_alias(transaction) if has_api_key else None,
            created_at=transaction.now,
            updated_at=transaction.now,
        )
    )
    return get_model(transaction, UUID(identifier))


def update_model(
    transaction: Transaction,
    model_id: UUID,
    changes: Mapping[str, Any],
    *,
    has_api_key: bool,
    clear_api_key: bool,
) -> ModelConfigurationResponse:
    """The configuration with `changes` made to it; 400 for a default of the service.

    A new key gets a new alias; the key itself is never stored. A key beside `clear_api_key` wins.
    """
    row = _own_model_row(transaction, model_id)
    columns = {name: value for name, value in changes.items() if name in _COLUMNS}
    settings = {name: value for name, value in changes.items() if name not in _COLUMNS}
    if has_api_key:
        columns["api_key_alias"] = _new_alias(transaction)
    elif clear_api_key:
        columns["api_key_alias"] = None
    transaction.connection.execute(
        update(model_configurations)
        .where(model_configurations.c.id == row.id)
        .values(updated_at=transaction.now, settings={**row.settings, **settings}, **columns)
    )
    return get_model(transaction, model_id)


def delete_model(transaction: Transaction, model_id: UUID) -> None:
    """Removes one of the organisation's own; workflows keep pointing at its id."""
    row = _own_model_row(transaction, model_id)
    transaction.connection.execute(
        delete(model_configurations).where(model_configurations.c.id == row.id)
    )


def find_model(transaction: Transaction, model_id: UUID | str) -> ModelConfigurationResponse | None:
    """One configuration; None where the organisation cannot see one of this id."""
    row = _found_row(transaction, model_id)
    return None if row is None else _model_reply(row)


def _found_row(transaction: Transaction, model_id: UUID | str) -> Row[Any] | None:
    return transaction.connection.execute(
        select(model_configurations).where(
            model_configurations.c.id == str(model_id),
            or_(
                model_configurations.c.organization_id.is_(None),
                model_configurations.c.organization_id == transaction.organization_id,
            ),
        )
    ).one_or_none()


def _model_row(transaction: Transaction, model_id: UUID) -> Row[Any]:
    row = _found_row(transaction, model_id)
    if row is None:
        raise not_found("model configuration", model_id)
    return row


def _own_model_row(transaction: Transaction, model_id: UUID) -> Row[Any]:
    row = _model_row(transaction, model_id)
    if row.organization_id is None:
        raise refused(f"model configuration `{row.name}` is a system default and read-only")
    return row


def _model_reply(row: Row[Any]) -> ModelConfigurationResponse:
    return ModelConfigurationResponse(
        **row.settings,
        id=row.id,
        name=row.name,
        is_archived=row.is_archived,
        organization_id=row.organization_id,
        is_system_default=row.organization_id is None,
        api_key_alias=row.api_key_alias,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _new_alias(transaction: Transaction) -> str:
    return f"key_{transaction.new_id()}"
