"""The error replies of the routes, in the two shapes the contract's clients read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError

Location = tuple[str | int, ...]
"""The location of a value in a request: `body`, then the keys and indexes that lead to it."""


def not_found(kind: str, identifier: UUID | str) -> HTTPException:
    """Return a 404 with a text `detail`, also for a row of another organisation."""
    return HTTPException(404, f"{kind} `{identifier}` does not exist")


def refused(message: str) -> HTTPException:
    """Return a 400 with a text `detail`, for a well-formed request that the service forbids."""
    return HTTPException(400, message)


def invalid_request(location: Location, message: str, kind: str) -> RequestValidationError:
    """Return a 422 with a list in `detail`, the only form of a 422 the official SDK can read."""
    return RequestValidationError([{"loc": location, "msg": message, "type": kind}])


def readable_validation_errors(error: RequestValidationError) -> list[dict[str, Any]]:
    """Return the `detail` list of a 422.

    `input` is echoed for texts and whole numbers only, and never below a key that holds secrets or
    an unknown key: for a missing field it would be the whole body, including any API key, and a
    JSON reply cannot carry every float.
    """
    details = []
    for item in error.errors():
        location = list(item["loc"])
        detail = {"loc": location, "msg": item["msg"], "type": item["type"]}
        value = item.get("input")
        if isinstance(value, str | int | bool) and not _may_be_secret(item["type"], location):
            detail["input"] = value
        if "ctx" in item:
            detail["ctx"] = {name: str(value) for name, value in item["ctx"].items()}
        details.append(detail)
    return details


_SECRETS = frozenset(
    ("api_key", "service_account_json", "aws_access_key_id", "aws_secret_access_key")
)


def _may_be_secret(kind: str, location: list[str | int]) -> bool:
    """Whether the value at a location of a request may be a secret.

    This includes the value of a misspelt key, and a body that is a single text.
    """
    if location[:1] == ["body"] and (kind == "extra_forbidden" or len(location) == 1):
        return True
    return any(part in _SECRETS or "sensitive" in str(part) for part in location)
