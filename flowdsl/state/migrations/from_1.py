"""Format 1 to 2: `source_commit` became `source`, and a lease says since when it is held."""

from __future__ import annotations

from typing import Any


def migrate(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw` in format 2.

    Format 1 did not record whether the work tree was clean, and deployed from dirty ones too: nothing is claimed beyond
    the commit. Nor did it record since when a lease is held: its end is the latest it can be.
    """
    migrated = {key: value for key, value in raw.items() if key != "source_commit"}
    commit, lease = raw.get("source_commit"), raw.get("lease")
    migrated["format"] = 2
    migrated["source"] = None if commit is None else {"commit": commit}
    if isinstance(lease, dict) and "expires" in lease:
        migrated["lease"] = {**lease, "acquired_at": lease["expires"]}
    return migrated
