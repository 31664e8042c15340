"""Requests made from the emulator's description by schemathesis, replies held against the contract.

Every operation gets valid requests, most of whose ids name rows that exist, then invalid ones;
chains of requests follow the ids of replies. Nothing may answer 5xx, every reply fits both the
description and the contract, every operation succeeds at least once, and no invalid request does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    use_after_free,
)

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.support.effort import THOROUGH, every
from tests.support.services.contract import conformance_errors, contract, operations, outside
from tests.support.services.contract_world import HOST_NAME, World

OPERATIONS = [name for name, _ in operations(contract()) if outside(name) is None]
TAKING_INPUT = [
    name
    for name, operation in operations(contract())
    if name in OPERATIONS and operation["security"]
]

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]

bounded = settings(
    max_examples=12 if THOROUGH else 2,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def schema() -> Iterator[Any]:
    """The description, bound to an emulator with an organisation for every test."""
    keys = {
        f"{kind}-{n}": f"{kind}-{n}" for kind in ("valid", "invalid", "chain") for n in range(999)
    }
    moments, ids = count(), count(1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with Store.open(
        None,
        # A minute passes between any two looks at the clock, so that runs end.
        clock=lambda: start + timedelta(minutes=next(moments)),
        new_id=lambda: str(UUID(int=next(ids), version=4)),
    ) as store:
        app = create_app(store, keys=keys, allowed_hosts=[HOST_NAME])
        yield schemathesis.openapi.from_asgi("/openapi.json", app)


def problems_of(case: Case, response: Response, checks: list[Any]) -> list[str]:
    """What is wrong with a reply, each with the command that shows it."""
    found = conformance_errors(case.operation.label, response.status_code, response.content)
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as group:
        found += [str(error) for error in group.exceptions if not is_converted(case, str(error))]
    return [f"{text}\n{case.as_curl_command()}\n{response.text}" for text in found]


def is_converted(case: Case, failure: str) -> bool:
    """Whether FastAPI made invalid input valid.

    It reads a number as a time, true as 1, and of a repeated parameter the last value.
    """
    fields = case.body.items() if isinstance(case.body, dict) else ()
    converted = [name for name, value in fields if isinstance(value, bool)]
    for name, value in case.query.items():
        is_time = "_at_" in name or name.endswith("_date")
        if isinstance(value, list) or (is_time and is_number(value)):
            converted.append(name)
    return any(f"/properties/{name}" in failure or f"`{name}`" in failure for name in converted)


def is_number(text: object) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return True


NEVER_THERE = frozenset({"GET /v1/request-logs/{log_id}"})
"""What asks for an object that the emulator never has: it asks nothing of desktops."""


@pytest.mark.parametrize("name", every(2, OPERATIONS))
def test_valid_requests(schema: Any, name: str) -> None:
    world = World(schema.app, f"valid-{OPERATIONS.index(name)}")
    problems: list[str] = []
    statuses: Counter[int] = Counter()
    method, _, path = name.partition(" ")

    @bounded
    @given(schema[path][method].as_strategy(), st.sampled_from([True, True, False]))
    def call(case: Case, whole: bool) -> None:
        world.point(case, whole=whole)
        response = world.call(case)
        statuses[response.status_code] += 1
        problems.extend(problems_of(case, response, CHECKS))

    call()
    assert not problems, "\n\n".join(problems[:3])
    if name in NEVER_THERE:
        assert set(statuses) == {404}
    else:
        assert any(200 <= status < 300 for status in statuses), statuses


@pytest.mark.parametrize("name", every(12, TAKING_INPUT))
def test_invalid_requests(schema: Any, name: str) -> None:
    world = World(schema.app, f"invalid-{OPERATIONS.index(name)}")
    problems: list[str] = []
    method, _, path = name.partition(" ")

    @bounded
    @given(schema[path][method].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def call(case: Case) -> None:
        response = world.call(case)
        problems.extend(problems_of(case, response, [*CHECKS, negative_data_rejection]))

    call()
    assert not problems, "\n\n".join(problems[:3])


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, {"items": [], "total": 0, "skip": 0}, "$: 'limit' is a required property"),
        (200, {"items": [], "total": 0, "skip": 0, "limit": "9"}, "$.limit: '9' is not of type"),
        (404, {"detail": []}, "404 without a text `detail`"),
        (503, {"detail": "down"}, "503 is no status of the contract"),
    ],
    ids=["missing", "type", "detail", "status"],
)
def test_a_reply_outside_the_contract_is_noticed(status: int, body: Any, problem: str) -> None:
    (found,) = conformance_errors("GET /v1/pools", status, json.dumps(body).encode())
    assert found.startswith(problem)


def test_chains_of_requests(schema: Any) -> None:
    problems: list[str] = []
    succeeded: set[str] = set()
    numbers = count()

    class Chain(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            # The same draws must meet the same answers.
            self.world = World(schema.app, f"chain-{next(numbers)}")

        def call(self, case: Case, **_: Any) -> Response:
            self.world.point(case)
            response = self.world.call(case)
            if response.status_code < 300:
                succeeded.add(case.operation.label)
            return response

        def validate_response(self, response: Response, case: Case, **_: Any) -> None:
            problems.extend(problems_of(case, response, [*CHECKS, use_after_free]))

    Chain.run(
        settings=settings(bounded, max_examples=15 if THOROUGH else 3, stateful_step_count=40)
    )
    assert not problems, "\n\n".join(problems[:3])
    assert len(succeeded) > len(OPERATIONS) / (2 if THOROUGH else 3), sorted(
        set(OPERATIONS) - succeeded
    )
