"""What the service tells of a run, without the secrets of the run."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from flowdsl.cyberdesk.redaction import redacted_value

M = TypeVar("M", bound=BaseModel)

_KEPT = frozenset(
    {
        *("id", "run_id", "workflow_id", "machine_id", "session_id", "organization_id", "user_id"),
        *("status", "created_at", "started_at", "ended_at", "updated_at", "expires_at"),
        *("input_values", "original_input_values", "sensitive_input_aliases", "session_alias"),
        *("pool_ids", "input_attachment_ids", "output_attachment_ids", "attachment_type"),
    }
)
"""Fields of a run, a file or a recording that are our own words, or none."""


def redacted_model(found: M, secrets: tuple[str, ...]) -> M:
    """What the service says of a run, as a model, with `REDACTED` for every secret of the run.

    Numbers are looked at in outputs alone, whose types are those of a workflow.
    """
    if not secrets:
        return found
    values = found.model_dump(exclude_unset=True)
    clean = {
        name: value
        if name in _KEPT
        else redacted_value(value, secrets, numbers=name == "output_data")
        for name, value in values.items()
    }
    return type(found).model_validate(clean)
