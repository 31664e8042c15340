"""What stays of a secret: an alias. The value is dropped with the request that brought it."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.emulator.store import Transaction


def new_aliases(
    transaction: Transaction, secrets: Mapping[str, str] | None
) -> dict[str, str] | None:
    """A new alias for each secret by its name; None for None."""
    if secrets is None:
        return None
    return {name: f"secret_{transaction.new_id()}" for name in secrets}
