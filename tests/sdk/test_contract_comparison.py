"""The emulator's own OpenAPI description against the reconstructed contract, field by field.

Every difference is either explained in `EXPLAINED` or a failure; an explanation that no longer
fits anything fails too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store

PREFIXES = ("/v1/workflow", "/v1/model-configurations", "/v1/health", "/health")

EXPLAINED: dict[str, str] = {
    "GET /v1/workflows/{workflow_id}/latest-trajectory": "trajectories are not served",
    "GET /v1/health/machines": "machines are not served",
    "GET /v1/workflows / query skip / maximum": (
        "SQLite counts to 2**63 - 1; a larger number is a 422 here"
    ),
    "POST /v1/workflows / body / post_run_checks / [] / expected_match_count / minimum": (
        "a lower bound of 1 is inferred from one sample page and not enforced"
    ),
    "PATCH /v1/workflows/{workflow_id} / body / post_run_checks / [] / "
    "expected_match_count / minimum": (
        "a lower bound of 1 is inferred from one sample page and not enforced"
    ),
    "POST /v1/workflows/prompt-image / body / file / format": (
        "FastAPI writes an upload as `contentMediaType` instead of `format: binary`"
    ),
    "POST /v1/workflows/prompt-image / body / file / contentMediaType": (
        "FastAPI writes an upload as `contentMediaType` instead of `format: binary`"
    ),
}

IGNORED = frozenset({"title", "description", "examples", "why", "readOnly"})

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def described() -> Any:
    with Store.open(None) as store:
        return create_app(store).openapi()


@pytest.fixture(scope="module")
def contract() -> Any:
    return json.loads(Path(__file__).with_name("contract.json").read_text())


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        if path == "/" or path.startswith(PREFIXES):
            for method, operation in methods.items():
                yield f"{method.upper()} {path}", operation


def schema_facts(document: Any, schema: Any, where: str) -> Facts:
    """The validating facts of a schema by the path to each, references followed.

    Null alternatives, lists and nested fields become steps of the path. Limits known from a sibling
    schema only (`x-inferred`) count as limits.
    """
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    facts: Facts = {}
    if "anyOf" in schema:
        branches = [branch for branch in schema["anyOf"] if branch.get("type") != "null"]
        if len(branches) < len(schema["anyOf"]):
            facts[f"{where} / nullable"] = True
        if len(branches) == 1:
            facts |= schema_facts(document, branches[0], where)
        else:
            facts[f"{where} / one of"] = sorted(branch["type"] for branch in branches)
    for name, value in {**schema, **schema.get("x-inferred", {})}.items():
        step = f"{where} / {name}"
        if name == "properties":
            required = set(schema.get("required", ()))
            for field, field_schema in value.items():
                facts[f"{where} / {field} / required"] = field in required
                facts |= schema_facts(document, field_schema, f"{where} / {field}")
        elif name == "items":
            facts |= schema_facts(document, value, f"{where} / []")
        elif name == "additionalProperties":
            if isinstance(value, dict):
                facts |= schema_facts(document, value, f"{where} / {{}}")
        elif name == "enum":
            facts[step] = sorted(value)
        elif name == "default":
            if value is not None:
                facts[step] = value
        elif name not in IGNORED | {"anyOf", "required"} and not name.startswith("x-"):
            facts[step] = value
    return facts


def operation_facts(document: Any, name: str, operation: Any) -> Facts:
    facts: Facts = {
        # The SDK's generator, from which the contract was read, collapses underscores.
        f"{name} / operation id": re.sub("_+", "_", operation["operationId"]),
        f"{name} / security": [sorted(item) for item in operation.get("security") or ()],
        f"{name} / statuses": sorted(operation["responses"]),
    }
    for parameter in operation.get("parameters", ()):
        where = f"{name} / {parameter['in']} {parameter['name']}"
        facts[f"{where} / required"] = parameter["required"]
        facts |= schema_facts(document, parameter["schema"], where)
    if "requestBody" in operation:
        body = operation["requestBody"]
        facts[f"{name} / body / required"] = body.get("required", False)
        facts[f"{name} / body / media types"] = sorted(body["content"])
        for content in body["content"].values():
            facts |= schema_facts(document, content["schema"], f"{name} / body")
    for status, response in operation["responses"].items():
        facts[f"{name} / {status} / media types"] = sorted(response.get("content", ()))
        for content in response.get("content", {}).values():
            facts |= schema_facts(document, content["schema"], f"{name} / {status}")
    return facts


def test_routes_statuses_and_fields_are_the_contracts(described: Any, contract: Any) -> None:
    wanted, made = dict(operations(contract)), dict(operations(described))
    differences: dict[str, tuple[Any, Any]] = {
        name: (name in wanted, name in made) for name in wanted.keys() ^ made.keys()
    }
    for name in wanted.keys() & made.keys():
        expected = operation_facts(contract, name, wanted[name])
        actual = operation_facts(described, name, made[name])
        for fact in expected.keys() | actual.keys():
            if expected.get(fact) != actual.get(fact):
                differences[fact] = (expected.get(fact), actual.get(fact))
    unexplained = {fact: differences[fact] for fact in sorted(differences.keys() - EXPLAINED)}
    assert unexplained == {}, json.dumps(unexplained, indent=1)
    assert EXPLAINED.keys() - differences.keys() == set()


def test_the_comparison_covers_what_it_claims(contract: Any) -> None:
    facts = dict(operations(contract))
    assert len(facts) == 44
    create = operation_facts(contract, "POST", facts["POST /v1/workflows"])
    assert create["POST / body / name / maxLength"] == 255
    assert create["POST / body / post_run_checks / [] / type / enum"]
    assert create["POST / 201 / post_run_checks / [] / order / required"] is True


def test_every_route_of_the_emulator_is_compared(described: Any) -> None:
    compared = {name.partition(" ")[2] for name, _ in operations(described)}
    assert compared == set(described["paths"])
