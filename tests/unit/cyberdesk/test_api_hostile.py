"""A service that means harm, or is broken, costs one error."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.cyberdesk.limits import ClientOptions, Limits
from flowdsl.cyberdesk.models.wire_model import Items
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.deploy.apply.attempt import status_of
from flowdsl.deploy.outcome import Status
from tests.support.effort import only_thorough
from tests.support.memory import lists_of, models
from tests.support.services.hostile import FAULTS, Fault, hostile, whole

SMALL = Limits(reply_bytes=5_000_000, error_bytes=100_000, reply_seconds=0.5)
PATIENT = Limits(reply_bytes=5_000_000, error_bytes=100_000, reply_seconds=60)


def limits_for(fault: Fault) -> Limits:
    return SMALL if "no whole reply" in fault.says else PATIENT


def failure(fault: Fault, canary: str, *, write: bool) -> CyberdeskError:
    async def ask(url: str) -> None:
        options = ClientOptions(
            base_url=url, api_key=canary, max_retries=0, limits=limits_for(fault)
        )
        async with CyberdeskClient(options) as client:
            if write:
                body = WorkflowCreate(main_prompt="p")
                await client.workflows.create(body, idempotency_key="k")
            else:
                await client.workflows.list_all()

    with hostile(lambda _line: fault.send()) as url, pytest.raises(CyberdeskError) as caught:
        asyncio.run(ask(url))
    return caught.value


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_every_fault_is_one_sentence_and_no_write_counts_as_undone(
    fault: Fault, canary: str
) -> None:
    error = failure(fault, canary, write=False)
    assert fault.says in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 700
    assert canary not in str(error) + repr(vars(error))
    assert not error.outcome_unknown
    assert status_of(error) is Status.SERVICE
    assert failure(fault, canary, write=True).outcome_unknown


@pytest.mark.parametrize("status", [b"401 No", b"404 No", b"422 No"])
def test_a_refusal_counts_however_its_reason_is_packed(status: bytes, canary: str) -> None:
    reply = whole(b"no gzip", b"Content-Encoding: gzip", status=status)
    error = failure(Fault(lambda: iter([reply]), ""), canary, write=True)
    assert error.status == int(status[:3])
    assert not error.outcome_unknown


def test_a_reply_of_exactly_the_largest_size_is_read(options: Any, rig: Any) -> None:
    import httpx

    body = b'{"status": "ok"}'
    for size, fits in ((len(body), True), (len(body) - 1, False)):
        built = rig(httpx.Response(200, content=body), limits=Limits(reply_bytes=size))
        if fits:
            assert asyncio.run(built.client.health()) == {"status": "ok"}
        else:
            with pytest.raises(CyberdeskError, match=f"larger than {size} bytes"):
                asyncio.run(built.client.health())


@only_thorough
@pytest.mark.skipif(sys.platform != "linux", reason="units of `ru_maxrss` differ")
def test_no_reply_takes_more_than_twenty_times_its_size() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.support.memory"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    lines = told.stdout.splitlines()
    assert len(lines) > 50
    grown = {name: float(times) for times, name in (line.split(" ", 1) for line in lines)}
    assert max(grown.values()) > 3, "something is measured"
    assert {name: times for name, times in grown.items() if times > 20} == {}


def test_every_list_of_a_reply_ends_at_the_first_wrong_item() -> None:
    for model in models():
        for name in lists_of(model):
            with pytest.raises(ValidationError) as caught:
                model.model_validate({name: [object()] * 50})
            found = [error for error in caught.value.errors() if error["loc"][0] == name]
            assert len(found) == 1, (model, name)
            with pytest.raises(ValidationError, match="at most 10000 items"):
                TypeAdapter(Items[int]).validate_python([1] * 10_001)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab[{,"\\'), inner),
)


@given(JSON, st.booleans())
def test_json_that_is_sound_is_read_as_ever(value: object, ascii_only: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary() | st.text('[]{}",:0129eE.-+NaInfty\\ud8 ').map(str.encode))
def test_any_bytes_are_a_value_or_one_short_reason(body: bytes) -> None:
    try:
        json.dumps(read_json(body), allow_nan=False, ensure_ascii=False).encode()
    except UnreadableJson as reason:
        assert len(str(reason)) < 100 + len(body)


def test_what_stands_in_texts_is_no_value() -> None:
    prompt = '1,2,"{[' * 200_000 + "\\"
    text = json.dumps({"main_prompt": prompt})
    assert text.count(",") > 200_000
    assert read_json(text) == {"main_prompt": prompt}


def test_the_most_values_and_the_most_levels_are_read() -> None:
    assert len(read_json("[" + ",".join(["0"] * 199_999) + "]")) == 199_999
    with pytest.raises(UnreadableJson, match="values"):
        read_json("[" + ",".join(["0"] * 200_001) + "]")
    assert read_json("[" * 100 + "]" * 100)
    with pytest.raises(UnreadableJson, match="deeper than 100"):
        read_json("[" * 101 + "]" * 101)
