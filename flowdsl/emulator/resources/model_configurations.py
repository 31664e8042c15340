"""`/v1/model-configurations`: the organisation's own and the read-only defaults of the service."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import Row

from flowdsl.emulator.errors import Location, invalid_request, refused
from flowdsl.emulator.resources.rows import Resource
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import model_configurations
from flowdsl.emulator.wire.models import (
    ModelConfigurationCreate,
    ModelConfigurationResponse,
    ModelConfigurationUpdate,
    WorkflowModelMetadata,
)

router = APIRouter(
    prefix="/v1/model-configurations", tags=["Model Configurations"], route_class=StoreRoute
)

MODELS = Resource(
    kind="model configuration",
    table=model_configurations,
    reply=ModelConfigurationResponse,
    order=(
        model_configurations.c.organization_id.is_not(None),
        model_configurations.c.created_at,
        model_configurations.c.id,
    ),
    is_shared=True,
    required=("name", "provider", "model"),
    kept_on_null=("is_computer_use_model", "is_archived"),
)

_COLUMNS = frozenset({"name", "is_archived"})
_NOT_STORED = frozenset({"api_key", "clear_api_key"})


@router.get("")
async def list_model_configurations(transaction: Current) -> list[ModelConfigurationResponse]:
    """The service's defaults, then the organisation's own in the order they were made."""
    return [_model_reply(row) for row in MODELS.rows(transaction, is_list=True)]


@router.post("", status_code=201)
async def create_model_configuration(
    transaction: Current, body: ModelConfigurationCreate
) -> ModelConfigurationResponse:
    """A configuration of the organisation. Names need not be unique; of a key an alias is kept."""
    identifier = MODELS.insert(
        transaction,
        name=body.name,
        is_archived=body.is_archived,
        settings=body.model_dump(mode="json", exclude={*_COLUMNS, *_NOT_STORED}),
        api_key_alias=_new_alias(transaction) if body.api_key else None,
    )
    return _model_reply(MODELS.row(transaction, identifier))


@router.get("/{model_configuration_id}")
async def get_model_configuration(
    transaction: Current, model_configuration_id: UUID
) -> ModelConfigurationResponse:
    """One configuration."""
    return _model_reply(MODELS.row(transaction, model_configuration_id))


@router.patch("/{model_configuration_id}")
async def update_model_configuration(
    transaction: Current, model_configuration_id: UUID, body: ModelConfigurationUpdate
) -> ModelConfigurationResponse:
    """The configuration with the keys sent changed; 400 for a default of the service.

    A new key gets a new alias; the key itself is never stored. A key beside `clear_api_key` wins.
    """
    changes = MODELS.changes(transaction, body)
    row = _own_model_row(transaction, model_configuration_id)
    columns = {name: value for name, value in changes.items() if name in _COLUMNS}
    settings = {
        name: value for name, value in changes.items() if name not in _COLUMNS | _NOT_STORED
    }
    if body.api_key:
        columns["api_key_alias"] = _new_alias(transaction)
    elif body.clear_api_key:
        columns["api_key_alias"] = None
    MODELS.change(transaction, row.id, settings={**row.settings, **settings}, **columns)
    return _model_reply(MODELS.row(transaction, row.id))


@router.delete("/{model_configuration_id}", status_code=204)
async def delete_model_configuration(transaction: Current, model_configuration_id: UUID) -> None:
    """Removes one of the organisation's own; workflows keep pointing at its id."""
    MODELS.delete(transaction, _own_model_row(transaction, model_configuration_id).id)


def find_model(transaction: Transaction, model_id: UUID | str) -> ModelConfigurationResponse | None:
    """Return one configuration; None if the organisation cannot see one with this id."""
    row = MODELS.find(transaction, model_id)
    return None if row is None else _model_reply(row)


def refuse_unusable_models(
    transaction: Transaction, metadata: WorkflowModelMetadata | None, location: Location
) -> None:
    """Raise a 422 for a model that the organisation does not have, or that no agent may use.

    Every model but `cache_detection_model_id` must be able to drive a desktop (assumption
    `unusable-models`). `location` is that of the object in the body.
    """
    for field, model_id in metadata or ():
        if model_id is None:
            continue
        model = find_model(transaction, model_id)
        problem = None
        if model is None:
            problem = "does not exist"
        elif model.is_archived:
            problem = "is archived"
        elif not model.is_computer_use_model and field != "cache_detection_model_id":
            problem = "is no computer-use model"
        if problem is not None:
            place = (*location, field)
            raise invalid_request(
                place, f"model configuration `{model_id}` {problem}", "model_unusable"
            )


def _own_model_row(transaction: Transaction, model_id: UUID) -> Row[Any]:
    row = MODELS.row(transaction, model_id)
    if row.organization_id is None:
        raise refused(f"model configuration `{row.name}` is a system default and read-only")
    return row


def _model_reply(row: Row[Any]) -> ModelConfigurationResponse:
    return MODELS.show(row, is_system_default=row.organization_id is None, **row.settings)


def _new_alias(transaction: Transaction) -> str:
    return f"key_{transaction.new_id()}"
