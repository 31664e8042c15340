"""The official SDK on model configurations."""

from __future__ import annotations

from openapi_client.cyberdesk_cloud_client.models import (
    ModelConfigurationCreate,
    ModelConfigurationUpdate,
)

from tests.sdk.conftest import Sdk


def test_model_configurations(sdk: Sdk) -> None:
    defaults = sdk("model_configurations", "list")
    assert defaults
    assert all(model.is_system_default for model in defaults)
    body = ModelConfigurationCreate(
        name="Ledger", provider="anthropic", model="m-1", api_key="sk-1", temperature=0.2
    )
    made = sdk("model_configurations", "create", body)
    assert made.api_key_alias
    changes = ModelConfigurationUpdate(temperature=None, clear_api_key=True)
    changed = sdk("model_configurations", "update", str(made.id), changes)
    assert (changed.temperature, changed.api_key_alias, changed.model) == (None, None, "m-1")
    assert sdk("model_configurations", "get", str(made.id)).name == "Ledger"
    sdk("model_configurations", "delete", str(made.id))
    assert [model.id for model in sdk("model_configurations", "list")] == [
        model.id for model in defaults
    ]
    refused = sdk.reply("model_configurations", "delete", str(defaults[0].id))
    assert refused.error.status_code == 400
