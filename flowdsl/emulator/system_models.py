"""The model configurations that every organisation has in a new store.

The service offers read-only defaults whose names have changed at least three times (its model
configuration page), so these names describe their purpose instead of copying one year's models. The
ids never change: state that refers to a default remains valid with a new data file.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert

from flowdsl.emulator.tables import model_configurations

SYSTEM_MODELS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "5f0c9d5e-3b4e-4c1b-9a55-0d7c1f6f0001",
        "Emulator Computer Use",
        {
            "provider": "anthropic",
            "model": "emulated-computer-use",
            "description": "Default main agent: looks at the screen and acts.",
            "is_computer_use_model": True,
        },
    ),
    (
        "5f0c9d5e-3b4e-4c1b-9a55-0d7c1f6f0002",
        "Emulator Extraction",
        {
            "provider": "google_genai",
            "model": "emulated-extraction",
            "description": "Default for extract prompts and agentic checks.",
            "is_computer_use_model": False,
        },
    ),
    (
        "5f0c9d5e-3b4e-4c1b-9a55-0d7c1f6f0003",
        "Emulator Cache Detection",
        {
            "provider": "openai",
            "model": "emulated-cache-detection",
            "description": "Default for deciding whether a recorded step still fits.",
            "is_computer_use_model": False,
        },
    ),
)
"""(id, name, settings) of each default."""


def insert_system_models(connection: Connection, now: str) -> None:
    """Insert the defaults as rows without an organisation."""
    connection.execute(
        insert(model_configurations),
        [
            {
                "id": identifier,
                "organization_id": None,
                "name": name,
                "is_archived": False,
                "settings": settings,
                "api_key_alias": None,
                "created_at": now,
                "updated_at": now,
            }
            for identifier, name, settings in SYSTEM_MODELS
        ],
    )
