"""What a body changes: the keys that were sent, absent and null told apart, and secrets.

Of a secret stays an alias; the value is dropped with the request that brought it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.emulator.errors import invalid
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.wire.values import RequestModel


def sent_changes(
    body: RequestModel,
    *,
    required: tuple[str, ...] = (),
    keep_on_null: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The keys sent with their JSON values.

    Null for a key of `required` is a 422; null for a key of `keep_on_null` leaves the value as it
    is (assumption `null-boolean`); null for any other key clears it.
    """
    changes = body.model_dump(mode="json", include=body.model_fields_set)
    for name in required:
        if name in changes and changes[name] is None:
            raise invalid(("body", name), f"`{name}` cannot be null", "string_type")
    return {
        name: value
        for name, value in changes.items()
        if value is not None or name not in keep_on_null
    }


def new_aliases(
    transaction: Transaction, secrets: Mapping[str, str] | None
) -> dict[str, str] | None:
    """A new alias for each secret by its name; None for None."""
    if secrets is None:
        return None
    return {name: f"secret_{transaction.new_id()}" for name in secrets}
