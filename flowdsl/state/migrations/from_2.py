"""Format 2 to 3: an intent says what its requests carry, and strays are kept."""

from __future__ import annotations

from typing import Any


def migrate(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw` in format 3.

    Of a change, format 2 recorded what the workflow has once it is done. That may be more than was
    sent. A request that sent all of it is recognised when it arrives; one that sent less is waited
    for to the end.
    """
    migrated = {**raw, "format": 3}
    pending = raw.get("pending")
    if isinstance(pending, list):
        migrated["pending"] = [_migrated_intent(intent) for intent in pending]
    return migrated


def _migrated_intent(intent: Any) -> Any:
    if not isinstance(intent, dict):
        return intent
    sent = intent.get("applied", {}) if intent.get("action") == "update" else {}
    return {**intent, "sent": sent, "tagged": intent.get("tags", [])}
