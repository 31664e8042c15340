"""A webhook is taken only with the signature that the service makes: checked against Svix's own
library.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.api import NotGenuine, verified_webhook
from flowdsl.emulator.webhooks import sign_headers
from tests.support.effort import examples
from tests.support.rows import for_rows

NOW = 1_800_000_000
BODY = json.dumps({"event_id": "e1", "event_type": "run_complete", "run": {"id": "r"}}).encode()
SECRET, OTHER = ("whsec_" + base64.b64encode(bytes([at]) * 24).decode() for at in (7, 8))
MOMENT = datetime.fromtimestamp(NOW, UTC)
HEADERS = sign_headers(SECRET, "msg_1", MOMENT, BODY)


def verified(headers: dict[str, str] = HEADERS, body: bytes = BODY, secret: str = SECRET) -> object:
    return verified_webhook(body, headers, secret, now=lambda: NOW + 10)


def test_what_the_service_signs_is_genuine() -> None:
    assert verified() == json.loads(BODY)


def test_what_the_library_signs_is_genuine_under_either_name_of_the_headers() -> None:
    from svix.webhooks import Webhook

    signature = Webhook(SECRET).sign("msg_1", MOMENT, BODY.decode())
    for family in ("Svix", "webhook"):
        headers = {
            f"{family}-Id": "msg_1",
            f"{family}-Timestamp": str(NOW),
            f"{family}-Signature": f"v1,AAAA v2,{signature[3:]} {signature}",
        }
        assert verified(headers) == json.loads(BODY)


@for_rows(
    lambda: [
        (HEADERS, BODY + b" ", SECRET, "no signature"),
        (HEADERS, BODY, OTHER, "no signature"),
        (HEADERS | {"svix-id": "msg_2"}, BODY, SECRET, "no signature"),
        (HEADERS | {"svix-timestamp": str(NOW - 1)}, BODY, SECRET, "no signature"),
        (HEADERS | {"svix-signature": "v1,not base64"}, BODY, SECRET, "no signature"),
        (
            HEADERS | {"svix-signature": HEADERS["svix-signature"].replace("v1,", "v2,")},
            BODY,
            SECRET,
            "no signature",
        ),
        (HEADERS | {"svix-timestamp": "soon"}, BODY, SECRET, "no number"),
        (
            {"svix-id": "msg_1"},
            BODY,
            SECRET,
            "lacks the headers `svix-timestamp`, `svix-signature`",
        ),
        (HEADERS, BODY, "whsec_", "the secret is none"),
        (sign_headers(SECRET, "m", MOMENT, b"[]"), b"[]", SECRET, "holds no event"),
        (sign_headers(SECRET, "m", MOMENT, b"x"), b"x", SECRET, "no JSON"),
    ]
)
def test_anything_else_is_refused(row: tuple[dict[str, str], bytes, str, str]) -> None:
    headers, body, secret, why = row
    with pytest.raises(NotGenuine, match=why) as caught:
        verified(headers, body, secret)
    key = secret.removeprefix("whsec_")
    assert not key or key not in str(caught.value)


def test_a_webhook_of_another_time_is_refused_unless_any_is_taken() -> None:
    for now in (NOW + 301, NOW - 301):
        with pytest.raises(NotGenuine, match="another time"):
            verified_webhook(BODY, HEADERS, SECRET, now=lambda at=now: at)  # type: ignore[misc]
        assert verified_webhook(BODY, HEADERS, SECRET, tolerance=None, now=lambda: NOW * 2.0)


def test_every_signature_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def note(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return left == right

    monkeypatch.setattr("flowdsl.runs.webhooks.hmac.compare_digest", note)
    good = HEADERS["svix-signature"]
    other = "v1," + base64.b64encode(b"\0" * 32).decode()
    verified(HEADERS | {"svix-signature": f"{good} {other}"})
    assert len(compared) == 2


header_parts = st.text() | st.binary() | st.none() | st.integers() | st.lists(st.text(), max_size=1)


@settings(max_examples=examples(200), deadline=None)
@given(
    names=st.dictionaries(
        st.sampled_from([*HEADERS, "webhook-id"])
        | header_parts.filter(lambda at: at != [""]).map(
            lambda at: tuple(at) if isinstance(at, list) else at
        ),
        header_parts,
    ),
    body=st.binary() | st.text(),
    secret=header_parts,
)
def test_whatever_a_receiver_hands_on_is_not_genuine_and_raises_nothing_else(
    names: Any, body: Any, secret: Any
) -> None:
    for headers in (names, {**HEADERS, **names}):
        with pytest.raises(NotGenuine):
            verified_webhook(body, headers, secret, now=lambda: NOW)


def test_headers_and_secret_may_be_bytes() -> None:
    headers = {name.encode(): value.encode() for name, value in HEADERS.items()}
    assert verified_webhook(BODY, headers, SECRET.encode(), now=lambda: NOW) == json.loads(BODY)
