"""What a PATCH changes: the keys that were sent, absent and null told apart."""

from __future__ import annotations

from typing import Any

from flowdsl.emulator.errors import invalid
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
