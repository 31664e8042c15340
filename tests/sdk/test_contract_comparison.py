"""The emulator's own OpenAPI description against the reconstructed contract, field by field.

Every difference is either explained in `EXPLAINED` or a failure; an explanation that no longer
fits anything fails too. What is not compared is in `tests.support.services.contract.OUTSIDE`;
`pytest -s` prints how much is.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from typing import Any

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from flowdsl.emulator.wire.models import RunCompletedEvent
from tests.support.services.contract import OUTSIDE, contract, operations, outside

SKIP = "SQLite counts to 2**63 - 1; a larger number is a 422 here"
UPLOAD = "FastAPI writes an upload as `contentMediaType` instead of `format: binary`"
COUNT = "a lower bound of 1 is inferred from one sample page and not enforced"
PROMPT = "the prompt of a run is bounded as that of a workflow is"
CHECK_COUNT = "post_run_checks / [] / expected_match_count / minimum"

EXPLAINED: dict[str, str] = {
    "GET /v1/workflows / query skip / maximum": SKIP,
    "GET /v1/machines / query skip / maximum": SKIP,
    "GET /v1/pools / query skip / maximum": SKIP,
    "GET /v1/connections / query skip / maximum": SKIP,
    "GET /v1/request-logs / query skip / maximum": SKIP,
    "GET /v1/trajectories / query skip / maximum": SKIP,
    "GET /v1/runs / query skip / maximum": SKIP,
    "GET /v1/run-attachments / query skip / maximum": SKIP,
    "GET /v1/usage/llm-costs / query skip / maximum": SKIP,
    f"POST /v1/workflows / body / {CHECK_COUNT}": COUNT,
    f"PATCH /v1/workflows/{{workflow_id}} / body / {CHECK_COUNT}": COUNT,
    "POST /v1/runs / body / main_prompt / minLength": PROMPT,
    "POST /v1/workflows/prompt-image / body / file / format": UPLOAD,
    "POST /v1/workflows/prompt-image / body / file / contentMediaType": UPLOAD,
}

IGNORED = frozenset({"title", "description", "examples", "why", "readOnly"})

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def described() -> Any:
    with Store.open(None) as store:
        return create_app(store).openapi()


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


def all_facts(document: Any, name: str) -> Facts:
    return operation_facts(document, name, dict(operations(document))[name])


def coverage(described: Any) -> str:
    """How much of the contract is compared, and why the rest is not."""
    wanted = [name for name, _ in operations(contract())]
    made = {name for name, _ in operations(described)}
    reasons = Counter(outside(name) for name in wanted)
    compared = [name for name in wanted if name in made]
    facts = [fact for name in compared for fact in all_facts(contract(), name)]
    fields = [fact for fact in facts if fact.endswith(" / required")]
    lines = [
        f"{len(compared)} of {reasons[None]} operations compared",
        f"{len(fields)} parameters and fields with {len(facts)} facts compared",
        *(f"missing: {name}" for name in wanted if outside(name) is None and name not in made),
    ]
    lines += [f"outside: {number}: {why}" for why, number in reasons.items() if why is not None]
    return "\n".join(lines)


def differences_between(wanted: Any, made: Any) -> dict[str, tuple[Any, Any]]:
    """What is not the same in both documents: by operation, or by fact of an operation in both."""
    names = {name for name, _ in operations(wanted) if outside(name) is None}
    made_names = {name for name, _ in operations(made)}
    found: dict[str, tuple[Any, Any]] = {
        name: (name in names, name in made_names) for name in names ^ made_names
    }
    for name in names & made_names:
        expected, actual = all_facts(wanted, name), all_facts(made, name)
        for fact in expected.keys() | actual.keys():
            if expected.get(fact) != actual.get(fact):
                found[fact] = (expected.get(fact), actual.get(fact))
    return found


def test_routes_statuses_and_fields_are_the_contracts(described: Any) -> None:
    summary = coverage(described)
    print(f"\n{summary}")
    differences = differences_between(contract(), described)
    unexplained = {fact: differences[fact] for fact in sorted(differences.keys() - EXPLAINED)}
    stale = EXPLAINED.keys() - differences.keys()
    assert unexplained == {}, f"{summary}\n{json.dumps(unexplained, indent=1)}"
    assert stale == set(), f"{summary}\nno longer different: {stale}"


def test_the_webhook_event_is_the_contracts() -> None:
    made = RunCompletedEvent.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    document = {"components": {"schemas": made.pop("$defs")}}
    wanted = {"$ref": "#/components/schemas/RunCompletedEvent"}
    expected, actual = schema_facts(contract(), wanted, ""), schema_facts(document, made, "")
    assert expected.keys() == actual.keys()
    differences = {fact for fact in expected if expected[fact] != actual[fact]}
    # Both may be absent by the contract and never are.
    assert differences == {" / event_id / required", " / occurred_at / required"}


def test_what_is_served_and_what_is_not_make_up_the_contract(described: Any) -> None:
    wanted = [name for name, _ in operations(contract())]
    assert sorted([*OUTSIDE, *(name for name, _ in operations(described))]) == sorted(wanted)


def test_the_comparison_covers_what_it_claims() -> None:
    create = all_facts(contract(), "POST /v1/workflows")
    assert create["POST /v1/workflows / body / name / maxLength"] == 255
    assert create["POST /v1/workflows / body / post_run_checks / [] / type / enum"]
    assert create["POST /v1/workflows / 201 / post_run_checks / [] / order / required"] is True
    listed = all_facts(contract(), "GET /v1/runs")
    assert listed["GET /v1/runs / 200 / items / [] / status / enum"]
    assert listed["GET /v1/runs / query sort_mode / required"] is False


@pytest.mark.parametrize(
    ("place", "key", "value", "fact"),
    [
        (
            "components schemas PoolCreate properties name",
            "maxLength",
            256,
            "body / name / maxLength",
        ),
        ("components schemas PoolResponse properties", "extra", {}, "201 / extra / required"),
        ("paths /v1/pools post responses", "409", {}, "statuses"),
        ("paths /v1/pools post", "security", [], "security"),
    ],
    ids=["limit", "field", "status", "security"],
)
def test_one_change_of_the_description_is_a_difference(
    described: Any, place: str, key: str, value: Any, fact: str
) -> None:
    changed = copy.deepcopy(described)
    node = changed
    for step in place.split():
        node = node[step]
    node[key] = value
    assert f"POST /v1/pools / {fact}" in differences_between(described, changed)
