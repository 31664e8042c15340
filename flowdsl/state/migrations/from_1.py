"""Format 1 to 2: `source_commit` became `source`, and a lease says when it was acquired."""

from __future__ import annotations

from typing import Any


def migrate(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw` in format 2.

    Format 1 did not record whether the work tree was clean, so the result claims no more than the
    commit. It did not record either when a lease was acquired; its end is the latest possible time.
    """
    migrated = {key: value for key, value in raw.items() if key != "source_commit"}
    commit, lease = raw.get("source_commit"), raw.get("lease")
    migrated["format"] = 2
    migrated["source"] = None if commit is None else {"commit": commit}
    if isinstance(lease, dict) and "expires" in lease:
        migrated["lease"] = {**lease, "acquired_at": lease["expires"]}
    return migrated
