"""The reconstructed contract of SDK 2.2.69, what of it is not served, and what it leaves open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator, FormatChecker

from flowdsl.emulator.routes.unserved import UNSERVED

CONTRACT = Path(__file__).parents[2] / "sdk" / "contract.json"

OUTSIDE: dict[str, str] = {
    operation: group.why for group in UNSERVED for operation in group.operations
}
"""Why operations are not served, by `METHOD path`."""


@cache
def contract() -> Any:
    """The contract as an OpenAPI document."""
    return json.loads(CONTRACT.read_text(encoding="utf-8"))


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Every operation of an OpenAPI document by `METHOD path`."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def outside(name: str) -> str | None:
    """Why the operation `METHOD path` is left out; None when it is served."""
    return OUTSIDE.get(name)


ASSUMPTIONS = Path(__file__).parents[3] / "docs" / "assumptions.md"


class AssumptionRow(NamedTuple):
    """A row of `docs/assumptions.md`; `code` are dotted names."""

    key: str
    code: tuple[str, ...]


def assumptions(title: str) -> list[AssumptionRow]:
    """The rows of the table below a heading."""
    _, _, text = ASSUMPTIONS.read_text(encoding="utf-8").partition(f"## {title}\n")
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \|.*\| ([^|]+) \|$", text.partition("\n## ")[0], re.MULTILINE
    )
    return [AssumptionRow(key, tuple(re.findall(r"`([^`]+)`", code))) for key, code in rows]


UNSPECIFIED = frozenset({400, 401, 404, 409})
"""Statuses without a schema in the contract; the documentation names the first three."""

_FORMATS = FormatChecker(["uuid"])


@_FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@cache
def _responses() -> dict[str, Any]:
    return {name: operation["responses"] for name, operation in operations(contract())}


@cache
def _validator(name: str, status: int) -> Draft202012Validator:
    media = _responses()[name][str(status)]["content"]["application/json"]
    schema = media["schema"] | {"components": contract()["components"]}
    return Draft202012Validator(schema, format_checker=_FORMATS)


def conformance_errors(name: str, status: int, content: bytes) -> list[str]:
    """What of a reply to `METHOD path` the contract does not allow."""
    if status in UNSPECIFIED:
        detail = json.loads(content).get("detail")
        return [] if isinstance(detail, str) else [f"{status} without a text `detail`"]
    response = _responses()[name].get(str(status))
    if response is None:
        return [f"{status} is no status of the contract"]
    media = response.get("content", {})
    if not media and content:
        return ["a body where the contract knows none"]
    if "application/json" not in media:
        return []
    errors = _validator(name, status).iter_errors(json.loads(content))
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]
