"""Objects of the service as programs get them: JSON with the same keys every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.models.wire_model import ReadModel

from ....views.json_objects import items_json

Row = dict[str, Any]


def list_json(kind: str, environment: str, rows: Sequence[Row], **more: Any) -> str:
    """Rows as one object of the machine format; `more` stands behind them."""
    return items_json(rows, {"kind": kind, "environment": environment}, **more)


def fields_of(reply: ReadModel, *fields: str) -> Row:
    """These fields of a reply, in this order; null where it has none.

    Fields that this version does not know are left out: programs always get the same keys.
    """
    content = reply.model_dump(mode="json", include=set(fields))
    return {field: content.get(field) for field in fields}


def names_in(secrets: Mapping[str, Any] | None) -> list[str]:
    """The names of sensitive parameters.

    Their values stay untold: the service should answer with aliases, but whoever prints them trusts
    it to.
    """
    return sorted(secrets or {})
