"""`/v1/model-configurations`: the models a workflow can name."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from flowdsl.emulator.records.changes import sent_changes
from flowdsl.emulator.records.model_configurations import (
    create_model,
    delete_model,
    get_model,
    list_models,
    update_model,
)
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.wire.models import (
    ModelConfigurationCreate,
    ModelConfigurationResponse,
    ModelConfigurationUpdate,
)

router = APIRouter(
    prefix="/v1/model-configurations", tags=["Model Configurations"], route_class=StoreRoute
)

_NOT_STORED = ("api_key", "clear_api_key")


@router.get("")
async def list_model_configurations(transaction: Current) -> list[ModelConfigurationResponse]:
    """The service's defaults and the organisation's own."""
    return list_models(transaction)


@router.post("", status_code=201)
async def create_model_configuration(
    transaction: Current, body: ModelConfigurationCreate
) -> ModelConfigurationResponse:
    """Makes a configuration; of an API key only an alias is kept."""
    values = body.model_dump(mode="json", exclude={"api_key"})
    return create_model(transaction, values, has_api_key=bool(body.api_key))


@router.get("/{model_configuration_id}")
async def get_model_configuration(
    transaction: Current, model_configuration_id: UUID
) -> ModelConfigurationResponse:
    """One configuration."""
    return get_model(transaction, model_configuration_id)


@router.patch("/{model_configuration_id}")
async def update_model_configuration(
    transaction: Current, model_configuration_id: UUID, body: ModelConfigurationUpdate
) -> ModelConfigurationResponse:
    """Changes the keys sent of one of the organisation's own."""
    changes = sent_changes(
        body,
        required=("name", "provider", "model"),
        keep_on_null=("is_computer_use_model", "is_archived"),
    )
    for name in _NOT_STORED:
        changes.pop(name, None)
    return update_model(
        transaction,
        model_configuration_id,
        changes,
        has_api_key=bool(body.api_key),
        clear_api_key=bool(body.clear_api_key),
    )


@router.delete("/{model_configuration_id}", status_code=204)
async def delete_model_configuration(transaction: Current, model_configuration_id: UUID) -> None:
    """Deletes one of the organisation's own."""
    delete_model(transaction, model_configuration_id)
