"""The emulator's wire models are what the generator makes of the contract and the deviations."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from flowdsl.emulator.wire.models import ProviderCredentialResponse, ProviderCredentialUpsert
from tests.support.effort import only_thorough
from tests.support.services.contract import contract
from tools.wire_models import (
    DEVIATIONS,
    MODELS,
    Deviation,
    header,
    main,
    prepared,
)

WRITE = "run `python -m tools.wire_models --write`"


def test_the_models_are_of_this_contract_and_these_deviations() -> None:
    assert MODELS.read_text(encoding="utf-8").startswith(header(contract())), WRITE


@only_thorough
def test_the_models_are_fresh() -> None:
    assert main(["--check"]) == 0, WRITE


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("WorkflowCreate properties name anyOf 0 maxLength", 254),
        ("WorkflowUpdate properties name anyOf 0 x-inferred maxLength", 254),
        ("RunStatus enum", ["cancelled"]),
        ("PoolCreate required", []),
        ("WorkflowCreate properties includes_file_exports default", True),
        ("RunCreate properties label", {"type": "string"}),
        ("UsageAggregateResponse properties period_end", {"type": "string"}),
    ],
    ids=["limit", "inferred limit", "enum", "required", "default", "field", "format"],
)
def test_one_change_of_the_contract_changes_the_models(place: str, value: Any) -> None:
    changed = copy.deepcopy(contract())
    *steps, last = place.split()
    node = changed["components"]["schemas"]
    for step in steps:
        node = node[int(step) if isinstance(node, list) else step]
    node[last] = value
    assert prepared(changed) != prepared(contract())


@pytest.mark.parametrize("row", DEVIATIONS, ids=lambda row: row.place)
def test_every_deviation_is_one_and_has_a_reason(row: Deviation) -> None:
    assert row.why
    without = prepared(contract(), [each for each in DEVIATIONS if each is not row])
    assert without != prepared(contract())


def test_what_is_not_served_has_no_model() -> None:
    text = MODELS.read_text(encoding="utf-8")
    assert "class RequestLogCreate(" not in text
    assert "class MouseClickRequest(" not in text
    # The error body is FastAPI's own.
    assert "class HTTPValidationError(" not in text


def test_a_secret_is_in_no_message_about_its_body() -> None:
    with pytest.raises(ValidationError) as raised:
        ProviderCredentialUpsert.model_validate({"api_key": ["sk-harbour-4711"], "extra": 1})
    assert "sk-harbour-4711" not in str(raised.value)
    assert "Extra inputs are not permitted" in str(raised.value)


def test_what_may_be_absent_and_not_null_is_empty() -> None:
    reply = ProviderCredentialResponse.model_validate(
        {
            "slot": "openai",
            "display_name": "OpenAI",
            "source": "cyberdesk",
            "covered_providers": ["openai"],
        }
    )
    assert reply.model_dump()["display_metadata"] == dict.fromkeys(
        ("key_last4", "project_id", "client_email", "aws_region", "access_key_id_last4")
    )
